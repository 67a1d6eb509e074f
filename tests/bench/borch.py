"""The peer borch.ts for the benchmark page: the JavaScript inside a pinned wheel, put beside the other peers' bundles.

`python -m tests.bench.borch` does it for a site that is carried to a machine without a network.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from buildtools.project import Project, exclusive
from buildtools.runtime import download_pinned

ROOT = Path(__file__).resolve().parents[2]
LISTED = Path(__file__).with_name("borch.txt")
MEMBER = "borch_webgpu/_borch.js"
LICENCE = "licenses/LICENSE"


def ensure_borch(site: Path) -> None:
    """Have ``bench/vendor/borch.js`` and its licence in a built site. Raises BuildError when it cannot be had."""
    bundle = site / "bench" / "vendor" / "borch.js"
    if bundle.is_file():
        return
    project = Project(ROOT)
    kept = project.cache / "borch"
    with exclusive(project):
        if not list(kept.glob("*.whl")):
            download_pinned(project, LISTED, kept)
    with zipfile.ZipFile(next(kept.glob("*.whl"))) as wheel:
        licence = next(name for name in wheel.namelist() if name.endswith(LICENCE))
        bundle.with_name("borch-LICENSE.txt").write_bytes(wheel.read(licence))
        bundle.write_bytes(wheel.read(MEMBER))


if __name__ == "__main__":
    ensure_borch(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "site-bench")
