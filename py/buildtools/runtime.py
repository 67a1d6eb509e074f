"""The Pyodide runtime of the site, its own small lock file and the wheels that lie beside it.

The lock names only what the site hosts, so no package load can leave the origin. Its entries follow the schema of the
lock in Pyodide's npm package; hashes and file names are ours, since wheels of the same name from elsewhere differ.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from .environment import ensure_python, pip
from .project import BuildError, Project, say
from .stamps import digest, file_sha256, is_current, write_stamp


@dataclass(frozen=True)
class Runtime:
    """One release of Pyodide: its folder among the npm packages and the files a page loads."""

    version: str
    npm_name: str
    files: tuple[str, ...]

    def folder(self, project: Project) -> Path:
        return project.node_modules / self.npm_name

    def stock_lock(self, project: Project) -> dict:
        """The lock file of Pyodide's own distribution: 350 packages that the npm package names but does not hold."""
        return json.loads((self.folder(project) / "pyodide-lock.json").read_text())


STDLIB = "python_stdlib.zip"
RUNTIMES = (
    Runtime("314.0.7", "pyodide", ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", STDLIB)),
    # Tests only: the newest release whose NumPy wheel can be had from a package index.
    Runtime("0.27.7", "pyodide-0.27", ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", STDLIB)),
)
DEFAULT_VERSION = RUNTIMES[0].version
# What our library loads by itself when something first needs it, so that the page starts without.
LOADED_LATER = frozenset({"lark"})


def runtime_for(version: str) -> Runtime:
    """The runtime of that version; BuildError names the known ones."""
    for runtime in RUNTIMES:
        if runtime.version == version:
            return runtime
    known = ", ".join(runtime.version for runtime in RUNTIMES)
    raise BuildError(f"no Pyodide {version!r} is known to this build; known: {known}")


def hosted_wheels(project: Project, runtime: Runtime) -> list[Path]:
    """Download (once) the pure wheels that the site hosts for micropip, pinned by version and hash."""
    listed = project.requirements / f"pyodide-{runtime.version}.txt"
    folder = project.cache / f"wheels-{runtime.version}"
    wanted = digest(project.root, [listed])
    if not is_current(folder / "stamp", wanted):
        say(f"downloading the wheels for Pyodide {runtime.version}")
        shutil.rmtree(folder, ignore_errors=True)
        download_pinned(project, listed, folder)
        write_stamp(folder / "stamp", wanted)
    return sorted(folder.glob("*.whl"))


def download_pinned(project: Project, listed: Path, folder: Path) -> None:
    """Download the wheels of a pinned requirements file, whatever Python they are meant for."""
    ensure_python(project, "build")
    options = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--ignore-requires-python")
    pip(project, "download", *options, "-r", str(listed), "-d", str(folder))


def write_runtime(
    project: Project, runtime: Runtime, wheels: list[Path], folder: Path, stdlib: Path | None = None
) -> None:
    """Fill a folder with the runtime's files, the wheels and the lock that names exactly those wheels.

    ``stdlib`` takes the place of the runtime's own python_stdlib.zip.
    """
    folder.mkdir(parents=True)
    for name in runtime.files:
        shutil.copyfile(runtime.folder(project) / name, folder / name)
    if stdlib is not None:
        shutil.copyfile(stdlib, folder / STDLIB)
    (folder / "wheels").mkdir()
    for wheel in wheels:
        shutil.copyfile(wheel, folder / "wheels" / wheel.name)
    lock = make_lock(runtime.stock_lock(project), wheels)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")
    facts = json.loads((runtime.folder(project) / "package.json").read_text())
    notice = f"Pyodide {facts['version']} is under {facts['license']}. Its source: {facts['homepage']}\n"
    (folder / "LICENSE.txt").write_text(notice)


def make_lock(stock: dict, wheels: list[Path]) -> dict:
    """A lock with the stock lock's platform facts and one entry per wheel (paths are relative to the lock)."""
    entries = [lock_entry(wheel, stock["packages"]) for wheel in wheels]
    return {"info": stock["info"], "packages": {entry["name"]: entry for entry in entries}}


def lock_entry(wheel: Path, stock_packages: dict) -> dict:
    """What Pyodide must know of a wheel: where it lies, its hash, what it needs and what it lets one import."""
    metadata = _metadata(wheel)
    name = normalised(metadata["Name"])
    stock = stock_packages.get(name)
    return {
        "name": name,
        "version": metadata["Version"],
        "file_name": f"wheels/{wheel.name}",
        "install_dir": "site",
        "sha256": file_sha256(wheel),
        "package_type": "package",
        "imports": stock["imports"] if stock else _top_level(wheel),
        "depends": stock["depends"] if stock else _requirements(metadata.get_all("Requires-Dist", [])),
        "unvendored_tests": False,
    }


def normalised(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _metadata(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        path = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(path).decode())


def _requirements(lines: list[str]) -> list[str]:
    """Names of what a page must load with a package; extras are the user's choice."""
    plain = (line for line in lines if "extra ==" not in line)
    return sorted({normalised(re.match(r"[\w.-]+", line)[0]) for line in plain} - LOADED_LATER)


def _top_level(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        roots = {PurePosixPath(name).parts[0] for name in archive.namelist()}
    return sorted(root.removesuffix(".py") for root in roots if not root.endswith((".dist-info", ".data")))
