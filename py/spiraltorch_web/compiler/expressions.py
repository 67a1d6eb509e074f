"""WGSL for every elementwise operation, and the helper functions it needs.

WGSL compilers may assume that there is no NaN or infinity, so those are told by their bits; and several built-in
functions lose digits near zero, so those are spelled out here.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..dtypes import DType
from ..ir.node import Node
from ..ir.ops import Op

# Op -> template, or {kind of the first value operand: template}.
TEMPLATES: Mapping[Op, str | dict[str, str]] = MappingProxyType(
    {
        Op.NEG: "-({0})",
        Op.ABS: "abs({0})",
        Op.SIGN: {"f": "st_sign({0})", "i": "sign({0})"},
        Op.FLOOR: "floor({0})",
        Op.CEIL: "ceil({0})",
        Op.ROUND: "round({0})",
        Op.TRUNC: "trunc({0})",
        Op.EXP: "exp({0})",
        Op.EXPM1: "st_expm1({0})",
        Op.LOG: "log({0})",
        Op.LOG1P: "st_log1p({0})",
        Op.SQRT: "sqrt({0})",
        Op.RSQRT: "inverseSqrt({0})",
        Op.RECIPROCAL: "1.0 / ({0})",
        Op.SIN: "sin({0})",
        Op.COS: "cos({0})",
        Op.TAN: "tan({0})",
        Op.ASIN: "st_asin({0})",
        Op.ACOS: "st_acos({0})",
        Op.ATAN: "st_atan({0})",
        Op.SINH: "st_sinh({0})",
        Op.COSH: "st_cosh({0})",
        Op.TANH: "st_tanh({0})",
        Op.ASINH: "st_asinh({0})",
        Op.ACOSH: "st_acosh({0})",
        Op.ATANH: "st_atanh({0})",
        Op.ERF: "st_erf({0})",
        Op.SIGMOID: "st_sigmoid({0})",
        Op.RELU: {"f": "select({0}, 0.0, {0} <= 0.0)", "i": "max({0}, 0)"},
        Op.NOT: {"b": "!({0})", "i": "~({0})", "u": "~({0})"},
        Op.ISNAN: "st_isnan({0})",
        Op.ISINF: "st_isinf({0})",
        Op.DETACH: "{0}",
        Op.ADD: "{0} + {1}",
        Op.SUB: "{0} - {1}",
        Op.MUL: "{0} * {1}",
        Op.DIV: "{0} / {1}",
        Op.FLOORDIV: {"f": "floor({0} / {1})", "i": "st_floordiv({0}, {1})", "u": "{0} / {1}"},
        Op.MOD: {"f": "st_mod({0}, {1})", "i": "st_imod({0}, {1})", "u": "{0} % {1}"},
        Op.POW: {"f": "st_pow({0}, {1})", "i": "st_ipow({0}, {1})"},
        Op.MAXIMUM: {"f": "st_max({0}, {1})", "i": "max({0}, {1})", "u": "max({0}, {1})"},
        Op.MINIMUM: {"f": "st_min({0}, {1})", "i": "min({0}, {1})", "u": "min({0}, {1})"},
        Op.ATAN2: "atan2({0}, {1})",
        Op.LT: "{0} < {1}",
        Op.LE: "{0} <= {1}",
        Op.EQ: "{0} == {1}",
        # naga makes `!=` an ordered comparison, which is false for NaN (29.0).
        Op.NE: {"f": "!({0} == {1})", "i": "{0} != {1}", "u": "{0} != {1}", "b": "{0} != {1}"},
        Op.AND: "{0} & {1}",
        Op.OR: "{0} | {1}",
        Op.XOR: {"b": "{0} != {1}", "i": "{0} ^ {1}", "u": "{0} ^ {1}"},
        Op.SHL: {"i": "{0} << u32({1})", "u": "{0} << {1}"},
        Op.SHR: {"i": "{0} >> u32({1})", "u": "{0} >> {1}"},
        Op.WHERE: "select({2}, {1}, {0})",
        Op.THREEFRY: "st_threefry({0}, {1}, {2})",
    }
)

# Rough cost of one evaluation, in additions; operations that are not named cost 1.
COSTS: Mapping[Op, int] = MappingProxyType(
    {
        Op.THREEFRY: 80,
        Op.POW: 16,
        Op.ERF: 20,
        **dict.fromkeys((Op.ASINH, Op.ACOSH, Op.ATANH, Op.SINH, Op.COSH, Op.EXPM1, Op.LOG1P, Op.ASIN, Op.ACOS), 16),
        **dict.fromkeys((Op.EXP, Op.LOG, Op.SIN, Op.COS, Op.TAN, Op.ATAN, Op.ATAN2, Op.TANH, Op.SIGMOID), 8),
        **dict.fromkeys((Op.DIV, Op.SQRT, Op.RSQRT, Op.RECIPROCAL, Op.MOD, Op.FLOORDIV), 4),
        **dict.fromkeys((Op.PAD, Op.CONCAT), 2),
        **dict.fromkeys(
            (Op.CONST, Op.DETACH, Op.BITCAST, Op.RESHAPE, Op.PERMUTE, Op.EXPAND, Op.SHRINK, Op.FLIP, Op.SLIDE), 0
        ),
    }
)


def expression(node: Node, operands: Sequence[str]) -> str:
    """The WGSL of one elementwise node, its operands given as simple expressions."""
    if node.op is Op.CAST:
        return cast_expression(operands[0], node.srcs[0].dtype, node.dtype)
    if node.op is Op.BITCAST:
        return f"bitcast<{node.dtype.value}>({operands[0]})"
    template = TEMPLATES[node.op]
    if isinstance(template, dict):
        template = template[node.srcs[0].dtype.kind]
    return template.format(*operands)


def cast_expression(text: str, source: DType, target: DType) -> str:
    """A value conversion. Floats saturate at the integer range; non-zero is true."""
    if target.kind == "b":
        return f"!({text} == {literal(0, source)})"
    if source.kind == "b":
        return f"select({literal(0, target)}, {literal(1, target)}, {text})"
    if source.value == target.value:
        return f"st_half({text})" if target.name == "float16" else text
    return f"{target.value}({text})"


def literal(value: bool | int | float, dtype: DType) -> str:
    """A constant of the type that kernels compute with."""
    if dtype.kind == "b":
        return "true" if value else "false"
    if dtype.kind == "u":
        return f"{int(value) & 0xFFFFFFFF}u"
    if dtype.kind == "i":
        return f"i32({int(value)})"
    return _float_literal(float(value))


def _float_literal(value: float) -> str:
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        rounded = math.copysign(math.inf, value)
    if math.isnan(rounded) or math.isinf(rounded) or (rounded == 0 and math.copysign(1, rounded) < 0):
        (bits,) = struct.unpack("<I", struct.pack("<f", rounded))
        return f"st_bits({bits:#010x}u)"
    return f"{rounded!r}f" if rounded >= 0 else f"({rounded!r}f)"


_HELPERS = {
    # A parameter is never a constant expression, so compilers accept bits of infinity and NaN.
    "st_bits": "fn st_bits(bits: u32) -> f32 { return bitcast<f32>(bits); }",
    "st_half": "fn st_half(x: f32) -> f32 { return unpack2x16float(pack2x16float(vec2f(x, 0.0))).x; }",
    "st_isnan": "fn st_isnan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
    "st_isinf": "fn st_isinf(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }",
    "st_max": """fn st_max(a: f32, b: f32) -> f32 {
  return select(select(b, a, a > b), a + b, st_isnan(a) || st_isnan(b));
}""",
    "st_min": """fn st_min(a: f32, b: f32) -> f32 {
  return select(select(b, a, a < b), a + b, st_isnan(a) || st_isnan(b));
}""",
    # 7 terms of the series are exact to half an ulp below 0.35; above, exp(x) - 1 keeps the digits.
    "st_expm1": """fn st_expm1(x: f32) -> f32 {
  let high = 0.041666667 + x * (0.0083333333 + x * (0.0013888889 + x * 0.0001984127));
  let p = x * (1.0 + x * (0.5 + x * (0.16666667 + x * high)));
  return select(exp(x) - 1.0, p, abs(x) < 0.35);
}""",
    # log(1 + x) = 2 atanh(x / (2 + x)).
    "st_log1p": """fn st_log1p(x: f32) -> f32 {
  let s = x / (2.0 + x);
  let q = s * s;
  let p = 2.0 * s * (1.0 + q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * (0.11111111 + q * 0.090909091)))));
  return select(log(1.0 + x), p, abs(x) < 0.4);
}""",
    "st_sigmoid": """fn st_sigmoid(x: f32) -> f32 {
  let e = exp(-min(abs(x), 88.0));
  let s = 1.0 / (1.0 + e);
  return select(select(s, e * s, x < 0.0), x, st_isnan(x));
}""",
    # Built-in tanh overflows to NaN on some devices and loses digits near zero.
    "st_tanh": """fn st_tanh(x: f32) -> f32 {
  let e = st_expm1(2.0 * min(abs(x), 10.0));
  let t = e / (e + 2.0);
  return select(select(t, -t, x < 0.0), x, st_isnan(x));
}""",
    "st_sinh": """fn st_sinh(x: f32) -> f32 {
  let a = abs(x);
  let e = st_expm1(min(a, 80.0));
  let h = exp(0.5 * a);
  let s = select(0.5 * (e + e / (e + 1.0)), 0.5 * h * h, a >= 80.0);
  return select(select(s, -s, x < 0.0), x, st_isnan(x));
}""",
    "st_cosh": """fn st_cosh(x: f32) -> f32 {
  let h = exp(0.5 * abs(x));
  return 0.5 * h * h + 0.5 / max(h * h, 1.0);
}""",
    "st_asinh": """fn st_asinh(x: f32) -> f32 {
  let a = abs(x);
  let b = min(a, 1e9);
  let s = select(st_log1p(b + b * b / (1.0 + sqrt(1.0 + b * b))), log(a) + 0.69314718, a > 1e9);
  return select(select(s, -s, x < 0.0), x, st_isnan(x));
}""",
    "st_acosh": """fn st_acosh(x: f32) -> f32 {
  let t = min(x, 1e9) - 1.0;
  let s = select(st_log1p(t + sqrt(t * (t + 2.0))), log(x) + 0.69314718, x > 1e9);
  return select(s, st_bits(0x7fc00000u), x < 1.0 || st_isnan(x));
}""",
    "st_atanh": """fn st_atanh(x: f32) -> f32 {
  let a = abs(x);
  let t = 0.5 * st_log1p(2.0 * a / (1.0 - min(a, 0.99999994)));
  let s = select(t, st_bits(0x7f800000u), a == 1.0);
  return select(select(s, -s, x < 0.0), st_bits(0x7fc00000u), a > 1.0 || st_isnan(x));
}""",
    # The built-in functions may lose a NaN, and do on lavapipe.
    "st_sign": "fn st_sign(x: f32) -> f32 { return select(sign(x), x, st_isnan(x)); }",
    "st_atan": "fn st_atan(x: f32) -> f32 { return select(atan(x), x, st_isnan(x)); }",
    # asin x = atan2(x, sqrt((1 - x)(1 + x))): keeps its digits where the built-in's bound is 6e-5.
    "st_asin": """fn st_asin(x: f32) -> f32 {
  let a = atan2(x, sqrt(max((1.0 - x) * (1.0 + x), 0.0)));
  return select(a, st_bits(0x7fc00000u), abs(x) > 1.0 || st_isnan(x));
}""",
    "st_acos": """fn st_acos(x: f32) -> f32 {
  let a = atan2(sqrt(max((1.0 - x) * (1.0 + x), 0.0)), x);
  return select(a, st_bits(0x7fc00000u), abs(x) > 1.0 || st_isnan(x));
}""",
    # Maclaurin series inside 1, Abramowitz & Stegun 7.1.26 (absolute error 1.5e-7) outside.
    "st_erf": """fn st_erf(x: f32) -> f32 {
  let a = min(abs(x), 10.0);
  let q = min(a, 1.0) * min(a, 1.0);
  let high = 0.00075757576 - q * (0.00010683761 - q * (1.3227513e-05 - q * 1.4589169e-06));
  let inner = 1.1283792 * a * (1.0 - q * (0.33333333 - q * (0.1 - q * (0.023809524 - q * (0.0046296296 - q * high)))));
  let t = 1.0 / (1.0 + 0.3275911 * a);
  let tail = t * (0.25482959 + t * (-0.28449674 + t * (1.4214137 + t * (-1.4531520 + t * 1.0614054))));
  let outer = 1.0 - tail * exp(-a * a);
  let s = select(outer, inner, a < 1.0);
  return select(select(s, -s, x < 0.0), x, st_isnan(x));
}""",
    "st_mod": """fn st_mod(a: f32, b: f32) -> f32 {
  let r = a - b * trunc(a / b);
  return select(r, r + b, r != 0.0 && (r < 0.0) != (b < 0.0));
}""",
    "st_floordiv": """fn st_floordiv(a: i32, b: i32) -> i32 {
  let q = a / b;
  return select(q, q - 1, (a % b != 0) && ((a < 0) != (b < 0)));
}""",
    "st_imod": """fn st_imod(a: i32, b: i32) -> i32 {
  let r = a % b;
  return select(r, r + b, r != 0 && ((r < 0) != (b < 0)));
}""",
    "st_pow": """fn st_pow(x: f32, y: f32) -> f32 {
  let p = pow(abs(x), y);
  let whole = y == floor(y);
  let odd = whole && (abs(y) < 16777216.0) && (abs(y) - 2.0 * floor(abs(y) * 0.5) == 1.0);
  let s = select(p, -p, x < 0.0 && odd);
  let zero = select(select(0.0, st_bits(0x7f800000u), y < 0.0), 1.0, y == 0.0);
  return select(select(select(s, st_bits(0x7fc00000u), x < 0.0 && !whole), zero, x == 0.0), 1.0, y == 0.0 || x == 1.0);
}""",
    "st_ipow": """fn st_ipow(x: i32, y: i32) -> i32 {
  var result = 1;
  var base = x;
  for (var bit = 0u; bit < 31u; bit++) {
    if (((y >> bit) & 1) == 1) { result *= base; }
    base *= base;
  }
  return select(result, select(select(0, select(-1, 1, (y & 1) == 0), x == -1), 1, x == 1), y < 0);
}""",
    # Threefry-2x32, 20 rounds: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
    "st_threefry": """fn st_rotate(x: u32, by: u32) -> u32 { return (x << by) | (x >> (32u - by)); }
fn st_threefry(key0: u32, key1: u32, counter: u32) -> u32 {
  var keys = array<u32, 3>(key0, key1, 0x1bd11bdau ^ key0 ^ key1);
  var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var x = counter + key0;
  var y = key1;
  for (var round = 0u; round < 20u; round++) {
    x += y;
    y = st_rotate(y, rotations[round % 8u]) ^ x;
    if (round % 4u == 3u) {
      let injection = round / 4u + 1u;
      x += keys[injection % 3u];
      y += keys[(injection + 1u) % 3u] + injection;
    }
  }
  return x;
}""",
    # Whether (a, i) is a better maximum than (b, j): NaN first, then the larger, then the lower index.
    "st_above": """fn st_above(a: f32, i: u32, b: f32, j: u32) -> bool {
  let na = st_isnan(a);
  let nb = st_isnan(b);
  return (na && !nb) || (na == nb && (a > b || ((a == b || na) && i < j)));
}""",
}


def helpers(text: str) -> str:
    """The helper functions that a kernel text calls, in an order that is fixed."""
    needed: set[str] = set()
    todo = [text]
    while todo:
        for name in set(re.findall(r"\bst_\w+", todo.pop())) & _HELPERS.keys() - needed:
            needed.add(name)
            todo.append(_HELPERS[name])
    return "\n".join(_HELPERS[name] for name in _HELPERS if name in needed)
