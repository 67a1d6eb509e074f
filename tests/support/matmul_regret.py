"""How far the planner's choices lie from the best variant measured, over a file of `tests/bench/matmul.py`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.kernels.matmul import MatmulProblem, variant_for
from tests.support.matmul_gpu import problem_of

PRUNED = 3.0  # the harness leaves out variants that are slower than this times the fastest


@dataclass(frozen=True)
class Choice:
    """The planner's choice for one shape beside the fastest variant."""

    shape: str
    chosen: str
    fastest: str
    regret: float  # time of the chosen over time of the fastest


def medians(path: Path, run: str) -> dict[str, dict[str, float]]:
    """Microseconds by shape and variant of one run ("unchecked" or "checked")."""
    return json.loads(path.read_text(encoding="utf-8"))["medians_us"][run]


def problem_named(shape: str) -> MatmulProblem:
    """The problem of a harness name: ``[batch x] rows x depth x columns : layouts``."""
    sizes, layout = shape.split(":")
    *batch, m, k, n = (int(size) for size in sizes.split("x"))
    return problem_of(batch[0] if batch else 1, m, n, k, *layout)


def choices(times: dict[str, dict[str, float]], caps: Caps) -> list[Choice]:
    """The choice for every shape; one that was not measured counts as slow as the harness's limit."""
    found = []
    for shape, measured in times.items():
        chosen = variant_for(problem_named(shape), caps).name
        fastest = min(measured, key=measured.__getitem__)
        found.append(
            Choice(shape, chosen, fastest, measured.get(chosen, PRUNED * measured[fastest]) / measured[fastest])
        )
    return found


def table(found: list[Choice]) -> str:
    """One line per shape, then the mean and the worst regret."""
    lines = [f"{c.shape:24} {c.chosen:22} {c.regret:5.2f}  fastest {c.fastest}" for c in found]
    regrets = [choice.regret for choice in found]
    return "\n".join((*lines, f"mean regret {sum(regrets) / len(regrets):.3f}, worst {max(regrets):.2f}"))
