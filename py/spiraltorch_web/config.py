"""Settings that come from the environment. The only module that reads ``os.environ``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

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
