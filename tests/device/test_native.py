"""The native WebGPU device: replays, buffers, errors. Runs on any adapter, lavapipe included."""

from __future__ import annotations

import asyncio
import struct
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from spiraltorch_web.device import native_read
from spiraltorch_web.device.native_program import BINDING_SETS, GROUPS_PER_DISPATCH
from spiraltorch_web.errors import DeviceError, DeviceLostError, KernelError, OutOfMemoryError
from spiraltorch_web.ir.program import BufferRef, Dispatch, Kernel, Program
from tests.support.programs import GROUP, affine, affine_program, chain, through_temporary


def floats(count: int, start: int = 0) -> array:
    return array("f", range(start, start + count))


def upload(device, values: array) -> int:
    handle = device.alloc(len(values) * values.itemsize)
    device.write(handle, values)
    return handle


def download(device, handle: int, count: int) -> list[float]:
    return device.read([(handle, count * 4)])[0].cast("f").tolist()


def test_a_program_computes_and_replays(native):
    number = native.load(affine_program(1000))
    source, target = upload(native, floats(1000)), native.alloc(4000)
    native.submit(number, [source, target])
    assert download(native, target, 1000) == [2.0 * i + 1.0 for i in range(1000)]
    native.submit(number, [target, source])
    assert download(native, source, 3) == [3.0, 7.0, 11.0]


def test_dispatches_see_what_earlier_ones_wrote(native):
    number = native.load(chain(14, 64))
    handles = [upload(native, floats(64)), native.alloc(256)]
    native.submit(number, handles)
    assert download(native, handles[0], 64) == [i + sum(range(14)) for i in range(64)]


def test_temporaries_may_start_inside_their_buffer(native):
    number = native.load(through_temporary(100))
    source, target = upload(native, floats(100)), native.alloc(400)
    native.submit(number, [source, target])
    assert download(native, target, 100) == [(i * 2.0 + 1.0) * 3.0 + 1.0 for i in range(100)]


def test_a_grid_in_three_dimensions_covers_every_entry(native):
    entries = 3 * 5 * 7 * GROUP - 11
    number = native.load(affine_program(entries, grid=(3, 5, 7)))
    source, target = upload(native, floats(entries)), native.alloc(entries * 4)
    native.submit(number, [source, target])
    assert download(native, target, entries)[-1] == 2.0 * (entries - 1) + 1.0


def test_float16_where_the_adapter_has_it(native):
    assert native.caps.float16 == ("shader-f16" in native.info.features)
    if not native.caps.float16:
        with pytest.raises(KernelError):
            native.load(Program((affine(2.0, 1.0, "f16"),), (), (), 0))
        return
    nbytes = 14  # seven halves: no multiple of 4
    launch = Dispatch(0, (BufferRef(0, nbytes), BufferRef(1, nbytes)), (1, 1, 1))
    number = native.load(Program((affine(2.0, 1.0, "f16"),), (launch,), (nbytes, nbytes), 2))
    source, target = native.alloc(nbytes), native.alloc(nbytes)
    native.write(source, struct.pack("<8e", *range(8)))
    native.submit(number, [source, target])
    (halves,) = native.read([(target, nbytes)])
    assert struct.unpack("<7e", halves) == (1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0)


def test_subgroup_size_is_measured(native):
    assert native.caps.subgroup_size in (0, 4, 8, 16, 32, 64, 128)
    assert (native.caps.subgroup_size > 0) == ("subgroup" in native.info.features)


def test_trusted_kernels_run_without_checks_and_agree(native):
    kernel = replace(affine(2.0, 1.0), trusted=True)
    program = replace(affine_program(1000), kernels=(kernel,))
    source, target = upload(native, floats(1000)), native.alloc(4000)
    native.submit(native.load(program), [source, target])
    assert download(native, target, 1000) == [2.0 * i + 1.0 for i in range(1000)]


# --- buffers ----------------------------------------------------------------------------------------------------


def test_reused_buffers_read_as_zero(native):
    first = upload(native, floats(64))
    native.synchronize()
    native.free(first)
    again = native.alloc(256)
    assert again == first
    assert download(native, again, 64) == [0.0] * 64


def test_a_partial_write_into_a_reused_buffer_keeps_zeros_elsewhere(native):
    first = upload(native, floats(64, start=1))
    native.free(first)
    again = native.alloc(256)
    native.write(again, floats(2, start=5), offset=8)
    assert download(native, again, 6) == [0.0, 0.0, 5.0, 6.0, 0.0, 0.0]


def test_freed_buffers_stay_valid_for_queued_work(native):
    number = native.load(affine_program(64))
    source, target = upload(native, floats(64)), native.alloc(256)
    native.submit(number, [source, target])
    native.free(source)
    other = upload(native, floats(64, start=1000))
    assert other == source
    assert download(native, target, 2) == [1.0, 3.0]


def test_many_ranges_come_in_one_read(native):
    handles = [upload(native, floats(length, start=length)) for length in (1, 3, 64, 5)]
    views = native.read([(handle, length * 4) for handle, length in zip(handles, (1, 3, 64, 5), strict=True)])
    assert [view.cast("f").tolist() for view in views] == [floats(n, start=n).tolist() for n in (1, 3, 64, 5)]
    assert native.read([]) == []
    assert native.read([(handles[0], 0)])[0].nbytes == 0


def test_long_reads_are_cut_into_rounds(native, monkeypatch):
    monkeypatch.setattr(native_read, "ROUND_BYTES", 64)
    handles = [upload(native, floats(30)), upload(native, floats(5, start=100))]
    first, second = native.read([(handles[0], 120), (handles[1], 20)])
    assert first.cast("f").tolist() == floats(30).tolist()
    assert second.cast("f").tolist() == floats(5, start=100).tolist()


def test_reading_asynchronously_lets_other_tasks_run(native):
    handle = upload(native, floats(64))

    async def both():
        return await asyncio.gather(native.read_async([(handle, 256)]), native.read_async([(handle, 8)]))

    # Playwright's own event loop may be running in this thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        (whole,), (part,) = thread.submit(asyncio.run, both()).result()
    assert whole.cast("f").tolist() == floats(64).tolist()
    assert part.cast("f").tolist() == [0.0, 1.0]


def test_parts_of_a_buffer_larger_than_one_binding(native):
    part = 128 << 20
    if native.caps.max_buffer_bytes < part + 1024:
        pytest.fail(f"the adapter allows only {native.caps.max_buffer_bytes} bytes per buffer")
    kernel = affine(1.0, 3.0)
    launch = Dispatch(0, (BufferRef(0, 256), BufferRef(1, 1024, part)), (4, 1, 1))
    number = native.load(Program((kernel,), (launch,), (256, part + 1024), 2))
    source, target = upload(native, floats(64)), native.alloc(part + 1024)
    native.submit(number, [source, target])
    tail = native.alloc(1024)
    copy = Program((kernel,), (Dispatch(0, (BufferRef(0, 256, part), BufferRef(1, 256)), (1, 1, 1)),), (256, 256), 2)
    native.submit(native.load(copy), [target, tail])
    assert download(native, tail, 64) == [i + 6.0 for i in range(64)]


def test_nothing_grows_over_2000_submits(native):
    number = native.load(chain(3, 64))
    batches = [upload(native, floats(64, start=i)) for i in range(5)]
    target = native.alloc(256)
    for batch in batches:
        native.submit(number, [batch, target])
    before = native.memory()
    for step in range(2000):
        native.submit(number, [batches[step % 5], target])
    native.synchronize()
    assert native.memory() == before


def test_bind_groups_are_bounded(native):
    number = native.load(affine_program(64))
    targets = [native.alloc(256) for _ in range(BINDING_SETS + 40)]
    source = upload(native, floats(64))
    for target in targets:
        native.submit(number, [source, target])
    assert native.memory()["groups"] <= GROUPS_PER_DISPATCH
    assert download(native, targets[0], 2) == download(native, targets[-1], 2) == [1.0, 3.0]


def test_unloading_gives_temporaries_back(native):
    number = native.load(through_temporary(1000))
    used = native.memory()["allocated"]
    native.unload(number)
    assert native.memory()["allocated"] < used
    assert native.memory()["programs"] == 0
    with pytest.raises(DeviceError, match="not loaded"):
        native.submit(number, [1, 2])


def test_timing_gives_seconds(native):
    number = native.load(affine_program(1 << 16))
    handles = [native.alloc(1 << 18), native.alloc(1 << 18)]
    assert 0.0 < native.time(number, handles, repeats=3) < 5.0


# --- faults -----------------------------------------------------------------------------------------------------


def test_a_kernel_error_names_the_kernel_and_shows_the_line(native):
    source = "@compute @workgroup_size(1)\nfn main() {\n    let x: u32 = 1.5;\n}"
    with pytest.raises(KernelError) as caught:
        native.load(Program((Kernel("broken", source, ()),), (), (), 0))
    message = str(caught.value)
    assert "'broken'" in message
    assert "> 3 |     let x: u32 = 1.5;" in message
    assert "wgpu" not in message.splitlines()[0]


def test_columns_on_the_first_line_do_not_count_the_enables(native):
    kernel = Kernel("short", "fn main( {}", (), frozenset({"f16"} if native.caps.float16 else ()))
    with pytest.raises(KernelError) as caught:
        native.load(Program((kernel,), (), (), 0))
    lines = str(caught.value).splitlines()
    assert lines[-1].index("^") - lines[-2].index("fn") == kernel.source.index("{")


def test_bindings_that_do_not_fit_the_kernel_are_kernel_errors(native):
    kernel = replace(affine(1.0, 0.0), access=("read", "read"))
    with pytest.raises(KernelError, match="affine_f32"):
        native.load(replace(affine_program(64), kernels=(kernel,)))


def test_the_device_survives_a_refused_allocation(native):
    for nbytes in (native.caps.max_buffer_bytes + 4, 1 << 50):
        with pytest.raises(OutOfMemoryError, match=f"{nbytes:,}"):
            native.alloc(nbytes)
    with pytest.raises(OutOfMemoryError):
        native.load(Program((), (), (64, 1 << 50), 0))
    assert download(native, upload(native, floats(4)), 4) == [0.0, 1.0, 2.0, 3.0]
    assert native.memory()["allocated"] == 256


def test_wrong_buffers_are_named(native):
    number = native.load(affine_program(64))
    handle = native.alloc(256)
    with pytest.raises(DeviceError, match="binds 2 buffers, 1 were given"):
        native.submit(number, [handle])
    with pytest.raises(DeviceError, match="buffer 99 is not allocated"):
        native.submit(number, [handle, 99])
    with pytest.raises(DeviceError, match="freed twice"):
        native.free(99)
    with pytest.raises(DeviceError, match="cannot write 300 bytes"):
        native.write(handle, bytes(300))
    with pytest.raises(DeviceError, match="cannot read 300 bytes"):
        native.read([(handle, 300)])


def test_a_buffer_too_small_for_its_binding_is_an_error(native):
    number = native.load(affine_program(1000))
    with pytest.raises(DeviceError):
        native.submit(number, [native.alloc(256), native.alloc(4000)])
    assert download(native, upload(native, floats(2)), 2) == [0.0, 1.0]


def test_a_lost_device_says_so_on_the_next_call(native):
    number = native.load(affine_program(64))
    handles = [native.alloc(256), native.alloc(256)]
    native.submit(number, handles)
    native.close()
    with pytest.raises(DeviceLostError):
        native.submit(number, handles)
    with pytest.raises(DeviceLostError):
        native.read([(handles[0], 4)])
    with pytest.raises(DeviceLostError):
        native.write(handles[0], bytes(4))
    with pytest.raises(DeviceLostError):
        native.alloc(1 << 20)
    with pytest.raises(DeviceLostError):
        native.synchronize()
    native.free(handles[0])


def test_a_grid_past_the_limit_is_an_error_and_nothing_worse(native):
    too_far = native.caps.max_groups + 1
    number = native.load(affine_program(64, grid=(too_far, 1, 1)))
    handles = [native.alloc(256), native.alloc(256)]
    with pytest.raises(DeviceError, match=str(too_far)):
        native.submit(number, handles)
    assert download(native, upload(native, floats(2)), 2) == [0.0, 1.0]
