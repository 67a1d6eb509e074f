"""Our wheel: what it carries, that it is reproducible, and that its data is found again."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import pytest

from buildtools.runtime import lock_entry
from buildtools.stamps import file_sha256, tree_files
from buildtools.wheel import build_wheel
from spiraltorch_web import resources
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.version import __version__
from tests.support.site import PROJECT


@pytest.fixture(scope="module")
def wheel():
    return build_wheel(PROJECT)


def test_it_is_pure_and_named_by_its_version(wheel):
    assert wheel.name == f"spiraltorch_web-{__version__}-py3-none-any.whl"


def test_it_carries_the_package_shaders_and_tables_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    places = {PROJECT.package: "", PROJECT.root / "shaders": "_data/shaders/"}
    places[PROJECT.root / "tuner_tables"] = "_data/tuner_tables/"
    assert names == {
        f"spiraltorch_web/{place}{path.relative_to(folder).as_posix()}"
        for folder, place in places.items()
        for path in tree_files(folder)
    }


def test_equal_sources_give_equal_bytes(wheel, tmp_path):
    command = [PROJECT.python, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    environment = {"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": "1704067200"}
    subprocess.run(command, cwd=PROJECT.root, env=environment, check=True, capture_output=True)
    assert file_sha256(tmp_path / wheel.name) == file_sha256(wheel)


def test_resources_are_the_same_from_the_wheel_as_from_the_checkout(wheel):
    """The wheel is imported as it is, zipped: Pyodide unpacks it, other hosts may not."""
    program = (
        "import json; from spiraltorch_web import resources as r;"
        "print(json.dumps([r.__file__, {n: r.shader_text(n) for n in r.shader_names()}, r.tuner_table_names()]))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env={"PYTHONPATH": str(wheel)}, check=True, capture_output=True, text=True)
    origin, shaders, tables = json.loads(done.stdout)
    assert wheel.name in origin
    assert shaders == {name: resources.shader_text(name) for name in resources.shader_names()}
    assert tables == resources.tuner_table_names()


@pytest.mark.parametrize("name", ["no_such_shader", "../pyproject", "/etc/passwd", ""])
def test_an_unknown_resource_is_an_error_that_names_it(name):
    with pytest.raises(ArgumentError, match="there is no"):
        resources.shader_text(name)


def test_its_lock_entry_needs_no_other_package(wheel):
    entry = lock_entry(wheel, {})
    assert entry["name"] == "spiraltorch-web"
    assert entry["imports"] == ["spiraltorch_web"]
    assert entry["depends"] == []
