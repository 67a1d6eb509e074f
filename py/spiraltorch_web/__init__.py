"""SpiralTorch for the web: deep learning in Python, on WebGPU in a browser tab, natively, and on the CPU.

``import spiraltorch_web as st``. Tensor functions are here by name; subpackages such as `st.nn` load when they are
first used, so that a page starts quickly.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

from . import tensor as _tensor
from .autograd import enable_grad, grad, hvp, is_grad_enabled, jvp, no_grad, value_and_grad, vjp
from .devices import device_info, memory, set_device, set_device_async, synchronize
from .dtypes import DType, as_dtype, float16, float32, int32, uint32
from .dtypes import bool_ as bool  # as in PyTorch: st.bool
from .errors import (
    AnomalyError,
    ArgumentError,
    AutogradError,
    ConvergenceError,
    DeviceError,
    DeviceLostError,
    DTypeError,
    FileFormatError,
    KernelError,
    NoDeviceError,
    OutOfMemoryError,
    ShapeError,
    SpiralError,
    SpiralKError,
    TraceError,
)
from .runtime.realize import realize
from .tensor import *  # noqa: F403  the list is tensor.__all__
from .tensor import Tensor
from .version import __version__

# Name -> (module, attribute), or (module, None) for the module itself; imported at first use.
_LAZY = MappingProxyType(
    {
        **{name: (name, None) for name in ("autograd", "data", "functional", "io", "live", "nn", "optim", "random")},
        "fft": ("fft", None),
        "frac": ("frac", None),
        "hypergrad": ("hypergrad", None),
        **{
            name: ("rankk", name)
            for name in (
                *("Choice", "CpuExecutor", "DeviceCaps", "RankKExecutor", "RankKind", "RankPlan", "WebGpuExecutor"),
                *("bottomk", "execute_rank", "midk", "plan_rank", "plan_topk", "topk"),
            )
        },
        "TunerTable": ("tuning", "TunerTable"),
        "WasmTunerTable": ("tuning", "WasmTunerTable"),
        "rankk": ("rankk", None),
        "roundtable": ("roundtable", None),
        "spiralk": ("spiralk", None),
        "Checkpoint": ("checkpoint", "Checkpoint"),
        "ComplexTensor": ("complex", "ComplexTensor"),
        "as_complex": ("complex", "as_complex"),
        "compile": ("compiled", "compile"),
        "detect_anomaly": ("anomaly", "detect_anomaly"),
        "complex64": ("complex", "complex64"),
        "load": ("io", "load"),
        "polar": ("complex", "polar"),
        "progress": ("live", "progress"),
        "recover": ("checkpoint", "recover"),
        "recover_async": ("checkpoint", "recover_async"),
        "save": ("io", "save"),
        "EpochStats": ("training", "EpochStats"),
        "ModuleTrainer": ("training", "ModuleTrainer"),
        "training": ("training", None),
        "blackcat": ("blackcat", None),
        **{name: ("blackcat", name) for name in ("BlackCatRuntime", "ChoiceGroups", "SoftBanditMode", "ZMetaParams")},
        "tuning": ("tuning", None),
        "AmegaHypergrad": ("zspace", "AmegaHypergrad"),
        "FractalCanvas": ("zspace", "FractalCanvas"),
        "FractalPatch": ("zspace", "FractalPatch"),
        "Hypergrad": ("zspace", "Hypergrad"),
        "LanguageWaveEncoder": ("zspace", "LanguageWaveEncoder"),
        "OpenCartesianTopos": ("zspace", "OpenCartesianTopos"),
        "RoundtableConfig": ("zspace", "RoundtableConfig"),
        "UringFractalScheduler": ("zspace", "UringFractalScheduler"),
        "zspace": ("zspace", None),
    }
)

# PyTorch's other names for the same functions, and NumPy's.
absolute = _tensor.abs
clip = _tensor.clamp
concat = concatenate = _tensor.cat
divide = true_divide = _tensor.div
multiply = _tensor.mul
subtract = _tensor.sub
float = float32
half = float16
int = int32

__all__ = [  # fmt: skip
    *_tensor.__all__, *_LAZY,
    "AnomalyError", "ArgumentError", "AutogradError", "ConvergenceError", "DType", "DTypeError", "DeviceError",
    "DeviceLostError", "FileFormatError", "KernelError", "NoDeviceError", "OutOfMemoryError", "ShapeError",
    "SpiralError", "SpiralKError", "TraceError",
    "__version__", "absolute", "as_dtype", "bool", "clip", "concat", "concatenate", "device_info", "divide",
    "enable_grad", "float", "float16", "float32", "grad", "half", "hvp", "int", "int32", "is_grad_enabled", "jvp",
    "memory", "multiply", "no_grad", "realize", "set_device", "set_device_async", "subtract", "synchronize",
    "true_divide", "uint32", "value_and_grad", "vjp",
]  # fmt: skip


def _method(name: str) -> Callable:
    """A method of tensors that is ``st.<name>``, whose module lies above tensors and loads with its first use."""

    def method(x: Tensor, *arguments: Any, **named: Any) -> Any:
        return __getattr__(name)(x, *arguments, **named)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"As ``st.{name}`` with this tensor as its first argument."
    return method


for _name in ("topk", "midk", "bottomk"):
    setattr(Tensor, _name, _method(_name))


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    found = import_module(f".{module}", __name__)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
