"""Alarms: conditions on values that the device watches, and that become errors with the next value that is read.

A function that must not read, because work is queued or a compiled step only records it, leaves the largest offence in
a number on the device. Every read of values brings those numbers along, so a check costs no round trip of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from ..device.base import Device
from ..dtypes import float32
from ..errors import located
from ..ir.node import buffer
from ..runtime.realize import device_below
from ..runtime.session import grad_mode, session
from ..runtime.storage import Storage
from ..runtime.trace import outside_trace, use
from .arithmetic import maximum
from .core import Tensor
from .elementwise import to

__all__ = ["watch"]

# From the largest offence so far (0 if there was none, NaN if one was NaN) to the message of an error, or None.
Judge = Callable[[float], str | None]


class Alarm(Tensor):
    """The largest offence so far: float32 0-d. ``place`` says where in the user's code it is watched for."""

    __slots__ = ("judge", "place")


def watch(name: Hashable, offence: Tensor, judge: Judge) -> None:
    """Let the next read raise what ``judge`` says of the largest ``offence`` (0-d, ≥ 0) met here under ``name``."""
    current = session()
    device, place = device_below(use(offence), current), located("")
    key = (device, name, place)
    alarm = current.alarms.get(key)
    if alarm is None:
        alarm = current.alarms[key] = _silent(device, judge, place)
    with grad_mode(False):
        alarm.assign_(maximum(alarm, to(offence.detach(), float32)))
    if current.tracing is None:
        current.unread[key] = alarm


def _silent(device: Device, judge: Judge, place: str) -> Alarm:
    with outside_trace():
        alarm = Alarm.__new__(Alarm)
        alarm._setup(buffer(Storage(device, 4, zeroed=True), (), float32), False, True)
    alarm.judge, alarm.place = judge, place
    return alarm
