"""The base class of layers and models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..errors import ArgumentError
from ..runtime.session import grad_mode
from ..tensor import Tensor
from .parameter import Parameter, detached
from .state import LoadReport, plan_load

__all__ = ["Module"]


class Module:
    """A function with parameters. Define ``forward`` and set parameters and modules as attributes::

        class Net(nn.Module):
            def __init__(self):
                self.hidden = nn.Linear(2, 16)
                self.head = nn.Linear(16, 3)

            def forward(self, x):
                return self.head(self.hidden(x).relu())

    Parameters and modules are found among the attributes, in the order in which they were set; other tensors that
    belong to the state are set by `register_buffer`. A call of ``super().__init__()`` is allowed and not needed.
    """

    training: bool = True
    name: str | None = None
    # Buffer name -> whether it is part of the state dict. Replaced, never changed: the class attribute is shared.
    _buffers: Mapping[str, bool] = MappingProxyType({})
    # Parameter name -> its hypergrad tape. Replaced, never changed, likewise.
    _tapes: Mapping[str, Any] = MappingProxyType({})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself; every module defines its own."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def backward(self, input: Tensor, grad: Tensor) -> Tensor | None:
        """Add the gradients of the parameters for ``grad``, a cotangent of the output; returns that of the input.

        None for an input of integers, which has no gradient.
        """
        if input.dtype.kind != "f":
            self(input).backward(grad)
            return None
        leaf = input.detach().requires_grad_()
        self(leaf).backward(grad)
        return leaf.grad

    def attach_hypergrad(self, curvature: float, lr: float, topos: Any = None) -> None:
        """Give every parameter a `spiraltorch_web.zspace.Hypergrad` tape with this learning rate.

        ArgumentError for a parameter in a ball of another curvature.
        """
        from .tapes import attach_tapes  # tapes bring the text encoder along, which few models need

        attach_tapes(self, curvature, lr, topos)

    def hypergrads(self) -> dict[str, Any]:
        """The tapes by the path of their parameter."""
        from .tapes import tapes_of

        return {path: tape for path, _, tape in tapes_of(self)}

    def apply_step(self, fallback_lr: float = 0.01) -> None:
        """Step every parameter that has a gradient, through its tape or by ``fallback_lr``, and forget the gradients.

        If a gradient holds NaN or infinity or a point lies outside of its ball, nothing changes, and the next value
        that is read raises an ArgumentError which says so.
        """
        from .tapes import apply_step

        apply_step(self, fallback_lr)

    # --- what a module holds ----------------------------------------------------------------------------------------

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Set an attribute that belongs to the state but is not trained; ``persistent``: also to the state dict."""
        setattr(self, name, tensor)
        self._buffers = {**self._buffers, name: persistent}

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Set a parameter under a name that is only known at run time."""
        setattr(self, name, parameter)

    def add_module(self, name: str, module: Module | None) -> None:
        """Set a module under a name that is only known at run time."""
        setattr(self, name, module)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            if isinstance(vars(self).get(name), Parameter):
                raise ArgumentError(
                    f"{type(self).__name__}.{name} is a parameter and cannot become a plain tensor; "
                    f"use nn.Parameter(value), or {name}.copy_(value) under st.no_grad()"
                )
        super().__setattr__(name, value)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules set on this one."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator[Module]:
        for _, module in self.named_children():
            yield module

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This module and all below it, parents first, each by its path."""
        seen: set[Module] = set()

        def walk(path: str, module: Module) -> Iterator[tuple[str, Module]]:
            if remove_duplicate and module in seen:
                return
            seen.add(module)
            yield path, module
            for name, child in module.named_children():
                yield from walk(f"{path}.{name}" if path else name, child)

        return walk(prefix, self)

    def modules(self) -> Iterator[Module]:
        for _, module in self.named_modules():
            yield module

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its path, such as "0.weight"; a shared one once."""
        seen: set[Tensor] = set()
        for path, name, value in self._entries(prefix, recurse):
            if isinstance(value, Parameter) and not (remove_duplicate and value in seen):
                seen.add(value)
                yield f"{path}{name}", value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its path."""
        for path, name, value in self._entries(prefix, recurse):
            if not isinstance(value, Parameter):
                yield f"{path}{name}", value

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _entries(self, prefix: str, recurse: bool, only_persistent: bool = False) -> Iterator[tuple[str, str, Tensor]]:
        """(path of the module with a final dot, name, tensor) of every parameter and buffer, parameters first."""
        modules = self.named_modules(prefix, remove_duplicate=False) if recurse else [(prefix, self)]
        for path, module in modules:
            dotted = f"{path}." if path else ""
            for name, value in vars(module).items():
                if isinstance(value, Parameter):
                    yield dotted, name, value
            for name, persistent in module._buffers.items():
                value = getattr(module, name)
                if value is not None and (persistent or not only_persistent):
                    yield dotted, name, value

    # --- state ------------------------------------------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, Tensor]:
        """Parameters and persistent buffers by path, under PyTorch's keys.

        The tensors are those of now: training goes on without changing them. Parameters in a `zspace.PoincareBall`
        come as parameters that keep it.
        """
        return {f"{path}{name}": detached(value) for path, name, value in self._entries(prefix, True, True)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> LoadReport:
        """Take over values by path: tensors, arrays (also PyTorch's) or nested lists.

        With ``strict``, missing and unexpected keys are errors; shapes always have to fit. One ArgumentError lists all
        that is wrong, and then nothing has changed.
        """
        targets = {f"{path}{name}": value for path, name, value in self._entries("", True, True)}
        values, report = plan_load(type(self).__name__, targets, state_dict, strict)
        with grad_mode(False):
            for name, value in values.items():
                targets[name].copy_(value)
        return report

    def to(self, dtype: Any) -> Module:
        """Convert every float parameter and buffer to another float dtype, in place."""
        for module in self.modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, Parameter) and value.dtype.kind == "f":
                    setattr(module, name, Parameter(value.detach().to(dtype), value.requires_grad, value.manifold))
                elif name in module._buffers and value is not None and value.dtype.kind == "f":
                    setattr(module, name, value.to(dtype))
        return self

    def float(self) -> Module:
        """Convert to float32."""
        return self.to("float32")

    def half(self) -> Module:
        """Convert to float16."""
        return self.to("float16")

    # --- modes ------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Switch all modules to training (dropout drops, batch norm learns), or with False to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switch all modules to evaluation."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the parameters' gradients, or fill them with zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Switch gradients of all parameters on or off."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call ``function`` with every module, children first."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # --- printing ---------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """The settings to show in the repr."""
        return ""

    def __repr__(self) -> str:
        label = type(self).__name__ if self.name is None else f"{type(self).__name__} {self.name!r}"
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        if not children:
            return f"{label}({self.extra_repr()})"
        head = [self.extra_repr()] if self.extra_repr() else []
        return "\n  ".join((f"{label}(", *head, *children)) + "\n)"
