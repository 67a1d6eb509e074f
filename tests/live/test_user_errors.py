"""Tracebacks as a script's author needs them."""

from __future__ import annotations

from spiraltorch_web.errors import ShapeError
from spiraltorch_web.live import Matrix
from spiraltorch_web.live.figures import plain_figure
from spiraltorch_web.user_errors import describe_error, remember_source


def error_of(source: str, names: dict | None = None):
    remember_source("main.py", source)
    try:
        exec(compile(source, "main.py", "exec"), {"__name__": "__main__", **(names or {})})
    except BaseException as error:
        return describe_error(error, "main.py")
    raise AssertionError("the source did not fail")


def test_line_and_columns_of_the_failing_expression():
    told = error_of("a = 1\nb = a + 'x'\n")
    assert (told.name, told.line, told.column, told.end_column) == ("TypeError", 2, 5, 12)


def test_columns_count_characters_not_bytes():
    told = error_of("größe = 1; größe + 'x'\n")
    assert (told.column, told.end_column) == (12, 23)


def test_frames_before_the_script_are_left_out():
    told = error_of("1 / 0\n")
    assert "test_user_errors" not in told.traceback
    assert told.traceback.splitlines()[1] == '  File "main.py", line 1, in <module>'


def test_own_errors_hide_the_library():
    told = error_of("plain(Matrix([[1]], rows=['a', 'b']))\n", {"plain": plain_figure, "Matrix": Matrix})
    assert told.name == ShapeError.__name__ and told.line == 1
    assert "figures.py" not in told.traceback


def test_foreign_errors_keep_the_frames_that_explain_them():
    told = error_of("import json\njson.loads('{')\n")
    assert told.line == 2 and "decoder.py" in told.traceback


def test_syntax_error_has_its_place():
    told = error_of("x = 1\nif x\n    pass\n")
    assert (told.name, told.line, told.column) == ("SyntaxError", 2, 5)
    assert "expected ':'" in told.message


def test_cause_is_told_too():
    told = error_of("try:\n    1 / 0\nexcept ZeroDivisionError as first:\n    raise ValueError('worse') from first\n")
    assert "direct cause" in told.traceback and told.line == 4
