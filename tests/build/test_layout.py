"""The checkout itself: what lies at its top, its licence, and that it names no package index."""

from __future__ import annotations

import hashlib
import json
import tomllib

import pytest

from buildtools.stamps import tree_files
from tests.support.site import PROJECT

TOP = {
    "web", "py", "shaders", "tuner_tables", "tests", "build.py", "pyproject.toml",
    "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
}  # fmt: skip
OUTPUTS = {"dist"}
# The text as the Free Software Foundation publishes it.
AGPL_SHA256 = "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"
# In two parts, so that this file does not name them itself.
INDEX_HOSTS = tuple("".join(parts) for parts in (
    ("registry.", "npmjs.org"), ("registry.", "yarnpkg.com"), ("pypi", ".org"), ("files.", "pythonhosted.org"),
))  # fmt: skip


def test_only_the_agreed_entries_lie_at_the_top():
    found = {path.name for path in PROJECT.root.iterdir() if not path.name.startswith(".")} - OUTPUTS
    assert found == TOP


def test_the_licence_is_the_full_agpl():
    assert hashlib.sha256((PROJECT.root / "LICENSE").read_bytes()).hexdigest() == AGPL_SHA256


def test_no_file_names_a_package_index():
    skip = frozenset({"node_modules", "dist"})
    hidden = [PROJECT.root / ".gitignore", PROJECT.root / ".ci" / "run", PROJECT.web / ".npmrc"]
    guilty = [
        f"{path.relative_to(PROJECT.root)}: {host}"
        for path in [*tree_files(PROJECT.root, skip), *hidden]
        for host in INDEX_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert guilty == []


@pytest.mark.parametrize("lock", sorted(PROJECT.web.glob("**/package-lock.json")), ids=lambda path: path.parent.name)
def test_npm_locks_pin_integrity_and_no_address(lock):
    if "node_modules" in lock.parts:
        return
    packages = json.loads(lock.read_text())["packages"]
    assert [name for name, facts in packages.items() if name and "integrity" not in facts] == []
    assert [name for name, facts in packages.items() if "resolved" in facts] == []


@pytest.mark.parametrize("listed", sorted(PROJECT.requirements.glob("*.txt")), ids=lambda path: path.stem)
def test_python_requirements_are_pinned_and_hashed(listed):
    joined = listed.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_core_package_needs_nothing_but_the_parser():
    project = tomllib.loads((PROJECT.root / "pyproject.toml").read_text())["project"]
    assert [name.split(">")[0].split("=")[0] for name in project["dependencies"]] == ["lark"]
    assert {"native", "cpu", "cli", "redis", "dev"} <= project["optional-dependencies"].keys()
