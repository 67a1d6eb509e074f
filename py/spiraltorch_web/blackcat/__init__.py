"""BlackCat: a runtime that rides along with training, chooses before each step and learns from what the step gave.

`BlackCatRuntime` closes the loop: contextual bandits (`ThompsonSampling`, `LinUCB`) choose among named alternatives
(`ChoiceGroups`), the evolution strategy `ZMeta` moves continuous knobs (`ZMetaParams`), rewards come from the time, the
memory and the loss of a step (`RewardWeights`), and alternatives that win beyond doubt become rules of heur.kdsl.
"""

from .adoption import Adoption
from .bandits import LinearBandit, LinUCB, SoftBanditMode, ThompsonSampling
from .groups import ChoiceGroups
from .guard import RunningBand
from .linear import BayesianLinear
from .reward import RewardWeights
from .runtime import BlackCatRuntime, Chosen
from .zmeta import Knob, ZMeta, ZMetaParams

__all__ = [
    "Adoption",
    "BayesianLinear",
    "BlackCatRuntime",
    "ChoiceGroups",
    "Chosen",
    "Knob",
    "LinUCB",
    "LinearBandit",
    "RewardWeights",
    "RunningBand",
    "SoftBanditMode",
    "ThompsonSampling",
    "ZMeta",
    "ZMetaParams",
]
