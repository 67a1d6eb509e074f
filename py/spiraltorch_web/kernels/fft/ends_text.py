"""The WGSL that gets a pass's points and that writes its results."""

from __future__ import annotations

from .ends import Source, Target
from .tables import root
from .text import PassText, literal


def load_text(text: PassText, source: Source, name: str) -> None:
    """Give every register its point."""
    one = text.one
    point = text.base(name, outward=False)
    row, column = f"{name}_row", f"{name}_column"
    steps = [one.threads * i * one.stride_in for i in range(one.values)]
    if source.kind == "packed":
        _packed(text, source, point, row, column, steps)
    elif source.kind == "half":
        _half(text, source, point, row, column, steps)
    else:
        start = text.let(_start(source.stored, row, point, one.columns, column))
        for register, step in zip(text.points, steps, strict=True):
            value = _value(text, source, start, f"{point} + {step}u", step * one.columns, row, column)
            text.add(f"var {register} = {value};")
    if source.swapped:
        for register in text.points:
            text.add(f"{register} = {register}.yx;")
    if source.chirp and source.kind != "filter":
        for register, step in zip(text.points, steps, strict=True):
            # Beyond the signal there is nothing, not even a NaN that stands there by chance.
            text.add(f"{register} = chirped({register}, {point} + {step}u);")


def _start(stored: int, row: str, point: str, columns: int, column: str) -> str:
    return f"({row} * {stored}u + {point}) * {columns}u + {column}"


def _value(text: PassText, source: Source, start: str, point: str, offset: int, row: str, column: str) -> str:
    at = f"{start} + {offset}u"
    if source.kind == "filter":
        return f"wrapped_chirp({point})"
    if source.chirp:  # points past the end are read at the last one
        columns = text.one.columns
        if source.kind == "hermitian":
            return f"completed({row} * {source.stored}u, {point}, {column})"
        at = text.let(_start(source.stored, row, f"min({point}, {source.chirp - 1}u)", columns, column))
    if source.kind == "real":
        return f"vec2<f32>(in_real[{at}], 0.0)"
    if source.kind == "spectrum":
        return f"product(vec2<f32>(in_real[{at}], in_imag[{at}]), vec2<f32>(extra_a[{point}], extra_b[{point}]))"
    return f"vec2<f32>(in_real[{at}], in_imag[{at}])"


def _packed(text: PassText, source: Source, point: str, row: str, column: str, steps: list[int]) -> None:
    """Point i of a row is x[2i] + i·x[2i + 1]."""
    columns = text.one.columns
    if columns == 1:
        start = text.let(f"{row} * {source.stored // 2}u + {point}")
        for register, step in zip(text.points, steps, strict=True):
            text.add(f"var {register} = in_real[{start} + {step}u];")
        return
    start = text.let(_start(source.stored, row, f"2u * ({point})", columns, column))
    for register, step in zip(text.points, steps, strict=True):
        offset = 2 * step * columns
        text.add(f"var {register} = vec2<f32>(in_real[{start} + {offset}u], in_real[{start} + {offset + columns}u]);")


def _half(text: PassText, source: Source, point: str, row: str, column: str, steps: list[int]) -> None:
    """Z[k] = X[k] + conj X[h − k] + i·e^(2πi·k/n)·(X[k] − conj X[h − k]): even and odd entries as the parts."""
    columns, order = text.one.columns, text.table.roots
    length = source.stored - 1
    start = text.let(_start(source.stored, row, point, columns, column))
    mirror = text.let(_start(source.stored, row, f"{length}u - ({point})", columns, column))
    turn = text.let(f"unit_root({point})")
    for number, (register, step) in enumerate(zip(text.points, steps, strict=True)):
        factor = turn if not step else text.let(f"product({turn}, {literal(root(step, order))})")
        imags = (f"in_imag[{start} + {step * columns}u]", f"in_imag[{mirror} - {step * columns}u]")
        if not number:  # the ends of the spectrum count as real
            imags = tuple(f"select({imag}, 0.0, {point} == 0u)" for imag in imags)
        a = f"vec2<f32>(in_real[{start} + {step * columns}u], {imags[0]})"
        b = f"vec2<f32>(in_real[{mirror} - {step * columns}u], {imags[1]})"
        text.add(f"var {register} = packed_spectrum({a}, {b}, {factor});")


def turn_text(text: PassText, name: str) -> None:
    """Multiply result k by e^(−2πi·k·d/N), d the last digit: two roots and short products for four results each."""
    one = text.one
    many = text.table.roots // one.turn
    digit = text.let(f"{name}_digit{len(one.digits) - 1} * {many}u")
    step = text.let(f"{digit} * {one.threads}u")
    powers = [""]
    if one.values > 1:
        powers.append(text.let(f"unit_root({step})"))
    if one.values > 2:
        powers.append(text.let(f"squared_root({step})"))
        powers.append(text.let(f"unit_root(3u * {step})"))
    base = ""
    for i, register in enumerate(text.points):
        if i % 4 == 0:
            base = text.let(f"unit_root({digit} * ({name}_t + {one.threads * i}u))")
        factor = base if i % 4 == 0 else f"product({base}, {powers[i % 4]})"
        text.add(f"{register} = product({register}, {factor});")


def store_text(text: PassText, target: Target, name: str, guarded: bool) -> None:
    """Write every register's result."""
    one = text.one
    point = text.base(name, outward=True)
    row, column = f"{name}_row", f"{name}_column"
    steps = [one.threads * i * one.stride_out for i in range(one.values)]
    if target.kind == "tail":
        partners = _partners(text, name)
    if target.chirp:
        for register, step in zip(text.points, steps, strict=True):
            # The transform before was an inverse one: its parts are still exchanged.
            text.add(f"{register} = product({register}.yx, extra_a[min({point} + {step}u, {target.chirp - 1}u)]);")
    if guarded:
        text.add(f"if ({name}_line >= {one.lines}u) {{ return; }}")
    if target.kind == "tail":
        _tail(text, target, point, row, column, partners)
        return
    start = text.let(_start(target.stored, row, point, one.columns, column))
    scale = f" * {target.scale!r}" if target.scale != 1 else ""
    for register, step in zip(text.points, steps, strict=True):
        value = f"{register}.yx{scale}" if target.swapped else f"{register}{scale}"
        if target.kind == "packed":
            _store_packed(text, target, f"{value}", point, step, row, column)
            continue
        at = f"{start} + {step * one.columns}u"
        body = f"out_real[{at}] = ({value}).x;"
        if target.kind == "complex":
            body += f" out_imag[{at}] = ({value}).y;"
        text.add(f"if ({point} + {step}u < {target.stored}u) {{ {body} }}" if target.chirp else body)


def _store_packed(text: PassText, target: Target, value: str, point: str, step: int, row: str, column: str) -> None:
    columns = text.one.columns
    if columns == 1:
        text.add(f"out_real[{row} * {target.stored // 2}u + {point} + {step}u] = {value};")
        return
    at = text.let(_start(target.stored, row, f"2u * ({point} + {step}u)", columns, column))
    text.add(f"out_real[{at}] = ({value}).x;")
    text.add(f"out_real[{at} + {columns}u] = ({value}).y;")


def _partners(text: PassText, name: str) -> list[str]:
    """Z[(h − k) mod h] for each result Z[k] of the thread."""
    one = text.one
    if one.threads == 1:
        return [text.points[-k % one.length] for k in range(one.length)]
    mirror = text.let(f"{one.length}u - {name}_t")
    own = text.address(name, f"{name}_t")
    half = one.length * one.segments
    reads = [text.address(name, f"(({mirror} - {one.threads * i}u) & {one.length - 1}u)") for i in range(one.values)]
    places = [text.constant(one.threads * i) for i in range(one.values)]
    parts: list[list[str]] = []
    for part, offset in (("x", 0), ("y", half if one.together else 0)):
        if part == "x" or not one.together:
            text.add("workgroupBarrier();")
            for number in range(2 if one.together else 1):
                letter = "xy"[number] if one.together else part
                for place, register in zip(places, text.points, strict=True):
                    text.add(f"held[({own} ^ {place}u) + {half * number}u] = {register}.{letter};")
            text.add("workgroupBarrier();")
        parts.append([text.let(f"held[{read} + {offset}u]") for read in reads])
    return [f"vec2<f32>({x}, {y})" for x, y in zip(*parts, strict=True)]


def _tail(text: PassText, target: Target, point: str, row: str, column: str, partners: list[str]) -> None:
    """X[k] = (Z[k] + conj Z[h − k])/2 − (i/2)·e^(−2πi·k/n)·(Z[k] − conj Z[h − k]) for k ≤ h."""
    one, order = text.one, text.table.roots
    start = text.let(_start(target.stored, row, point, one.columns, column))
    turn = text.let(f"unit_root({point})")
    half = f"{0.5 * target.scale!r}"
    for i, (register, partner) in enumerate(zip(text.points, partners, strict=True)):
        step = one.threads * i
        factor = turn if not step else f"product({turn}, {literal(root(step, order))})"
        value = text.let(f"{half} * unpacked_spectrum({register}, {partner}, {factor})")
        text.add(f"out_real[{start} + {step * one.columns}u] = {value}.x;")
        text.add(f"out_imag[{start} + {step * one.columns}u] = {value}.y;")
    first = text.points[0]
    last = _start(target.stored, row, f"{one.length}u", one.columns, column)
    text.add(f"if ({point} == 0u) {{")
    text.add(f"out_real[{last}] = ({first}.x - {first}.y) * {target.scale!r};")
    text.add(f"out_imag[{last}] = 0.0;")
    text.add("}")
