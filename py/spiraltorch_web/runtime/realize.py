"""From lazy tensors to values: the one place where graphs, programs and devices meet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from ..device.base import Device
from ..dtypes import DType
from ..errors import ArgumentError, DeviceError, DeviceLostError, OutOfMemoryError, TraceError
from ..ir.graph import Graph, canonical
from ..ir.node import Node, Shape, buffer, toposort
from ..ir.ops import Op
from .session import Session, session
from .storage import Placeholder, Storage

MOST_ENTRIES = 2**31 - 1  # kernels count entries in 32 bits


def upload(data: Any, shape: Shape, dtype: DType) -> Node:
    """A leaf that holds ``data``: bytes in the dtype's device form (bool as u32), padded here to 4 bytes."""
    device = session().device
    view = memoryview(data).cast("B")
    storage = Storage(device, view.nbytes)
    if view.nbytes % 4:
        view = memoryview(bytes(view) + b"\0" * (-view.nbytes % 4))
    if view.nbytes:
        device.write(storage.handle, view)
    return buffer(storage, shape, dtype)


def realize(*tensors: Any) -> None:
    """Compute tensors, and those assigned in place that still wait, in one run per device."""
    current = session()
    if current.tracing is not None:
        raise TraceError("a tensor's value was asked for inside a compiled step, which only records work")
    candidates = {id(tensor): tensor for tensor in (*tensors, *current.pending.values())}
    current.pending.clear()
    groups: dict[int, list[Any]] = {}
    for tensor in candidates.values():
        if tensor._node.buffer is None:
            groups.setdefault(id(device_below(tensor._node, current)), []).append(tensor)
    for wanted in groups.values():
        compute_nodes(tensor._node for tensor in wanted)
        for tensor in wanted:
            _settle(tensor)


def device_below(node: Node, current: Session) -> Device:
    """The device of the first computed value that a node depends on, else the session's."""
    todo, seen = [node], {node}
    while todo:
        top = todo.pop()
        if isinstance(top.buffer, Storage):
            return top.buffer.device
        for src in top.srcs:
            if src not in seen:
                seen.add(src)
                todo.append(src)
    return current.device


def compute_nodes(nodes: Iterable[Node]) -> None:
    """Give every node a buffer with its values."""
    todo = []
    for node in dict.fromkeys(nodes):
        if node.op is Op.CONST and node.attrs[0] == 0:
            node.buffer = Storage(session().device, node.nbytes, zeroed=True)
        elif node.buffer is None:
            todo.append(node)
    if not todo:
        return
    graph, storages, key = canonical(todo)
    device = device_of(storages, session())
    try:
        results = _run(device, graph, storages, key, todo)
    except OutOfMemoryError:
        if not session().programs(device).clear():
            raise
        results = _run(device, graph, storages, key, todo)
    # Only now: after a refused allocation or a lost device no node may seem to be computed.
    for node, target in zip(todo, graph.targets, strict=True):
        node.buffer = results[target]


def _run(
    device: Device, graph: Graph, storages: Sequence[Storage], key: Hashable, nodes: Sequence[Node]
) -> dict[int, Storage]:
    """The buffers of the graph's targets, in which a queued run puts the values of ``nodes``."""
    number = load(device, graph, key)
    results = {target: Storage(device, node.nbytes) for node, target in zip(nodes, graph.targets, strict=True)}
    fresh = [results[slot].handle for slot in range(len(storages), graph.num_slots)]
    device.submit(number, [*(storage.handle for storage in storages), *fresh])
    return results


def load(device: Device, graph: Graph, key: Hashable) -> int:
    """The loaded program for a graph: from the cache, else compiled now."""
    programs = session().programs(device)
    number = programs.find(key)
    if number is None:
        lowered = lower(device, graph)
        number = device.load(lowered)
        programs.keep(key, number, lowered.temporary_bytes if device.lowering == "wgsl" else 0)
    return number


def lower(device: Device, graph: Graph) -> Any:
    """What the device's `load` takes. Raises OutOfMemoryError for what no device could hold."""
    _check_sizes(graph)
    if device.lowering == "graph":
        return graph
    from ..compiler.build import build_program  # only devices that take WGSL need the compiler

    return build_program(graph, device.caps)


def _check_sizes(graph: Graph) -> None:
    for node in toposort(graph.outputs):
        if node.size > MOST_ENTRIES:
            raise OutOfMemoryError(
                f"a tensor of shape {node.shape} and dtype {node.dtype.name} has {node.size:,} entries "
                f"({node.nbytes:,} bytes); at most {MOST_ENTRIES:,} are possible, also in the middle of a computation"
            )


def device_of(storages: Iterable[object], current: Session) -> Device:
    """The one device that holds the storages, or the session's."""
    devices = {}
    for storage in storages:
        if isinstance(storage, Placeholder):
            raise TraceError(
                "a tensor made inside a compiled step was used outside it; return it from the step to use its value"
            )
        devices[id(storage.device)] = storage.device
    lost = next((device for device in devices.values() if device.lost), None)
    if len(devices) > 1 and lost is not None:
        raise DeviceLostError(
            f"a tensor's values went with the GPU device that was lost ({lost.lost}); st.recover() restores what a "
            "st.Checkpoint keeps, everything else has to be made again"
        )
    if len(devices) > 1:
        names = " and ".join(sorted(device.info.name for device in devices.values()))
        raise DeviceError(f"tensors live on {names}; move them to one device with .to(device)")
    return next(iter(devices.values())) if devices else current.device


def _settle(tensor: Any) -> None:
    # A result that a gradient may still flow through keeps its graph; everything else becomes a leaf.
    node = tensor._node
    if tensor.is_leaf or not tensor.requires_grad:
        node.settle(node.buffer)


def is_lost(tensor: Any) -> bool:
    """Whether a tensor's values went with a device that is lost."""
    storage = tensor._node.buffer
    return storage is not None and bool(storage.device.lost)


def read_values(tensors: Sequence[Any]) -> list[memoryview]:
    """The bytes of several tensors in device form, in one round trip. Raises ArgumentError when an alarm sounds."""
    realize(*tensors)
    device, requests = _requests(tensors)
    alarms = _alarms(device) if requests else []
    return _heard(device, alarms, device.read([*requests, *_offences(alarms)])) if requests else []


async def read_values_async(tensors: Sequence[Any]) -> list[memoryview]:
    """As `read_values`, without blocking the event loop."""
    realize(*tensors)
    device, requests = _requests(tensors)
    alarms = _alarms(device) if requests else []
    return _heard(device, alarms, await device.read_async([*requests, *_offences(alarms)])) if requests else []


def _requests(tensors: Sequence[Any]) -> tuple[Device, list[tuple[int, int]]]:
    storages = [tensor._node.buffer for tensor in tensors]
    device = device_of(storages, session())
    return device, [(storage.handle, tensor._node.nbytes) for storage, tensor in zip(storages, tensors, strict=True)]


# --- alarms, see `spiraltorch_web.tensor.alarms` ----------------------------------------------------------------


def _alarms(device: Device) -> list[Any]:
    """The alarms on a device. Eager ones are forgotten once they were read; recorded steps keep theirs."""
    current = session()
    found = [alarm for (owner, *_), alarm in list(current.alarms.items()) if owner is device]
    for key in [key for key in current.unread if key[0] is device]:
        del current.unread[key]
    return found


def _offences(alarms: Sequence[Any]) -> list[tuple[int, int]]:
    return [(alarm._node.buffer.handle, 4) for alarm in alarms]


def _heard(device: Device, alarms: Sequence[Any], read: list[memoryview]) -> list[memoryview]:
    """What was read before the alarms' numbers. Raises ArgumentError for the first alarm that sounds."""
    asked = len(read) - len(alarms)
    messages = []
    for alarm, view in zip(alarms, read[asked:], strict=True):
        message = alarm.judge(memoryview(view).cast("B").cast("f")[0])
        if message is not None:
            messages.append(message + alarm.place)
            device.write(alarm._node.buffer.handle, bytes(4))
    if messages:
        raise ArgumentError(messages[0])
    return read[:asked]
