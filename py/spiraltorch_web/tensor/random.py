"""Random numbers from counters: the same seed gives the same numbers on every device.

A generator is three uint32 words on the device: a key of two and the number of draws so far. Draw number c hashes
the key with the counters 2c and 2c + 1 into a key of its own (Threefry-2x32 with 20 rounds), and entry i of the draw
is the first word of the hash of counter i under that key. The state advances on the device, so draws work inside a
compiled step. Bits and uniforms on [0, 1) and (−a, a) are equal bit for bit everywhere; normals, whose logarithm and
cosine are polynomials of float32 operations, agree within a few units in the last place (4e-6 absolute is tested).
"""

from __future__ import annotations

import math
import struct
from typing import Any

from ..dtypes import as_dtype, float32, int32, uint32
from ..errors import ArgumentError
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.node import Node, Shape, bitcast, cast, elementwise
from ..ir.ops import Op
from ..runtime.realize import upload
from ..runtime.session import grad_mode, session
from ..runtime.trace import outside_trace, use
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import as_tensor, counts_of
from .sorting import argsort, cumsum

_UNIT = 2.0**-24
# Fits of this project: log1p(f)/f on [√½ − 1, √2 − 1] (relative error 4e-9), and sin(t)/t and cos(t) in t² on
# [−π/4, π/4] (3e-9 and 7e-11). Highest power first.
_LOG = (
    *(-0.07638592451, 0.1291417032, -0.1324084269, 0.1418007872, -0.166091265),
    *(0.2000207167, -0.2500158512, 0.3333332402, -0.4999998829, 1.0),
)
_SIN = (-0.0001950392966, 0.008332036072, -0.1666665068, 0.9999999969)
_COS = (2.437983846e-05, -0.001388661815, 0.0416666167, -0.4999999961, 1.0)


class Generator:
    """A stream of random numbers with a seed."""

    def __init__(self, seed: int = 0) -> None:
        with outside_trace():
            self.state = wrap(_state(seed))
        self.state._epoch = 0  # also a generator made while a step is recorded outlives the step

    def manual_seed(self, seed: int) -> Generator:
        """Start again from a seed: any integer, taken modulo 2^64."""
        with grad_mode(False):
            self.state.assign_(_state(seed))
        return self

    def get_state(self) -> Tensor:
        """uint32 [3]: key and count of draws."""
        return self.state.detach()

    def set_state(self, state: Tensor) -> None:
        """Continue from a state of `get_state`."""
        with grad_mode(False):
            self.state.copy_(state)

    def bits(self, shape: Shape, words: int = 1) -> list[Node]:
        """uint32 nodes of a shape, ``words`` of them, all independent."""
        state = use(self.state)
        key0, key1, count = (nodes.shrink(state, ((place, place + 1, 1),)) for place in range(3))
        twice = al.add(count, count)
        draw0 = elementwise(Op.THREEFRY, key0, key1, twice)
        draw1 = elementwise(Op.THREEFRY, key0, key1, al.plus(twice, 1))
        with grad_mode(False):
            # Entry by entry, so that a compiled step updates the state in place.
            place = nodes.iota((3,), 0)
            self.state.assign_(al.add(state, cast(elementwise(Op.EQ, place, al.filled(place, 2)), uint32)))
        size = math.prod(shape)
        index = bitcast(nodes.iota((size,), 0), uint32)
        wide = (al.broadcast_to(draw0, (size,)), al.broadcast_to(draw1, (size,)))
        found = []
        for word in range(words):
            counter = al.plus(index, word * size) if word else index
            found.append(nodes.reshape(elementwise(Op.THREEFRY, *wide, counter), shape))
        return found


def _state(seed: int) -> Node:
    if not isinstance(seed, int):
        raise ArgumentError(f"a seed is an integer, got {seed!r}")
    words = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, 0)
    return upload(struct.pack("<3I", *words), (3,), uint32)


def default_generator() -> Generator:
    """The generator that functions use when none is given; it starts from seed 0."""
    current = session()
    if current.generator is None:
        with outside_trace():  # its state outlives a step that happens to draw first
            current.generator = Generator(current.seed)
    return current.generator


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, also the one that a device chosen later gets; returns it."""
    generator = default_generator().manual_seed(seed)
    session().seed = seed
    return generator


def _drawn(generator: Generator | None, shape: Shape, words: int = 1) -> list[Node]:
    return (generator or default_generator()).bits(shape, words)


def _whole(bits: Node) -> Node:
    """The upper 24 bits as int32: exact in float32."""
    return bitcast(elementwise(Op.SHR, bits, al.filled(bits, 8)), int32)


def _unit_interval(bits: Node) -> Node:
    return al.times(cast(_whole(bits), float32), _UNIT)


def _symmetric(bits: Node, bound: float) -> Node:
    """Uniform in [−bound, bound): one rounding, so that no device can contract it differently."""
    whole = _whole(bits)
    centred = al.plus(al.add(whole, whole), -(2**24))
    return al.times(cast(centred, float32), bound * _UNIT)


def _uniform(bits: Node, low: float, high: float) -> Node:
    if low == -high:
        return _symmetric(bits, high)
    scaled = _unit_interval(bits) if high - low == 1 else al.times(cast(_whole(bits), float32), (high - low) * _UNIT)
    return al.plus(scaled, low) if low else scaled


# --- normals ----------------------------------------------------------------------------------------------------


def _polynomial(x: Node, coefficients: tuple[float, ...]) -> Node:
    result = al.filled(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = al.plus(al.mul(result, x), coefficient)
    return result


def _log(x: Node) -> Node:
    """log(x) for normal floats in (0, 1], from exponent and mantissa."""
    bits = bitcast(x, int32)
    exponent = al.plus(elementwise(Op.SHR, bits, al.filled(bits, 23)), -127)
    fraction = elementwise(Op.AND, bits, al.filled(bits, 0x7FFFFF))
    mantissa = bitcast(elementwise(Op.OR, fraction, al.filled(bits, 0x3F800000)), float32)
    large = elementwise(Op.LT, al.filled(x, math.sqrt(2)), mantissa)
    f = al.plus(al.select(large, al.times(mantissa, 0.5), mantissa), -1)
    power = al.add(cast(exponent, float32), cast(large, float32))
    return al.add(al.times(power, math.log(2)), al.mul(f, _polynomial(f, _LOG)))


def _cos_turn(bits: Node) -> Node:
    """cos(2πu) for u = the upper 24 bits / 2^24, reduced exactly to an eighth of a turn."""
    whole = _whole(bits)
    quarter = elementwise(Op.SHR, al.plus(whole, 2**21), al.filled(whole, 22))
    rest = al.sub(whole, elementwise(Op.SHL, quarter, al.filled(quarter, 22)))
    angle = al.times(cast(rest, float32), 2 * math.pi * _UNIT)
    squared = al.square(angle)
    odd = elementwise(Op.NE, elementwise(Op.AND, quarter, al.filled(quarter, 1)), al.filled(quarter, 0))
    value = al.select(odd, al.mul(angle, _polynomial(squared, _SIN)), _polynomial(squared, _COS))
    # cos r, −sin r, −cos r, sin r, cos r for the quarters 0 to 4.
    turned = elementwise(Op.AND, al.plus(quarter, 1), al.filled(quarter, 2))
    return al.select(elementwise(Op.NE, turned, al.filled(turned, 0)), al.neg(value), value)


def _normal(generator: Generator | None, shape: Shape) -> Node:
    """Standard normals by Box and Muller 1958."""
    first, second = _drawn(generator, shape, 2)
    radius_source = al.times(cast(al.plus(_whole(first), 1), float32), _UNIT)  # in (0, 1]
    radius = elementwise(Op.SQRT, al.times(_log(radius_source), -2))
    return al.mul(radius, _cos_turn(second))


# --- functions --------------------------------------------------------------------------------------------------


def _made(node: Node, dtype: Any, requires_grad: bool) -> Tensor:
    result = wrap(cast(node, as_dtype(dtype)) if dtype is not None else node)
    return result.requires_grad_() if requires_grad else result


def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform in [0, 1)."""
    return _made(_unit_interval(_drawn(generator, counts_of(size))[0]), dtype, requires_grad)


def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal with mean 0 and standard deviation 1."""
    return _made(_normal(generator, counts_of(size)), dtype, requires_grad)


def rand_like(x: Tensor, dtype: Any = None, generator: Generator | None = None) -> Tensor:
    """`rand` with the shape of x."""
    return rand(x.shape, generator=generator, dtype=dtype)


def randn_like(x: Tensor, dtype: Any = None, generator: Generator | None = None) -> Tensor:
    """`randn` with the shape of x."""
    return randn(x.shape, generator=generator, dtype=dtype)


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = None
) -> Tensor:
    """int32 in [low, high), or [0, low) when only one bound is given: ``randint(10, (3,))``.

    Values are bits modulo the range, so the lowest are more likely by at most range / 2^32.
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None or not -(2**31) <= low < high <= 2**31:
        raise ArgumentError(f"randint needs low < high within int32 and a size, got {low}, {high} and {size}")
    (bits,) = _drawn(generator, counts_of((size,)))
    rest = bitcast(elementwise(Op.MOD, bits, al.filled(bits, high - low)), int32)
    return _made(al.plus(rest, low), dtype, False)


def randperm(n: int, *, generator: Generator | None = None) -> Tensor:
    """int32 [n]: 0 … n − 1 in random order."""
    return argsort(wrap(_drawn(generator, (n,))[0]))


def bernoulli(p: Any, *, generator: Generator | None = None) -> Tensor:
    """1 with probability p, else 0, with the shape and dtype of p."""
    p = as_tensor(p)
    return ew.to(ew.lt(rand(p.shape, generator=generator), p), p.dtype if p.dtype.kind == "f" else float32)


def normal(mean: Any, std: Any, size: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Normal with the given mean and standard deviation: numbers with a size, or tensors."""
    if size is None:
        size = ew.add(as_tensor(mean), as_tensor(std)).shape
    return ew.add(ew.mul(randn(size, generator=generator), std), mean)


def multinomial(
    weights: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """int32 [*rows, num_samples]: classes drawn in proportion to the weights of each row.

    Without replacement by the exponential race: the classes with the smallest −log(u)/weight come first.
    """
    classes = weights.shape[-1]
    if not replacement:
        if num_samples > classes:
            raise ArgumentError(f"multinomial cannot draw {num_samples} of {classes} classes without replacement")
        race = ew.div(ew.neg(ew.log(ew.sub(1.0, rand(weights.shape, generator=generator)))), weights)
        order = argsort(race, -1)
        return order[..., :num_samples]
    steps = cumsum(weights, -1)
    points = ew.mul(rand((*weights.shape[:-1], num_samples), generator=generator), steps[..., -1:])
    passed = ew.le(steps[..., None, :], points[..., :, None])
    return passed.sum(-1).clamp(max=classes - 1)


def uniform_(x: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """x ← uniform in [a, b)."""
    return x.assign_(_uniform(_drawn(generator, x._node.shape)[0], a, b))


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """x ← normal with the given mean and standard deviation."""
    node = _normal(generator, x._node.shape)
    return x.assign_(al.plus(al.times(node, std), mean) if (mean, std) != (0, 1) else node)


def bernoulli_(x: Tensor, p: float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """x ← 1 with probability p, else 0."""
    return x.assign_(cast(use(ew.lt(rand(x.shape, generator=generator), p)), x.dtype))
