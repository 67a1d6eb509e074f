"""Choosing a device by name, and saying why it was chosen.

=================== ==============================================================================================
``auto``            a hardware GPU through WebGPU, else the CPU, which is announced on stderr with the reason
``webgpu``          a hardware GPU, else a software adapter; `info.reason` says which
``webgpu:software`` a software adapter, for tests
``cpu``             NumPy
=================== ==============================================================================================
"""

from __future__ import annotations

import sys
from functools import partial
from importlib.util import find_spec

from ..config import Settings, device_name, settings
from ..errors import NoDeviceError
from ..hosted import IN_BROWSER, load_package, load_package_now
from .base import Device


def open_device(name: str | None = None, chosen: Settings | None = None) -> Device:
    """Open a device; None means SPIRALTORCH_DEVICE. Raises NoDeviceError with the reason, ArgumentError.

    In a browser without JSPI a GPU can only be opened by `open_device_async`.
    """
    chosen = chosen or settings()
    name = device_name(name) if name is not None else chosen.device
    if name == "cpu":
        return _open_cpu(_reason(name, software=True))
    try:
        return _open_webgpu(name, chosen)
    except NoDeviceError as error:
        if name != "auto":
            raise
        return _fall_back(error)


async def open_device_async(name: str | None = None, chosen: Settings | None = None) -> Device:
    """As `open_device`, for places that cannot wait, such as browsers without JSPI."""
    if not IN_BROWSER:
        return open_device(name, chosen)
    from .browser_open import open_browser_async

    chosen = chosen or settings()
    name = device_name(name) if name is not None else chosen.device
    if name == "cpu":
        await load_package("numpy")
        return _open_cpu(_reason(name, software=True))
    try:
        return await open_browser_async(name, partial(_reason, name))
    except NoDeviceError as error:
        if name != "auto":
            raise
        await load_package("numpy")
        return _fall_back(error)


def _open_cpu(reason: str) -> Device:
    if find_spec("numpy") is None:
        load_package_now("numpy")
    try:
        from .cpu import CpuDevice
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        where = "this page does not host it" if IN_BROWSER else "pip install 'spiraltorch-web[cpu]'"
        raise NoDeviceError(f"the CPU device needs NumPy: {where}") from error
    return CpuDevice(reason)


def _open_webgpu(name: str, chosen: Settings) -> Device:
    if IN_BROWSER:
        from .browser_open import open_browser

        return open_browser(name, partial(_reason, name))
    try:
        from . import native_open
    except ModuleNotFoundError as error:
        if error.name != "wgpu":
            raise
        raise NoDeviceError(
            "WebGPU outside the browser needs the package wgpu: pip install 'spiraltorch-web[native]'"
        ) from error
    adapters = native_open.adapters()
    hardware = [adapter for adapter in adapters if not native_open.is_software(adapter)]
    software = [adapter for adapter in adapters if native_open.is_software(adapter)]
    if name == "webgpu:software":
        candidates = software
    else:
        candidates = hardware + (software if name == "webgpu" else [])
    if not candidates:
        raise NoDeviceError(_no_adapter(name, bool(hardware), bool(software)))
    best = candidates[0]
    reason = _reason(name, native_open.is_software(best))
    return native_open.open_native(best, reason, chosen.unchecked)


def _reason(name: str, software: bool) -> str:
    """Why a device was chosen under ``name``."""
    if name == "auto":
        return "the best hardware adapter"
    asked = f"{name} was asked for"
    return f"{asked} and there is only a software adapter" if name == "webgpu" and software else asked


def _no_adapter(name: str, hardware: bool, software: bool) -> str:
    if name == "webgpu:software":
        have = "only hardware adapters" if hardware else "no adapter"
        return f"no software WebGPU adapter: the system has {have} (on Debian and Ubuntu: mesa-vulkan-drivers)"
    if software:
        return "no hardware GPU was found; SPIRALTORCH_DEVICE=webgpu uses the software adapter that is there"
    return "no GPU with a Vulkan, Metal or Direct3D 12 driver was found"


def _fall_back(why: NoDeviceError) -> Device:
    """The CPU, announced; ``why`` there is no GPU."""
    try:
        device = _open_cpu(f"no WebGPU: {why}")
    except NoDeviceError as error:
        raise NoDeviceError(f"no WebGPU: {why}; {error}") from error
    print(f"spiraltorch: computing on the CPU: {why}", file=sys.stderr)
    return device
