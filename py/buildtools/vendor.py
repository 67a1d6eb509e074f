"""Third-party code: every entry of a folder named vendor becomes one minified file of the same name.

web/vendor/ is bundled for the page, web/bench/vendor/ for the benchmark page. An entry is a few lines of JavaScript (or
CSS) that re-export what is used of the npm packages beside that folder.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .project import Project, run, say
from .stamps import digest, is_current, tree_files, write_stamp

METAFILE = ".meta.json"


def bundle_vendor(project: Project, home: Path) -> Path:
    """Bundle home/vendor/ with esbuild unless unchanged; give the folder with the bundles and LICENSES.txt."""
    sources = tree_files(home / "vendor")
    entries = [path for path in sources if path.suffix in (".js", ".css")]
    folder = project.cache / f"vendor-{home.name}"
    wanted = digest(project.root, [*sources, home / "package-lock.json", project.web / "package-lock.json"])
    if is_current(folder / ".stamp", wanted):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if entries:
        say(f"bundling {', '.join(entry.name for entry in entries)}")
        _esbuild(project, home, entries, folder)
        (folder / "LICENSES.txt").write_text(_licences(_bundled_packages(home, folder / METAFILE)))
    write_stamp(folder / ".stamp", wanted)
    return folder


def _esbuild(project: Project, home: Path, entries: list[Path], folder: Path) -> None:
    options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none"]
    places = [f"--outdir={folder}", f"--metafile={folder / METAFILE}"]
    program = project.node_modules / ".bin" / "esbuild"
    run([program, *entries, *options, *places], cwd=home, what="bundling third-party code")


def _bundled_packages(home: Path, metafile: Path) -> list[Path]:
    """Folders of the npm packages that esbuild took code from."""
    inputs = json.loads(metafile.read_text())["inputs"]
    # What a package asks to leave out of browsers is listed, too, as "(disabled):path" without content.
    taken = (name for name in inputs if "node_modules/" in name and not name.startswith("(disabled)"))
    parts = (name.rpartition("node_modules/") for name in taken)
    return sorted({home / before / middle / _package_name(after) for before, middle, after in parts})


def _package_name(path: str) -> str:
    words = path.split("/")
    return "/".join(words[:2]) if path.startswith("@") else words[0]


def _licences(packages: list[Path]) -> str:
    """Name, version and licence text of each bundled package, as their licences ask for."""
    parts = []
    for folder in packages:
        facts = json.loads((folder / "package.json").read_text())
        texts = sorted(path for path in folder.iterdir() if path.name.lower().startswith(("licen", "copying")))
        body = "\n".join(path.read_text().strip() for path in texts)
        parts.append(f"{facts['name']} {facts['version']} ({facts.get('license', 'see below')})\n\n{body}\n")
    return ("\n" + "-" * 78 + "\n\n").join(parts)
