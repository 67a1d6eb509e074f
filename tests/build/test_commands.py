"""build.py as a person uses it: what it accepts, passes on, prints and returns."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request

import pytest

from buildtools import commands
from buildtools.project import BuildError, Project
from tests.support.site import PROJECT, built_site


@pytest.fixture
def called(monkeypatch):
    """Commands replaced by notes of how they were called."""
    calls = []
    for name in ("serve", "test"):
        note = _note(calls, name)
        monkeypatch.setattr(commands, name, note)
    return calls


def _note(calls, name):
    def command(project, parsed, passed_on):
        calls.append((name, getattr(parsed, "port", None), list(passed_on)))
        return 0

    return command


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ([], ("serve", None, [])),
        (["--port", "9000"], ("serve", 9000, [])),
        (["serve", "--port", "9000"], ("serve", 9000, [])),
        (["test"], ("test", None, [])),
        (["test", "-k", "add", "tests/unit", "--help"], ("test", None, ["-k", "add", "tests/unit", "--help"])),
    ],
)
def test_arguments_reach_the_command_they_are_for(called, words, call):
    assert commands.main(Project(PROJECT.root), words) == 0
    assert called == [call]


@pytest.mark.parametrize(
    "words",
    [
        ["unknown"],
        ["serve", "--prot", "1"],
        ["site", "--connect-src"],
        ["serve", "--port", "x"],
        ["serve", "--port", "80000"],
    ],
)
def test_what_is_not_understood_is_refused_with_the_usage(called, words, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(Project(PROJECT.root), words)
    assert stop.value.code == 2
    assert "usage: build.py" in capsys.readouterr().err
    assert called == []


def test_a_failed_build_is_told_without_a_traceback(monkeypatch, capsys):
    def fail(*words):
        raise BuildError("npm is not installed.")

    monkeypatch.setattr(commands, "serve", fail)
    assert commands.main(Project(PROJECT.root), ["serve"]) == 1
    assert capsys.readouterr().err == "build: npm is not installed.\n"


def test_serve_prints_its_address_serves_the_page_and_stops_on_interrupt():
    built_site("site")
    command = [sys.executable, "build.py", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT.root, stdout=subprocess.PIPE, text=True) as process:
        address = next(line for line in process.stdout if "serving" in line).split()[2]
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert b"<title>SpiralTorch" in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
