"""The knobs of a `ModuleTrainer`: learning rates of tapes and weights of the roundtable's bands, set between steps.

Both are values on the device that compiled steps read when they run, so nothing is recorded anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ..nn.module import Module
from ..nn.tapes import tapes_of
from ..runtime.realize import is_lost
from ..runtime.session import grad_mode
from ..tensor import Tensor, clamp, tensor
from ..zspace.bands import BandEnergy
from ..zspace.tape import Hypergrad

__all__ = ["TRAINER_KNOBS", "TrainerKnobs"]

BANDS = ("above", "here", "beneath")
NO_CLIP = 3.0e38  # as good as no limit in float32
TRAINER_KNOBS = ("lr_scale", *BANDS, "clip")


class TrainerKnobs:
    """Sets ``lr_scale``, a factor on each tape's own learning rate, the bands' weights, and ``clip``.

    ``clip`` limits the L1 norm of the loss's gradient at the model's output. Bands and clip work in epochs that have
    a schedule.
    """

    def __init__(self) -> None:
        self._tapes: tuple[Hypergrad, ...] = ()
        self._rates: WeakKeyDictionary[Hypergrad, tuple[float, float]] = WeakKeyDictionary()  # its own, and as set
        self._values: tuple[float, ...] = ()
        self._weights: Tensor | None = None

    def attach(self, trainer: Any, model: Module, names: Mapping[str, Any]) -> None:
        """Turn the knobs of this trainer and model from now on, those that are in ``names``."""
        self._tapes = tuple(tape for _, _, tape in tapes_of(model))
        if any(name in names for name in (*BANDS, "clip")):
            if self._weights is None:
                self._weights, self._values = tensor([1.0, 1.0, 1.0, NO_CLIP]), (1.0, 1.0, 1.0, NO_CLIP)
            trainer.set_band_weights(self)

    def apply(self, values: Mapping[str, float]) -> None:
        """Set the knobs; names that are no knobs of a trainer are left alone."""
        if "lr_scale" in values:
            for tape in self._tapes:
                self._scale(tape, values["lr_scale"])
        if self._weights is None:
            return
        wanted = (*(values.get(band, 1.0) for band in BANDS), values.get("clip", NO_CLIP))
        if wanted != self._values or is_lost(self._weights):
            with grad_mode(False):
                self._weights.assign_(tensor(list(wanted)))
            self._values = wanted

    def _scale(self, tape: Hypergrad, factor: float) -> None:
        own, last = self._rates.get(tape, (tape.lr, tape.lr))
        if tape.lr != last:  # somebody else has set it since
            own = tape.lr
        if tape.lr != own * factor:
            tape.lr = own * factor
        self._rates[tape] = own, tape.lr

    def __call__(self, energy: BandEnergy) -> tuple[Tensor, Tensor, Tensor]:
        """The weights of above, here and beneath, read when a compiled step runs; see `set_band_weights`."""
        total = energy.above + energy.here + energy.beneath
        within = clamp(self._weights[3] / clamp(total, min=1e-30), max=1.0)
        return tuple(self._weights[number] * within for number in range(3))
