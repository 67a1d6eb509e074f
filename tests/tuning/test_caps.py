"""Descriptions of devices: constructors, setters, helpers, and what real devices say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from spiraltorch_web.device.base import DeviceInfo
from spiraltorch_web.errors import ArgumentError
from spiraltorch_web.ir.caps import Caps
from spiraltorch_web.tuning import DeviceCaps
from tests.support.sessions import opened

lanes = some.sampled_from([1, 4, 8, 16, 32, 64, 128])
limits = some.sampled_from([16, 32, 64, 256, 1024])


def test_the_seeds_constructor_describes_a_webgpu_device():
    caps = DeviceCaps.wgpu(32, True, 256)
    assert (caps.lane, caps.subgroups, caps.subgroup_size, caps.max_workgroup) == (32, True, 32, 256)
    assert caps.shared_mem == 16384 and not caps.software
    assert caps.to_caps() == Caps(subgroup_size=32)


def test_other_constructors_describe_their_backends():
    classes = [make().device_class for make in (DeviceCaps.cuda, DeviceCaps.hip, DeviceCaps.mps, DeviceCaps.cpu)]
    assert classes == ["cuda-sg32-48k-1024", "hip-sg64-64k-1024", "mps-sg32-32k-1024", "cpu-sg0-16k-256"]


def test_setters_change_one_thing_and_leave_the_rest():
    caps = DeviceCaps.cuda()
    assert caps.with_subgroup(False).subgroup_size == 1 and caps.with_subgroup(False).lane == 32
    assert caps.with_subgroup(False).with_subgroup(True) == caps
    assert caps.with_subgroup(64).limits.subgroup_size == 64
    assert caps.with_max_workgroup(128).max_workgroup == 128
    assert caps.with_shared_mem(1 << 16).shared_mem == 1 << 16
    changed = caps.with_max_workgroup(128).with_shared_mem(1 << 14).device_class
    assert changed == "cuda-sg32-16k-128" and caps.device_class == "cuda-sg32-48k-1024"


@pytest.mark.parametrize(
    "make", [lambda: DeviceCaps.wgpu(24), lambda: DeviceCaps.wgpu(0), lambda: DeviceCaps.wgpu(32, True, 0)]
)
def test_devices_that_cannot_be_are_refused(make):
    with pytest.raises(ArgumentError, match="got"):
        make()


@given(lanes, some.booleans(), limits, some.integers(-5, 5000))
def test_aligned_workgroups_are_whole_subgroups_within_the_limit(lane, subgroups, most, requested):
    caps = DeviceCaps.wgpu(lane, subgroups, most)
    aligned = caps.align_workgroup(requested)
    assert 1 <= aligned <= most
    assert aligned % lane == 0 or most < lane and aligned == most
    assert aligned <= max(requested, lane)
    assert caps.align_workgroup(aligned) == aligned


@given(lanes, some.booleans(), limits, some.integers(-1, 2048))
def test_occupancy_is_between_0_and_one_and_a_quarter(lane, subgroups, most, workgroup):
    caps = DeviceCaps.wgpu(lane, subgroups, most)
    score = caps.occupancy_score(workgroup)
    assert 0 <= score <= 1.25
    assert (score == 0) == (not 1 <= workgroup <= most)
    assert caps.occupancy_score(caps.align_workgroup(min(256, most))) >= score or workgroup < 1


def test_full_workgroups_with_subgroups_score_most():
    assert DeviceCaps.cuda().occupancy_score(256) == 1.25
    assert DeviceCaps.cuda().with_subgroup(False).occupancy_score(256) == 1.0
    assert DeviceCaps.cuda().occupancy_score(33) < DeviceCaps.cuda().occupancy_score(64)


@given(lanes, limits, some.integers(1, 1 << 30), some.sampled_from([0, 1 << 12, 1 << 14, 48 << 10]))
def test_tiles_are_powers_of_two_that_fit(lane, most, cols, shared):
    caps = DeviceCaps.wgpu(lane, True, most).with_shared_mem(shared)
    tile, compaction = caps.preferred_tile(cols), caps.preferred_compaction_tile(cols)
    assert tile & (tile - 1) == 0 and 64 <= tile <= 65536
    assert tile == 64 or 8 * tile <= shared and tile < 2 * cols
    assert compaction == (tile // 2 if tile >= 1024 else tile)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (("webgpu", "NVIDIA H100 80GB HBM3", "Vulkan", "NVIDIA", ""), "vulkan-nvidia-h100-80gb-hbm3-sg32-48k-1024"),
        (("webgpu", "llvmpipe (LLVM 15.0.6, 256 bits)", "Vulkan", "llvmpipe", ""), "vulkan-llvmpipe-sg32-48k-1024"),
        (("webgpu", "google swiftshader", "browser", "google", "swiftshader"),
         "browser-google-swiftshader-sg32-48k-1024"),
        (("cpu", "NumPy 2.4.6", "NumPy", "", ""), "cpu-sg32-48k-1024"),
    ],
)  # fmt: skip
def test_classes_name_backend_vendor_architecture_and_limits(info, expected):
    name, adapter, backend, vendor, architecture = info
    limits = Caps(subgroup_size=32, max_workgroup_bytes=48 << 10, max_workgroup_size=1024)
    described = DeviceInfo(name, adapter, backend, "a driver", vendor, architecture, caps=limits)
    assert DeviceCaps.of(described).device_class == expected


@pytest.mark.parametrize("name", ["cpu", "webgpu:software"])
def test_probing_reads_the_real_device(name):
    caps = DeviceCaps.probe(name)
    assert caps.to_caps() == opened(name).caps
    assert DeviceCaps.of(opened(name).info) == caps
    assert caps.software and caps.device_class.startswith(caps.backend)
