"""Third-party code: every entry web/vendor/*.js (or .css) becomes one minified file of the same name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .project import Project, run, say
from .stamps import digest, is_current, tree_files, write_stamp


def bundle_vendor(project: Project) -> Path:
    """Bundle web/vendor/ with esbuild unless unchanged; give the folder with bundles and LICENSES.txt."""
    entries = sorted(path for path in (project.web / "vendor").glob("*.*") if path.suffix in (".js", ".css"))
    folder = project.cache / "vendor"
    sources = [*tree_files(project.web / "vendor"), project.web / "package-lock.json"]
    wanted = digest(project.root, sources)
    if is_current(folder / ".stamp", wanted):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if entries:
        say(f"bundling {', '.join(entry.name for entry in entries)}")
        _esbuild(project, entries, folder)
    (folder / "LICENSES.txt").write_text(_licences(project, _bundled_packages(folder / ".meta.json")))
    write_stamp(folder / ".stamp", wanted)
    return folder


def _esbuild(project: Project, entries: list[Path], folder: Path) -> None:
    options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none"]
    places = [f"--outdir={folder}", f"--metafile={folder / '.meta.json'}"]
    run(
        [project.node_modules / ".bin" / "esbuild", *entries, *options, *places],
        cwd=project.web,
        what="bundling third-party code",
    )


def _bundled_packages(metafile: Path) -> list[str]:
    """Names of the npm packages that esbuild took code from."""
    if not metafile.is_file():
        return []
    inputs = json.loads(metafile.read_text())["inputs"]
    tails = (name.rpartition("node_modules/")[2].split("/") for name in inputs if "node_modules/" in name)
    return sorted({"/".join(tail[:2]) if tail[0].startswith("@") else tail[0] for tail in tails})


def _licences(project: Project, packages: list[str]) -> str:
    """Name, version and licence text of each bundled package, as their licences ask for."""
    parts = []
    for name in packages:
        folder = project.node_modules / name
        facts = json.loads((folder / "package.json").read_text())
        texts = sorted(path for path in folder.iterdir() if path.name.lower().startswith(("licen", "copying")))
        body = "\n".join(path.read_text().strip() for path in texts)
        parts.append(f"{name} {facts['version']} ({facts.get('license', 'see below')})\n\n{body}\n")
    return ("\n" + "-" * 78 + "\n\n").join(parts)
