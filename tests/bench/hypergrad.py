"""Section ``hypergrad``: the gradient through T updates of the MLP beside the T updates alone."""

from __future__ import annotations

import spiraltorch_web as st

from .mlp import CASE, Problem, problem
from .options import Options
from .report import Report
from .spiral_step import use
from .step import rows
from .timing import Runner, interleaved

SECTION = "hypergrad"
T = 100
GOAL = "the gradient ≤ 5 × the updates"


def run(report: Report, options: Options) -> None:
    """Every batch size; a round takes T updates at least, whatever ``--seconds`` says."""
    device = use(options.device)
    report.adapters["native"] = f"{device.info.adapter}, {device.info.driver}"
    for batch in options.batches:
        timings = interleaved(runners(problem(batch)), options.rounds, options.seconds)
        name = f"MLP {CASE} with tanh, batch {batch}, SGD, T = {T}"
        report.add(list(rows(SECTION, name, timings, GOAL)))


def runners(given: Problem) -> list[Runner]:
    """The updates, and their gradient in learning rate and weight decay per layer; a step is T updates."""
    layers = len(given.parameters) // 2
    start = [st.tensor(values) for values in given.parameters.values()]
    hyper = {"rate": st.tensor(0.1), "decay": [st.tensor(1e-4) for _ in range(layers)]}
    images, labels = st.tensor(given.images), st.tensor(given.labels)

    def loss(parameters: list[st.Tensor]) -> st.Tensor:
        x = images
        for layer in range(layers):
            weight, bias = parameters[2 * layer : 2 * layer + 2]
            x = st.functional.linear(x, weight, bias)
            x = x.tanh() if layer + 1 < layers else x
        return st.nn.functional.cross_entropy(x, labels)

    def inner_step(parameters: list[st.Tensor], hyper: dict) -> list[st.Tensor]:
        slopes = st.grad(lambda *given: loss(given), range(len(parameters)))(*parameters)
        decays = [decay for decay in hyper["decay"] for _ in ("weight", "bias")]
        return [
            value - hyper["rate"] * (slope + decay * value)
            for value, slope, decay in zip(parameters, slopes, decays, strict=True)
        ]

    def outer_loss(parameters: list[st.Tensor], hyper: dict) -> st.Tensor:
        return loss(parameters)

    step, outer = st.compile(inner_step), st.compile(outer_loss)

    def updates(count: int) -> float:
        for _ in range(count):
            state = start
            for _ in range(T):
                state = step(state, hyper)
            value = outer(state, hyper).item()
        return value

    def gradients(**options: int) -> Runner:
        hypergradient = st.hypergrad.unrolled(inner_step, outer_loss, T, **options)

        def found(count: int) -> float:
            for _ in range(count):
                value = hypergradient(start, hyper).gradient["rate"].item()
            return value

        kept = options.get("checkpoint_every")
        return Runner(f"st.hypergrad.unrolled, {'every state' if kept == 1 else 'about √T states'} kept", found)

    return [Runner(f"{T} compiled inner steps", updates), gradients(), gradients(checkpoint_every=1)]
