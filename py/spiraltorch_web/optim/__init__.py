"""Optimisers and learning-rate schedules, with PyTorch's names and formulas."""

from __future__ import annotations

from typing import Any

from . import lr_scheduler
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "RiemannianAdam",
    "RiemannianSGD",
    "lr_scheduler",
]


def __getattr__(name: str) -> Any:
    if name not in ("RiemannianAdam", "RiemannianSGD"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import riemannian  # few programs have parameters in a ball

    return getattr(riemannian, name)
