"""Tables of roots of unity, computed in double precision: kernels multiply factors, they never call sin or cos."""

from __future__ import annotations

import cmath
import math
from array import array
from dataclasses import dataclass
from functools import lru_cache

from .plan import Pass

KEPT = 64  # tables, the most recently used ones


@dataclass(frozen=True)
class PassTable:
    """The factors of one pass, as vec4<f32> rows.

    ``stages[p]`` is the first row of stage p (0 for the first stage, which has no factors); each of its factors w has
    the powers of `listed_powers`, two in a row. With ``roots`` = N, e^(−2πi·e/N) is the product of row
    ``high + e // 2^bits`` and row ``low + e % 2^bits``, each of which holds a root and its square.
    """

    data: bytes
    stages: tuple[int, ...]
    roots: int
    low: int
    high: int
    bits: int


def listed_powers(radix: int) -> tuple[int, ...]:
    """Powers of a factor that the table holds: all others are products of two of them."""
    return {2: (1, 2), 4: (1, 2), 8: (1, 2, 3, 4), 16: (1, 2, 3, 4, 8, 12)}[radix]


def root(exponent: int, order: int) -> complex:
    """e^(−2πi·exponent/order), exact at quarter turns and symmetric around them."""
    exponent %= order
    quarter, rest = divmod(4 * exponent, order)
    angle = -math.pi * rest / (2 * order)
    value = complex(math.cos(angle), math.sin(angle))
    return value * (1, -1j, -1, 1j)[quarter]


def pass_table(one: Pass, roots: int) -> PassTable:
    """The factors of a pass; ``roots`` is the order of the roots that it looks up one by one, 0 for none."""
    return _pass_table(one.radices, roots)


def root_table(order: int) -> PassTable:
    """Roots of unity alone."""
    return _pass_table((), order)


@lru_cache(maxsize=KEPT)
def _pass_table(radices: tuple[int, ...], roots: int) -> PassTable:
    data = array("f")
    stages, done = [], 1
    for radix in radices:
        stages.append(len(data) // 4)
        if done > 1:
            for j in range(done):
                for power in listed_powers(radix):
                    _append(data, root(j * power, done * radix))
        done *= radix
    bits = roots.bit_length() // 2
    low = len(data) // 4
    for e in range(1 << bits if roots else 0):
        _append(data, root(e, roots))
        _append(data, root(2 * e, roots))
    high = len(data) // 4
    for e in range(roots >> bits):
        _append(data, root(e << bits, roots))
        _append(data, root(2 * e << bits, roots))
    if not data:
        data.extend((0.0,) * 4)  # no binding is empty
    return PassTable(data.tobytes(), tuple(stages), roots, low, high, bits)


@lru_cache(maxsize=KEPT)
def chirp(length: int) -> bytes:
    """e^(−πi·j²/n) for j < n as vec2<f32>, from the integer j² mod 2n: j²/n itself would lose all digits."""
    data = array("f")
    turns = 2 * length
    for j in range(length):
        _append(data, root(j * j % turns, turns))
    return data.tobytes()


@lru_cache(maxsize=KEPT)
def chirp_spectrum(length: int, padded: int) -> bytes:
    """The transform of the conjugate chirp, wrapped around ``padded`` points, over ``padded``: vec2<f32>."""
    turns = 2 * length
    signal = [0j] * padded
    for j in range(length):
        signal[j] = signal[-j] = root(j * j % turns, turns).conjugate()
    data = array("f")
    for value in _transform(signal):
        _append(data, value / padded)
    return data.tobytes()


def _transform(signal: list[complex]) -> list[complex]:
    """The discrete Fourier transform in double precision, by halves."""
    n = len(signal)
    if n == 1:
        return signal
    even, odd = _transform(signal[::2]), _transform(signal[1::2])
    turned = [cmath.exp(-2j * math.pi * k / n) * odd[k] for k in range(n // 2)]
    pairs = list(zip(even, turned, strict=True))
    return [a + b for a, b in pairs] + [a - b for a, b in pairs]


def _append(data: array, value: complex) -> None:
    data.append(value.real)
    data.append(value.imag)
