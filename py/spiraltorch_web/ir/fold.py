"""Elementwise rewrites: constants are computed, identities removed, small powers multiplied out."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import node as ir
from .node import Node
from .ops import Op

# Exact in double precision, so that one rounding to float32 gives what a device gives.
_EXACT: Mapping[Op, Callable] = MappingProxyType(
    {
        Op.NEG: lambda a: -a,
        Op.ABS: abs,
        Op.ADD: lambda a, b: a + b,
        Op.SUB: lambda a, b: a - b,
        Op.MUL: lambda a, b: a * b,
        Op.LT: lambda a, b: a < b,
        Op.LE: lambda a, b: a <= b,
        Op.EQ: lambda a, b: a == b,
        Op.NE: lambda a, b: a != b,
        Op.MAXIMUM: max,
        Op.MINIMUM: min,
        Op.NOT: lambda a: not a,
        Op.AND: lambda a, b: a & b,
        Op.OR: lambda a, b: a | b,
    }
)


def fold(node: Node) -> Node:
    """The node, or an equal cheaper one."""
    if node.op is Op.DETACH:
        return node.srcs[0]
    if node.op is Op.CAST:
        return _cast(node)
    if all(src.op is Op.CONST for src in node.srcs):
        return _constant(node)
    rule = _RULES.get(node.op)
    return rule(node) if rule else node


def _constant(node: Node) -> Node:
    values = [src.attrs[0] for src in node.srcs]
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return node
    if node.op is Op.WHERE:
        return ir.const(values[1] if values[0] else values[2], node.dtype, node.shape)
    if node.op is Op.DIV and values[1] != 0:
        return _as_const(values[0] / values[1], node)
    if node.op is Op.SQRT and values[0] >= 0:
        return _as_const(math.sqrt(values[0]), node)
    if node.op in (Op.NOT, Op.AND, Op.OR) and node.dtype.kind != "b":
        return node
    function = _EXACT.get(node.op)
    return _as_const(function(*values), node) if function else node


def _as_const(value: bool | int | float, node: Node) -> Node:
    if node.dtype.name == "float32":
        try:
            (value,) = struct.unpack("<f", struct.pack("<f", value))
        except OverflowError:
            value = math.copysign(math.inf, value)
    elif node.dtype.kind in "iu":
        value = int(value) & 0xFFFFFFFF
        if node.dtype.kind == "i" and value >> 31:
            value -= 1 << 32
    return ir.const(value, node.dtype, node.shape)


def _cast(node: Node) -> Node:
    (src,) = node.srcs
    if src.dtype is node.dtype:
        return src
    if src.op is Op.CONST and math.isfinite(src.attrs[0]) and abs(src.attrs[0]) < 2**31 and node.dtype.kind != "u":
        return ir.const(src.attrs[0], node.dtype, node.shape)
    return node


def _is(node: Node, value: float) -> bool:
    return node.op is Op.CONST and node.attrs[0] == value


def _add(node: Node) -> Node:
    a, b = node.srcs
    if _is(b, 0):
        return a
    return b if _is(a, 0) else node


def _sub(node: Node) -> Node:
    a, b = node.srcs
    if _is(b, 0):
        return a
    return ir.elementwise(Op.NEG, b) if _is(a, 0) and node.dtype.kind != "u" else node


def _mul(node: Node) -> Node:
    a, b = node.srcs
    if a.op is Op.CONST:
        a, b = b, a
    if _is(b, 1):
        return a
    return ir.elementwise(Op.NEG, a) if _is(b, -1) and node.dtype.kind != "u" else node


def _div(node: Node) -> Node:
    a, b = node.srcs
    if _is(b, 1):
        return a
    # Dividing by a power of two is exact as a product.
    if b.op is Op.CONST and b.attrs[0] and math.isfinite(b.attrs[0]) and abs(math.frexp(b.attrs[0])[0]) == 0.5:
        if 2.0**-100 < abs(b.attrs[0]) < 2.0**100:
            return ir.elementwise(Op.MUL, a, ir.const(1 / b.attrs[0], b.dtype, b.shape))
    return node


def _pow(node: Node) -> Node:
    x, y = node.srcs
    if y.op is not Op.CONST:
        return node
    power = y.attrs[0]
    if power == 0:
        return ir.const(1, node.dtype, node.shape)
    if power in (1, 2, 3, 4):
        square = ir.elementwise(Op.MUL, x, x)
        return {1: x, 2: square, 3: ir.elementwise(Op.MUL, square, x), 4: ir.elementwise(Op.MUL, square, square)}[
            int(power)
        ]
    if node.dtype.kind == "f":
        inverse = {0.5: Op.SQRT, -0.5: Op.RSQRT, -1.0: Op.RECIPROCAL}.get(power)
        if inverse:
            return ir.elementwise(inverse, x)
    return node


def _where(node: Node) -> Node:
    condition, a, b = node.srcs
    if condition.op is Op.CONST:
        return a if condition.attrs[0] else b
    return a if a is b else node


_RULES: Mapping[Op, Callable[[Node], Node]] = MappingProxyType(
    {Op.ADD: _add, Op.SUB: _sub, Op.MUL: _mul, Op.DIV: _div, Op.POW: _pow, Op.WHERE: _where}
)
