"""Optimiser state to and from PyTorch's form of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..runtime.realize import read_values
from ..runtime.session import grad_mode
from ..tensor import Tensor, as_tensor
from .clock import Clock
from .groups import ParamGroup

if TYPE_CHECKING:
    from .optimizer import Optimizer

__all__ = ["export_state", "import_state"]


def export_state(optimizer: Optimizer) -> dict[str, Any]:
    """``{"state": {number: {name: tensor}}, "param_groups": [settings with numbers for parameters]}``."""
    numbers = {parameter: number for number, parameter in enumerate(optimizer.parameters)}
    state: dict[int, dict[str, Tensor]] = {}
    for parameter, number in numbers.items():
        entries = {name: value.detach() for name, value in optimizer.state[parameter].items()}
        clock = optimizer.clocks.get(parameter)
        if clock is not None:
            with grad_mode(False):
                entries["step"] = clock.steps[0] - 1.0
        state[number] = entries
    groups = [
        {**group, "params": [numbers[parameter] for parameter in group["params"]]} for group in optimizer.param_groups
    ]
    return {"state": state, "param_groups": groups}


def import_state(optimizer: Optimizer, state_dict: Mapping[str, Any]) -> None:
    """Give the optimiser the state of `export_state` or of the PyTorch optimiser of its name.

    Everything is checked before anything is changed. Unknown settings, such as PyTorch's ``foreach``, are skipped.
    """
    groups = [_merged(optimizer, group, saved) for group, saved in _paired_groups(optimizer, state_dict)]
    numbers = [number for group in state_dict["param_groups"] for number in group["params"]]
    saved = {
        parameter: state_dict["state"].get(n, {}) for n, parameter in zip(numbers, optimizer.parameters, strict=True)
    }
    values = {
        target: _checked(parameter_number, name, target, saved[parameter])
        for parameter_number, parameter in enumerate(optimizer.parameters)
        for name, target in optimizer.state[parameter].items()
        if saved[parameter]
    }
    steps = _host_numbers([entry.get("step", 1.0 if entry else 0.0) for entry in saved.values()])
    with grad_mode(False):
        for group, settings in zip(optimizer.param_groups, groups, strict=True):
            for key, value in settings.items():
                group[key] = value
        for target, value in values.items():
            target.copy_(value)
        _restart_clocks(optimizer, dict(zip(saved, steps, strict=True)))


def _paired_groups(optimizer: Optimizer, state_dict: Mapping[str, Any]) -> list[tuple[ParamGroup, Mapping[str, Any]]]:
    saved = state_dict["param_groups"]
    found = [len(group["params"]) for group in saved]
    expected = [len(group["params"]) for group in optimizer.param_groups]
    if found != expected:
        raise ArgumentError(f"the state is for groups of {found} parameters, this optimiser has {expected}")
    return list(zip(optimizer.param_groups, saved, strict=True))


def _merged(optimizer: Optimizer, group: ParamGroup, saved: Mapping[str, Any]) -> dict[str, Any]:
    """The settings to take over, checked as those of the constructor are."""
    settings = {key: _plain(saved[key]) for key in optimizer.defaults if key in saved}
    optimizer.check(ParamGroup({**group, **settings}))
    return settings


def _plain(value: Any) -> Any:
    # A list comes back from JSON where a tuple went in; betas are compared and unpacked as a tuple.
    return tuple(value) if isinstance(value, list) else value


def _checked(number: int, name: str, target: Tensor, saved: Mapping[str, Any]) -> Tensor:
    if saved.get(name) is None:
        raise ArgumentError(f"the state of parameter {number} lacks {name!r}; it has {sorted(saved)}")
    value = as_tensor(saved[name])
    if value.shape != target.shape:
        raise ArgumentError(
            f"{name!r} of parameter {number} has shape {tuple(value.shape)}, expected {tuple(target.shape)}"
        )
    return value


def _host_numbers(values: Sequence[Any]) -> list[float]:
    """Numbers and 0-d tensors as floats, tensors read in one round trip."""
    tensors = [as_tensor(value).float() for value in values if not isinstance(value, (int, float))]
    read = iter(read_values(tensors))
    return [
        float(value) if isinstance(value, (int, float)) else memoryview(next(read)).cast("B").cast("f")[0]
        for value in values
    ]


def _restart_clocks(optimizer: Optimizer, steps: Mapping[Tensor, float]) -> None:
    """Set the clocks that are there; parameters that no longer took equally many steps get clocks of their own."""
    for group in optimizer.param_groups:
        schedule = optimizer.schedule(group)
        if not schedule:
            continue
        clocks: dict[tuple[Clock, float], Clock] = {}
        for parameter in group["params"]:
            clock, step = optimizer.clocks[parameter], steps[parameter]
            if (clock, step) not in clocks:
                first = not any(other is clock for other, _ in clocks)
                clocks[clock, step] = clock.restart(step + 1.0, schedule) if first else Clock.at(step + 1.0, schedule)
            optimizer.set_clocks({parameter: clocks[clock, step]})
