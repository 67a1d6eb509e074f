"""What in an update depends on the number of the step, kept on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..tensor import Tensor, arange, full, where

__all__ = ["Clock", "Schedule"]

# One scalar of a step as an elementwise function of the step's number, a float tensor that counts from 1.
Schedule = Sequence[Callable[[Tensor], Tensor]]


class Clock:
    """The scalars of the coming step: ``scalars`` f32[n], and ``steps`` f32[n], n times the number of that step.

    The scalars are computed once per step, after the updates that used the last ones, so an update only loads them.
    One tensor for all of them keeps the updates' kernels below the limit of eight buffers; the number is repeated so
    that every entry advances by itself, and one kernel advances both tensors in place.
    """

    def __init__(self, steps: Tensor, scalars: Tensor, schedule: Schedule) -> None:
        self.steps = steps
        self.scalars = scalars
        self.schedule = schedule

    @classmethod
    def at(cls, step: float, schedule: Schedule) -> Clock:
        """A clock whose coming step has the number ``step``."""
        steps = full((len(schedule),), float(step))
        return cls(steps, _scalars(steps, schedule), schedule)

    @property
    def now(self) -> tuple[Tensor, ...]:
        """The scalars of the coming step, one by one."""
        return tuple(self.scalars[index] for index in range(len(self.schedule)))

    def advanced(self) -> dict[Tensor, Tensor]:
        """The values of both tensors after one more step."""
        steps = self.steps + 1.0
        return {self.steps: steps, self.scalars: _scalars(steps, self.schedule)}

    def restart(self, step: float, schedule: Schedule) -> Clock:
        """Let the coming step have the number ``step``, in place: compiled steps see it. Returns this clock."""
        other = Clock.at(step, schedule)
        self.schedule = schedule
        self.steps.assign_(other.steps)
        self.scalars.assign_(other.scalars)
        return self

    def copy(self) -> Clock:
        """A clock that goes on by itself from the same step."""
        return Clock(self.steps.clone(), self.scalars.clone(), self.schedule)


def _scalars(steps: Tensor, schedule: Schedule) -> Tensor:
    # Selected by position, not concatenated: so it stays one elementwise expression.
    position = arange(len(schedule))
    values = schedule[0](steps)
    for index, function in enumerate(schedule[1:], start=1):
        values = where(position == index, function(steps), values)
    return values
