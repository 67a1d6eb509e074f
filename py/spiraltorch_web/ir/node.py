"""Graph nodes and the functions that build them.

A `Node` is immutable: an operation, its operands, its attributes, and the shape and dtype that follow from them. The
builders below are the only place where shapes and dtypes are inferred and checked. Elementwise builders want equal
shapes and dtypes; broadcasting and promotion happen in the tensor layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..dtypes import DTYPES, DType, bool_, int32
from ..errors import DTypeError, ShapeError
from .ops import OPS, Kind, Op

Shape = tuple[int, ...]


class Node:
    """One operation in a graph, compared and hashed by identity.

    ``buffer`` is its storage once it was computed. Values never change; only `settle` makes a computed node a leaf.
    """

    __slots__ = ("op", "srcs", "attrs", "shape", "dtype", "buffer", "__weakref__")

    def __init__(self, op: Op, srcs: tuple[Node, ...], attrs: tuple, shape: Shape, dtype: DType) -> None:
        self.op = op
        self.srcs = srcs
        self.attrs = attrs
        self.shape = shape
        self.dtype = dtype
        self.buffer: object | None = None

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes in device memory."""
        return self.size * self.dtype.itemsize

    @property
    def kind(self) -> Kind:
        return OPS[self.op].kind

    def settle(self, storage: object) -> None:
        """Become a leaf that reads ``storage``; the operands are forgotten. Users of this node see the same values."""
        self.op, self.srcs, self.attrs, self.buffer = Op.BUFFER, (), (storage,), storage

    def __repr__(self) -> str:
        attrs = f" {self.attrs}" if self.attrs else ""
        return f"Node({self.op.value}{attrs}, {self.dtype.name}{list(self.shape)})"


@dataclass(frozen=True)
class ConvSpec:
    """Attributes of a convolution: per spatial axis stride, (low, high) padding and dilations; and the groups.

    ``lhs_dilation`` puts zeros between the entries of x (a transposed convolution), ``rhs_dilation`` between those
    of the kernel.
    """

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    lhs_dilation: tuple[int, ...]
    rhs_dilation: tuple[int, ...]
    groups: int = 1


def toposort(roots: Iterable[Node], stop: frozenset[Node] | set[Node] = frozenset()) -> list[Node]:
    """All nodes that the roots need, operands first. Operands of nodes in ``stop`` are not followed."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, Iterator[Node]]] = []

    def enter(node: Node) -> None:
        seen.add(node)
        stack.append((node, iter(() if node in stop else node.srcs)))

    for root in roots:
        if root in seen:
            continue
        enter(root)
        while stack:
            node, operands = stack[-1]
            for operand in operands:
                if operand not in seen:
                    enter(operand)
                    break
            else:
                stack.pop()
                order.append(node)
    return order


# --- leaves -----------------------------------------------------------------------------------------------------


def buffer(storage: object, shape: Shape, dtype: DType) -> Node:
    """A leaf that reads device memory."""
    node = Node(Op.BUFFER, (), (storage,), tuple(shape), dtype)
    node.buffer = storage
    return node


def const(value: bool | int | float, dtype: DType, shape: Shape = ()) -> Node:
    """Every entry is ``value``."""
    value = bool(value) if dtype.kind == "b" else float(value) if dtype.kind == "f" else int(value)
    return Node(Op.CONST, (), (value,), tuple(shape), dtype)


def iota(shape: Shape, axis: int) -> Node:
    """int32: each entry is its index along ``axis``."""
    return Node(Op.IOTA, (), (axis,), tuple(shape), int32)


# --- elementwise ------------------------------------------------------------------------------------------------


def elementwise(op: Op, *srcs: Node) -> Node:
    """An elementwise operation on operands of one shape; all value operands share one dtype."""
    info = OPS[op]
    values = srcs[1:] if op is Op.WHERE else srcs
    for src in srcs[1:]:
        if src.shape != srcs[0].shape:
            raise ShapeError(f"{op.value} needs operands of one shape, got {srcs[0].shape} and {src.shape}")
    for src in values:
        if src.dtype is not values[0].dtype:
            raise DTypeError(f"{op.value} needs operands of one dtype, got {values[0].dtype.name} and {src.dtype.name}")
        if src.dtype.kind not in info.dtypes:
            raise DTypeError(f"{op.value} does not take {src.dtype.name} operands")
    if op is Op.WHERE and srcs[0].dtype is not bool_:
        raise DTypeError(f"where needs a bool condition, got {srcs[0].dtype.name}")
    dtype = values[0].dtype if info.result == "same" else DTYPES[info.result]
    return Node(op, srcs, (), srcs[0].shape, dtype)


def cast(x: Node, dtype: DType) -> Node:
    """Convert values: floats truncate to integers, anything non-zero is True."""
    return x if x.dtype is dtype else Node(Op.CAST, (x,), (), x.shape, dtype)


def bitcast(x: Node, dtype: DType) -> Node:
    """Reinterpret bits between 32-bit dtypes."""
    if x.dtype is dtype:
        return x
    if x.dtype.itemsize != 4 or dtype.itemsize != 4 or "b" in (x.dtype.kind, dtype.kind):
        raise DTypeError(f"bitcast needs 32-bit numbers, got {x.dtype.name} to {dtype.name}")
    return Node(Op.BITCAST, (x,), (), x.shape, dtype)


# --- movement ---------------------------------------------------------------------------------------------------


def reshape(x: Node, shape: Shape) -> Node:
    """The same entries in row-major order under another shape."""
    shape = tuple(shape)
    if math.prod(shape) != x.size:
        raise ShapeError(f"reshape cannot turn {x.shape} ({x.size} entries) into {shape} ({math.prod(shape)} entries)")
    return x if shape == x.shape else Node(Op.RESHAPE, (x,), (), shape, x.dtype)


def permute(x: Node, axes: Sequence[int]) -> Node:
    """Axis i of the result is axis ``axes[i]`` of x."""
    axes = tuple(axes)
    if sorted(axes) != list(range(x.ndim)):
        raise ShapeError(f"permute needs an ordering of the {x.ndim} axes of {x.shape}, got {axes}")
    if axes == tuple(range(x.ndim)):
        return x
    return Node(Op.PERMUTE, (x,), (axes,), tuple(x.shape[axis] for axis in axes), x.dtype)


def expand(x: Node, shape: Shape) -> Node:
    """Repeat axes of length 1; the rank stays."""
    shape = tuple(shape)
    if len(shape) != x.ndim or any(old not in (1, new) for old, new in zip(x.shape, shape, strict=True)):
        raise ShapeError(f"expand cannot turn {x.shape} into {shape}: only axes of length 1 can repeat")
    return x if shape == x.shape else Node(Op.EXPAND, (x,), (), shape, x.dtype)


def pad(x: Node, padding: Sequence[tuple[int, int, int]], value: bool | int | float = 0) -> Node:
    """Per axis (low, high, interior) entries of ``value``; interior ones stand between neighbours."""
    padding = tuple((int(low), int(high), int(interior)) for low, high, interior in padding)
    if len(padding) != x.ndim or any(entry < 0 for row in padding for entry in row):
        raise ShapeError(f"pad needs non-negative (low, high, interior) for each axis of {x.shape}, got {padding}")
    if not any(entry for row in padding for entry in row):
        return x
    shape = tuple(
        low + high + size + max(size - 1, 0) * interior
        for size, (low, high, interior) in zip(x.shape, padding, strict=True)
    )
    return Node(Op.PAD, (x,), (padding, value), shape, x.dtype)


def shrink(x: Node, ranges: Sequence[tuple[int, int, int]]) -> Node:
    """Per axis a slice (start, stop, step) with 0 ≤ start ≤ stop ≤ length and step ≥ 1."""
    ranges = tuple((int(start), int(stop), int(step)) for start, stop, step in ranges)
    fits = len(ranges) == x.ndim and all(
        0 <= start <= stop <= size and step >= 1 for size, (start, stop, step) in zip(x.shape, ranges, strict=True)
    )
    if not fits:
        raise ShapeError(f"shrink needs (start, stop, step) within each axis of {x.shape}, got {ranges}")
    shape = tuple(-(-(stop - start) // step) for start, stop, step in ranges)
    return x if shape == x.shape else Node(Op.SHRINK, (x,), (ranges,), shape, x.dtype)


def flip(x: Node, axes: Sequence[int]) -> Node:
    """Reverse the order along the given axes."""
    axes = tuple(sorted(axis for axis in set(axes) if x.shape[axis] > 1))
    return Node(Op.FLIP, (x,), (axes,), x.shape, x.dtype) if axes else x


def slide(x: Node, axis: int, size: int, step: int = 1, dilation: int = 1) -> Node:
    """Windows of ``size`` entries along an axis: y[…, i, …, j] = x[…, i·step + j·dilation, …], j the new last axis."""
    reach = (size - 1) * dilation + 1
    if size < 1 or step < 1 or dilation < 1 or reach > x.shape[axis]:
        raise ShapeError(
            f"pool or unfold: a window of {size} (dilation {dilation}, step {step}) does not fit "
            f"axis {axis} of {x.shape}"
        )
    count = (x.shape[axis] - reach) // step + 1
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :], size)
    return Node(Op.SLIDE, (x,), (axis, size, step, dilation), shape, x.dtype)


def concat(srcs: Sequence[Node], axis: int) -> Node:
    """Operands one after another along an axis; all other lengths and the dtype are equal."""
    srcs = tuple(srcs)
    first = srcs[0]
    for src in srcs[1:]:
        fits = src.ndim == first.ndim and all(
            i == axis or a == b for i, (a, b) in enumerate(zip(src.shape, first.shape, strict=False))
        )
        if not fits:
            raise ShapeError(f"concat along axis {axis} needs equal other lengths, got {first.shape} and {src.shape}")
        if src.dtype is not first.dtype:
            raise DTypeError(f"concat needs one dtype, got {first.dtype.name} and {src.dtype.name}")
    if len(srcs) == 1:
        return first
    total = sum(src.shape[axis] for src in srcs)
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return Node(Op.CONCAT, srcs, (axis,), shape, first.dtype)


def gather(x: Node, index: Node) -> Node:
    """Rows of x: result[i…, r…] = x[index[i…], r…]. Indices outside 0…n−1 are clamped on every device."""
    if x.ndim < 1:
        raise ShapeError("gather needs an operand with at least one axis, got a scalar")
    if index.dtype.kind not in "iu":
        raise DTypeError(f"gather needs an integer index, got {index.dtype.name}")
    if x.shape[0] == 0 and index.size:
        raise ShapeError(f"gather cannot take rows of an empty operand of shape {x.shape}")
    return Node(Op.GATHER, (x, index), (), index.shape + x.shape[1:], x.dtype)


# --- reductions and routines ------------------------------------------------------------------------------------


def reduce(op: Op, x: Node, axes: Sequence[int]) -> Node:
    """Reduce over the axes, which disappear. Empty sums are 0, empty products 1, empty extrema an error."""
    axes = tuple(sorted(set(axes)))
    info = OPS[op]
    if x.dtype.kind not in info.dtypes:
        raise DTypeError(f"{op.value} does not take {x.dtype.name} operands")
    if op in (Op.ARGMAX, Op.ARGMIN) and len(axes) != 1:
        raise ShapeError(f"{op.value} works along one axis, got {axes}")
    if op not in (Op.SUM, Op.PROD) and any(x.shape[axis] == 0 for axis in axes):
        raise ShapeError(f"{op.value} of no entries does not exist: shape {x.shape}, axes {axes}")
    if not axes:
        return x
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    return Node(op, (x,), (axes,), shape, x.dtype if info.result == "same" else DTYPES[info.result])


def matmul(a: Node, b: Node) -> Node:
    """(*batch, m, k) times (*batch, k, n), both float, batch axes equal."""
    fits = a.ndim == b.ndim >= 2 and a.shape[:-2] == b.shape[:-2] and a.shape[-1] == b.shape[-2]
    if not fits:
        raise ShapeError(f"matmul needs (*batch, m, k) and (*batch, k, n), got {a.shape} and {b.shape}")
    if a.dtype is not b.dtype or a.dtype.kind != "f":
        raise DTypeError(f"matmul needs two operands of one float dtype, got {a.dtype.name} and {b.dtype.name}")
    return Node(Op.MATMUL, (a, b), (), (*a.shape[:-1], b.shape[-1]), a.dtype)


def conv_output(size: int, kernel: int, stride: int, padding: tuple[int, int], lhs: int, rhs: int) -> int:
    """Length of one output axis of a convolution."""
    padded = (size - 1) * lhs + 1 + padding[0] + padding[1]
    return (padded - ((kernel - 1) * rhs + 1)) // stride + 1


def conv(x: Node, w: Node, spec: ConvSpec) -> Node:
    """Cross-correlation of x (n, c, *space) with w (o, c/groups, *kernel), as `torch.nn.functional.conv2d`."""
    space = x.ndim - 2
    if space < 1 or w.ndim != x.ndim:
        raise ShapeError(f"conv needs x (n, c, *space) and w (o, c/groups, *kernel), got {x.shape} and {w.shape}")
    if x.shape[1] != w.shape[1] * spec.groups or w.shape[0] % spec.groups:
        raise ShapeError(
            f"conv with {spec.groups} group(s) needs c = groups · w.shape[1] and o divisible by groups, "
            f"got x {x.shape} and w {w.shape}"
        )
    if x.dtype is not w.dtype or x.dtype.kind != "f":
        raise DTypeError(f"conv needs two operands of one float dtype, got {x.dtype.name} and {w.dtype.name}")
    out = tuple(
        conv_output(
            x.shape[2 + i], w.shape[2 + i], spec.stride[i], spec.padding[i], spec.lhs_dilation[i], spec.rhs_dilation[i]
        )
        for i in range(space)
    )
    if any(size < 1 for size in out):
        raise ShapeError(
            f"conv: a kernel of {w.shape[2:]} does not fit an input of {x.shape[2:]} with padding {spec.padding}"
        )
    return Node(Op.CONV, (x, w), (spec,), (x.shape[0], w.shape[0], *out), x.dtype)


def routine(name: str, srcs: Sequence[Node], params: tuple, output: int, shape: Shape, dtype: DType) -> Node:
    """One output of a named routine; the outputs of one call share name, params and operands."""
    return Node(Op.ROUTINE, tuple(srcs), (name, params, output), tuple(shape), dtype)
