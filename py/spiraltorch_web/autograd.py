"""Derivatives: one walk back through the graph, which builds more graph.

`gradients` works on nodes and is all there is; `backward` leaves its results in ``grad``, and `grad`,
`value_and_grad`, `vjp`, `jvp` and `hvp` are functions of functions. Because a derivative is a graph like any other,
they can be nested.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from .errors import ArgumentError, AutogradError, ShapeError
from .ir import algebra as al
from .ir.derivatives import VJP
from .ir.node import Node, cast, const, toposort
from .ir.ops import Op
from .kernels.table import ROUTINES
from .runtime.session import grad_mode, session
from .runtime.trace import use
from .tensor.core import Tensor


class _Ends:
    """Where walks stop: leaves that want gradients, and detached values."""

    def __contains__(self, node: Node) -> bool:
        return node.op is Op.DETACH or _leaf(node) is not None


def _leaf(node: Node) -> Tensor | None:
    """The leaf tensor whose value this node is."""
    reference = session().leaf_of.get(node)
    tensor = reference() if reference is not None else None
    return tensor if tensor is not None and tensor.is_leaf else None


def gradients(outputs: Sequence[Node], cotangents: Sequence[Node], inputs: Sequence[Node]) -> list[Node | None]:
    """For each input the cotangent that the outputs' cotangents give it; None where no output depends on it."""
    ends = _Ends()
    order = toposort(outputs, ends)
    wanted = set(inputs)
    relevant = set()
    passable = []
    for node in order:
        passes = bool(node.srcs) and node not in ends and any(src in relevant for src in node.srcs)
        if passes:
            passable.append(node)
        if passes or node in wanted:
            relevant.add(node)
    total: dict[Node, Node] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        _accumulate(total, output, cotangent)
    calls = _joint_calls(passable)
    for node in reversed(passable):
        if node in calls:
            parts = calls[node].backward(node, total)
        elif node in total:
            parts = _vjp(node, total[node])
        else:
            continue
        for src, part in zip(node.srcs, parts, strict=False):
            if part is not None and src in relevant:
                _accumulate(total, src, part)
        if node not in wanted:
            total.pop(node, None)
    return [total.get(node) if node in relevant else None for node in inputs]


class _JointCall:
    """A call of a routine whose outputs are walked together: when its first one is reached, all are complete."""

    def __init__(self, first: Node) -> None:
        self._first = first
        self._cotangents: dict[int, Node] = {}

    def backward(self, node: Node, total: dict[Node, Node]) -> tuple[Node | None, ...]:
        """Note the node's cotangent; at the last of the walk, the cotangents of the operands."""
        if node in total:
            _accumulate(self._cotangents, node.attrs[2], total[node])
        if node is not self._first or not self._cotangents:
            return ()
        return ROUTINES[node.attrs[0]].joint(node, self._cotangents)


def _joint_calls(passable: Sequence[Node]) -> dict[Node, _JointCall]:
    """For each output of a routine with a joint derivative its call; ``passable`` has operands first."""
    calls: dict[tuple, _JointCall] = {}
    return {
        node: calls.setdefault((node.attrs[:2], node.srcs), _JointCall(node))
        for node in passable
        if node.op is Op.ROUTINE and ROUTINES[node.attrs[0]].joint is not None
    }


def _accumulate(total: dict, place: Hashable, cotangent: Node) -> None:
    before = total.get(place)
    total[place] = cotangent if before is None else al.add(before, cotangent)


def _vjp(node: Node, cotangent: Node) -> tuple[Node | None, ...]:
    if node.op is Op.ROUTINE:
        name = node.attrs[0]
        derivative = ROUTINES[name].derivative
        if derivative is None:
            raise AutogradError(f"{name} has no derivative")
        return derivative(node, cotangent)
    rule = VJP.get(node.op)
    return rule(node, cotangent) if rule is not None else (None,) * len(node.srcs)


# --- backward ---------------------------------------------------------------------------------------------------


def backward(
    output: Tensor, gradient: Tensor | None = None, create_graph: bool = False, inputs: Iterable[Tensor] | None = None
) -> None:
    """Add the derivative of ``output`` to ``grad`` of ``inputs``, or of every leaf that it depends on."""
    if not output.requires_grad:
        raise AutogradError(
            "backward: this tensor does not depend on any tensor with requires_grad=True (what a compiled step returns "
            "has no history: call backward inside the step)"
        )
    node = use(output)
    seed = _seed("backward", output, gradient)
    if inputs is None:
        ends = toposort((node,), _Ends())
        leaves = [leaf for leaf in map(_leaf, ends) if leaf is not None]
    else:
        leaves = list(inputs)
    found = gradients([node], [seed], [use(leaf) for leaf in leaves])
    reached = [(leaf, result) for leaf, result in zip(leaves, found, strict=True) if result is not None]
    with grad_mode(create_graph and session().grad_enabled):
        added = [_add_gradient(leaf, result, create_graph) for leaf, result in reached]
    if session().watcher is not None:
        session().watcher.note_gradients(added)


def _add_gradient(leaf: Tensor, node: Node, create_graph: bool) -> Tensor:
    found = _result(node, create_graph)
    if leaf.grad is None:
        leaf.grad = found
    else:
        leaf.grad.assign_(leaf.grad + found)
    return leaf.grad


def _seed(name: str, output: Tensor, gradient: Tensor | None) -> Node:
    """The cotangent that a walk starts with."""
    if gradient is None:
        if output._node.size != 1:
            raise AutogradError(
                f"{name}: an output of shape {tuple(output.shape)} needs a gradient of that shape; only numbers do not"
            )
        return const(1, output.dtype, output._node.shape)
    node = use(gradient)
    if node.shape != output._node.shape:
        raise ShapeError(f"{name}: the gradient {node.shape} does not have the output's shape {tuple(output.shape)}")
    return cast(node, output.dtype)


def _result(node: Node, tracked: bool) -> Tensor:
    result = Tensor.__new__(Tensor)
    keep = tracked and session().grad_enabled
    result._setup(node if keep else al.detach(node), keep, not keep)
    return result


# --- functions of functions -------------------------------------------------------------------------------------


def _variable(value: Tensor) -> Tensor:
    """A stand-in for an argument: its own node, so that derivatives can be taken there, and through it further out."""
    if not isinstance(value, Tensor) or value.dtype.kind != "f":
        raise ArgumentError(f"derivatives are taken with respect to float tensors, got {_kind(value)}")
    stand_in = Tensor.__new__(Tensor)
    stand_in._setup(al.identity(use(value)), True, False)
    session().leaf_of[stand_in._node] = weakref.ref(stand_in)
    return stand_in


def _kind(value: Any) -> str:
    return f"a tensor of {value.dtype.name}" if isinstance(value, Tensor) else type(value).__name__


def _nested(node: Node, own: Sequence[Node]) -> bool:
    """Whether a derivative of ``node`` may still be asked for: it depends on a leaf or an outer argument."""
    leaves = session().leaf_of
    for other in toposort((node,), _Detached()):
        reference = leaves.get(other)
        if reference is not None and reference() is not None and other not in own:
            return True
    return False


class _Detached:
    """Walks that look for dependence stop at detached values."""

    def __contains__(self, node: Node) -> bool:
        return node.op is Op.DETACH


def _finished(found: Sequence[Node | None], variables: Sequence[Tensor]) -> tuple[Tensor, ...]:
    own = [variable._node for variable in variables]
    nodes = [al.filled(node, 0) if part is None else part for part, node in zip(found, own, strict=True)]
    return tuple(_result(node, _nested(node, own)) for node in nodes)


def _called(name: str, function: Callable, arguments: Sequence[Any], has_aux: bool = False) -> tuple[Tensor, Any]:
    """The function's output and what it returns beside it."""
    with grad_mode(True):
        output = function(*arguments)
    aux = None
    if has_aux:
        output, aux = output
    if not isinstance(output, Tensor) or output.dtype.kind != "f":
        raise AutogradError(f"{name}: the function must return a float tensor, got {_kind(output)}")
    return output, aux


def value_and_grad(function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable:
    """A function that returns (value, gradient) of ``function``, which returns a tensor with one entry.

    ``argnums`` says which positional arguments the gradient is for: an int gives one tensor, a sequence a tuple. With
    ``has_aux`` the function returns (value, anything), and so does the result: ((value, anything), gradient).
    """
    single = isinstance(argnums, int)
    places = (argnums,) if single else tuple(argnums)

    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        variables = [_variable(arguments[place]) for place in places]
        full = list(arguments)
        for place, variable in zip(places, variables, strict=True):
            full[place] = variable
        call = functools.partial(function, **options)
        output, aux = _called("value_and_grad", call, full, has_aux)
        found = gradients([use(output)], [_seed("value_and_grad", output, None)], [v._node for v in variables])
        results = _finished(found, variables)
        (value,) = _values([output], variables)
        return ((value, aux) if has_aux else value), (results[0] if single else results)

    return wrapper


def _values(outputs: Sequence[Tensor], variables: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The outputs, without history where it only leads to stand-ins."""
    own = [variable._node for variable in variables]
    return tuple(_result(use(output), _nested(use(output), own)) for output in outputs)


def grad(function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable:
    """A function that returns the gradient of ``function``; see `value_and_grad`. With ``has_aux``, (gradient, aux)."""
    both = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        value, result = both(*arguments, **options)
        return (result, value[1]) if has_aux else result

    return wrapper


def vjp(function: Callable, *primals: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
    """(function(*primals), pull): ``pull(v)`` gives vᵀJ for each primal."""
    variables = [_variable(primal) for primal in primals]
    output, _ = _called("vjp", function, variables)

    def pull(cotangent: Tensor) -> tuple[Tensor, ...]:
        seed = _seed("vjp", output, cotangent)
        found = gradients([use(output)], [seed], [variable._node for variable in variables])
        return _finished(found, variables)

    return _values([output], variables)[0], pull


def jvp(function: Callable, primals: Sequence[Tensor], tangents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(function(*primals), J · tangents): the derivative in one direction.

    The cotangents vᵀJ are linear in v, so the derivative of ⟨vᵀJ, tangents⟩ with respect to v is J · tangents.
    """
    variables = [_variable(primal) for primal in primals]
    output, _ = _called("jvp", function, variables)
    probe = al.identity(const(0, output.dtype, output._node.shape))
    own = [variable._node for variable in variables]
    pulled = gradients([use(output)], [probe], own)
    directions = [_seed("jvp", variable, tangent) for variable, tangent in zip(variables, tangents, strict=True)]
    pairs = [(part, direction) for part, direction in zip(pulled, directions, strict=True) if part is not None]
    (tangent,) = gradients([part for part, _ in pairs], [direction for _, direction in pairs], [probe])
    node = al.filled(probe, 0) if tangent is None else tangent
    return _values([output], variables)[0], _result(node, _nested(node, own))


def hvp(function: Callable, primals: Sequence[Tensor], tangents: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """(function(*primals), H · tangents): the product of the Hessian, which is never formed, with a direction."""
    variables = [_variable(primal) for primal in primals]
    output, _ = _called("hvp", function, variables)
    own = [variable._node for variable in variables]
    slopes = gradients([use(output)], [_seed("hvp", output, None)], own)
    directions = [_seed("hvp", variable, tangent) for variable, tangent in zip(variables, tangents, strict=True)]
    pairs = [(slope, direction) for slope, direction in zip(slopes, directions, strict=True) if slope is not None]
    found = gradients([slope for slope, _ in pairs], [direction for _, direction in pairs], own)
    return _values([output], variables)[0], _finished(found, variables)


def no_grad() -> Any:
    """In the body, operations keep no history."""
    return grad_mode(False)


def enable_grad() -> Any:
    """In the body, operations keep history, also inside `no_grad`."""
    return grad_mode(True)


def is_grad_enabled() -> bool:
    """Whether operations keep history now."""
    return session().grad_enabled
