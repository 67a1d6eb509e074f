"""`BlackCatRuntime`: choose, apply, measure, learn, step after step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import ArgumentError
from ..rankk import planner
from ..roundtable import Problem
from ..training.metrics import Energy, StepMetrics
from .adoption import Adoption, rule_of
from .bandits import SoftBanditMode, bandit_of, checked_context, upper_bound
from .groups import ChoiceGroups
from .guard import LossGuard, RunningBand
from .reward import Reward, Rewards, RewardWeights
from .trainer_knobs import TRAINER_KNOBS, TrainerKnobs
from .zmeta import ZMeta, ZMetaParams

__all__ = ["BlackCatRuntime", "Chosen"]

NO_PROPOSAL = -1


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a step: an alternative per group and a value per knob; ``proposal`` numbers the latter."""

    context: tuple[float, ...]
    arms: Mapping[str, str]
    knobs: Mapping[str, float]
    proposal: int


class BlackCatRuntime:
    """Chooses before each step of a training and learns from its time, memory and loss.

        runtime = st.BlackCatRuntime(st.ZMetaParams(), st.ChoiceGroups({"tile": ["128", "256"]}), 8,
                                     st.SoftBanditMode.TS, None)
        trainer = st.ModuleTrainer(None, -1.0, 0.05, 0.01).with_blackcat(runtime)

    A bandit of each group chooses an alternative by the ``feat_dim`` features of the context (8 for a trainer), and
    `ZMeta` proposes values for the knobs. A trainer's knobs, ``lr_scale``, ``above``, ``here``, ``beneath`` and
    ``clip``, are set by the runtime itself (see `TrainerKnobs`); everything that is chosen also goes to ``apply``, a
    function of a dict, which has to do whatever else a choice means. A trainer compiles its step once for each
    combination of alternatives, so that ``apply`` may change what the model does.

    Groups named ``merge`` or after a field of a Rank-K `Choice`, with values of it, steer launches by themselves: what
    selects or transforms between `choose` and `release` is planned with what was chosen, where the device can run it.

    The update of a step shows in the loss of the next one, so its reward (see `RewardWeights`) is known only then.
    Rewards look one step ahead: what pays off later is not seen. After a step that failed or let the loss run away,
    the knobs go back to where they started until the loss is as usual.

    With ``heur_path`` or ``problem``, alternatives that beat the others beyond doubt become soft rules; see
    `Adoption`.
    """

    def __init__(
        self,
        zmeta: ZMetaParams = ZMetaParams(),  # noqa: B008  it is frozen
        groups: ChoiceGroups = ChoiceGroups(),  # noqa: B008  it is frozen
        feat_dim: int = 8,
        mode: SoftBanditMode = SoftBanditMode.TS,
        heur_path: str | Path | None = None,
        *,
        problem: Problem | None = None,
        apply: Callable[[dict[str, Any]], Any] | None = None,
        rewards: RewardWeights = RewardWeights(),  # noqa: B008  it is frozen
        seed: int = 0,
    ) -> None:
        for name, value, kind in (("zmeta", zmeta, ZMetaParams), ("groups", groups, ChoiceGroups)):
            if not isinstance(value, kind):
                raise ArgumentError(f"{name} has to be a {kind.__name__}, got {value!r}")
        if not isinstance(mode, SoftBanditMode):
            raise ArgumentError(f"mode is SoftBanditMode.TS or SoftBanditMode.UCB, got {mode!r}")
        if isinstance(feat_dim, bool) or not isinstance(feat_dim, int) or feat_dim < 1:
            raise ArgumentError(f"feat_dim is a whole number ≥ 1, got {feat_dim!r}")
        if both := sorted(set(groups.groups) & set(zmeta.knobs)):
            raise ArgumentError(f"groups and knobs need different names, both have {', '.join(both)}")
        self.groups, self.feat_dim = groups, feat_dim
        self.search = ZMeta(zmeta, seed)
        self.bandits = {
            name: bandit_of(mode, len(arms), feat_dim, seed + number)
            for number, (name, arms) in enumerate(groups.groups.items(), 1)
        }
        self.adoption = Adoption(heur_path, problem) if heur_path is not None or problem is not None else None
        self.pulls = {name: dict.fromkeys(arms, 0) for name, arms in groups.groups.items()}
        self.energy: Energy | None = None
        self.drift = RunningBand()  # of the bands' shares: the drift band
        self._apply = apply
        self._launches = {
            name: dict(zip(arms, found, strict=True))
            for name, arms in groups.groups.items()
            if all(found := [rule_of(name, arm) for arm in arms])
        }
        self._rewards = Rewards(rewards)
        self._guard = LossGuard()
        self._failed = False
        self._trainer = TrainerKnobs()
        self._chosen: Chosen | None = None  # not yet measured
        self._measured: tuple[Chosen, StepMetrics] | None = None  # its reward waits for the next loss
        self._proposal = 0
        self._told: list[float] = []  # rewards of the proposal so far

    # --- the loop ---------------------------------------------------------------------------------------------------

    def attach(self, trainer: Any, model: Any) -> None:
        """Turn the knobs of a trainer and a model; `ModuleTrainer` calls it when an epoch begins."""
        unknown = [name for name in self.search.params.knobs if name not in TRAINER_KNOBS]
        if unknown and self._apply is None:
            raise ArgumentError(
                f"a trainer has the knobs {', '.join(TRAINER_KNOBS)}, not {', '.join(unknown)}: "
                "give BlackCatRuntime an apply= that sets them"
            )
        self._trainer.attach(trainer, model, self.search.params.knobs)

    def choose(self, context: Sequence[float]) -> dict[str, Any]:
        """Choose for the coming step, and apply it: an alternative per group, a value per knob.

        Raises ArgumentError for a context that is not ``feat_dim`` finite numbers. A choice that was never measured,
        because its step failed, counts against its knobs.
        """
        x = checked_context(context, self.feat_dim)
        if self._chosen is not None:
            self._fail(self._chosen)
            self._chosen = self._measured = None
        arms = {name: self.groups.groups[name][bandit.choose(x)] for name, bandit in self.bandits.items()}
        knobs = self.search.start() if self._failed else self.search.ask()
        proposal = NO_PROPOSAL if self._failed else self._proposal
        self._chosen = Chosen(x, MappingProxyType(arms), MappingProxyType(knobs), proposal)
        self._trainer.apply(knobs)
        if self._launches:
            planner().preferred = dict(fields[arms[name]] for name, fields in self._launches.items())
        choice = {**arms, **knobs}
        if self._apply is not None:
            self._apply(choice)
        return choice

    def release(self) -> None:
        """Let launches be planned as usual again; a trainer calls it once its step is queued."""
        if self._launches:
            planner().preferred = {}

    def post_step(self, metrics: StepMetrics) -> float | None:
        """Take in what the step gave; the reward of the step before, which is learnt from now. None without one.

        Raises ArgumentError, and learns nothing, for metrics that are not finite, and without a choice before it.
        """
        chosen = self._pending("post_step")
        if not isinstance(metrics, StepMetrics):
            raise ArgumentError(f"post_step takes StepMetrics, got {metrics!r}")
        if not all(map(math.isfinite, (metrics.seconds, metrics.loss, metrics.memory, *(metrics.energy or ())))):
            raise ArgumentError(f"the metrics of a step are finite numbers, got {metrics!r}")
        if metrics.energy is not None:
            self.energy = metrics.energy
            self.drift = self.drift.with_value(metrics.energy.drift)
        before, self._measured, self._chosen = self._measured, (chosen, metrics), None
        usual = self._guard.usual.mean
        self._guard.note(metrics.loss)
        self._failed = self._failed and self._guard.away
        if before is None:
            return None
        reward = self._rewards.of(before[1], metrics.loss, usual)
        if self._guard.away:
            self._fail(before[0])
        # A trainer's own knobs change no step's time, which would only be noise to their search.
        only_progress = all(name in TRAINER_KNOBS for name in self.search.params.knobs)
        arms = self._rewards_of_arms(before[0], reward)
        self._learn(before[0], arms, reward.progress if only_progress else reward.total)
        return reward.total

    def update(self, reward: float) -> None:
        """Instead of `post_step`: learn at once that the choice gave this reward, a finite number; more is better.

        For loops that know better what a step was worth. Raises ArgumentError, and learns nothing, for other rewards.
        """
        chosen = self._pending("update")
        if isinstance(reward, bool) or not isinstance(reward, (int, float)) or not math.isfinite(reward):
            raise ArgumentError(f"a reward has to be a finite number, got {reward!r}")
        self._chosen = None
        self._learn(chosen, dict.fromkeys(chosen.arms, float(reward)), float(reward))

    # --- learning ---------------------------------------------------------------------------------------------------

    def _pending(self, caller: str) -> Chosen:
        if self._chosen is None:
            raise ArgumentError(f"{caller} reports on a choice: call choose() first")
        self.release()
        return self._chosen

    def _rewards_of_arms(self, chosen: Chosen, reward: Reward) -> dict[str, float]:
        """What each group's choice gave; without those that only cost, of a step whose time says nothing."""
        costs = self.groups.costs
        judged = {group: reward.speed if group in costs else reward.total for group in chosen.arms}
        return {group: value for group, value in judged.items() if value is not None}

    def _learn(self, chosen: Chosen, rewards: Mapping[str, float], for_knobs: float) -> None:
        for group, reward in rewards.items():
            arm = chosen.arms[group]
            self._count_trial(group, arm, chosen.context, reward)
            self.bandits[group].update(self.groups.groups[group].index(arm), chosen.context, reward)
            self.pulls[group][arm] += 1
        self._tell(for_knobs, chosen.proposal)

    def _count_trial(self, group: str, arm: str, context: Sequence[float], reward: float) -> None:
        if self.adoption is None or not all(self.pulls[group].values()):
            return
        models = zip(self.groups.groups[group], self.bandits[group].models, strict=True)
        others = max(upper_bound(model, context) for name, model in models if name != arm)
        self.adoption.count(group, arm, reward, others)

    def _fail(self, chosen: Chosen) -> None:
        """Give up the knobs' values: the search retreats, and the ones from the start hold for now."""
        self._failed = True
        if chosen.proposal != NO_PROPOSAL:
            self.search.retreat()
            self._next_proposal()

    def _tell(self, reward: float, proposal: int) -> None:
        """Count a reward of a proposal; the mean of ``patience`` of them is what the search is told."""
        if proposal != self._proposal:  # chosen once more before its last reward was known
            return
        self._told.append(reward)
        if len(self._told) == self.search.params.patience:
            self.search.tell(sum(self._told) / len(self._told))
            self._next_proposal()

    def _next_proposal(self) -> None:
        self._told.clear()
        self._proposal += 1
