"""Pictures made by a fragment shader from tensors that lie on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..device.base import Device
from ..dtypes import uint32
from ..ir.node import Node, buffer
from .realize import device_of, realize
from .session import session
from .storage import Storage

ROW_PIXELS = 64  # rows are copied from a texture into a buffer in multiples of 256 bytes, as WebGPU prescribes


@dataclass(frozen=True)
class Scene:
    """What a painter needs to paint once: its name on the device, its uniforms and its buffers with their bytes."""

    device: Device
    painter: object
    uniforms: bytes
    inputs: tuple[tuple[int, int], ...]


def scene(source: str, entry: str, uniforms: bytes, tensors: Sequence[Any]) -> Scene | None:
    """The scene of a WGSL module (see `Device.load_painter`; ``uniforms`` at binding 0, tensors from 1 on).

    Computes the tensors. None where they lie on a device without shaders.
    """
    realize(*tensors)
    storages = [tensor._node.buffer for tensor in tensors]
    device = device_of(storages, session())
    if device.lowering != "wgsl":
        return None
    inputs = tuple((storage.handle, tensor._node.nbytes) for storage, tensor in zip(storages, tensors, strict=True))
    return Scene(device, device.load_painter(source, entry), uniforms, inputs)


def paint(shown: Scene, width: int, height: int) -> Node:
    """Queue the picture: u32[height, n], a pixel's red in its lowest byte, n ≥ ``width`` a multiple of 64."""
    columns = -(-width // ROW_PIXELS) * ROW_PIXELS
    target = Storage(shown.device, 4 * columns * height)
    shown.device.paint(shown.painter, shown.uniforms, shown.inputs, (width, height), target.handle)
    return buffer(target, (height, columns), uint32)
