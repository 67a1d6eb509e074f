"""A small program whose exact result is known, to see whether a device computes."""

from __future__ import annotations

from array import array
from typing import Any

from ..dtypes import float32
from ..errors import DeviceError
from ..ir.graph import Graph
from ..ir.node import Node, const, elementwise, expand, matmul, reduce
from ..ir.ops import Op
from .base import Device

ROWS, INNER, COLUMNS = 5, 64, 7


def self_check(device: Device) -> None:
    """Run a fused matrix product and a row sum; raises DeviceError when a value is wrong.

    All numbers are small integers, so every device has to get them exactly.
    """
    x = [i % 11 - 5 for i in range(ROWS * INNER)]
    w = [i % 7 - 3 for i in range(INNER * COLUMNS)]
    handles = [_upload(device, x), _upload(device, w), device.alloc(ROWS * COLUMNS * 4), device.alloc(ROWS * 4)]
    number = device.load(_lowered(device, _graph()))
    device.submit(number, handles)
    values, sums = (
        view.cast("f").tolist() for view in device.read([(handles[2], ROWS * COLUMNS * 4), (handles[3], ROWS * 4)])
    )
    device.unload(number)
    for handle in handles:
        device.free(handle)
    expected = _expected(x, w)
    _compare("max(x @ w + 1, 0)", values, expected)
    _compare("its row sums", sums, [sum(expected[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS)])


def _graph() -> Graph:
    x, w = (_leaf(slot, shape) for slot, shape in enumerate([(ROWS, INNER), (INNER, COLUMNS)]))
    shape = (ROWS, COLUMNS)
    one, zero = (expand(const(value, float32, (1, 1)), shape) for value in (1.0, 0.0))
    values = elementwise(Op.MAXIMUM, elementwise(Op.ADD, matmul(x, w), one), zero)
    return Graph((x, w), (values, reduce(Op.SUM, values, (1,))), (2, 3))


def _leaf(slot: int, shape: tuple[int, ...]) -> Node:
    return Node(Op.BUFFER, (), (slot,), shape, float32)


def _lowered(device: Device, graph: Graph) -> Any:
    if device.lowering == "graph":
        return graph
    from ..compiler.build import build_program

    return build_program(graph, device.caps)


def _upload(device: Device, values: list[int]) -> int:
    handle = device.alloc(len(values) * 4)
    device.write(handle, array("f", values))
    return handle


def _expected(x: list[int], w: list[int]) -> list[int]:
    return [
        max(sum(x[row * INNER + k] * w[k * COLUMNS + column] for k in range(INNER)) + 1, 0)
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]


def _compare(what: str, found: list[float], expected: list[int]) -> None:
    for index, (value, right) in enumerate(zip(found, expected, strict=True)):
        if value != right:
            raise DeviceError(f"{what} is wrong: entry {index} is {value}, not {right}")
