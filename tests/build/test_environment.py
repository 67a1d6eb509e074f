"""Set-up that needs something of the system: it installs when it may, else it names the exact command."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildtools import environment
from buildtools.project import BuildError, Project

COMMAND = "sudo apt-get update && sudo apt-get install -y"


@pytest.fixture
def bare_machine(monkeypatch):
    """A machine without Chromium, Vulkan, apt-get, sudo and npm, used by an ordinary person."""
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    monkeypatch.setattr(environment, "LAVAPIPE_MANIFESTS", ())
    monkeypatch.setattr(environment, "find_library", lambda name: None)
    monkeypatch.setattr(environment.os, "geteuid", lambda: 1000)


def test_what_cannot_be_installed_is_asked_for_with_the_exact_command(bare_machine):
    with pytest.raises(BuildError) as failure:
        environment.ensure_system_packages()
    assert f"{COMMAND} chromium mesa-vulkan-drivers libvulkan1 redis-server" in str(failure.value)


def test_a_machine_with_everything_is_left_alone(monkeypatch):
    monkeypatch.setattr(environment, "missing_system_packages", lambda: [])
    monkeypatch.setattr(environment, "run", lambda *words, **options: pytest.fail("nothing was to be installed"))
    environment.ensure_system_packages()


@pytest.mark.parametrize(("user", "sudo", "prefix"), [(0, None, []), (1000, "/usr/bin/sudo", ["/usr/bin/sudo", "-n"])])
def test_what_is_missing_is_installed_as_root_or_through_silent_sudo(bare_machine, monkeypatch, user, sudo, prefix):
    ran: list[list[str]] = []
    missing = [["libvulkan1"], []]
    monkeypatch.setattr(environment, "missing_system_packages", lambda: missing.pop(0))
    monkeypatch.setattr(environment.os, "geteuid", lambda: user)
    monkeypatch.setattr(environment.shutil, "which", {"apt-get": "/usr/bin/apt-get", "sudo": sudo}.get)
    monkeypatch.setattr(environment, "run", lambda words, **options: ran.append(words))
    environment.ensure_system_packages()
    assert [*prefix, "/usr/bin/apt-get", "update", "-q"] in ran
    assert ran[-1][: len(prefix) + 2] == [*prefix, "/usr/bin/apt-get", "install"]
    assert ran[-1][-1] == "libvulkan1"


@pytest.mark.parametrize("known, browser", [(True, "chromium-headless-shell"), (False, "chromium")])
def test_the_browser_without_windows_is_installed_where_apt_knows_it(bare_machine, monkeypatch, known, browser):
    ran: list[list[str]] = []
    missing = [["chromium", "libvulkan1"], []]

    def run(words, **options):
        if words[0] == "apt-cache" and not known:
            raise BuildError("E: No packages found")
        ran.append(words)

    monkeypatch.setattr(environment, "missing_system_packages", lambda: missing.pop(0))
    monkeypatch.setattr(environment.os, "geteuid", lambda: 0)
    monkeypatch.setattr(environment.shutil, "which", {"apt-get": "/usr/bin/apt-get"}.get)
    monkeypatch.setattr(environment, "run", run)
    environment.ensure_system_packages()
    assert ran[-1][-2:] == [browser, "libvulkan1"]


def test_a_driver_that_is_still_missing_afterwards_is_an_error(bare_machine, monkeypatch):
    monkeypatch.setattr(environment, "missing_system_packages", lambda: ["chromium"])
    monkeypatch.setattr(environment.os, "geteuid", lambda: 0)
    monkeypatch.setattr(environment.shutil, "which", {"apt-get": "/usr/bin/apt-get"}.get)
    monkeypatch.setattr(environment, "run", lambda words, **options: "")
    with pytest.raises(BuildError, match="chromium cannot be found"):
        environment.ensure_system_packages()


def test_a_missing_npm_is_asked_for(bare_machine, tmp_path):
    (tmp_path / "web").mkdir()
    with pytest.raises(BuildError, match=r"npm is not installed(.|\n)*install -y npm"):
        environment.ensure_npm(Project(tmp_path), tmp_path / "web")


def test_a_python_without_venv_is_asked_for_and_leaves_nothing_behind(monkeypatch, tmp_path):
    def fail(folder: Path, **options):
        folder.mkdir()
        raise OSError("ensurepip is not available")

    monkeypatch.setattr(environment.venv, "create", fail)
    with pytest.raises(BuildError, match=r"install -y python3-venv(.|\n)*ensurepip is not available"):
        environment.ensure_python(Project(tmp_path), "build")
    assert not (tmp_path / ".venv").exists()
