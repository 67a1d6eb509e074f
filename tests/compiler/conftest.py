"""Programs of hand-built graphs, run natively and compared with the CPU device."""

from __future__ import annotations

import numpy as np
import pytest

from spiraltorch_web.compiler.build import build_program
from spiraltorch_web.device.select import open_device
from spiraltorch_web.dtypes import DType, float32
from spiraltorch_web.ir.graph import canonical
from spiraltorch_web.ir.node import Node, buffer
from tests.support.adapters import note_adapter

FORMATS = {"f": np.float32, "i": np.int32, "u": np.uint32, "b": np.uint32}


class Values:
    """Stands for the storage of a leaf: the values it will hold."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


class Bench:
    """Runs graphs on both devices."""

    def __init__(self, gpu, cpu) -> None:
        self.gpu, self.cpu = gpu, cpu
        self.random = np.random.default_rng(0)

    def leaf(self, *shape: int, dtype: DType = float32) -> Node:
        """Random values: normal floats, integers 0…9."""
        if dtype.kind == "f":
            values = self.random.standard_normal(shape).astype(np.float32)
        else:
            values = self.random.integers(0, 10, shape).astype(FORMATS[dtype.kind])
        return self.holding(values, dtype)

    def holding(self, array: np.ndarray, dtype: DType = float32) -> Node:
        return buffer(Values(np.ascontiguousarray(array)), array.shape, dtype)

    def program(self, outputs, assigned=(), caps=None):
        return build_program(
            canonical(outputs, [node and node.attrs[0] for node in assigned])[0], caps or self.gpu.caps
        )

    def run(self, device, load, graph, storages) -> list[np.ndarray]:
        """The values of all slots after one run."""
        number = device.load(load)
        sizes = {target: node for node, target in zip(graph.outputs, graph.targets, strict=True)}
        sizes |= {slot: leaf for slot, leaf in enumerate(graph.leaves)}
        handles = [device.alloc(max(sizes[slot].nbytes, 4)) for slot in range(graph.num_slots)]
        for handle, storage in zip(handles, storages, strict=False):
            if storage.array.size:
                device.write(handle, storage.array.tobytes())
        device.submit(number, handles)
        read = device.read([(handles[slot], sizes[slot].nbytes) for slot in graph.targets])
        for handle in handles:
            device.free(handle)
        device.unload(number)
        return [
            np.frombuffer(bytes(data), FORMATS[node.dtype.kind]).reshape(node.shape)
            for data, node in zip(read, graph.outputs, strict=True)
        ]

    def check(self, outputs, assigned=(), caps=None, tolerance: float = 2e-6):
        """Run on both devices, compare, and return the GPU's program."""
        graph, storages, _ = canonical(outputs, [node and node.attrs[0] for node in assigned])
        program = build_program(graph, caps or self.gpu.caps)
        got = self.run(self.gpu, program, graph, storages)
        want = self.run(self.cpu, graph, graph, storages)
        for a, b, node in zip(got, want, graph.outputs, strict=True):
            scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0))) if b.size else 1.0
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=f"{node}\n{program}")
        return program


@pytest.fixture(scope="session")
def devices():
    return open_device("webgpu"), open_device("cpu")


@pytest.fixture
def bench(devices, request) -> Bench:
    note_adapter(request.node, devices[0].info.adapter)
    return Bench(*devices)
