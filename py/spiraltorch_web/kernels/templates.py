"""Shader texts: imports, substitution, unrolling and choices, and the header that opens every file.

A shader is a WGSL file in ``shaders/`` with ``${NAME}`` for numbers and four kinds of directive lines::

    // @import name            insert shaders/shared/name.wgsl
    // #for I < COUNT          repeat the lines up to the matching end, with ${I} = 0, 1, ... COUNT - 1
    // #if NAME / #if not NAME keep the lines when the value is true (false)
    // #else
    // #end

Unrolled text matters because drivers cannot keep an array that a loop indexes in registers once runtime checks are
woven into the loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import KernelError
from ..ir.program import Kernel
from ..resources import shader_text

Value = int | float | bool | str

_IMPORT = re.compile(r"^// @import (\w+)[ \t]*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^\s*// #(\w+)\s*(.*?)\s*$")
_NAME = re.compile(r"\$\{(\w+)\}")
_FIELD = re.compile(r"^// @(\w+)\s+(.*)$")
_BIND = re.compile(r"(\d+)\s+(\w+)\s+(\w+)\b")
_BINDING = re.compile(r"@binding\((\d+)\)\s+var<(\w+)(?:,\s*(\w+))?>\s+(\w+)")


def instantiate(name: str, values: Mapping[str, Value]) -> str:
    """WGSL of ``shaders/<name>.wgsl`` for ``values``, without its header comments."""
    try:
        lines = _with_imports(name).split("\n")
        return "\n".join(_expand(iter(lines), dict(values))) + "\n"
    except (KeyError, _Unbalanced) as problem:
        raise KernelError(f"shader {name}: {problem}") from problem


def kernel(name: str, values: Mapping[str, Value], needs: frozenset[str] = frozenset()) -> Kernel:
    """``shaders/<name>.wgsl`` for ``values`` as a kernel, with the access that its text declares."""
    source = instantiate(name, values)
    ordered = sorted(text_bindings(source), key=lambda binding: binding.index)
    access = tuple("read_write" if binding.access == "write" else "read" for binding in ordered)
    return Kernel(name, source, access, needs)


def header(text: str) -> dict[str, list[str]]:
    """The ``@field`` entries of a shader's header; the name and the first sentence are under "name" and "effect"."""
    fields: dict[str, list[str]] = {}
    for line in _header_lines(text):
        found = _FIELD.match(line)
        if found:
            fields.setdefault(found[1], []).append(found[2].strip())
        elif not fields and ":" in line:
            name, effect = line.removeprefix("// ").split(":", 1)
            fields.update(name=[name], effect=[effect.strip()])
    return fields


@dataclass(frozen=True)
class Binding:
    """One buffer of a shader, as the header or the text declares it."""

    index: int
    name: str
    access: str  # "uniform", "read" or "write"


def header_bindings(text: str) -> tuple[Binding, ...]:
    """The bindings that the header promises."""
    found = (_BIND.match(entry) for entry in header(text).get("bind", ()))
    return tuple(Binding(int(match[1]), match[2], match[3]) for match in found if match)


def text_bindings(text: str) -> tuple[Binding, ...]:
    """The bindings that the WGSL declares."""
    access = {"read_write": "write", "read": "read", "": "read"}
    return tuple(
        Binding(int(index), name, "uniform" if space == "uniform" else access[mode])
        for index, space, mode, name in _BINDING.findall(text)
    )


class _Unbalanced(Exception):
    """A directive without its partner."""


def _header_lines(text: str) -> list[str]:
    lines = text.split("\n")
    end = next((index for index, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return lines[:end]


def _with_imports(name: str) -> str:
    text = shader_text(name)
    body = "\n".join(text.split("\n")[len(_header_lines(text)) :])
    imported = (_with_imports(f"shared/{found}") for found in _IMPORT.findall(text))
    return "\n".join((*imported, body.strip("\n")))


def _expand(lines: Iterator[str], values: dict[str, Value]) -> Iterator[str]:
    for line in lines:
        directive = _DIRECTIVE.match(line)
        if not directive:
            yield _NAME.sub(lambda found: _spell(values, found[1]), line)
            continue
        kind, rest = directive[1], directive[2]
        if kind not in ("for", "if"):
            raise _Unbalanced(f"unexpected directive #{kind}")
        block, otherwise = _block(lines, kind)
        if kind == "for":
            variable, _, count = rest.partition(" < ")
            for index in range(int(count) if count.isdigit() else int(_value(values, count))):
                yield from _expand(iter(block), {**values, variable: index})
        else:
            negated = rest.startswith("not ")
            holds = bool(_value(values, rest.removeprefix("not "))) != negated
            yield from _expand(iter(block if holds else otherwise), values)


def _block(lines: Iterator[str], kind: str) -> tuple[list[str], list[str]]:
    """The lines up to the matching end, split at an else of the same level."""
    parts: tuple[list[str], list[str]] = ([], [])
    depth, part = 0, 0
    for line in lines:
        directive = _DIRECTIVE.match(line)
        word = directive[1] if directive else ""
        if depth == 0 and word == "end":
            return parts
        if depth == 0 and word == "else":
            part = 1
            continue
        depth += (word in ("for", "if")) - (word == "end")
        parts[part].append(line)
    raise _Unbalanced(f"#{kind} has no #end")


def _value(values: Mapping[str, Value], name: str) -> Value:
    if name not in values:
        raise KeyError(f"no value for {name}; there are {', '.join(sorted(values))}")
    return values[name]


def _spell(values: Mapping[str, Value], name: str) -> str:
    value = _value(values, name)
    return str(value).lower() if isinstance(value, bool) else str(value)
