"""Our contender: the step written as a user would write it, compiled or eager, on any device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.device.base import Device
from spiraltorch_web.runtime.session import session

from .mlp import BETAS, EPSILON, RATE, WIDTHS, Problem


class SpiralStep:
    """A network in training on the current device."""

    def __init__(self, problem: Problem, compiled: bool = True, activation: type[nn.Module] = nn.ReLU) -> None:
        inputs, first, second, classes = WIDTHS
        self.model = nn.Sequential(
            nn.Linear(inputs, first), activation(), nn.Linear(first, second), activation(), nn.Linear(second, classes)
        )
        self.model.load_state_dict({name: st.tensor(values) for name, values in problem.parameters.items()})
        self.optimizer = optim.Adam(self.model.parameters(), lr=RATE, betas=BETAS, eps=EPSILON)
        self.criterion = nn.CrossEntropyLoss()
        self.images, self.labels = st.tensor(problem.images), st.tensor(problem.labels)
        self.step = st.compile(self._step) if compiled else self._computed

    def _step(self, images: st.Tensor, labels: st.Tensor) -> st.Tensor:
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def _computed(self, images: st.Tensor, labels: st.Tensor) -> st.Tensor:
        """Eager steps are computed one by one, as for a user who looks at them; else they would run as one graph."""
        loss = self._step(images, labels)
        st.realize(loss)
        return loss

    def run(self, steps: int) -> float:
        """Take steps and read the last loss."""
        for _ in range(steps):
            loss = self.step(self.images, self.labels)
        return loss.item()

    def losses(self, steps: int) -> np.ndarray:
        """Take steps and read every loss, in one round trip at the end."""
        return st.stack([self.step(self.images, self.labels) for _ in range(steps)]).numpy()

    def parameters(self) -> list[np.ndarray]:
        """The weights as they are now."""
        return [parameter.numpy() for parameter in self.model.parameters()]


def dispatches(step: Callable) -> int:
    """Kernels that a compiled step launches."""
    return len(step.programs()[-1].dispatches)


def gpu_seconds(device: Device, call: Callable[[], object], repeats: int) -> float:
    """The device's own time for one call of a compiled function: its program alone, without the host."""
    taken = []

    def note(number: int, handles: list[int]) -> None:
        taken.append((number, list(handles)))

    device.submit = note  # shadows the method for one call
    try:
        kept = call()  # what the call returns owns some of the handles
    finally:
        del device.submit
    ((number, handles),) = taken
    seconds = device.time(number, handles, repeats)
    del kept
    return seconds


def use(device_name: str) -> Device:
    """Make a device current and give it."""
    st.set_device(device_name)
    return session().device
