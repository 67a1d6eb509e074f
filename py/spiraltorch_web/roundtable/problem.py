"""What is to be decided, and which trials speak about the same thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import ArgumentError

# What the word `kind` means in SpiralK; an FFT has no such number, but fields of its own.
KINDS: Mapping[str, int | None] = MappingProxyType({"topk": 0, "midk": 1, "bottomk": 2, "fft": None})
# What `Bucket.condition` writes, and nothing else.
CONDITION = re.compile(
    r"(?:kind == (?P<kind>[012]) && )?floor\(log2\(c\)\) == (?P<cols>\d{1,4}) && kc == (?P<k>\d{1,4})"
)


@dataclass(frozen=True)
class Bucket:
    """Problems that learn from each other: one device and kind, columns and k within a factor of two."""

    device: str
    kind: str
    log2_cols: int
    log2_k: int

    @property
    def condition(self) -> str:
        """The bucket as a SpiralK condition; the device is the section that a rule stands in."""
        number = KINDS[self.kind]
        kind = "" if number is None else f"kind == {number} && "
        return f"{kind}floor(log2(c)) == {self.log2_cols} && kc == {self.log2_k}"

    @property
    def key(self) -> str:
        return f"{self.device}/{self.kind}/{self.log2_cols}/{self.log2_k}"


def bucket_of(key: str) -> Bucket:
    """The bucket of a `Bucket.key`. Raises ValueError for other texts."""
    device, kind, log2_cols, log2_k = key.rsplit("/", 3)
    if kind not in KINDS:
        raise ValueError(f"no bucket: {key!r}")
    return Bucket(device, kind, int(log2_cols), int(log2_k))


def bucket_of_condition(device: str, condition: str) -> Bucket:
    """The bucket of a `Bucket.condition`. Raises ValueError for other conditions."""
    found = CONDITION.fullmatch(condition)
    if found is None:
        raise ValueError(f"no bucket: {condition!r}")
    kinds = {str(number): kind for kind, number in KINDS.items() if number is not None}
    return Bucket(device, kinds.get(found["kind"], "fft"), int(found["cols"]), int(found["k"]))


@dataclass(frozen=True)
class Problem:
    """A launch to decide about: `kind` is one of `KINDS`, the input has `rows` × `cols` entries, `k` are wanted.

    `device` is the class of the device, `DeviceCaps.device_class`. For an FFT k is 1.
    """

    kind: str
    rows: int
    cols: int
    k: int
    device: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ArgumentError(f"a problem's kind is one of {', '.join(KINDS)}, got {self.kind!r}")
        for name in ("rows", "cols", "k"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ArgumentError(f"a problem's {name} is a positive integer, got {value!r}")

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.device, self.kind, self.cols.bit_length() - 1, self.k.bit_length() - 1)
