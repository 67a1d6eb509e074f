"""The inner step Φ and the outer loss L as compiled programs, with the products that hyper-gradients are made of.

J = ∂Φ/∂state. No Jacobian or Hessian is formed: every product is a rewrite of the step's graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd import grad, value_and_grad
from ..compiled import compile
from ..errors import ArgumentError, ShapeError
from ..runtime.trace import use
from ..tensor.core import Tensor, wrap
from .structure import dot, like, tensors_in


class InnerProblem:
    """``inner_step(state, hyper[, batch])`` gives the next state, ``outer_loss(state, hyper)`` a number.

    `step`, `outer` and `pull` are compiled: recorded at the first call with given shapes, then replayed.
    """

    def __init__(self, inner_step: Callable, outer_loss: Callable) -> None:
        for name, function in (("inner_step", inner_step), ("outer_loss", outer_loss)):
            if not callable(function):
                raise ArgumentError(f"hypergrad: {name} must be a function, got {type(function).__name__}")
        self._inner_step, self._outer_loss = inner_step, outer_loss
        self.step = compile(self.next_state)
        self.outer = compile(self._outer)
        self.pull = compile(self._pull)

    def next_state(self, state: Any, hyper: Any, *batch: Any) -> Any:
        """Φ(state, hyper): a state of the same structure and shapes, else ShapeError."""
        before = tensors_in("the state", state)
        own = like(state, [wrap(use(tensor), tensor) for tensor in before])  # to be changed in place, if it likes
        after = tensors_in("what inner_step returned", self._inner_step(own, hyper, *batch))
        given, found = ([tuple(tensor.shape) for tensor in tensors] for tensors in (before, after))
        if given != found:
            raise ShapeError(f"hypergrad: inner_step got a state of shapes {given} and returned one of {found}")
        return like(state, after)

    def _outer(self, state: Any, hyper: Any) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """L, ∂L/∂state and ∂L/∂hyper."""
        places, call = _flat(self._outer_loss, state, hyper)
        value, found = value_and_grad(call, range(len(places)))(*places)
        return value, *_split(found, state)

    def _pull(
        self, state: Any, hyper: Any, batch: tuple, cotangent: Sequence[Tensor], total: Sequence[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Jᵀ · cotangent, and total + (∂Φ/∂hyper)ᵀ · cotangent."""
        places, call = _flat(lambda s, h: self._paired(s, h, batch, cotangent), state, hyper)
        before, added = _split(grad(call, range(len(places)))(*places), state)
        return before, [old + new for old, new in zip(total, added, strict=True)]

    def transposed_product(self, state: Any, hyper: Any, vector: Sequence[Tensor]) -> list[Tensor]:
        """Jᵀ · vector."""
        places, call = _flat(lambda s: self._paired(s, hyper, (), vector), state)
        return list(grad(call, range(len(places)))(*places))

    def product(self, state: Any, hyper: Any, vector: Sequence[Tensor]) -> list[Tensor]:
        """J · vector: the derivative of ⟨Jᵀw, vector⟩ in w, which is the same at every w."""

        def pairing(*weights: Tensor) -> Tensor:
            return dot(self.transposed_product(state, hyper, weights), vector)

        return list(grad(pairing, range(len(vector)))(*vector))

    def _paired(self, state: Any, hyper: Any, batch: tuple, vector: Sequence[Tensor]) -> Tensor:
        """⟨Φ(state, hyper), vector⟩, whose derivatives are the transposed products."""
        return dot(tensors_in("the state", self.next_state(state, hyper, *batch)), vector)


def _flat(function: Callable, *structures: Any) -> tuple[list[Tensor], Callable]:
    """All tensors of the structures, and the function of those."""
    tensors = [tensor for structure in structures for tensor in tensors_in("the arguments", structure)]

    def call(*found: Tensor) -> Tensor:
        supply = iter(found)
        return function(*(like(structure, supply) for structure in structures))

    return tensors, call


def _split(found: Sequence[Tensor], state: Any) -> tuple[list[Tensor], list[Tensor]]:
    count = len(tensors_in("the state", state))
    return list(found[:count]), list(found[count:])


def detached(name: str, value: Any) -> Any:
    """The same values without history, so that every update has the signature of the first one."""
    tensors = tensors_in(name, value)
    if not tensors:
        raise ArgumentError(f"hypergrad: {name} holds no tensor")
    return like(value, [tensor.detach() for tensor in tensors])
