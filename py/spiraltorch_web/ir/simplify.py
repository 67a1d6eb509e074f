"""Rewrites of a canonical graph before it is compiled: cheaper forms of the same values."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..dtypes import DType
from . import algebra as al
from . import node as ir
from .caps import Caps
from .fold import fold
from .graph import Graph
from .large_routines import SOFTWARE_TURNS, split_large
from .lower_conv import lower_conv
from .node import Node, toposort
from .ops import OPS, Kind, Op

VIEWS = (Op.RESHAPE, Op.PERMUTE, Op.EXPAND, Op.SHRINK, Op.FLIP, Op.SLIDE)
CONCAT_PIECES = 4


def simplify(graph: Graph, caps: Caps) -> Graph:
    """An equal graph with constants folded, views merged, and work in the shapes that the kernels run best."""
    done: dict[Node, Node] = {}
    rewriter = _Rewriter(caps)

    def build(root: Node) -> Node:
        for node in toposort([root], set(done)):
            if node not in done:
                srcs = tuple(done[src] for src in node.srcs)
                same = all(a is b for a, b in zip(srcs, node.srcs, strict=True))
                copy = node if same else Node(node.op, srcs, node.attrs, node.shape, node.dtype)
                result = rewriter.rewrite(copy)
                # A rule may build several nodes, which have rules of their own.
                while result is not copy and result not in done and result.op is not Op.BUFFER:
                    copy, result = result, build(result)
                    break
                done[node] = done[result] = result
        return done[root]

    return Graph(graph.leaves, tuple(build(node) for node in graph.outputs), graph.targets)


class _Rewriter:
    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self.known: dict[object, Node] = {}

    def rewrite(self, node: Node) -> Node:
        """The node, or an equal one that is better. Equal results become one node."""
        rule = self._rule(node)
        result = rule(node) if rule else node
        if result is node:
            key = (
                node.op,
                node.srcs,
                repr(node.attrs) if node.op in (Op.CONST, Op.PAD) else node.attrs,
                node.shape,
                node.dtype,
            )
            return node if node.op is Op.BUFFER else self.known.setdefault(key, node)
        return result

    def _rule(self, node: Node) -> Callable[[Node], Node] | None:
        kind = OPS[node.op].kind
        if node.op in VIEWS:
            return _view
        if kind is Kind.ELEMENTWISE:
            return fold
        if kind is Kind.REDUCE:
            return self._reduce
        if node.op is Op.ROUTINE:
            return lambda routine: split_large(routine, self.caps)
        return {Op.MATMUL: self._matmul, Op.CONV: lower_conv, Op.CONCAT: _concat, Op.PAD: _pad}.get(node.op)

    def _reduce(self, node: Node) -> Node:
        (src,), (axes,) = node.srcs, node.attrs
        if src.size == 0 or (src.op is Op.CONST and node.op is not Op.ARGMAX and node.op is not Op.ARGMIN):
            return _reduced_constant(node)
        flat = tuple(axis for axis in axes if src.shape[axis] == 1)
        if flat and node.op in (Op.ARGMAX, Op.ARGMIN):
            return ir.const(0, node.dtype, node.shape)
        if flat:
            shape = tuple(size for axis, size in enumerate(src.shape) if axis not in flat)
            rest = [axis - sum(f < axis for f in flat) for axis in axes if axis not in flat]
            return ir.reduce(node.op, ir.reshape(src, shape), rest)
        return self._split(node)

    def _split(self, node: Node) -> Node:
        """Two stages for a long reduction of few rows, which alone would leave most of a device idle."""
        (src,) = node.srcs
        rows, steps = node.size, src.size // max(node.size, 1)
        ranked = node.op in (Op.ARGMAX, Op.ARGMIN)
        too_long = self.caps.software and steps > SOFTWARE_TURNS
        if not too_long and (rows > 64 or steps < 16384 or ranked):
            return node
        pieces = 1 if ranked else min(max(2048 // rows, 1), max(steps // 8192, 1))
        if too_long:
            pieces = max(pieces, -(-steps // SOFTWARE_TURNS))
        if ranked:
            return _ranked_in_chunks(node, pieces)
        x, axis = _in_chunks(node, pieces, _identity(node.op, src.dtype))
        return ir.reduce(node.op, ir.reduce(node.op, x, (axis + 1,)), (axis,))

    def _matmul(self, node: Node) -> Node:
        """Where loops have a limit, a long product is a sum of shorter ones."""
        result = _matmul(node)
        a, b = node.srcs
        steps = a.shape[-1]
        if result is not node or not self.caps.software or steps <= SOFTWARE_TURNS:
            return result
        pieces = -(-steps // SOFTWARE_TURNS)
        chunk = -(-steps // (4 * pieces)) * 4
        batch, outer = a.shape[:-2], a.ndim - 2
        whole = [(0, 0, 0)] * outer
        a = ir.pad(a, [*whole, (0, 0, 0), (0, pieces * chunk - steps, 0)])
        b = ir.pad(b, [*whole, (0, pieces * chunk - steps, 0), (0, 0, 0)])
        a = ir.reshape(a, (*batch, a.shape[-2], pieces, chunk))
        a = ir.permute(a, (*range(outer), outer + 1, outer, outer + 2))
        b = ir.reshape(b, (*batch, pieces, chunk, b.shape[-1]))
        return ir.reduce(Op.SUM, ir.matmul(a, b), (outer,))


def _in_chunks(node: Node, pieces: int, filling: float | int) -> tuple[Node, int]:
    """A reduction's operand with its reduced axes as (pieces, chunk) and the number of the first of these two."""
    (src,), (axes,) = node.srcs, node.attrs
    steps = src.size // node.size
    if axes == tuple(range(len(axes))) and node.shape:
        x, axis = ir.reshape(src, (steps, *node.shape)), 0
    else:
        kept = [axis for axis in range(src.ndim) if axis not in axes]
        x, axis = ir.reshape(ir.permute(src, (*kept, *axes)), (*node.shape, steps)), len(node.shape)
    chunk = -(-steps // pieces)
    chunk = -(-chunk // 4) * 4
    missing = pieces * chunk - steps
    padding = [(0, missing if i == axis else 0, 0) for i in range(x.ndim)]
    x = ir.pad(x, padding, filling)
    return ir.reshape(x, (*x.shape[:axis], pieces, chunk, *x.shape[axis + 1 :])), axis


def _ranked_in_chunks(node: Node, pieces: int) -> Node:
    """The place of the extreme: the best place of each chunk, and the chunk with the best value."""
    extreme = Op.MAX if node.op is Op.ARGMAX else Op.MIN
    x, axis = _in_chunks(node, pieces, _identity(extreme, node.srcs[0].dtype))
    chunk = x.shape[axis + 1]
    places = ir.reduce(node.op, x, (axis + 1,))
    best = ir.reduce(node.op, ir.reduce(extreme, x, (axis + 1,)), (axis,))
    wide = ir.expand(ir.reshape(best, (*best.shape[:axis], 1, *best.shape[axis:])), places.shape)
    chosen = ir.elementwise(Op.EQ, ir.iota(places.shape, axis), wide)
    flat = al.add(places, al.times(wide, chunk))
    return ir.reduce(Op.SUM, al.select(chosen, flat, al.filled(flat, 0)), (axis,))


def _identity(op: Op, dtype: DType) -> float | int:
    if op in (Op.SUM, Op.PROD):
        return 0 if op is Op.SUM else 1
    if dtype.kind == "f":
        return -math.inf if op is Op.MAX else math.inf
    low, high = (0, 0xFFFFFFFF) if dtype.kind == "u" else (-0x80000000, 0x7FFFFFFF)
    return low if op is Op.MAX else high


def _reduced_constant(node: Node) -> Node:
    (src,) = node.srcs
    count = src.size // node.size if node.size else 0
    if src.op is not Op.CONST or count == 0:
        value: float | int = _identity(node.op, src.dtype)
    else:
        (value,) = src.attrs
        if node.op is Op.SUM:
            value = value * count
        elif node.op is Op.PROD:
            try:
                value = value**count
            except OverflowError:
                value = math.inf
    if node.dtype.kind != "f":
        value = _wrap(int(value), node.dtype)
    return ir.const(value, node.dtype, node.shape)


def _wrap(value: int, dtype: DType) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if dtype.kind == "i" and value >> 31 else value


def _view(node: Node) -> Node:
    (src,) = node.srcs
    if src.op is Op.CONST:
        return ir.const(src.attrs[0], node.dtype, node.shape)
    if node.shape == src.shape and node.op in (Op.RESHAPE, Op.EXPAND):
        return src
    if node.op is Op.RESHAPE and src.op is Op.RESHAPE:
        return ir.reshape(src.srcs[0], node.shape)
    if node.op is Op.PERMUTE and src.op is Op.PERMUTE:
        return ir.permute(src.srcs[0], [src.attrs[0][axis] for axis in node.attrs[0]])
    if node.op is Op.EXPAND and src.op is Op.EXPAND:
        return ir.expand(src.srcs[0], node.shape)
    if node.op is Op.PERMUTE and src.op is Op.MATMUL and _swaps_last_two(node.attrs[0]):
        a, b = src.srcs
        return ir.matmul(_transpose(b), _transpose(a))
    if node.op is Op.PERMUTE and all(
        size == 1 or i == axis for i, (axis, size) in enumerate(zip(node.attrs[0], node.shape, strict=True))
    ):
        return ir.reshape(src, node.shape)
    return node


def _swaps_last_two(axes: tuple[int, ...]) -> bool:
    rank = len(axes)
    return axes == (*range(rank - 2), rank - 1, rank - 2)


def _transpose(x: Node) -> Node:
    return ir.permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _pad(node: Node) -> Node:
    (src,), (_, value) = node.srcs, node.attrs
    if src.op is Op.CONST and src.attrs[0] == value or src.size == 0:
        return ir.const(value, node.dtype, node.shape)
    return node


def _concat(node: Node) -> Node:
    """Drop empty pieces; many pieces join in groups, so that no kernel binds too many buffers."""
    (axis,) = node.attrs
    srcs = [src for src in node.srcs if src.shape[axis]]
    if len(srcs) != len(node.srcs) and srcs:
        return ir.concat(srcs, axis)
    if len(srcs) <= CONCAT_PIECES:
        return node
    groups = [ir.concat(srcs[i : i + CONCAT_PIECES], axis) for i in range(0, len(srcs), CONCAT_PIECES)]
    return ir.concat(groups, axis)


def _matmul(node: Node) -> Node:
    """Products with a side of length 1 are sums and outer products."""
    a, b = node.srcs
    (m, n), k = node.shape[-2:], a.shape[-1]
    if k == 0 or node.size == 0:
        return ir.const(0, node.dtype, node.shape)
    if k == 1:
        return ir.elementwise(Op.MUL, ir.expand(a, node.shape), ir.expand(b, node.shape))
    if n == 1:
        products = ir.elementwise(Op.MUL, a, ir.expand(_transpose(b), a.shape))
        return ir.reshape(ir.reduce(Op.SUM, products, (node.ndim - 1,)), node.shape)
    if m == 1:
        products = ir.elementwise(Op.MUL, ir.expand(_transpose(a), b.shape), b)
        return ir.reshape(ir.reduce(Op.SUM, products, (node.ndim - 2,)), node.shape)
    return node
