"""What all optimisers share: parameter groups, state on the device, and the step.

An optimiser is a pure rule: from a parameter, its gradient and its state to their next values. The base class applies
the rule to every parameter and assigns all results together, so that a compiled step sees one elementwise expression
per parameter. All state exists from the constructor on, because the first step may be a compiled one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import ArgumentError
from ..runtime.realize import realize
from ..runtime.session import grad_mode, session
from ..runtime.trace import guarded, outside_trace
from ..tensor import Tensor
from ..zspace.manifolds import Euclidean
from .checkpoint import export_state, import_state
from .clock import Clock, Schedule
from .groups import ParamGroup

__all__ = ["Optimizer"]

State = dict[str, Tensor]


class Optimizer:
    """Base of all optimisers. ``params``: tensors, or dicts with ``"params"`` and settings of their own.

    A subclass hands its settings to this constructor and defines `rule`, and where it needs them `new_state`,
    `schedule` and `check`.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[Mapping[str, Any]], defaults: Mapping[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise ArgumentError("params is one tensor; give a list, such as [w] or model.parameters()")
        entries = list(params)
        if not entries:
            raise ArgumentError("params is empty: there is nothing to optimise")
        self.defaults = dict(defaults)
        self.param_groups: list[ParamGroup] = []
        self.state: dict[Tensor, State] = {}
        self.clocks: dict[Tensor, Clock] = {}
        self.clock_changes = 0  # a compiled step holds on to its clocks: it is recorded anew after a change
        for entry in entries if isinstance(entries[0], Mapping) else [{"params": entries}]:
            self.add_param_group(entry)

    def check(self, group: ParamGroup) -> None:
        """Raise ArgumentError for settings out of range."""

    def new_state(self, group: ParamGroup, parameter: Tensor) -> State:
        """The state of a parameter before its first step."""
        return {}

    def schedule(self, group: ParamGroup) -> Schedule:
        """The scalars that depend on the number of the step."""
        return ()

    # AdamW shrinks the parameters themselves instead of adding λ·p to the gradient.
    decoupled_decay = False

    # Whether `rule` follows the manifold that a parameter declares.
    riemannian = False

    def rule(
        self, group: ParamGroup, parameter: Tensor, gradient: Tensor, state: State, now: tuple[Tensor, ...]
    ) -> tuple[Tensor, State]:
        """The parameter and its state after a step whose scheduled scalars are ``now``."""
        raise NotImplementedError

    @property
    def parameters(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @property
    def lr(self) -> float:
        """The learning rate of the first group; setting it sets that of every group."""
        return self.param_groups[0]["lr"]

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.param_groups:
            group["lr"] = value

    def add_param_group(self, entry: Mapping[str, Any]) -> None:
        """Add parameters: a dict with ``"params"`` and any settings that differ from the defaults."""
        given = entry.get("params", ())
        params = [given] if isinstance(given, Tensor) else list(given)
        unknown = sorted(set(entry) - set(self.defaults) - {"params"})
        if unknown:
            raise ArgumentError(f"{type(self).__name__} has no settings {unknown}; it has {sorted(self.defaults)}")
        for parameter in params:
            self._check_parameter(parameter)
        if len(set(params)) < len(params) or any(parameter in self.state for parameter in params):
            raise ArgumentError("a parameter is listed twice; it belongs to one group, once")
        group = ParamGroup({**self.defaults, **entry, "params": params})
        self.check(group)
        schedule = self.schedule(group)
        with grad_mode(False):
            clock = Clock.at(1, schedule) if schedule else None
            for parameter in params:
                self.state[parameter] = self.new_state(group, parameter)
                if clock is not None:
                    self.clocks[parameter] = clock
        self.param_groups.append(group)

    def set_clocks(self, clocks: Mapping[Tensor, Clock]) -> None:
        """Give parameters other clocks."""
        if any(self.clocks.get(parameter) is not clock for parameter, clock in clocks.items()):
            self.clocks.update(clocks)
            self.clock_changes += 1

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for parameter in self.parameters:
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Update every parameter that has a gradient. ``closure`` computes loss and gradients first."""
        loss = None
        if closure is not None:
            with grad_mode(True):
                loss = closure()
        with grad_mode(False):
            updates: dict[Tensor, Tensor] = {}
            for group in self.param_groups:
                updates.update(self._step_group(group))
            for target, value in updates.items():
                target.assign_(value)
        if updates and session().tracing is None:
            realize(*updates)
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State and settings in PyTorch's form: ``{"state": {number: {…}}, "param_groups": [{…}]}``."""
        return export_state(self)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, here or in PyTorch. On an error nothing has changed."""
        import_state(self, state_dict)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}("]
        for index, group in enumerate(self.param_groups):
            settings = ", ".join(f"{key}={value!r}" for key, value in group.items() if key != "params")
            lines.append(f"  group {index}: {len(group['params'])} parameters, {settings}")
        return "\n".join((*lines, ")"))

    def _step_group(self, group: ParamGroup) -> dict[Tensor, Tensor]:
        """New values for the group's parameters, their state and their clocks."""
        guarded(group, "version")
        ready = [parameter for parameter in group["params"] if parameter.grad is not None]
        updates: dict[Tensor, Tensor] = {}
        parties = self._by_clock(ready)
        guarded(self, "clock_changes")
        for clock, parameters in parties.items():
            now = () if clock is None else clock.now
            for parameter in parameters:
                base, gradient = self._decayed(group, parameter)
                value, state = self.rule(group, base, gradient, self.state[parameter], now)
                updates[parameter] = value
                updates.update((self.state[parameter][name], entry) for name, entry in state.items())
            if clock is not None:
                updates.update(clock.advanced())
        return updates

    def _decayed(self, group: ParamGroup, parameter: Tensor) -> tuple[Tensor, Tensor]:
        """The parameter and its gradient (of the loss to minimise) after weight decay."""
        gradient = -parameter.grad if group["maximize"] else parameter.grad
        decay = group["weight_decay"]
        if not decay:
            return parameter, gradient
        if self.decoupled_decay:
            return parameter * (1.0 - group.rate * decay), gradient
        return parameter, gradient + decay * parameter

    def _by_clock(self, ready: list[Tensor]) -> dict[Clock | None, list[Tensor]]:
        """The parameters by clock. Those that go on while others of their clock wait get a clock of their own."""
        parties: dict[Clock | None, list[Tensor]] = {}
        for parameter in ready:
            parties.setdefault(self.clocks.get(parameter), []).append(parameter)
        for clock, parameters in list(parties.items()):
            if clock is not None and len(parameters) < sum(other is clock for other in self.clocks.values()):
                with outside_trace():  # the new clock outlives a step that is being recorded
                    own = clock.copy()
                self.set_clocks(dict.fromkeys(parameters, own))
                parties[own] = parties.pop(clock)
        return parties

    def _check_parameter(self, parameter: object) -> None:
        if not isinstance(parameter, Tensor):
            raise ArgumentError(f"params holds a {type(parameter).__name__}; an optimiser takes tensors")
        if not parameter.is_leaf:
            raise ArgumentError("params holds a computed tensor; an optimiser takes parameters and other leaf tensors")
        if not parameter.dtype.is_floating_point:
            raise ArgumentError(f"params holds a tensor of dtype {parameter.dtype.name}; only floats can be optimised")
        manifold = getattr(parameter, "manifold", Euclidean())
        if not self.riemannian and not isinstance(manifold, Euclidean):
            raise ArgumentError(
                f"params holds points of {manifold}, which {type(self).__name__} would move as in flat space; "
                "use optim.RiemannianSGD or optim.RiemannianAdam"
            )
