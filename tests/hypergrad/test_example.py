"""The example finds better hyper-parameters than a grid of as many trainings."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.support.site import PROJECT


def test_hyper_gradients_beat_the_grid(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(PROJECT.package.parent)}
    script = PROJECT.web / "examples" / "hypergradient.py"
    ended = subprocess.run(
        [sys.executable, script, "--device", "cpu", "--lessons", "16"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    losses = dict(re.findall(r"(hyper-gradients|grid search): loss ([\d.]+)", ended.stdout))
    assert float(losses["hyper-gradients"]) < float(losses["grid search"])
    assert {"scalars.csv", "fit.png"} <= {path.name for path in tmp_path.glob("runs/*/*")}
