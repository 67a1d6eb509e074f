"""Finding the executor in a page and opening the browser's GPU with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import js
from pyodide.code import run_js
from pyodide.ffi import JsException, can_run_sync, run_sync, to_js

from ..errors import NoDeviceError
from ..ir.caps import Caps, most_rounds_of
from .base import DeviceInfo
from .browser import BrowserDevice, translated

# Says why an adapter was chosen, given whether it is a software one.
Reason = Callable[[bool], str]
# Each file after those that it imports.
MODULES = (
    "faults.js",
    "adapter.js",
    "pace.js",
    "painting.js",
    "pipelines.js",
    "probe.js",
    "reader.js",
    "recording.js",
    "submits.js",
    "timing.js",
    "executor.js",
)
NO_JSPI = (
    "this browser cannot wait inside Python (it lacks JSPI), so the GPU has to be opened with "
    "`await open_device_async()`; Chrome and Edge 137, Firefox 153 and Safari 27 need no await"
)


def open_browser(wish: str, reason: Reason) -> BrowserDevice:
    """A device on the browser's GPU; ``wish`` is "auto", "webgpu" or "webgpu:software". Raises NoDeviceError."""
    registered = getattr(js, "spiraltorchExecutor", None)
    executor = registered.take(wish) if registered is not None else None
    if not executor:
        if not can_run_sync():
            raise NoDeviceError(NO_JSPI)
        return run_sync(open_browser_async(wish, reason))
    return _device(executor, reason)


async def open_browser_async(wish: str, reason: Reason) -> BrowserDevice:
    """As `open_browser`, for browsers without JSPI."""
    registered = getattr(js, "spiraltorchExecutor", None)
    if registered is None:
        await _import_own_copy()
        registered = js.spiraltorchExecutor
    try:
        executor = await registered.open(wish)
    except JsException as error:
        raise translated(error) from None
    return _device(executor, reason)


async def _import_own_copy() -> None:
    """Import the wheel's copy of the executor, through addresses made from its text.

    Modules at such addresses cannot name each other by relative paths, so the names are replaced by addresses.
    """
    folder = files(__package__) / "web"
    addresses: dict[str, str] = {}
    for name in MODULES:
        text = (folder / name).read_text(encoding="utf-8")
        for other, address in addresses.items():
            text = text.replace(f'"./{other}"', f'"{address}"')
        blob = js.Blob.new(to_js([text]), type="text/javascript")
        addresses[name] = js.URL.createObjectURL(blob)
    # import() is syntax, not a function that Python could call.
    await run_js("(address) => import(address)")(addresses["executor.js"])


def _device(executor: Any, reason: Reason) -> BrowserDevice:
    facts = json.loads(executor.describe())
    limits, features = facts["limits"], tuple(facts["features"])
    caps = Caps(
        max_storage_buffers=limits["maxStorageBuffersPerShaderStage"],
        max_workgroup_size=limits["maxComputeInvocationsPerWorkgroup"],
        max_workgroup_bytes=limits["maxComputeWorkgroupStorageSize"],
        max_groups=limits["maxComputeWorkgroupsPerDimension"],
        max_binding_bytes=limits["maxStorageBufferBindingSize"] & ~255,
        max_buffer_bytes=limits["maxBufferSize"] & ~255,
        subgroup_size=facts["subgroupSize"],
        float16="shader-f16" in features,
        software=facts["software"],
        most_rounds=most_rounds_of(facts["description"]),
    )
    described = (facts["description"], f"{facts['vendor']} {facts['model'] or facts['architecture']}".strip())
    info = DeviceInfo(
        name="webgpu",
        adapter=next(filter(None, described), "unnamed adapter"),
        backend="browser",
        driver=str(js.navigator.userAgent),
        vendor=facts["vendor"],
        architecture=facts["architecture"],
        features=features,
        limits=tuple(limits.items()),
        caps=caps,
        reason=reason(facts["software"]),
    )
    return BrowserDevice(executor, info)
