"""Tensors on another device."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..ir.node import buffer
from ..runtime.realize import read_values
from ..runtime.session import session
from ..runtime.storage import Storage
from .core import Tensor, wrap


def move(x: Tensor, device: Any) -> Tensor:
    """x on the session's device, which ``device`` names; values on another one are read and written there.

    One device is current at a time (`st.set_device`); this is the way for tensors made before a change.
    """
    current = session().device
    name = device if isinstance(device, str) else getattr(getattr(device, "info", None), "name", None)
    if name is None or name.split(":")[0] not in (current.info.name, "auto"):
        raise ArgumentError(
            f"the current device is {current.info.name}: st.set_device comes before .to({name or device!r})"
        )
    owner = getattr(x._node.buffer, "device", current)
    if owner is current:
        return x
    values = read_values([x])[0]
    storage = Storage(current, values.nbytes)
    if values.nbytes:
        current.write(storage.handle, bytes(values) + b"\0" * (-values.nbytes % 4))
    return wrap(buffer(storage, x._node.shape, x.dtype))
