"""``python -m spiraltorch_web spiralk check|explain|fmt FILE``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import spiraltorch_web as st
from spiraltorch_web.cli.main import main
from tests.spiralk.programs import FIRST


@pytest.fixture
def file(tmp_path):
    """Writes a program to a file and gives its path."""

    def write(content):
        path = tmp_path / "policy.k"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def run(capsys, *words):
    code = main(["spiralk", *words])
    return code, capsys.readouterr()


def test_check_finds_nothing_in_a_sound_program(capsys, file):
    path = file(FIRST)
    code, said = run(capsys, "check", path)
    assert (code, said.out) == (0, f"{path}: all well\n")


def test_check_lists_findings_and_fails_for_errors_only(capsys, file):
    path = file("mk: 9;\nmk: 1;\n")
    code, said = run(capsys, "check", path)
    assert code == 1
    assert [line.split(": ")[1:3] for line in said.out.splitlines()] == [
        ["line 1, column 5", "error"],
        ["line 1, column 1", "warning"],
    ]
    assert run(capsys, "check", file("mk: 1;\nmk: 2;\n"))[0] == 0


@pytest.mark.parametrize("content", ["mk: ;", b"\xff"])
def test_check_shows_where_a_program_does_not_parse(capsys, file, content):
    path = file(content)
    code, said = run(capsys, "check", path)
    assert code == 1
    assert said.out.startswith(f"{path}: line 1, column ")
    code, said = run(capsys, "check", "--json", path)
    (finding,) = json.loads(said.out)
    assert (code, finding["level"], finding["line"]) == (1, "error", 1)


def test_check_as_json(capsys, file):
    code, said = run(capsys, "check", "--json", file("tle: 64;"))
    assert code == 1
    assert json.loads(said.out) == [
        {
            "level": "error",
            "message": "unknown field tle",
            "suggestion": "Did you mean tile?",
            "line": 1,
            "column": 1,
        }
    ]


def test_explain_shows_what_each_rule_says(capsys, file):
    facts = ("--rows", "8", "--cols", "8192", "--k", "64", "--subgroup", "32")
    code, said = run(capsys, "explain", file(FIRST), *facts)
    assert code == 0
    assert said.out.startswith("* mk = 2 ")
    assert "* +0.25 for mk = 2 " in said.out
    code, said = run(capsys, "explain", file("# device: llvmpipe\nsoft(mk, 1, 0.5, kind == 2);"), "--json", *facts)
    assert json.loads(said.out)[0]["reason"] == "only on llvmpipe"
    more = ("--json", "--kind", "bottom", "--device", "LLVMpipe")
    code, said = run(capsys, "explain", file("# device: llvmpipe\nsoft(mk, 1, 0.5, kind == 2);"), *more)
    (verdict,) = json.loads(said.out)
    assert (verdict["spoke"], verdict["value"], verdict["weight"], verdict["line"]) == (True, 1, 0.5, 2)


def test_fmt_prints_checks_and_rewrites(capsys, file):
    path = file(FIRST)
    usual = st.spiralk.parse(FIRST).format()
    assert run(capsys, "fmt", path)[1].out == usual
    code, said = run(capsys, "fmt", "--check", path)
    assert (code, said.out) == (1, f"{path}: would change\n")
    assert run(capsys, "fmt", "--write", path)[0] == 0
    assert Path(path).read_text() == usual
    assert run(capsys, "fmt", "--check", path)[0] == 0


def test_fmt_leaves_a_file_that_does_not_parse_as_it_is(capsys, file):
    path = file("mk: ;")
    code, said = run(capsys, "fmt", "--write", path)
    assert code == 1
    assert said.err.startswith(f"error: {path}: line 1, column 5: expected a value")
    assert Path(path).read_text() == "mk: ;"


def test_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"mk:1")))
    assert run(capsys, "fmt", "-")[1].out == "mk: 1;\n"


@pytest.mark.parametrize("words", [("check", "absent.k"), ("fmt", "--write", "-"), ("explain", ".")])
def test_what_cannot_be_read_or_written_is_a_plain_error(capsys, monkeypatch, words):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"mk:1")))
    code, said = run(capsys, *words)
    assert code == 1
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err
