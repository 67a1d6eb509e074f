"""What a device is good at: its description, measured tables, predicted times, and the tuner that makes the tables."""

from __future__ import annotations

from .caps import DeviceCaps
from .loading import Loaded, builtin_table, load_table
from .model import Prediction, predict
from .records import Cell, Provenance, TunerRecord
from .table import TunerTable, WasmTunerTable

__all__ = [
    "Cell",
    "DeviceCaps",
    "Loaded",
    "Prediction",
    "Provenance",
    "TunerRecord",
    "TunerTable",
    "WasmTunerTable",
    "builtin_table",
    "load_table",
    "predict",
]
