"""Symbolic index arithmetic: sums of bounded variables, with exact division and remainder.

Fused kernels address every operand by an expression of the loop variables. Views (reshape, permute, slice …) compose
into such expressions, and most of their divisions and remainders cancel; what is left is printed as WGSL u32
arithmetic. All values are integers; `Index` knows its bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd


@dataclass(frozen=True)
class Var:
    """A variable of the kernel, with values in 0…high."""

    name: str
    high: int

    low = 0

    def at(self, values: Mapping[str, int]) -> int:
        return values.get(self.name, 0)

    def text(self) -> str:
        return self.name


@dataclass(frozen=True)
class Quotient:
    """⌊value / by⌋ for a non-negative value."""

    value: Index
    by: int

    @property
    def low(self) -> int:
        return max(self.value.low, 0) // self.by

    @property
    def high(self) -> int:
        return self.value.high // self.by

    def at(self, values: Mapping[str, int]) -> int:
        return self.value.at(values) // self.by

    def text(self) -> str:
        return f"({self.value} / {self.by}u)"


@dataclass(frozen=True)
class Remainder:
    """value mod by for a non-negative value."""

    value: Index
    by: int

    low = 0

    @property
    def high(self) -> int:
        return min(self.by - 1, self.value.high)

    def at(self, values: Mapping[str, int]) -> int:
        return self.value.at(values) % self.by

    def text(self) -> str:
        return f"({self.value} % {self.by}u)"


Atom = Var | Quotient | Remainder


@dataclass(frozen=True)
class Index:
    """offset + Σ coefficient · atom."""

    terms: tuple[tuple[Atom, int], ...] = ()
    offset: int = 0

    @cached_property
    def low(self) -> int:
        return self.offset + sum(c * (a.low if c > 0 else a.high) for a, c in self.terms)

    @cached_property
    def high(self) -> int:
        return self.offset + sum(c * (a.high if c > 0 else a.low) for a, c in self.terms)

    @cached_property
    def _hash(self) -> int:
        return hash((self.terms, self.offset))

    def __hash__(self) -> int:
        return self._hash

    @property
    def constant(self) -> int | None:
        """The value, if it is one number."""
        return None if self.terms else self.offset

    def coefficient(self, atom: Atom) -> int:
        return next((c for a, c in self.terms if a == atom), 0)

    def at(self, values: Mapping[str, int]) -> int:
        """The number that this is for given variables; others count as 0."""
        return self.offset + sum(c * a.at(values) for a, c in self.terms)

    def divisible_by(self, n: int) -> bool:
        """Whether every value is a multiple of n, provably."""
        return self.offset % n == 0 and all(c % n == 0 for _, c in self.terms)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.terms, self.offset + other)
        return _sum((*self.terms, *other.terms), self.offset + other.offset)

    def __sub__(self, other: Index | int) -> Index:
        return self + (-other if isinstance(other, int) else other * -1)

    def __mul__(self, factor: int) -> Index:
        if factor == 0:
            return Index()
        return Index(tuple((a, c * factor) for a, c in self.terms), self.offset * factor)

    def __floordiv__(self, by: int) -> Index:
        return _divide(self, by)

    def __mod__(self, by: int) -> Index:
        return _remainder(self, by)

    def __str__(self) -> str:
        parts: list[str] = []
        for atom, c in self.terms:
            factor = "" if abs(c) == 1 else f" * {abs(c)}u"
            parts.append((" - " if c < 0 else " + ") + atom.text() + factor)
        text = "".join(parts)
        if self.offset or not parts:
            text += f" {'-' if self.offset < 0 else '+'} {abs(self.offset)}u"
        text = text.removeprefix(" + ")
        if text.startswith(" - "):
            text = "0u" + text
        return f"({text})" if len(self.terms) + bool(self.offset) > 1 or "0u - " in text else text.strip()


def variable(name: str, size: int) -> Index:
    """A variable with values 0…size−1; one that can only be 0 is the constant 0."""
    return Index(((Var(name, size - 1), 1),)) if size > 1 else Index()


def number(value: int) -> Index:
    return Index((), value)


def _sum(terms: Iterable[tuple[Atom, int]], offset: int) -> Index:
    merged: dict[Atom, int] = {}
    for atom, c in terms:
        merged[atom] = merged.get(atom, 0) + c
    for atom in list(merged):
        # q·(x mod n) + q·n·⌊x/n⌋ = q·x
        if not isinstance(atom, Remainder):
            continue
        twin = _divide(atom.value, atom.by)
        if len(twin.terms) != 1 or twin.offset or twin.terms[0][1] != 1:
            continue
        whole, q = twin.terms[0][0], merged.get(atom, 0)
        if q and merged.get(whole) == q * atom.by:
            del merged[atom], merged[whole]
            return _sum([*merged.items(), *((a, c * q) for a, c in atom.value.terms)], offset + atom.value.offset * q)
    return Index(tuple(sorted(((a, c) for a, c in merged.items() if c), key=_order)), offset)


def _order(term: tuple[Atom, int]) -> tuple[int, str]:
    return -abs(term[1]), term[0].text()


def _split(value: Index, by: int) -> tuple[Index, Index]:
    """value = by · first + second, with as much as possible in the first."""
    whole = Index(tuple((a, c // by) for a, c in value.terms if c % by == 0), value.offset // by)
    rest = Index(tuple((a, c) for a, c in value.terms if c % by), value.offset % by)
    return whole, rest


def _coarse(value: Index, by: int) -> tuple[Index, int, Index] | None:
    """value = g · first + rest with g > 1 a divisor of ``by`` and 0 ≤ rest < g."""
    terms = sorted(value.terms, key=_order)
    for count in range(len(terms), 0, -1):
        g = by
        for _, c in terms[:count]:
            g = gcd(g, abs(c))
        if g == 1:
            continue
        rest = Index(tuple(terms[count:]), value.offset % g)
        if rest.low >= 0 and rest.high < g:
            return Index(tuple((a, c // g) for a, c in terms[:count]), value.offset // g), g, rest
    return None


def _divide(value: Index, by: int) -> Index:
    if by == 1:
        return value
    whole, rest = _split(value, by)
    if rest.low < 0:
        return Index(((Quotient(value, by), 1),))
    if rest.high < by:
        return whole
    coarse = _coarse(rest, by)
    if coarse is not None:
        first, g, _ = coarse
        return whole + _divide(first, by // g)
    if len(rest.terms) == 1 and rest.offset == 0 and rest.terms[0][1] == 1 and isinstance(rest.terms[0][0], Quotient):
        inner = rest.terms[0][0]
        return whole + _divide(inner.value, inner.by * by)
    return whole + Index(((Quotient(rest, by), 1),))


def _remainder(value: Index, by: int) -> Index:
    if by == 1:
        return Index()
    _, rest = _split(value, by)
    if rest.low < 0:
        return Index(((Remainder(value, by), 1),))
    if rest.high < by:
        return rest
    coarse = _coarse(rest, by)
    if coarse is not None:
        first, g, small = coarse
        return _remainder(first, by // g) * g + small
    if len(rest.terms) == 1 and rest.offset == 0 and rest.terms[0][1] == 1 and isinstance(rest.terms[0][0], Remainder):
        inner = rest.terms[0][0]
        if inner.by % by == 0:
            return _remainder(inner.value, by)
    return Index(((Remainder(rest, by), 1),))


def strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Row-major strides in entries."""
    result, step = [], 1
    for size in reversed(shape):
        result.append(step)
        step *= size
    return tuple(reversed(result))


def flatten(position: Sequence[Index], shape: Sequence[int]) -> Index:
    """The row-major number of a position."""
    total = Index()
    for index, stride in zip(position, strides(shape), strict=True):
        total = total + index * stride
    return total


def unflatten(flat: Index, shape: Sequence[int]) -> tuple[Index, ...]:
    """The position that a row-major number stands for."""
    position = []
    for axis, (size, stride) in enumerate(zip(shape, strides(shape), strict=True)):
        index = flat // stride
        # The first axis needs no remainder: the number is in range.
        position.append(index % size if any(n > 1 for n in shape[:axis]) else index)
        if size == 1:
            position[-1] = Index()
    return tuple(position)
