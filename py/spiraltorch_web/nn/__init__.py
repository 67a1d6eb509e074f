"""Layers, containers and losses, with PyTorch's names, keys and weight layouts."""

from importlib import import_module
from types import MappingProxyType
from typing import Any

from . import functional, init, utils
from .activation import ELU, GELU, LeakyReLU, LogSoftmax, ReLU, Relu, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .attention import MultiheadAttention
from .containers import ModuleDict, ModuleList, Sequential
from .conv import Conv1d, Conv2d, ConvTranspose2d
from .dropout import Dropout
from .embedding import Embedding
from .linear import Flatten, Identity, Linear, Unflatten
from .losses import (
    BCEWithLogitsLoss,
    CrossEntropy,
    CrossEntropyLoss,
    HuberLoss,
    HyperbolicCrossEntropy,
    L1Loss,
    Loss,
    MeanSquaredError,
    MSELoss,
    NLLLoss,
)
from .module import Module
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from .parameter import Parameter
from .pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d

# Name -> module of what few models need and loads the text encoder: imported at first use.
_LAZY = MappingProxyType(
    {
        "GRUCell": "recurrent",
        "HyperbolicLinear": "hyperbolic",
        "HyperbolicMLR": "hyperbolic",
        "PoincareEmbedding": "hyperbolic",
        "ToposResonator": "resonator",
        "WaveGate": "wave",
        "WaveRnn": "recurrent",
        "ZSpaceMixer": "resonator",
        "ZSpaceProjector": "wave",
    }
)

__all__ = [
    *_LAZY,
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropy",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "HuberLoss",
    "HyperbolicCrossEntropy",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "MaxPool2d",
    "MeanSquaredError",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiheadAttention",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Relu",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "Unflatten",
    "functional",
    "init",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
