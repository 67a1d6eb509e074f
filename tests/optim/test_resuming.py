"""Loading an optimiser's state in the middle of a run, while a compiled step is in use."""

from __future__ import annotations

import pytest

import spiraltorch_web as st
from spiraltorch_web import nn, optim


class Run:
    def __init__(self, compiled: bool, parts: int = 1) -> None:
        st.manual_seed(0)
        self.layers = [nn.Linear(4, 3) for _ in range(parts)]
        parameters = [parameter for layer in self.layers for parameter in layer.parameters()]
        self.optimizer = optim.Adam(parameters, lr=0.1)
        self.x = st.rand(8, 4)
        self.step = st.compile(self.eager_step) if compiled else self.eager_step

    def eager_step(self, x, used: int = 1):
        self.optimizer.zero_grad()
        loss = sum((layer(x) ** 2).mean() for layer in self.layers[:used])
        loss.backward()
        self.optimizer.step()
        return loss

    def advance(self, steps: int, used: int = 1) -> list[float]:
        return [self.step(self.x, used).item() for _ in range(steps)]

    def state(self):
        return [layer.state_dict() for layer in self.layers], self.optimizer.state_dict()

    def load(self, state) -> None:
        layers, optimizer = state
        for layer, values in zip(self.layers, layers, strict=True):
            layer.load_state_dict(values)
        self.optimizer.load_state_dict(optimizer)


@pytest.mark.parametrize("compiled", [False, True])
def test_going_back_repeats_the_steps(device, compiled):
    run = Run(compiled)
    run.advance(3)
    state = run.state()
    wanted = run.advance(4)
    run.load(state)
    assert run.advance(4) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_parameters_that_took_fewer_steps_keep_their_own_count(device, compiled):
    run = Run(compiled, parts=2)
    run.advance(3, used=1)
    run.advance(2, used=2)
    state = run.state()
    wanted = run.advance(3, used=2)
    fresh = Run(compiled, parts=2)
    fresh.advance(1, used=2)
    fresh.load(state)
    assert fresh.advance(3, used=2) == pytest.approx(wanted, rel=1e-6)


def test_a_step_is_not_recorded_again_for_equal_counts(device):
    run = Run(compiled=True)
    run.advance(2)
    state = run.state()
    run.advance(2)
    run.load(state)
    run.advance(2)
    assert len(run.step.programs()) == 1
