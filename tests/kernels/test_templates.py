"""Shader texts: directives, headers, and headers that agree with the text."""

from __future__ import annotations

import pytest

from spiraltorch_web.errors import KernelError
from spiraltorch_web.kernels import templates
from spiraltorch_web.resources import shader_names, shader_text


@pytest.fixture
def shader(monkeypatch: pytest.MonkeyPatch):
    """A function that puts ``text`` under a header as shader "sample" and instantiates it."""

    def instantiate(text: str, **values: object) -> list[str]:
        texts = {"sample": f"// sample: a sample.\n//\n{text}", "shared/part": "// part: a part.\n\npart"}
        monkeypatch.setattr(templates, "shader_text", texts.__getitem__)
        return [line.strip() for line in templates.instantiate("sample", values).split("\n") if line.strip()]

    return instantiate


def test_for_repeats_and_nests(shader) -> None:
    text = "\n// #for I < COUNT\n// #for J < 2\nx_${I}_${J}\n// #end\n// #end"
    assert shader(text, COUNT=2) == ["x_0_0", "x_0_1", "x_1_0", "x_1_1"]


def test_if_chooses_a_branch(shader) -> None:
    text = "\n// #if BIG\n// #if not SMALL\na\n// #end\n// #else\nb\n// #end"
    assert shader(text, BIG=True, SMALL=False) == ["a"]
    assert shader(text, BIG=False, SMALL=False) == ["b"]


def test_import_comes_first_and_headers_are_dropped(shader) -> None:
    assert shader("// @import part\n\nbody") == ["part", "body"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n${MISSING}", "no value for MISSING"),
        ("\n// #for I < COUNT\nx", "#for has no #end"),
        ("\n// #end", "unexpected directive #end"),
    ],
)
def test_broken_text_names_the_shader(shader, text: str, message: str) -> None:
    with pytest.raises(KernelError, match=f"shader sample: .*{message}"):
        shader(text, COUNT=1)


@pytest.mark.parametrize("name", shader_names())
def test_header_tells_name_effect_and_bindings(name: str) -> None:
    text = shader_text(name)
    fields = templates.header(text)
    assert fields["name"] == [name.removeprefix("shared/")]
    assert fields["effect"][0].endswith((".", ","))
    if name.startswith("shared/"):
        return
    assert {"bind", "grid", "needs", "twin"} <= fields.keys()
    assert templates.header_bindings(text) == templates.text_bindings(text)
