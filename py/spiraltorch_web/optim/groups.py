"""Parameter groups: parameters that share settings, with the learning rate on the device."""

from __future__ import annotations

import math
import struct
from collections import UserDict
from collections.abc import Mapping
from typing import Any

from ..dtypes import float32
from ..errors import ArgumentError, TraceError
from ..runtime.realize import upload
from ..runtime.session import session
from ..tensor import Tensor, wrap

__all__ = ["ParamGroup", "check_range"]


class ParamGroup(UserDict):
    """Settings under PyTorch's keys, such as ``group["lr"] = 0.01``.

    ``rate`` is the learning rate as a 0-d tensor: setting ``"lr"`` writes it, so a compiled step uses the new value at
    once. The other settings are constants of a compiled step; ``version`` counts their changes, and after one the step
    compiles again.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.data.update(settings)
        check_range("lr", self["lr"], at_least=0.0)
        self.rate = _scalar(self["lr"])
        self.version = 0

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "lr":
            check_range("lr", value, at_least=0.0)
            if session().tracing is not None:
                raise TraceError("set the learning rate outside of the compiled step: the step reads it when it runs")
            self.rate.assign_(_scalar(value))
        elif key == "params" or self.data.get(key) != value:
            self.version += 1
        super().__setitem__(key, value)


def check_range(name: str, value: object, at_least: float = -math.inf, below: float = math.inf) -> None:
    """Raise ArgumentError unless ``value`` is a number with at_least ≤ value < below."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not at_least <= value < below:
        upper = f" and < {below:g}" if below < math.inf else ""
        raise ArgumentError(f"{name} has to be a finite number ≥ {at_least:g}{upper}, got {value!r}")


def _scalar(value: float) -> Tensor:
    # Uploaded, not a constant of the graph: a constant would compile a program for every new value.
    return wrap(upload(struct.pack("<f", value), (), float32))
