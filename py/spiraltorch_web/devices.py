"""The device that work goes to: choosing it and asking about it."""

from __future__ import annotations

from .device.base import DeviceInfo
from .runtime.session import session


def set_device(name: str) -> DeviceInfo:
    """Send all further work to a device: "auto", "webgpu", "webgpu:software" or "cpu".

    Tensors that exist stay where they are; ``tensor.to(name)`` brings them along. Raises NoDeviceError when the
    device is not there. Without a call, SPIRALTORCH_DEVICE decides.
    """
    from .device.select import open_device  # backends are only loaded when a device is opened

    device = open_device(name)
    session().use_device(device)
    return device.info


async def set_device_async(name: str) -> DeviceInfo:
    """As `set_device`, for browsers where Python cannot wait for the GPU."""
    from .device.select import open_device_async

    device = await open_device_async(name)
    session().use_device(device)
    return device.info


def device_info() -> DeviceInfo:
    """Adapter, driver, features and limits of the current device, and why it was chosen."""
    return session().device.info


def synchronize() -> None:
    """Wait until the device has done all queued work."""
    session().device.synchronize()


def memory() -> dict[str, int]:
    """Bytes and counts on the current device: ``allocated``, ``pooled``, ``buffers``, ``programs``."""
    return session().device.memory()
