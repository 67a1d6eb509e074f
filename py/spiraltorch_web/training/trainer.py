"""`ModuleTrainer`: epochs of compiled steps through hypergrad tapes, with the bands of the roundtable."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError
from ..nn.losses import Loss
from ..nn.module import Module
from ..nn.tapes import attach_tapes, tapes_of
from ..runtime.realize import read_values, read_values_async
from ..tensor import Tensor
from ..zspace.bands import RoundtableConfig, RoundtableSchedule
from ..zspace.topos import OpenCartesianTopos
from .epoch import Epoch
from .metrics import BlackCat, EpochStats
from .steps import Programs, Weigh

__all__ = ["ModuleTrainer"]

PROGRAMS_KEPT = 4  # one entry per model, loss, schedule and weights


class ModuleTrainer:
    """Trains modules by gradient descent through hypergrad tapes.

    ``caps`` describe the device that roundtables plan for; None asks the session's device. Tapes are given
    ``curvature`` and the learning rate ``hyper_lr``; parameters without a tape are stepped by ``fallback_lr``.

        trainer = st.ModuleTrainer(st.DeviceCaps.wgpu(32, True, 256), -1.0, 0.05, 0.01)
        trainer.prepare(model)
        schedule = trainer.roundtable(1, 2, st.RoundtableConfig())
        stats = trainer.train_epoch(model, nn.MeanSquaredError(), dataset, schedule)
    """

    def __init__(
        self, caps: Any = None, curvature: float = -1.0, hyper_lr: float = 0.05, fallback_lr: float = 0.01
    ) -> None:
        OpenCartesianTopos(curvature)  # refuses what is no curvature
        for name, value in (("hyper_lr", hyper_lr), ("fallback_lr", fallback_lr)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise ArgumentError(f"{name} has to be a finite number ≥ 0, got {value!r}")
        self.caps = caps
        self.curvature = curvature
        self.hyper_lr = hyper_lr
        self.fallback_lr = fallback_lr
        self.blackcat: BlackCat | None = None
        self._weigh: Weigh | None = None
        self._programs: OrderedDict[tuple, Programs] = OrderedDict()

    # --- setting up -------------------------------------------------------------------------------------------------

    def prepare(self, model: Module) -> None:
        """Give every parameter that has no tape one."""
        attach_tapes(model, self.curvature, self.hyper_lr, replace=False)

    def prepare_with_topos(self, model: Module, topos: OpenCartesianTopos) -> None:
        """Give every parameter a new tape that is limited by a topos of this trainer's curvature."""
        topos.check_curvature(self.curvature, "the trainer")
        attach_tapes(model, self.curvature, self.hyper_lr, topos)

    def roundtable(
        self,
        rows: int,
        cols: int,
        config: RoundtableConfig = RoundtableConfig(),  # noqa: B008  it is frozen
    ) -> RoundtableSchedule:
        """A schedule for outputs of ``rows`` × ``cols`` entries; see `RoundtableSchedule`."""
        return RoundtableSchedule(rows, cols, config, self.caps)

    def set_band_weights(self, weights: Weigh | Sequence[float] | None) -> None:
        """Scale the bands of the loss's gradient at the model's output, in epochs that have a schedule.

        ``weights`` are three numbers for above, here and beneath, or a function from a step's `BandEnergy`, whose
        entries are 0-d tensors, to three numbers or 0-d tensors; it runs once per compiled step, so anything else it
        depends on is fixed by then. None ends the scaling. With weights of 1 a step is the same as without.
        """
        if weights is None or callable(weights):
            self._weigh = weights
            return
        fixed = tuple(weights)
        if len(fixed) != 3 or not all(isinstance(w, (int, float)) and math.isfinite(w) for w in fixed):
            raise ArgumentError(f"band weights are three finite numbers, for above, here and beneath, got {weights!r}")
        self._weigh = _Fixed(fixed)

    def with_blackcat(self, runtime: BlackCat) -> ModuleTrainer:
        """Let a runtime choose before each step and learn after it; each step is then read. Returns the trainer."""
        for name in ("choose", "post_step"):
            if not callable(getattr(runtime, name, None)):
                raise ArgumentError(f"with_blackcat needs an object with {name}(), got {type(runtime).__name__}")
        self.blackcat = runtime
        return self

    # --- single steps -----------------------------------------------------------------------------------------------

    def step(self, model: Module) -> None:
        """Apply the gradients that `Module.backward` left; see `Module.apply_step`."""
        model.apply_step(self.fallback_lr)

    def zero(self, model: Module) -> None:
        """Forget gradients, also those in tapes."""
        model.zero_grad()
        for _, _, tape in tapes_of(model):
            tape.reset()

    # --- epochs -----------------------------------------------------------------------------------------------------

    def train_epoch(
        self,
        model: Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        dataset: Iterable[Sequence[Any]],
        schedule: RoundtableSchedule | None = None,
    ) -> EpochStats:
        """One step per (x, y) of ``dataset``: a list of pairs, a `DataLoader`, or any iterable of pairs.

        Forward, backward and update are one compiled program per shape. A step whose loss or gradients are not
        finite changes nothing; within a second or at the end of the epoch it becomes an AnomalyError that names its
        batch.
        """
        epoch = self._epoch(model, loss, schedule)
        for pair in dataset:
            epoch.run(pair)
            if epoch.due:
                epoch.take(read_values([epoch.books]))
        epoch.take(read_values([epoch.books]))
        return epoch.stats()

    async def train_epoch_async(
        self,
        model: Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        dataset: Iterable[Sequence[Any]],
        schedule: RoundtableSchedule | None = None,
    ) -> EpochStats:
        """As `train_epoch`, for browsers where Python cannot wait for the GPU."""
        epoch = self._epoch(model, loss, schedule)
        for pair in dataset:
            epoch.run(pair)
            if epoch.due:
                epoch.take(await read_values_async([epoch.books]))
        epoch.take(await read_values_async([epoch.books]))
        return epoch.stats()

    def _epoch(self, model: Module, loss: Callable, schedule: RoundtableSchedule | None) -> Epoch:
        if any(tape.depth for _, _, tape in tapes_of(model)):
            self.step(model)  # what tapes hold already, such as a text, is a step of its own
        if attach := getattr(self.blackcat, "attach", None):
            attach(self, model)
        return Epoch(self.programs(model, loss, schedule), self.blackcat, schedule is not None)

    def programs(self, model: Module, loss: Callable, schedule: RoundtableSchedule | None) -> Programs:
        """The compiled programs of a step; the least recently used ones are dropped."""
        key = (model, _identity(loss), schedule, self._weigh, self.fallback_lr)
        if key not in self._programs:
            self._programs[key] = Programs.of(model, loss, schedule, self._weigh, self.fallback_lr)
        self._programs.move_to_end(key)
        if len(self._programs) > PROGRAMS_KEPT:
            self._programs.popitem(last=False)
        return self._programs[key]

    # --- keeping ----------------------------------------------------------------------------------------------------

    def state_dict(self, model: Module) -> dict[str, Any]:
        """The model's state and that of its tapes: what `st.save` writes to a ``.safetensors`` file."""
        tapes = {path: tape.state_dict() for path, tape in model.hypergrads().items()}
        return {"model": model.state_dict(), "tapes": tapes}

    def load_state_dict(self, model: Module, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, for a model that is prepared alike."""
        tapes = model.hypergrads()
        if set(tapes) != set(state["tapes"]):
            raise ArgumentError(f"the state has tapes for {sorted(state['tapes'])}, the model for {sorted(tapes)}")
        model.load_state_dict(state["model"])
        for path, tape in tapes.items():
            tape.load_state_dict(state["tapes"][path])


def _identity(loss: Callable) -> Any:
    """What two losses have in common that are the same function: ``nn.MSELoss()`` in a loop is recorded once."""
    if not isinstance(loss, Loss) or not all(isinstance(value, (str, int, float)) for value in vars(loss).values()):
        return loss
    return type(loss), tuple(vars(loss).items())


@dataclass(frozen=True)
class _Fixed:
    """Band weights that never change."""

    weights: tuple[float, float, float]

    def __call__(self, energy: object) -> tuple[float, float, float]:
        return self.weights
