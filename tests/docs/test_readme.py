"""What the README shows is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_scripts_print_what_is_written_below_them(number):
    expected = re.search(re.escape(SCRIPTS[number]) + r"```\n\n```\n(.*?)```", TEXT, re.DOTALL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py"), "SPIRALTORCH_DEVICE": "cpu"}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPTS[number]], capture_output=True, text=True, env=environment, timeout=120
    )
    assert run.returncode == 0, run.stderr
    if expected:
        assert run.stdout == expected[1]


def test_every_file_it_names_exists():
    named = set(re.findall(r"`((?:web|py|tests|shaders|kernels|tuner_tables)/[\w./*-]*)`", TEXT))
    missing = [
        name for name in named if not (ROOT / name).exists() and not (ROOT / "py/spiraltorch_web" / name).exists()
    ]
    assert not missing


def test_every_picture_exists():
    assert all((ROOT / name).exists() for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT))
