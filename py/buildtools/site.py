"""The deployable site: web/ as it is, plus the runtime, bundles, examples and a manifest, in one folder.

All addresses in it are relative, so it works under any path prefix, and nothing in it names another origin.
"""

from __future__ import annotations

import base64
import datetime
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .bundle import bundle_page
from .bytecode import with_bytecode
from .compress import BEST, QUICK, compress
from .environment import ensure_npm
from .examples import examples_manifest
from .library import NAME as LIBRARY
from .library import write_library
from .policy import headers_file, with_meta_policy
from .project import BuildError, Project, say
from .runtime import DEFAULT_VERSION, STDLIB, Runtime, hosted_wheels, runtime_for, write_runtime
from .shell import with_first_paint
from .snapshot import NAME as SNAPSHOT
from .snapshot import Snapshot, snapshot_of
from .stamps import digest, file_sha256, is_current, tree_files, write_stamp
from .tables import checked_tables, write_tables
from .vendor import bundle_vendor
from .wheel import build_wheel

# Entries of web/ that are sources of the build or of tests, not of the page.
NOT_SERVED = frozenset(
    {"node_modules", "vendor", "bench", "corpora", "screenshot.png", "rankk.png", "package.json", "package-lock.json"}
)
# Shaders that the page paints with, from the wheel's own folder of them.
PAINTING_SHADERS = ("fractal_canvas.wgsl",)


@dataclass(frozen=True)
class SiteOptions:
    """What a site is built with; ``numpy`` is the checked wheel of the CPU fallback, ``bench`` adds web/bench.

    Its large files are packed for readers far away, or ``packed_quickly`` for a browser on this machine.
    """

    numpy: Path | None = None
    connect_src: tuple[str, ...] = ()
    pyodide: str = DEFAULT_VERSION
    bench: bool = False
    packed_quickly: bool = False


@dataclass(frozen=True)
class Parts:
    """What is made before the site is written. Our wheel is the first; ``stdlib`` None means Pyodide's own, and
    ``snapshot`` None that every visit starts Python itself.
    """

    runtime: Runtime
    wheels: list[Path]
    stdlib: Path | None
    snapshot: Snapshot | None
    bundles: dict[str, Path]

    def files(self) -> list[Path]:
        bundled = [path for folder in self.bundles.values() for path in tree_files(folder)]
        return [*self.wheels, *([self.stdlib] if self.stdlib else []), *bundled]


def build_site(project: Project, out: Path, options: SiteOptions) -> Path:
    """Build the site into ``out`` unless it is current there already; give ``out``."""
    ensure_npm(project, project.web)
    runtime = runtime_for(options.pyodide)
    own = with_bytecode(project, build_wheel(project), runtime)
    wheels = [own.wheel, *hosted_wheels(project, runtime), *([options.numpy] if options.numpy else [])]
    bundles = {"vendor": bundle_vendor(project, project.web)}
    if options.bench:
        ensure_npm(project, project.web / "bench")
        bundles["bench/vendor"] = bundle_vendor(project, project.web / "bench")
    parts = Parts(runtime, wheels, own.stdlib, snapshot_of(project, runtime, own.wheel, own.stdlib), bundles)
    tools = tree_files(Path(__file__).parent)
    sources = [
        *parts.files(),
        *page_files(project, options.bench),
        *_scripts(project),
        *_shaders(project),
        *checked_tables(project),
        *tools,
    ]
    wanted = digest(project.root, [*sources, project.web / "package-lock.json"], out, options)
    stamp = out / ".build-stamp"
    if is_current(stamp, wanted):
        return out
    say(f"writing the site to {_shown(project, out)}")
    _replace(out, lambda folder: _write(project, folder, options, parts))
    write_stamp(stamp, wanted)
    return out


def page_files(project: Project, bench: bool = False) -> list[Path]:
    """The files of web/ that are served as they are."""
    skip = NOT_SERVED - {"bench"} if bench else NOT_SERVED
    return [path for path in tree_files(project.web, skip) if ".test." not in path.name]


def _scripts(project: Project) -> list[Path]:
    """JavaScript that the wheel carries and the page, too, loads from its own origin (its policy forbids eval)."""
    return [path for path in tree_files(project.package) if path.suffix in (".js", ".mjs")]


def _shaders(project: Project) -> list[Path]:
    return [project.root / "shaders" / name for name in PAINTING_SHADERS]


def _write(project: Project, folder: Path, options: SiteOptions, parts: Parts) -> None:
    _copy(project.web, page_files(project, options.bench), folder)
    for place, bundle in parts.bundles.items():
        _copy(bundle, tree_files(bundle), folder / place)
    _copy(project.package, _scripts(project), folder / "engine")
    _copy(project.root, _shaders(project), folder / "engine")
    write_tables(checked_tables(project), folder / "tuner_tables")
    write_runtime(project, parts.runtime, parts.wheels, folder / "pyodide", parts.stdlib)
    write_library(parts.wheels[0], folder / "pyodide" / LIBRARY, bytecode=parts.snapshot is None)
    if parts.snapshot:
        parts.snapshot.write(folder / "pyodide")
    _write_json(folder / "examples.json", examples_manifest(project.web / "examples"))
    _write_json(folder / "site.json", _facts(folder, options, parts))
    shutil.copyfile(project.root / "LICENSE", folder / "LICENSE.txt")
    (folder / "_headers").write_text(headers_file(options.connect_src))
    bundle_page(project, folder)
    _finish_markup(folder, options.connect_src)
    compress(project, folder, QUICK if options.packed_quickly else BEST)
    _write_json(folder / "manifest.json", _manifest(folder))


def _finish_markup(folder: Path, connect_src: tuple[str, ...]) -> None:
    """Give every page its policy, and the first one what its first paint needs."""
    for page in sorted(folder.glob("*.html")):
        markup = page.read_text()
        if page.name == "index.html":
            markup = with_first_paint(markup, folder)
        page.write_text(with_meta_policy(markup, connect_src))


def _facts(folder: Path, options: SiteOptions, parts: Parts) -> dict:
    """What the page's worker reads first. ``sizes``: bytes by file name, uncompressed, for the progress display."""
    runtime, wheel, snapshot = parts.runtime, parts.wheels[0], parts.snapshot
    boot = [*runtime.files, "pyodide-lock.json", LIBRARY, *([SNAPSHOT] if snapshot else [])]
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.now(datetime.UTC)
    built = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC) if seconds else now
    return {
        "version": wheel.name.split("-")[1],
        "wheel": wheel.name,
        "library": {"name": f"pyodide/{LIBRARY}", "integrity": _integrity(folder / "pyodide" / LIBRARY)},
        "pyodide": {
            "version": runtime.version,
            "indexURL": "pyodide/",
            "lockFileURL": "pyodide/pyodide-lock.json",
            "stdLibURL": f"pyodide/{STDLIB}",
        },
        "snapshot": snapshot and snapshot.facts(),
        "numpy": options.numpy is not None,
        "connectSrc": list(options.connect_src),
        "sizes": {name: (folder / "pyodide" / name).stat().st_size for name in boot},
        "built": built.date().isoformat(),
    }


def _integrity(path: Path) -> str:
    return "sha256-" + base64.b64encode(bytes.fromhex(file_sha256(path))).decode()


def _manifest(folder: Path) -> dict:
    files = tree_files(folder)
    rows = {path.relative_to(folder).as_posix(): path for path in files}
    return {"files": {name: {"bytes": path.stat().st_size, "sha256": file_sha256(path)} for name, path in rows.items()}}


def _copy(source: Path, files: list[Path], target: Path) -> None:
    for path in files:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _replace(out: Path, write) -> None:
    """Write a folder beside ``out`` and put it in its place only when it is complete."""
    if out.exists() and not (out / "site.json").is_file() and any(out.iterdir()):
        raise BuildError(f"{out} exists and is not a site that this build wrote; choose another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        fresh = Path(scratch) / "site"
        fresh.mkdir()
        write(fresh)
        if out.exists():
            out.rename(Path(scratch) / "old")
        fresh.rename(out)


def _shown(project: Project, path: Path) -> str:
    return str(path.relative_to(project.root)) if path.is_relative_to(project.root) else str(path)
