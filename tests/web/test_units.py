"""The page's modules by themselves: every `*.test.js` of web/, run by Node."""

from __future__ import annotations

import re
import subprocess

from tests.support.site import PROJECT


def test_javascript_units():
    files = sorted(path for path in PROJECT.web.rglob("*.test.js") if "node_modules" not in path.parts)
    assert files
    ended = subprocess.run(["node", "--test", *files], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(re.search(r"pass (\d+)", ended.stdout)[1]) > 20
