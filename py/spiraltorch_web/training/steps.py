"""The compiled programs of one training step: the step itself, and the books that it is entered in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..compiled import Compiled, compile
from ..dtypes import int32
from ..errors import ArgumentError
from ..nn.module import Module
from ..nn.tapes import take_step
from ..runtime.session import grad_mode
from ..tensor import Tensor, isfinite, ones, stack, where, zeros
from ..zspace.bands import BandEnergy, RoundtableSchedule

__all__ = ["Books", "Programs", "Weigh", "new_books"]

# From the energy of a step's bands to the weights of above, here and beneath.
Weigh = Callable[[BandEnergy], Sequence[Any]]


class Books(NamedTuple):
    """Sums over steps: their losses and energies, how many there were, and how many of them were at fault.

    Those give nothing to losses and energies. ``first_fault`` is the first of them, counted from 1, or 0.
    """

    losses: float
    steps: float
    faults: float
    first_fault: float
    above: float
    here: float
    beneath: float
    drift: float


def new_books() -> Tensor:
    """Empty books on the device: f32[8]."""
    return zeros(len(Books._fields))


@dataclass(frozen=True)
class Programs:
    """``step(x, y, arms)`` → (loss, faults, gradient) applies all gradients; ``note(books, *that)`` enters them.

    ``arms`` are what a runtime chose, plain values: each combination is a program of its own. ``note`` gives the new
    books.
    ``gradient`` is that of the loss at the model's output, which the roundtable splits. The split for the books is a
    program of its own, so that the step is the same program with and without a roundtable unless weights differ from
    1.
    """

    step: Compiled
    note: Compiled
    _known: set[Hashable] = field(default_factory=set)

    def recorded_for(self, x: Tensor, y: Tensor, arms: tuple) -> bool:
        """Whether a step with these arguments is the first of its kind."""
        kind = (tuple(x.shape), x.dtype.name, tuple(y.shape), y.dtype.name, arms)
        first = kind not in self._known
        self._known.add(kind)
        return first

    @classmethod
    def of(
        cls,
        model: Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        schedule: RoundtableSchedule | None,
        weigh: Weigh | None,
        fallback_lr: float,
    ) -> Programs:
        """The programs for a model; they are recorded at their first call with a shape."""

        @compile
        def step(x: Tensor, y: Tensor, arms: tuple = ()) -> tuple[Tensor, Tensor, Tensor]:
            prediction = model(x)
            output = prediction.detach().requires_grad_()
            value = loss(output, y)
            value.backward(inputs=[output])
            gradient = output.grad
            prediction.backward(_weighed(gradient, schedule, weigh))
            unsound = isfinite(value.detach()).logical_not().to(int32)
            return value.detach(), take_step(model, fallback_lr, unsound), gradient

        @compile
        def note(books: Tensor, value: Tensor, faults: Tensor, gradient: Tensor) -> Tensor:
            with grad_mode(False):
                energy = (zeros(),) * 4 if schedule is None else schedule.band_energy(gradient)
                first = where((books[3] == 0.0).logical_and(faults > 0), books[1] + 1.0, 0.0)
                # Selected, not multiplied: sums would not recover from NaN.
                loss_now, *bands = (where(faults == 0, part, 0.0) for part in (value, *energy))
                return books + stack([loss_now, ones(), (faults > 0).float(), first, *bands])

        return cls(step, note)


def _weighed(gradient: Tensor, schedule: RoundtableSchedule | None, weigh: Weigh | None) -> Tensor:
    """The gradient with its bands scaled; the gradient itself where all weights are 1."""
    if schedule is None or weigh is None:
        return gradient
    bands = schedule.split(gradient)
    weights = tuple(weigh(schedule.measured(bands)))
    if len(weights) != 3:
        raise ArgumentError(f"band weights are three, for above, here and beneath, got {weights!r}")
    if all(isinstance(weight, (int, float)) and weight == 1 for weight in weights):
        return gradient
    return bands.scale(*weights).combine()
