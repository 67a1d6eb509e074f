"""Writes the statements that compute a node's value at a position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..ir.node import Node
from ..ir.ops import OPS, Kind, Op
from .bindings import Bindings
from .expressions import expression, literal
from .index import Index, flatten, variable
from .views import PURE_VIEWS, Position, operand_position


class NotAligned(Exception):
    """A value that the kernel computes itself is needed at another position; ``node`` has to be stored first."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"{node} is read at another position than it is computed for")
        self.node = node


class Emitter:
    """Statements of one function, in nested scopes.

    ``stored`` says which nodes are read from memory. ``known`` holds values that the kernel computes itself, such as
    a finished reduction, with the position that they belong to.
    """

    def __init__(self, bindings: Bindings, stored: Callable[[Node], bool]) -> None:
        self.bindings = bindings
        self.stored = stored
        self.known: dict[Node, tuple[Position, str]] = {}
        self.lines: list[str] = []
        self._scopes: list[dict[object, str]] = [{}]
        self._names = 0

    def line(self, text: str) -> None:
        self.lines.append("  " * len(self._scopes) + text)

    def name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Statements in braces; values computed inside are forgotten at the end."""
        self.line(head + " {")
        self._scopes.append({})
        yield
        self._scopes.pop()
        self.line("}")

    def let(self, key: object, text: str, prefix: str = "v") -> str:
        """A name for an expression, the same one while the scope lasts."""
        for scope in self._scopes:
            if key in scope:
                return scope[key]
        name = self.name(prefix)
        self.line(f"let {name} = {text};")
        self._scopes[-1][key] = name
        return name

    def value(self, node: Node, position: Position) -> str:
        """An expression for the entry of ``node`` at ``position``, of the type that kernels compute with."""
        if node in self.known:
            place, text = self.known[node]
            if place == position:
                return text
        if self.stored(node) and node not in self.known:
            return self._load(node, position)
        if node in self.known:
            raise NotAligned(node)
        if node.op is Op.CONST:
            return literal(node.attrs[0], node.dtype)
        if node.op is Op.IOTA:
            return f"i32({position[node.attrs[0]]})"
        if node.op in PURE_VIEWS:
            return self.value(node.srcs[0], operand_position(node, position))
        for scope in self._scopes:
            if (node, position) in scope:
                return scope[node, position]
        return self.let((node, position), self._compute(node, position))

    def _compute(self, node: Node, position: Position) -> str:
        if OPS[node.op].kind is Kind.ELEMENTWISE:
            return expression(node, [self.value(src, position) for src in node.srcs])
        if node.op is Op.PAD:
            return self._pad(node, position)
        if node.op is Op.CONCAT:
            return self._concat(node, position)
        if node.op is Op.GATHER:
            return self._gather(node, position)
        raise AssertionError(f"{node} cannot be computed inside another kernel")

    def _load(self, node: Node, position: Position) -> str:
        flat = flatten(position, node.shape)

        def vectors(text: str) -> str:
            return self.let(("vector", text), text, "q")

        text = self.bindings.load(node, flat, vectors)
        return self.let((node, position), text)

    def _bounded(self, key: object, text: str, size: int) -> Index:
        """A variable for a run-time number, clamped into 0…size−1."""
        if size <= 1:
            return Index()
        return variable(self.let(key, f"min({text}, {size - 1}u)", "at"), size)

    def _pad(self, node: Node, position: Position) -> str:
        (src,), (padding, fill) = node.srcs, node.attrs
        masks: list[str] = []
        inner: list[Index] = []
        for axis, (index, size, (low, _, interior)) in enumerate(zip(position, src.shape, padding, strict=True)):
            moved, step = index - low, interior + 1
            if step == 1 and moved.low >= 0 and moved.high < size:
                inner.append(moved)
                continue
            raw = self.let(("pad", node, position, axis), str(moved), "p")
            masks.append(f"{raw} < {(size - 1) * step + 1 if size else 0}u")
            if step > 1:
                masks.append(f"{raw} % {step}u == 0u")
                raw = f"({raw} / {step}u)"
            inner.append(self._bounded(("clamp", node, position, axis), raw, size))
        filler = literal(fill, node.dtype)
        if src.size == 0:
            return filler
        return f"select({filler}, {self.value(src, tuple(inner))}, {' && '.join(masks) or 'true'})"

    def _concat(self, node: Node, position: Position) -> str:
        (axis,) = node.attrs
        result, start = "", 0
        for src in node.srcs:
            size = src.shape[axis]
            if size == 0:
                continue
            moved = position[axis] - start
            if moved.high < 0 or moved.low >= size:
                start += size
                continue
            if moved.low < 0 or moved.high >= size:
                moved = self._bounded(("piece", node, position, start), str(moved), size)
            text = self.value(src, (*position[:axis], moved, *position[axis + 1 :]))
            result = f"select({result}, {text}, {position[axis]} >= {start}u)" if result else text
            start += size
        return result

    def _gather(self, node: Node, position: Position) -> str:
        x, index = node.srcs
        row, rest = position[: index.ndim], position[index.ndim :]
        text = self.value(index, row)
        if index.dtype.kind == "i":
            text = f"u32(max({text}, 0))"
        return self.value(x, (self._bounded(("row", node, row), text, x.shape[0]), *rest))
