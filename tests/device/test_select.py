"""Choosing a device: names, reasons, announcements. And `doctor`, which shows them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from spiraltorch_web.cli.main import main
from spiraltorch_web.config import Settings, settings
from spiraltorch_web.device import native_open, selfcheck
from spiraltorch_web.device.select import open_device
from spiraltorch_web.errors import ArgumentError, DeviceError, NoDeviceError

SOURCES = Path(__file__).parents[2] / "py"


class Adapter:
    """Stands for an adapter that is only looked at."""

    def __init__(self, kind: str, backend: str = "Vulkan") -> None:
        self.info = {"adapter_type": kind, "backend_type": backend, "device": kind}


@pytest.fixture
def adapters(monkeypatch):
    """``adapters(kinds)`` pretends that the system has these; opening one gives its kind and the reason."""

    def pretend(*kinds: str) -> None:
        present = [Adapter(kind) for kind in kinds]
        monkeypatch.setattr(native_open.wgpu.gpu, "enumerate_adapters_sync", lambda: present)
        monkeypatch.setattr(
            native_open, "open_native", lambda adapter, reason, unchecked: (adapter.info["device"], reason)
        )

    return pretend


def test_hardware_comes_first_and_discrete_before_integrated(adapters):
    adapters("CPU", "IntegratedGPU", "DiscreteGPU")
    assert open_device("webgpu") == ("DiscreteGPU", "webgpu was asked for")
    assert open_device("auto") == ("DiscreteGPU", "the best hardware adapter")
    assert open_device("webgpu:software") == ("CPU", "webgpu:software was asked for")


def test_opengl_adapters_are_not_used(monkeypatch):
    monkeypatch.setattr(native_open.wgpu.gpu, "enumerate_adapters_sync", lambda: [Adapter("DiscreteGPU", "OpenGL")])
    with pytest.raises(NoDeviceError, match="no GPU with a Vulkan, Metal or Direct3D 12 driver"):
        open_device("webgpu")


def test_a_software_adapter_serves_webgpu_but_never_auto(adapters, capsys):
    adapters("CPU")
    assert open_device("webgpu") == ("CPU", "webgpu was asked for and there is only a software adapter")
    device = open_device("auto")
    assert device.info.name == "cpu"
    assert "no hardware GPU was found" in device.info.reason
    announced = capsys.readouterr().err
    assert announced.count("computing on the CPU") == 1
    assert "SPIRALTORCH_DEVICE=webgpu" in announced


def test_without_adapters_the_reason_says_so(adapters):
    adapters()
    with pytest.raises(NoDeviceError, match="no GPU"):
        open_device("webgpu")
    with pytest.raises(NoDeviceError, match="mesa-vulkan-drivers"):
        open_device("webgpu:software")


def test_the_environment_names_the_device(monkeypatch):
    monkeypatch.setenv("SPIRALTORCH_DEVICE", " CPU ")
    assert open_device().info.name == "cpu"


def test_settings_reject_what_they_do_not_know():
    assert settings({}) == Settings("auto", True)
    assert settings({"SPIRALTORCH_DEVICE": "webgpu", "SPIRALTORCH_UNCHECKED": "0"}) == Settings("webgpu", False)
    with pytest.raises(ArgumentError, match="SPIRALTORCH_DEVICE is 'gpu'"):
        settings({"SPIRALTORCH_DEVICE": "gpu"})
    with pytest.raises(ArgumentError, match="SPIRALTORCH_UNCHECKED is 'maybe'"):
        settings({"SPIRALTORCH_UNCHECKED": "maybe"})
    with pytest.raises(ArgumentError, match="device is 'cuda'"):
        open_device("cuda")


@pytest.mark.parametrize("missing, name, extra", [("wgpu", "webgpu", "native"), ("numpy", "cpu", "cpu")])
def test_a_missing_package_names_the_extra(missing, name, extra):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from spiraltorch_web.device.select import open_device\n"
        f"open_device({name!r})"
    )
    environment = {"PYTHONPATH": str(SOURCES), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert "NoDeviceError" in done.stderr
    assert f"spiraltorch-web[{extra}]" in done.stderr


# --- doctor -----------------------------------------------------------------------------------------------------


def test_doctor_finds_the_adapter_and_the_cpu(native, monkeypatch, capsys):
    monkeypatch.setenv("SPIRALTORCH_DEVICE", "webgpu")
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert native.info.adapter in text
    assert "NumPy" in text
    assert text.count("self-check     right") >= 2
    assert "All well." in text


def test_doctor_speaks_json(native, monkeypatch, capsys):
    monkeypatch.setenv("SPIRALTORCH_DEVICE", "webgpu")
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["chosen"]["info"]["adapter"] == native.info.adapter
    assert {"version", "python", "system", "wish", "devices"} <= set(report)


def test_doctor_fails_when_a_device_computes_wrongly(monkeypatch, capsys):
    monkeypatch.setenv("SPIRALTORCH_DEVICE", "cpu")
    monkeypatch.setattr(selfcheck, "_expected", lambda x, w: [0] * (selfcheck.ROWS * selfcheck.COLUMNS))
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "FAILED: max(x @ w + 1, 0) is wrong: entry 0 is" in text
    assert "Something is wrong" in text


def test_the_self_check_runs_on_both_kinds_of_device(native):
    selfcheck.self_check(native)
    selfcheck.self_check(open_device("cpu"))
    assert native.memory()["allocated"] == 0
    with pytest.raises(DeviceError, match="entry 1 is 2.0, not 3"):
        selfcheck._compare("it", [1.0, 2.0], [1, 3])


def test_a_wrong_setting_is_an_error_without_traceback(monkeypatch, capsys):
    monkeypatch.setenv("SPIRALTORCH_DEVICE", "gpu")
    assert main(["doctor"]) == 1
    assert "SPIRALTORCH_DEVICE is 'gpu'" in capsys.readouterr().err
