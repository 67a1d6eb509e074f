"""A table that is wrong on purpose, trials on a real device, a rule, and a next process that follows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support.adapters import native_adapter_names, note_adapter
from tests.support.site import PROJECT

EXAMPLE = PROJECT.web / "examples" / "learning_launch.py"


@pytest.fixture
def run(tmp_path, request):
    """Run Python as a user with an empty home folder; gives (exit code, output)."""
    assert native_adapter_names(), "no native adapter"
    note_adapter(request.node, native_adapter_names()[0])
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent), "HOME": str(tmp_path)}
    for name in ("SPIRAL_HEUR_FILE", "SPIRAL_LOG_FILE", "SPIRALTORCH_DEVICE"):
        environment.pop(name, None)

    def start(*words):
        ended = subprocess.run(
            [sys.executable, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode, ended.stdout

    return start


def test_the_next_process_chooses_the_launch_that_trials_have_taught(run):
    code, first = run(EXAMPLE, "--device", "webgpu")
    assert code == 0 and "columns: sort whole rows." in first.split("\n")[0]
    assert "Now: sort whole rows" not in first and first.count("  soft(") >= 1
    code, second = run(EXAMPLE, "--device", "webgpu")
    assert code == 0 and "sort whole rows" not in second.split("\n")[0]
    _, records = run("-m", "spiraltorch_web", "roundtable", "show", "--json", "-n", "1000")
    told = json.loads(records)
    assert [record["event"] for record in told if record["event"] != "trial"] == [
        "decision",  # the table's
        "decision",  # the same, with measuring switched on: trials follow
        "lesson",
        "decision",  # A's
        "decision",  # and A's again, in the next process
    ]
    assert [record["winner"] for record in told if record["event"] == "decision"] == ["C", "C", "A", "A"]
    assert sum(record["won"] for record in told if record["event"] == "trial") >= 7
    assert run("-m", "spiraltorch_web", "roundtable", "replay")[0] == 0
    assert run("-m", "spiraltorch_web", "roundtable", "undo")[0] == 0
    code, third = run(EXAMPLE, "--device", "webgpu")
    assert code == 0 and "columns: sort whole rows." in third.split("\n")[0]
