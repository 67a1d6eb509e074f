"""The peer PyTorch: the same step eager with fused Adam, and as a CUDA graph where there is CUDA."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .mlp import BETAS, EPSILON, RATE, WIDTHS, Problem
from .timing import Runner

WARM_UP = 5


def device_name() -> str:
    """What PyTorch computes on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"


def place() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def runners(problem: Problem) -> list[Runner]:
    """Every way in which PyTorch takes the step here."""
    found = [Runner("PyTorch eager, fused Adam", _repeated(_eager(problem)))]
    if torch.cuda.is_available():
        found.append(Runner("PyTorch CUDA graph", _repeated(_graph(problem))))
    return found


def _repeated(step: Callable[[], torch.Tensor]) -> Callable[[int], float]:
    def run(steps: int) -> float:
        for _ in range(steps):
            loss = step()
        return loss.item()

    return run


def _eager(problem: Problem, capturable: bool = False) -> Callable[[], torch.Tensor]:
    inputs, first, second, classes = WIDTHS
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    model = torch.nn.Sequential(linear(inputs, first), relu(), linear(first, second), relu(), linear(second, classes))
    model.load_state_dict({name: torch.from_numpy(values) for name, values in problem.parameters.items()})
    model.to(place())
    settings = {"lr": RATE, "betas": BETAS, "eps": EPSILON, "fused": True, "capturable": capturable}
    optimizer = torch.optim.Adam(model.parameters(), **settings)
    criterion = torch.nn.CrossEntropyLoss()
    images = torch.from_numpy(problem.images).to(place())
    labels = torch.from_numpy(problem.labels).long().to(place())

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def _graph(problem: Problem) -> Callable[[], torch.Tensor]:
    step = _eager(problem, capturable=True)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # allocations and lazy set-up must not be captured
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay(keep: object = step) -> torch.Tensor:
        # The graph reads the step's tensors by address; without ``keep`` their memory would be given to others.
        graph.replay()
        return loss

    return replay
