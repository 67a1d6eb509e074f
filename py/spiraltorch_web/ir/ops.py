"""The operations a graph is made of, and the facts about each.

There are few on purpose: everything else in the library is composed of these. To add one, give it a row here, a
derivative in `spiraltorch_web.ir.derivatives`, a NumPy twin in `spiraltorch_web.device.cpu_ops` (or
`cpu_elementwise`) and, for an elementwise operation, a WGSL spelling in `spiraltorch_web.compiler.expressions`; tests
walk all four tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Op(Enum):
    """One primitive operation."""

    # Leaves.
    BUFFER = "buffer"  # attrs (storage,) or, in a canonical graph, (slot,)
    CONST = "const"  # attrs (value,): every entry is that Python scalar
    IOTA = "iota"  # attrs (axis,): int32 index along the axis
    # Elementwise, one operand.
    NEG = "neg"
    ABS = "abs"
    SIGN = "sign"
    FLOOR = "floor"
    CEIL = "ceil"
    ROUND = "round"  # half to even
    TRUNC = "trunc"
    EXP = "exp"
    EXPM1 = "expm1"
    LOG = "log"
    LOG1P = "log1p"
    SQRT = "sqrt"
    RSQRT = "rsqrt"
    RECIPROCAL = "reciprocal"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    ASIN = "asin"
    ACOS = "acos"
    ATAN = "atan"
    SINH = "sinh"
    COSH = "cosh"
    TANH = "tanh"
    ASINH = "asinh"
    ACOSH = "acosh"
    ATANH = "atanh"
    ERF = "erf"
    SIGMOID = "sigmoid"
    RELU = "relu"  # keeps NaN; its derivative needs only the result
    NOT = "not"  # logical for bool, bitwise for integers
    ISNAN = "isnan"
    ISINF = "isinf"
    CAST = "cast"  # to the node's dtype
    BITCAST = "bitcast"  # between 32-bit dtypes
    DETACH = "detach"  # identity without a derivative
    # Elementwise, two operands of one shape and dtype.
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"  # true division, floats only
    FLOORDIV = "floordiv"  # rounds towards minus infinity
    MOD = "mod"  # sign of the divisor, as in Python
    POW = "pow"
    MAXIMUM = "maximum"  # NaN wins
    MINIMUM = "minimum"
    ATAN2 = "atan2"
    LT = "lt"
    LE = "le"
    EQ = "eq"
    NE = "ne"
    AND = "and"
    OR = "or"
    XOR = "xor"
    SHL = "shl"
    SHR = "shr"
    # Elementwise, three operands.
    WHERE = "where"  # (bool condition, a, b)
    THREEFRY = "threefry"  # (key0, key1, counter): first word of Threefry-2x32-20, all uint32
    # Movement.
    RESHAPE = "reshape"  # attrs ()
    PERMUTE = "permute"  # attrs (axes,)
    EXPAND = "expand"  # attrs (): axes of length 1 repeat
    PAD = "pad"  # attrs (((low, high, interior), …), value)
    SHRINK = "shrink"  # attrs (((start, stop, step), …),)
    FLIP = "flip"  # attrs (axes,)
    SLIDE = "slide"  # attrs (axis, size, step, dilation): windows along an axis, as a new last axis
    CONCAT = "concat"  # attrs (axis,)
    GATHER = "gather"  # (x [n, …], index): rows x[index]; shape index.shape + x.shape[1:]
    # Reductions. attrs (axes,): sorted; the axes disappear.
    SUM = "sum"
    PROD = "prod"
    MAX = "max"
    MIN = "min"
    ARGMAX = "argmax"  # one axis; the first of equals
    ARGMIN = "argmin"
    # Named work with kernels of its own.
    MATMUL = "matmul"  # (a [*batch, m, k], b [*batch, k, n])
    CONV = "conv"  # (x [n, c, *space], w [o, c/groups, *kernel]); attrs (ConvSpec,)
    ROUTINE = "routine"  # attrs (name, params, output): see spiraltorch_web.kernels.registry


class Kind(Enum):
    """How the compiler may treat an operation."""

    LEAF = "leaf"
    ELEMENTWISE = "elementwise"
    MOVEMENT = "movement"
    GATHER = "gather"
    REDUCE = "reduce"
    ROUTINE = "routine"


@dataclass(frozen=True)
class OpInfo:
    """Facts about one operation.

    ``dtypes`` are the kinds of operand it takes ("f" float, "i" signed, "u" unsigned, "b" bool); ``result`` is
    "same" as the first value operand, or the name of a fixed dtype.
    """

    kind: Kind
    arity: int
    dtypes: str = "fiub"
    result: str = "same"


def _rows() -> dict[Op, OpInfo]:
    rows: dict[Op, OpInfo] = {}

    def put(kind: Kind, arity: int, names: str, dtypes: str = "fiub", result: str = "same") -> None:
        for name in names.split():
            rows[Op(name)] = OpInfo(kind, arity, dtypes, result)

    put(Kind.LEAF, 0, "buffer const")
    put(Kind.LEAF, 0, "iota", result="int32")
    put(Kind.ELEMENTWISE, 1, "neg abs sign relu", "fi")
    put(Kind.ELEMENTWISE, 1, "floor ceil round trunc exp expm1 log log1p sqrt rsqrt reciprocal", "f")
    put(Kind.ELEMENTWISE, 1, "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf sigmoid", "f")
    put(Kind.ELEMENTWISE, 1, "not", "iub")
    put(Kind.ELEMENTWISE, 1, "isnan isinf", "f", "bool")
    put(Kind.ELEMENTWISE, 1, "cast bitcast detach")
    put(Kind.ELEMENTWISE, 2, "add sub mul floordiv mod", "fiu")
    put(Kind.ELEMENTWISE, 2, "pow", "fi")
    put(Kind.ELEMENTWISE, 2, "maximum minimum", "fiu")
    put(Kind.ELEMENTWISE, 2, "div atan2", "f")
    put(Kind.ELEMENTWISE, 2, "lt le", "fiu", "bool")
    put(Kind.ELEMENTWISE, 2, "eq ne", "fiub", "bool")
    put(Kind.ELEMENTWISE, 2, "and or xor", "iub")
    put(Kind.ELEMENTWISE, 2, "shl shr", "iu")
    put(Kind.ELEMENTWISE, 3, "where")
    put(Kind.ELEMENTWISE, 3, "threefry", "u", "uint32")
    put(Kind.MOVEMENT, 1, "reshape permute expand pad shrink flip slide")
    put(Kind.MOVEMENT, -1, "concat")
    put(Kind.GATHER, 2, "gather")
    put(Kind.REDUCE, 1, "sum prod max min", "fiu")
    put(Kind.REDUCE, 1, "argmax argmin", "fiu", "int32")
    put(Kind.ROUTINE, 2, "matmul conv", "f")
    put(Kind.ROUTINE, -1, "routine")
    return rows


OPS: Mapping[Op, OpInfo] = MappingProxyType(_rows())
UNARY = tuple(op for op, info in OPS.items() if info.kind is Kind.ELEMENTWISE and info.arity == 1)
BINARY = tuple(op for op, info in OPS.items() if info.kind is Kind.ELEMENTWISE and info.arity == 2)
REDUCTIONS = tuple(op for op, info in OPS.items() if info.kind is Kind.REDUCE)
