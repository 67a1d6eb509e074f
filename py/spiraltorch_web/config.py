"""Settings that come from the environment. The only module that reads ``os.environ``."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ArgumentError

DEVICE_NAMES = ("auto", "webgpu", "webgpu:software", "cpu")
_SWITCHES = {"1": True, "on": True, "true": True, "yes": True, "0": False, "off": False, "false": False, "no": False}


@dataclass(frozen=True)
class Settings:
    """What a user can set from outside.

    ``device`` (SPIRALTORCH_DEVICE) is one of `DEVICE_NAMES`. ``unchecked`` (SPIRALTORCH_UNCHECKED) lets kernels whose
    indices the compiler has proven run without the bounds checks that the WGSL compiler would add, where the driver
    layer offers that.
    """

    device: str = "auto"
    unchecked: bool = True


@dataclass(frozen=True)
class RoundtableSettings:
    """What steers the decisions about launches, and where the files of that lie (None: only in memory).

    ``soft`` (SPIRAL_HEUR_SOFT) lets soft rules speak; ``program`` (SPIRAL_HEUR_K) is the user's SpiralK;
    ``table_weight`` (SPIRAL_HEUR_GEN_WEIGHT) is what the tuner table's score gets; ``measure`` (SPIRAL_MEASURE) has
    contested launches timed. ``heur_file`` (SPIRAL_HEUR_FILE) holds what was learnt, ``log_file`` (SPIRAL_LOG_FILE) the
    transcript; both lie in ``~/.spiraltorch`` otherwise. ``redis_url`` (REDIS_URL) is where machines share hints.
    """

    soft: bool = True
    program: str = ""
    table_weight: float = 0.10
    measure: bool = False
    heur_file: Path | None = None
    log_file: Path | None = None
    redis_url: str = ""


def roundtable_settings(environment: Mapping[str, str] | None = None) -> RoundtableSettings:
    """The settings of this process, or of the given variables. Raises ArgumentError for values that do not fit."""
    variables = os.environ if environment is None else environment
    return RoundtableSettings(
        soft=_switch(variables, "SPIRAL_HEUR_SOFT", default=True),
        program=variables.get("SPIRAL_HEUR_K", ""),
        table_weight=_weight(variables, "SPIRAL_HEUR_GEN_WEIGHT", default=0.10),
        measure=_switch(variables, "SPIRAL_MEASURE", default=False),
        heur_file=_path(variables, "SPIRAL_HEUR_FILE", "heur.kdsl"),
        log_file=_path(variables, "SPIRAL_LOG_FILE", "roundtable.log"),
        redis_url=variables.get("REDIS_URL", ""),
    )


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process, or of the given variables. Raises ArgumentError for values that do not fit."""
    variables = os.environ if environment is None else environment
    return Settings(
        device=device_name(variables.get("SPIRALTORCH_DEVICE", "auto") or "auto", "SPIRALTORCH_DEVICE"),
        unchecked=_switch(variables, "SPIRALTORCH_UNCHECKED", default=True),
    )


def device_name(value: str, source: str = "device") -> str:
    """``value`` as one of `DEVICE_NAMES`."""
    name = value.strip().lower()
    if name not in DEVICE_NAMES:
        raise ArgumentError(f"{source} is {value!r}; the devices are {', '.join(DEVICE_NAMES)}")
    return name


def _switch(variables: Mapping[str, str], name: str, default: bool) -> bool:
    value = variables.get(name, "").strip().lower()
    if not value:
        return default
    if value not in _SWITCHES:
        raise ArgumentError(f"{name} is {value!r}; set it to 1 or 0")
    return _SWITCHES[value]


def _weight(variables: Mapping[str, str], name: str, default: float) -> float:
    text = variables.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentError(f"{name} is {text!r}; set it to a number such as {default}")
    return value


def _path(variables: Mapping[str, str], name: str, default: str) -> Path | None:
    """The file that a variable names, else one in the user's folder; None where there is no home."""
    try:
        return Path(variables.get(name, "") or f"~/.spiraltorch/{default}").expanduser()
    except RuntimeError:
        return None


def tuner_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """Where tables measured on this machine lie: SPIRAL_TUNER_TABLES, else ``~/.spiraltorch/tuner_tables``."""
    return _path(os.environ if environment is None else environment, "SPIRAL_TUNER_TABLES", "tuner_tables")
