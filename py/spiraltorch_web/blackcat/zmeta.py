"""ZMeta: an evolution strategy that asks for trials of continuous knobs and is told what they gave.

Separable natural evolution strategy: T. Schaul, T. Glasmachers and J. Schmidhuber, "High dimensions and heavy tails for
natural evolution strategies", GECCO 2011, algorithm 2 (SNES), with its utilities and rates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType

from ..errors import ArgumentError

__all__ = ["DEFAULT_KNOBS", "Knob", "ZMeta", "ZMetaParams"]

SIGMA_LEAST, SIGMA_MOST = 1e-3, 0.5  # of a knob's range: it keeps looking, and stays within


@dataclass(frozen=True)
class Knob:
    """A number from ``low`` to ``high`` that begins at ``start``; ``log``: steps are factors, so ``low`` > 0."""

    low: float
    high: float
    start: float
    log: bool = True

    def __post_init__(self) -> None:
        values = (self.low, self.high, self.start)
        if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
            raise ArgumentError(f"a knob's low, high and start are finite numbers, got {values!r}")
        if not self.low < self.high or not self.low <= self.start <= self.high or (self.log and self.low <= 0):
            need = "0 < low" if self.log else "low"
            raise ArgumentError(f"a knob needs {need} < high and start between them, got {values!r}")

    def value(self, place: float) -> float:
        """The value at a place from 0 (low) to 1 (high)."""
        if self.log:
            value = self.low * (self.high / self.low) ** place
        else:
            value = self.low + (self.high - self.low) * place
        return min(max(value, self.low), self.high)

    def place(self, value: float) -> float:
        """Where a value stands from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


# What `ModuleTrainer` can turn: a factor on its tapes' learning rates, and one on each band of the roundtable.
DEFAULT_KNOBS: Mapping[str, Knob] = MappingProxyType(
    {"lr_scale": Knob(0.125, 8.0, 1.0), **{band: Knob(0.25, 4.0, 1.0) for band in ("above", "here", "beneath")}}
)


@dataclass(frozen=True)
class ZMetaParams:
    """The knobs, and how they are tried; proposals scatter by ``sigma``, a share of each knob's range, at first.

    ``population`` proposals (by default 4 + 3·ln d for d knobs) make a generation; each is kept for ``patience`` steps.
    """

    knobs: Mapping[str, Knob] = field(default_factory=lambda: DEFAULT_KNOBS)
    sigma: float = 0.1
    population: int | None = None
    patience: int = 2

    def __post_init__(self) -> None:
        if not isinstance(self.knobs, Mapping) or not all(isinstance(knob, Knob) for knob in self.knobs.values()):
            raise ArgumentError(f"knobs are a dict from names to Knob, got {self.knobs!r}")
        if isinstance(self.sigma, bool) or not isinstance(self.sigma, (int, float)) or not 0 < self.sigma <= SIGMA_MOST:
            raise ArgumentError(f"sigma is a number above 0 and up to {SIGMA_MOST}, got {self.sigma!r}")
        population = 2 if self.population is None else self.population
        for name, value, least in (("population", population, 2), ("patience", self.patience, 1)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ArgumentError(f"{name} is a whole number ≥ {least}, got {value!r}")
        object.__setattr__(self, "knobs", MappingProxyType(dict(self.knobs)))


class ZMeta:
    """Maximises a reward over knobs: `ask` for values, try them, `tell` what they gave.

        search = ZMeta(ZMetaParams({"lr": Knob(1e-4, 1.0, 0.01)}))
        for _ in range(100):
            search.tell(-loss_with(search.ask()["lr"]))
        print(search.best())

    ``generation`` counts the populations that were told in full.
    """

    def __init__(self, params: ZMetaParams, seed: int = 0) -> None:
        self.params = params
        self.generation = 0
        self._knobs = tuple(params.knobs.values())
        size = len(self._knobs)
        self._mean = [knob.place(knob.start) for knob in self._knobs]
        self._sigma = [params.sigma] * size
        self._population = params.population or 4 + math.floor(3 * math.log(max(size, 1)))
        self._random = Random(seed)
        self._asked: list[float] | None = None  # where the proposal under trial stands
        self._told: list[tuple[float, list[float]]] = []

    def ask(self) -> dict[str, float]:
        """The values to try next; the same ones until they were told about."""
        if self._asked is None:
            scattered = (
                centre + sigma * self._random.gauss(0.0, 1.0)
                for centre, sigma in zip(self._mean, self._sigma, strict=True)
            )
            self._asked = [min(max(place, 0.0), 1.0) for place in scattered]
        return self._values(self._asked)

    def tell(self, reward: float) -> None:
        """What the values asked for last gave; −inf for a failure. Raises ArgumentError for NaN, or without `ask`."""
        if self._asked is None:
            raise ArgumentError("tell() reports on what ask() proposed: ask first")
        if isinstance(reward, bool) or not isinstance(reward, (int, float)) or math.isnan(reward):
            raise ArgumentError(f"a reward has to be a number (−inf for a failure), got {reward!r}")
        self._told.append((float(reward), self._asked))
        self._asked = None
        if len(self._told) == self._population:
            self._evolve()

    def best(self) -> dict[str, float]:
        """The values in the middle of the search."""
        return self._values(self._mean)

    def retreat(self) -> None:
        """Give up what was asked for as a failure, and move the search halfway back to where it began."""
        if self._asked is not None:
            self.tell(-math.inf)
        starts = (knob.place(knob.start) for knob in self._knobs)
        self._mean = [(place + start) / 2 for place, start in zip(self._mean, starts, strict=True)]

    def start(self) -> dict[str, float]:
        """The values that the search began with."""
        return {name: float(knob.start) for name, knob in self.params.knobs.items()}

    def _values(self, places: list[float]) -> dict[str, float]:
        return {name: knob.value(place) for (name, knob), place in zip(self.params.knobs.items(), places, strict=True)}

    def _evolve(self) -> None:
        """Move towards the better half of the population, and scatter as far as its best did."""
        ranked = [places for _, places in sorted(self._told, key=lambda entry: -entry[0])]
        self._told.clear()
        self.generation += 1
        utilities = _utilities(len(ranked))
        rate = (3 + math.log(max(len(self._knobs), 1))) / (5 * math.sqrt(max(len(self._knobs), 1)))
        for number, (centre, sigma) in enumerate(zip(self._mean, self._sigma, strict=True)):
            draws = [(places[number] - centre) / sigma for places in ranked]
            shift = sum(utility * draw for utility, draw in zip(utilities, draws, strict=True))
            spread = sum(utility * (draw * draw - 1) for utility, draw in zip(utilities, draws, strict=True))
            self._mean[number] = min(max(centre + sigma * shift, 0.0), 1.0)
            self._sigma[number] = min(max(sigma * math.exp(rate / 2 * spread), SIGMA_LEAST), SIGMA_MOST)


def _utilities(count: int) -> list[float]:
    """What each rank, best first, counts; they sum to 0."""
    raw = [max(0.0, math.log(count / 2 + 1) - math.log(rank)) for rank in range(1, count + 1)]
    return [value / sum(raw) - 1 / count for value in raw]
