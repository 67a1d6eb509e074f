"""Soft hints that machines share: how they are written down, and what many of them come to. Pure."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import FileFormatError
from ..kernels.rankk.choice import FIELDS
from .problem import Bucket
from .softlogic import SoftRule

WEIGHT_MOST = 8.0
HINTS_MOST = 16  # of one machine about one bucket
BYTES_MOST = 4096
SAY_MOST = 100  # trials above this give no more say


@dataclass(frozen=True)
class Hint:
    """One wish of one machine: `field` = `value` is worth `weight`."""

    field: str
    value: int
    weight: float


@dataclass(frozen=True)
class Contribution:
    """What one machine says about one bucket, after how many trials, and until when (seconds of the server)."""

    hints: tuple[Hint, ...]
    trials: int
    until: float

    @property
    def say(self) -> int:
        """How much it counts beside others."""
        return min(max(self.trials, 1), SAY_MOST)


def key_of(bucket: Bucket) -> str:
    """The name under which a bucket's contributions lie."""
    return f"spiraltorch:hints:1:{bucket.device}:{bucket.kind}:{bucket.log2_cols}:{bucket.log2_k}"


def encode(contribution: Contribution) -> bytes:
    """A contribution as JSON."""
    hints = [[hint.field, hint.value, hint.weight] for hint in contribution.hints[:HINTS_MOST]]
    return json.dumps({"hints": hints, "trials": contribution.trials, "until": contribution.until}).encode()


def decode(data: bytes) -> Contribution:
    """The contribution of a text. Raises FileFormatError for anything else, so that garbage cannot steer a plan."""
    if len(data) > BYTES_MOST:
        raise FileFormatError(f"a contribution has at most {BYTES_MOST} bytes, got {len(data)}")
    try:
        record = json.loads(data)
        hints = tuple(_hint(*entry) for entry in record["hints"])
        contribution = Contribution(hints, record["trials"], record["until"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FileFormatError(f"not a contribution: {error}") from error
    if not _is(int, contribution.trials) or contribution.trials < 0 or not _is_finite(contribution.until):
        raise FileFormatError("not a contribution: trials is a count and until a time")
    if len(hints) > HINTS_MOST:
        raise FileFormatError(f"not a contribution: more than {HINTS_MOST} hints")
    return contribution


def merge(contributions: Sequence[Contribution]) -> tuple[SoftRule, ...]:
    """What the machines agree on.

    Each machine speaks with its number of trials (1 to 100). A field's value needs more than half of all that is said
    about the field; its weight is the weighted median of the weights of those who are for it.
    """
    spoken: dict[str, dict[int, list[tuple[float, int]]]] = defaultdict(lambda: defaultdict(list))
    for contribution in contributions:
        for hint in {hint.field: hint for hint in contribution.hints}.values():  # one wish per field and machine
            spoken[hint.field][hint.value].append((hint.weight, contribution.say))
    agreed = []
    for field, values in spoken.items():
        everyone = sum(say for votes in values.values() for _, say in votes)
        machines = sum(map(len, values.values()))
        for value, votes in values.items():
            if 2 * sum(say for _, say in votes) > everyone:
                source = f"redis, {len(votes)} of {machines} machine{'s' if machines > 1 else ''}"
                agreed.append(SoftRule(field, value, _median(votes), source))
    return tuple(agreed)


def _median(votes: Sequence[tuple[float, int]]) -> float:
    """The smallest weight for which those up to it have at least half of the say."""
    half, heard = sum(say for _, say in votes) / 2, 0
    ordered = sorted(votes)
    for weight, say in ordered:
        heard += say
        if heard >= half:
            return weight
    return ordered[-1][0]


def _hint(field: object, value: object, weight: object) -> Hint:
    if field not in FIELDS or not _is(int, value) or value not in FIELDS[field].domain:
        raise ValueError(f"no choice has {field!r} = {value!r}")
    if not _is_finite(weight) or abs(weight) > WEIGHT_MOST:
        raise ValueError(f"a weight is at most {WEIGHT_MOST}, got {weight!r}")
    return Hint(field, value, float(weight))


def _is_finite(value: object) -> bool:
    return (_is(int, value) or isinstance(value, float)) and math.isfinite(value)


def _is(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
