#!/usr/bin/env python3
"""Build, serve and test SpiralTorch for the web: ``python3 build.py serve``, ``python3 build.py test``.

Needs Python 3.11 or newer with venv, and npm; everything else is set up inside this folder. ``build.py --help`` names
the commands. What they are made of lies in py/buildtools/.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "py"))

if sys.version_info < (3, 11):
    sys.exit(f"build: Python 3.11 or newer is needed; this is {sys.version.split()[0]}")

from buildtools.commands import main  # noqa: E402
from buildtools.project import Project  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(Project(ROOT), sys.argv[1:]))
