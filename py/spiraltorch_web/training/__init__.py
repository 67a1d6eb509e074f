"""The training loop of the roundtable: `ModuleTrainer`, what it reports, and what may ride along."""

from .metrics import BlackCat, EpochStats, StepMetrics
from .trainer import ModuleTrainer

__all__ = ["BlackCat", "EpochStats", "ModuleTrainer", "StepMetrics"]
