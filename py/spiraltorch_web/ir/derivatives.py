"""The derivative of every operation, as a rewrite of graphs.

`VJP[op](node, g)` takes a node and the cotangent g of its result (same shape and dtype) and gives the cotangent of
each operand, or None where there is none. Rules build nodes only, so derivatives of any order follow. Where a
function has a kink the rules choose as PyTorch does: equal maxima share their cotangent evenly, `abs` has slope 0
at 0. The derivative of a named routine is declared with the routine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import algebra as al
from .conv_derivatives import conv_vjp
from .movement_derivatives import MOVEMENT_VJP
from .node import Node, cast, concat, elementwise, matmul, pad, permute, reshape, shrink
from .ops import Op

Cotangents = tuple[Node | None, ...]
Rule = Callable[[Node, Node], Cotangents]


def _unary(rule: Callable[[Node, Node, Node], Node]) -> Rule:
    """A rule from (x, y, g) for y = f(x)."""
    return lambda node, g: (rule(node.srcs[0], node, g),)


def _zero(node: Node, g: Node) -> Cotangents:
    """Piecewise constant: the derivative is 0 wherever it exists."""
    return tuple(al.filled(src, 0) if src.dtype.kind == "f" else None for src in node.srcs)


def _inverse_root(x: Node, sign: float, offset: float) -> Node:
    """1/√(sign·x² + offset)."""
    return elementwise(Op.RSQRT, al.plus(al.times(al.square(x), sign), offset))


# --- elementwise ------------------------------------------------------------------------------------------------


def _cast(node: Node, g: Node) -> Cotangents:
    source = node.srcs[0].dtype
    return (cast(g, source) if source.kind == node.dtype.kind == "f" else None,)


def _mul(node: Node, g: Node) -> Cotangents:
    a, b = node.srcs
    return al.mul(g, b), al.mul(g, a)


def _div(node: Node, g: Node) -> Cotangents:
    slope = al.div(g, node.srcs[1])
    return slope, al.neg(al.mul(slope, node))


def _mod(node: Node, g: Node) -> Cotangents:
    return g, al.neg(al.mul(g, elementwise(Op.FLOORDIV, *node.srcs)))


def _pow(node: Node, g: Node) -> Cotangents:
    base, exponent = node.srcs
    zero = al.filled(base, 0)
    slope = al.mul(exponent, elementwise(Op.POW, base, al.plus(exponent, -1)))
    slope = al.select(elementwise(Op.EQ, exponent, zero), zero, slope)
    # 0^b is constant in b ≥ 0; the logarithm must not turn that into NaN.
    flat = elementwise(Op.AND, elementwise(Op.EQ, base, zero), elementwise(Op.LE, zero, exponent))
    growth = al.select(flat, zero, al.mul(node, elementwise(Op.LOG, base)))
    return al.mul(g, slope), al.mul(g, growth)


def _extremum(first_wins: Callable[[Node, Node], Node]) -> Rule:
    def rule(node: Node, g: Node) -> Cotangents:
        a, b = node.srcs
        zero, tie = al.filled(g, 0), elementwise(Op.EQ, a, b)
        half, wins = al.times(g, 0.5), first_wins(a, b)
        return (
            al.select(tie, half, al.select(wins, g, zero)),
            al.select(tie, half, al.select(wins, zero, g)),
        )

    return rule


def _atan2(node: Node, g: Node) -> Cotangents:
    y, x = node.srcs
    slope = al.div(g, al.add(al.square(x), al.square(y)))
    return al.mul(slope, x), al.neg(al.mul(slope, y))


def _where(node: Node, g: Node) -> Cotangents:
    zero = al.filled(g, 0)
    return None, al.select(node.srcs[0], g, zero), al.select(node.srcs[0], zero, g)


# --- reductions and products ------------------------------------------------------------------------------------


def _sum(node: Node, g: Node) -> Cotangents:
    return (al.expand_over(g, node.attrs[0], node.srcs[0].shape),)


def _extreme(node: Node, g: Node) -> Cotangents:
    (x,), (axes,) = node.srcs, node.attrs
    chosen = cast(elementwise(Op.EQ, x, al.expand_over(node, axes, x.shape)), x.dtype)
    share = al.div(g, al.total(chosen, axes))
    return (al.mul(chosen, al.expand_over(share, axes, x.shape)),)


def _prod(node: Node, g: Node) -> Cotangents:
    """Products of all other entries, from a tree of pairwise products: exact where entries are 0."""
    (x,), (axes,) = node.srcs, node.attrs
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = (*kept, *axes)
    flat = reshape(permute(x, order), (math.prod(node.shape), math.prod(x.shape[axis] for axis in axes)))
    halves = []
    while flat.shape[1] > 1:
        even = pad(flat, ((0, 0, 0), (0, flat.shape[1] % 2, 0)), 1)
        halves.append((flat.shape[1], *_halves(even)))
        flat = al.mul(*halves[-1][1:])
    cotangent = reshape(g, (flat.shape[0], 1)) if flat.shape[1] else reshape(x, flat.shape)
    for length, left, right in reversed(halves):
        both = concat((al.mul(cotangent, right), al.mul(cotangent, left)), 1)
        cotangent = shrink(both, ((0, both.shape[0], 1), (0, length, 1)))
    spread = reshape(cotangent, tuple(x.shape[axis] for axis in order))
    return (permute(spread, tuple(order.index(axis) for axis in range(x.ndim))),)


def _halves(x: Node) -> tuple[Node, Node]:
    rows, length = x.shape
    middle = length // 2
    return shrink(x, ((0, rows, 1), (0, middle, 1))), shrink(x, ((0, rows, 1), (middle, length, 1)))


def _matmul(node: Node, g: Node) -> Cotangents:
    a, b = node.srcs
    # A transposed operand gets its cotangent from the transposed product, so that the transpositions cancel.
    if al.swaps_last(a):
        to_a = al.swap_last(matmul(b, al.swap_last(g)))
    else:
        to_a = matmul(g, al.swap_last(b))
    if al.swaps_last(b):
        to_b = al.swap_last(matmul(al.swap_last(g), a))
    else:
        to_b = matmul(al.swap_last(a), g)
    return to_a, to_b


def _expand(node: Node, g: Node) -> Cotangents:
    (x,) = node.srcs
    axes = tuple(axis for axis, size in enumerate(x.shape) if size != node.shape[axis])
    return (reshape(al.total(g, axes), x.shape),)


def _lesser(a: Node, b: Node) -> Node:
    return elementwise(Op.LT, a, b)


def _greater(a: Node, b: Node) -> Node:
    return elementwise(Op.LT, b, a)


VJP: Mapping[Op, Rule] = MappingProxyType(
    {
        Op.NEG: _unary(lambda x, y, g: al.neg(g)),
        Op.ABS: _unary(lambda x, y, g: al.mul(g, elementwise(Op.SIGN, x))),
        Op.SIGN: _zero,
        Op.FLOOR: _zero,
        Op.CEIL: _zero,
        Op.ROUND: _zero,
        Op.TRUNC: _zero,
        Op.EXP: _unary(lambda x, y, g: al.mul(g, y)),
        Op.EXPM1: _unary(lambda x, y, g: al.mul(g, al.plus(y, 1))),
        Op.LOG: _unary(lambda x, y, g: al.div(g, x)),
        Op.LOG1P: _unary(lambda x, y, g: al.div(g, al.plus(x, 1))),
        Op.SQRT: _unary(lambda x, y, g: al.div(g, al.times(y, 2))),
        Op.RSQRT: _unary(lambda x, y, g: al.mul(g, al.times(al.mul(y, al.square(y)), -0.5))),
        Op.RECIPROCAL: _unary(lambda x, y, g: al.neg(al.mul(g, al.square(y)))),
        Op.SIN: _unary(lambda x, y, g: al.mul(g, elementwise(Op.COS, x))),
        Op.COS: _unary(lambda x, y, g: al.neg(al.mul(g, elementwise(Op.SIN, x)))),
        Op.TAN: _unary(lambda x, y, g: al.mul(g, al.plus(al.square(y), 1))),
        Op.ASIN: _unary(lambda x, y, g: al.mul(g, _inverse_root(x, -1, 1))),
        Op.ACOS: _unary(lambda x, y, g: al.neg(al.mul(g, _inverse_root(x, -1, 1)))),
        Op.ATAN: _unary(lambda x, y, g: al.div(g, al.plus(al.square(x), 1))),
        Op.SINH: _unary(lambda x, y, g: al.mul(g, elementwise(Op.COSH, x))),
        Op.COSH: _unary(lambda x, y, g: al.mul(g, elementwise(Op.SINH, x))),
        Op.TANH: _unary(lambda x, y, g: al.mul(g, al.plus(al.neg(al.square(y)), 1))),
        Op.ASINH: _unary(lambda x, y, g: al.mul(g, _inverse_root(x, 1, 1))),
        Op.ACOSH: _unary(lambda x, y, g: al.mul(g, _inverse_root(x, 1, -1))),
        Op.ATANH: _unary(lambda x, y, g: al.div(g, al.plus(al.neg(al.square(x)), 1))),
        Op.ERF: _unary(
            lambda x, y, g: al.mul(g, al.times(elementwise(Op.EXP, al.neg(al.square(x))), 2 / math.sqrt(math.pi)))
        ),
        Op.RELU: _unary(lambda x, y, g: al.select(_greater(y, al.filled(y, 0)), g, al.filled(g, 0))),
        Op.SIGMOID: _unary(lambda x, y, g: al.mul(g, al.mul(y, al.plus(al.neg(y), 1)))),
        Op.CAST: _cast,
        Op.ADD: lambda node, g: (g, g),
        Op.SUB: lambda node, g: (g, al.neg(g)),
        Op.MUL: _mul,
        Op.DIV: _div,
        Op.FLOORDIV: _zero,
        Op.MOD: _mod,
        Op.POW: _pow,
        Op.MAXIMUM: _extremum(_greater),
        Op.MINIMUM: _extremum(_lesser),
        Op.ATAN2: _atan2,
        Op.WHERE: _where,
        Op.EXPAND: _expand,
        **MOVEMENT_VJP,
        Op.SUM: _sum,
        Op.PROD: _prod,
        Op.MAX: _extreme,
        Op.MIN: _extreme,
        Op.MATMUL: _matmul,
        Op.CONV: conv_vjp,
    }
)

# Operations without a rule: leaves, values that are no floats, and those that stop a derivative on purpose.
WITHOUT_DERIVATIVE = frozenset(
    {
        *(Op.BUFFER, Op.CONST, Op.IOTA, Op.DETACH, Op.BITCAST, Op.THREEFRY, Op.ARGMAX, Op.ARGMIN),
        *(Op.NOT, Op.ISNAN, Op.ISINF, Op.LT, Op.LE, Op.EQ, Op.NE, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.SHR),
    }
)
