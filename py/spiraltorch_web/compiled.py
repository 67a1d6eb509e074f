"""`compile`: record a step once, then replay it as one program.

The first call with new shapes runs the Python function on placeholders. What it does to tensors (forward, backward,
optimiser update) becomes one program that later calls submit as it is; Python code in the function runs only while
recording. Tensors from outside that the step changes are updated in place on the device.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar, overload

from .complex import ComplexTensor
from .device.base import Device
from .dtypes import DType
from .errors import ArgumentError, DeviceLostError, TraceError
from .ir.graph import Graph, canonical
from .ir.node import Node, Shape, buffer
from .ir.ops import Op
from .runtime.realize import compute_nodes, device_of, lower, realize
from .runtime.session import session
from .runtime.storage import Placeholder, Storage
from .runtime.trace import Trace, tracing
from .tensor.core import Tensor, wrap

P = ParamSpec("P")
R = TypeVar("R")

SIGNATURES_KEPT = 64  # shapes and plain arguments
GUARDED_KEPT = 4  # recordings of one signature, such as a module in training and in evaluation mode


@dataclass(frozen=True)
class Source:
    """Where a leaf slot finds its storage at each call: an argument, a captured tensor or a constant."""

    kind: str  # "argument", "captured" or "constant"
    value: Any  # argument number, Tensor, or Storage
    overwritten: bool


@dataclass(frozen=True)
class Recording:
    """One recorded step."""

    device: Device
    number: int
    sources: tuple[Source, ...]
    results: tuple[tuple[Shape, DType, int], ...]  # of each new output: shape, dtype, bytes
    layout: Any  # the returned structure, with `Result`s for tensors
    guards: tuple[tuple[Any, str, object], ...]
    graph: Graph

    def current(self) -> bool:
        """Whether the plain values that were read while recording are still the same."""
        return all(
            owner() is not None and getattr(owner(), attribute) == value for owner, attribute, value in self.guards
        )


@dataclass(frozen=True)
class Result:
    """Stands for the n-th returned tensor."""

    number: int


class Compiled(Generic[P, R]):
    """A function that is recorded once per shape and replayed. Made by `compile`."""

    def __init__(self, function: Callable[P, R]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._recordings: dict[Hashable, list[_Bound]] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if session().tracing is not None:
            return self._function(*args, **kwargs)  # a step inside a step is part of it
        watcher = session().watcher
        if watcher is None:
            return self._call(self._function, False, args, kwargs)
        returned, verdict = self._call(watcher.watched(self._function), True, args, kwargs)
        watcher.note(getattr(self, "__name__", "a compiled function"), verdict)
        return returned

    def _call(self, function: Callable, watched: bool, args: tuple, kwargs: dict) -> Any:
        """Replay ``function``, recorded first where that is due; a watched one has recordings of its own."""
        tensors: list[Tensor] = []
        signature = (watched, _flatten((args, kwargs), tensors))
        for bound in self._recordings.get(signature, ()):
            if bound.recording.current():
                break
        else:
            bound = self._record(function, signature, args, kwargs, tensors)
        try:
            return _replay(bound, tensors)
        except _Moved:
            self._forget(bound.recording.device)
        except DeviceLostError:
            self._forget(bound.recording.device)
            if session().device.lost:
                raise
        return _replay(self._record(function, signature, args, kwargs, tensors), tensors)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def _record(
        self, function: Callable, signature: Hashable, args: tuple, kwargs: dict, tensors: Sequence[Tensor]
    ) -> _Bound:
        bound = _Bound(record(function, args, kwargs, tensors))
        bound.refresh()
        kept = self._recordings.setdefault(signature, [])
        kept[:] = [bound, *(other for other in kept if other.recording.current())][:GUARDED_KEPT]
        if len(self._recordings) > SIGNATURES_KEPT:
            del self._recordings[next(iter(self._recordings))]
        return bound

    def _forget(self, device: Device) -> None:
        """Drop what was recorded for a device that is lost or that the tensors have left."""
        for kept in self._recordings.values():
            kept[:] = [bound for bound in kept if bound.recording.device is not device]

    def programs(self) -> list[Any]:
        """What was recorded so far, for reading: a WGSL `Program` each, or the graph on the CPU."""
        recordings = [bound.recording for group in self._recordings.values() for bound in group]
        return [lower(recording.device, recording.graph) for recording in recordings]


@overload
def compile(function: Callable[P, R]) -> Compiled[P, R]: ...
@overload
def compile() -> Callable[[Callable[P, R]], Compiled[P, R]]: ...


def compile(function: Callable[P, R] | None = None) -> Any:
    """Record a function of tensors once per shape and replay it as one fused program.

    Use it as a decorator. Arguments may be tensors, plain values, and lists, tuples and dicts of those; another
    shape, dtype or plain value is recorded anew. The function must not read values (``item()``, ``print`` of a
    tensor): return tensors and read those. Prints and other side effects happen only while recording. Gradients that
    exist only inside the step are gone after it.

    Raises TraceError when the function does something that cannot be replayed.
    """
    if function is None:
        return Compiled
    if not callable(function):
        raise ArgumentError(f"compile needs a function, got {type(function).__name__}")
    return Compiled(function)


def record(function: Callable, args: tuple, kwargs: dict, tensors: Sequence[Tensor]) -> Recording:
    """Run a function on placeholders and compile what it did."""
    arguments = [_placeholder(i, tensor) for i, tensor in enumerate(tensors)]
    leaves = [argument._node for argument in arguments]
    supply = iter(arguments)
    args, kwargs = _map((args, kwargs), lambda leaf: next(supply) if isinstance(leaf, Tensor) else leaf)
    with tracing() as trace:
        try:
            returned = function(*args, **kwargs)
            results: list[Tensor] = []
            layout = _map(returned, lambda leaf: _result(leaf, results))
            nodes = [_node_of(result, trace) for result in results]
            updates = [(tensor, trace.captured[tensor], tensor._node) for tensor in trace.assigned]
        finally:
            for tensor in trace.assigned:
                tensor._node = trace.captured[tensor]
            for tensor in (*trace.captured, *arguments):
                if tensor.grad is not None and tensor.grad._epoch >= trace.epoch:
                    tensor.grad = None
    changed = [(i, leaf, argument._node) for i, (leaf, argument) in enumerate(zip(leaves, arguments, strict=True))]
    changed = [(i, leaf, node) for i, leaf, node in changed if node is not leaf]
    outputs = [*(node for _, _, node in updates), *(node for _, _, node in changed), *nodes]
    assigned = [*(old.buffer for _, old, _ in updates), *(leaf.buffer for _, leaf, _ in changed)]
    graph, storages, _ = canonical(outputs, assigned)
    device = device_of([_storage(storage, tensors) for storage in storages], session())
    captured = {node.buffer: tensor for tensor, node in trace.captured.items()}
    overwritten = set(graph.targets)
    return Recording(
        device=device,
        number=device.load(lower(device, graph)),
        sources=tuple(_source(storage, captured, slot in overwritten) for slot, storage in enumerate(storages)),
        results=tuple((node.shape, node.dtype, node.nbytes) for node in nodes),
        layout=layout,
        guards=tuple(trace.guards),
        graph=graph,
    )


def _storage(storage: object, arguments: Sequence[Tensor]) -> object:
    """What a slot stands for: an argument's storage (its value is computed first if it was still lazy) or itself."""
    if not isinstance(storage, Placeholder):
        return storage
    argument = arguments[storage.index]
    realize(argument)
    return argument._node.buffer


def _placeholder(index: int, tensor: Tensor) -> Tensor:
    argument = Tensor.__new__(Tensor)
    argument._setup(buffer(Placeholder(index), tensor._node.shape, tensor.dtype), tensor.requires_grad, True)
    if tensor.requires_grad:  # the node is this leaf's alone, so it needs no copy as `requires_grad_` would make
        session().leaf_of[argument._node] = weakref.ref(argument)
    return argument


def _result(leaf: Any, results: list[Tensor]) -> Any:
    if not isinstance(leaf, Tensor):
        return leaf
    results.append(leaf)
    return Result(len(results) - 1)


def _node_of(tensor: Tensor, trace: Trace) -> Node:
    return trace.capture(tensor) if tensor._epoch < trace.epoch else tensor._node


def _source(storage: Any, captured: dict[object, Tensor], overwritten: bool) -> Source:
    if isinstance(storage, Placeholder):
        return Source("argument", storage.index, overwritten)
    if storage in captured:
        return Source("captured", captured[storage], overwritten)
    return Source("constant", storage, overwritten)


class _Moved(Exception):
    """A tensor lives on another device than the one that its step was recorded for."""


class _Bound:
    """The handles of a recording, looked up once and checked at each call.

    ``pinned`` has a row per captured tensor: the tensor, its storage when it was looked up, and how many references to
    its node leave it alone (for tensors that are only read, any number). Not the node: a reference of ours would be
    one more for the other recordings that share the tensor, and each would take it for somebody who wants a copy.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.handles: list[int] = []
        self.pinned: list[tuple[Tensor, Storage, int]] = []
        self.arguments = [
            (slot, source.value, source.overwritten)
            for slot, source in enumerate(recording.sources)
            if source.kind == "argument"
        ]
        self.results = [nbytes for _, _, nbytes in recording.results]

    def __del__(self) -> None:
        self.recording.device.unload(self.recording.number)

    def refresh(self) -> None:
        """Look all captured tensors up again, and copy values that are shared with another tensor or a graph."""
        self.handles, self.pinned = [], []
        for source in self.recording.sources:
            if source.kind == "captured":
                tensor = source.value
                self.handles.append(_handle(tensor, source.overwritten, self.recording.device))
                alone = _ALONE_IN_ROW if source.overwritten else sys.maxsize
                self.pinned.append((tensor, tensor._node.buffer, alone))
            else:
                self.handles.append(source.value.handle if source.kind == "constant" else 0)

    def current(self, arguments: Sequence[Tensor]) -> list[int]:
        """The handle of every slot that the program reads or updates."""
        if _stale(self.pinned):
            self.refresh()
        handles, device = self.handles.copy(), self.recording.device
        for slot, number, overwritten in self.arguments:
            handles[slot] = _handle(arguments[number], overwritten, device)
        return handles


def _stale(pinned: Sequence[tuple[Any, object, int]]) -> bool:
    """Whether a tensor has another storage than it had, or shares a node that will be overwritten."""
    for tensor, storage, alone in pinned:
        node = tensor._node
        if node.buffer is not storage or sys.getrefcount(node) > alone:
            return True
    return False


def _handle(tensor: Tensor, overwritten: bool, device: Device) -> int:
    """The handle of a tensor's storage; one that will be overwritten is made the tensor's own first."""
    if tensor._node.buffer is None:
        realize(tensor)
    if overwritten and sys.getrefcount(tensor._node) > _ALONE:
        _own(tensor)
    storage = tensor._node.buffer
    if storage.device is not device:
        raise _Moved
    return storage.handle


def _replay(bound: _Bound, arguments: Sequence[Tensor]) -> Any:
    recording = bound.recording
    device = recording.device
    handles = bound.current(arguments)
    storages = [Storage(device, nbytes) for nbytes in bound.results]
    for storage in storages:
        handles.append(storage.handle)
    device.submit(recording.number, handles)
    if isinstance(recording.layout, Result):
        return _wrap(storages[0], recording.results[0])
    results = [_wrap(storage, result) for storage, result in zip(storages, recording.results, strict=True)]
    return _map(recording.layout, lambda leaf: results[leaf.number] if isinstance(leaf, Result) else leaf)


def _wrap(storage: Storage, result: tuple[Shape, DType, int]) -> Tensor:
    return wrap(buffer(storage, result[0], result[1]))


def _own(tensor: Tensor) -> None:
    """Give a tensor a copy of its values, so that overwriting it changes nobody else's."""
    old = tensor._node
    copy = Node(Op.DETACH, (old,), (), old.shape, old.dtype)
    compute_nodes([copy])
    copy.settle(copy.buffer)
    tensor._node = copy
    if tensor.requires_grad:
        session().leaf_of[copy] = weakref.ref(tensor)


def _flatten(value: Any, tensors: list[Tensor]) -> Hashable:
    """A key for the structure of the arguments; tensors are collected in order."""
    if isinstance(value, Tensor):
        tensors.append(value)
        node = value._node
        return ("tensor", node.shape, node.dtype.name, value.requires_grad)
    if isinstance(value, ComplexTensor):
        return ("complex", _flatten(value.real, tensors), _flatten(value.imag, tensors))
    if isinstance(value, tuple | list):
        return (type(value).__name__, *[_flatten(item, tensors) for item in value])
    if isinstance(value, dict):
        return ("dict", *[(name, _flatten(item, tensors)) for name, item in value.items()])
    try:
        hash(value)
    except TypeError:
        raise TraceError(
            "a compiled step takes tensors, plain values and lists, tuples or dicts of those; "
            f"got {type(value).__name__}"
        ) from None
    return (type(value).__name__, value)


def _map(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same structure with every leaf changed."""
    if isinstance(value, tuple):
        items = [_map(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, ComplexTensor):
        return ComplexTensor.of(_map(value.real, change), _map(value.imag, change))
    if isinstance(value, list):
        return [_map(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _map(item, change) for name, item in value.items()}
    return change(value)


class _Probe:
    """Stands for a tensor or its node when measuring what `sys.getrefcount` says of an unshared one: versions vary."""

    __slots__ = ("_node", "buffer")

    def __init__(self, node: _Probe | None = None) -> None:
        self._node, self.buffer = node, None


def _references_of_one() -> int:
    probe = _Probe(_Probe())
    return sys.getrefcount(probe._node)


def _references_in_row() -> int:
    probe = _Probe(_Probe())
    return next(count for count in range(1, 10) if not _stale([(probe, None, count)]))


_ALONE = _references_of_one()
_ALONE_IN_ROW = _references_in_row()
