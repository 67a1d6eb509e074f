"""The browser device as Python in Pyodide drives it, in Chromium."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.adapters import note_adapter
from tests.support.device_page import START_PYTHON, run_python

PROGRAMS = (Path(__file__).parents[1] / "support" / "programs.py").read_text(encoding="utf-8")
OPEN = """
import array, gc, json, js
from spiraltorch_web.ir.program import BufferRef, Dispatch, Kernel, Program
from spiraltorch_web.device.select import open_device, open_device_async
from spiraltorch_web.errors import *

def floats(count, start=0):
    return array.array("f", range(start, start + count))

def upload(values):
    handle = device.alloc(len(values) * 4)
    device.write(handle, values)
    return handle

def download(handle, count):
    return device.read([(handle, count * 4)])[0].cast("f").tolist()

def caught(kind, function, *arguments):
    try:
        function(*arguments)
    except kind as error:
        return str(error)
    return "nothing was raised"

device = open_device("webgpu")
"""
# Calls on the executor from outside are counted; what it calls itself is not.
COUNT_CALLS = """async () => {
  const executor = await (spiraltorchExecutor.open("webgpu"));
  globalThis.calls = 0;
  const counting = new Proxy(executor, {
    get(target, name) {
      const value = target[name];
      return typeof value === "function" ? (...rest) => { calls += 1; return value.apply(target, rest); } : value;
    },
  });
  spiraltorchExecutor.prepared.set("webgpu", counting);
}"""


@pytest.fixture
def python(python_page, request):
    """``python(source)`` runs code with a fresh `device` and gives the last value back."""
    run_python(python_page, PROGRAMS + OPEN)
    note_adapter(request.node, f"{run_python(python_page, 'device.info.adapter')} (Pyodide)")
    yield lambda source: run_python(python_page, source)
    run_python(python_page, "device.close()")


def test_the_executor_comes_with_the_package(python):
    assert python("device.info.backend, device.info.name, device.caps.software") == ["browser", "webgpu", True]
    assert python("device.info.reason") == "webgpu was asked for and there is only a software adapter"


def test_a_program_computes_and_replays(python):
    values = python("""
number = device.load(affine_program(1000))
source, target = upload(floats(1000)), device.alloc(4000)
device.submit(number, [source, target])
device.submit(number, [target, source])
json.dumps([download(source, 3), download(target, 1000)[-1]])
""")
    assert values == "[[3.0, 7.0, 11.0], 1999.0]"


def test_temporaries_and_chains(python):
    assert python("""
number = device.load(through_temporary(100))
source, target = upload(floats(100)), device.alloc(400)
device.submit(number, [source, target])
fourteen = device.load(chain(14, 64))
device.submit(fourteen, [source, target])
download(source, 2) == [91.0, 92.0] and download(target, 100)[99] == (99 * 2 + 1) * 3 + 1
""")


def test_many_ranges_come_in_one_read(python):
    assert python("""
handles = [upload(floats(length, start=length)) for length in (1, 3, 64)]
views = device.read([(handle, length * 4) for handle, length in zip(handles, (1, 3, 64))])
[view.cast("f").tolist() for view in views] == [floats(n, start=n).tolist() for n in (1, 3, 64)]
""")


def test_reused_buffers_read_as_zero(python):
    assert python("""
first = upload(floats(64, start=1))
device.free(first)
again = device.alloc(256)
device.write(again, floats(2, start=5), 8)
again == first and download(again, 6) == [0.0, 0.0, 5.0, 6.0, 0.0, 0.0]
""")


def test_a_kernel_error_shows_the_generated_line(python):
    message = python("""
source = "fn f() -> f32 { return 1.0; }\\n@compute @workgroup_size(1)\\nfn main() {\\n    let x: u32 = f();\\n}"
caught(KernelError, device.load, Program((Kernel("broken", source, (), frozenset({"subgroups"})),), (), (), 0))
""")
    assert "'broken'" in message
    assert "> 4 |     let x: u32 = f();" in message


def test_the_device_survives_a_refused_allocation(python):
    message = python("caught(OutOfMemoryError, device.alloc, 1 << 50)")
    assert f"{1 << 50:,}" in message
    assert python("download(upload(floats(4)), 4)") == [0.0, 1.0, 2.0, 3.0]


def test_wrong_buffers_are_named(python):
    assert "not allocated" in python("""
number = device.load(affine_program(64))
caught(DeviceError, device.submit, number, [1, 99])""")
    assert "binds 2 buffers" in python("caught(DeviceError, device.submit, number, [1])")
    assert "cannot write 300 bytes" in python("caught(DeviceError, device.write, device.alloc(256), bytes(300))")


def test_a_lost_device_says_so(python):
    message = python("""
number = device.load(affine_program(64))
handles = [device.alloc(256), device.alloc(256)]
device.submit(number, handles)
js.spiraltorchExecutor.current.device.destroy()
await js.Promise.resolve()
caught(DeviceLostError, device.read, [(handles[0], 4)]) + caught(DeviceLostError, device.submit, number, handles)
""")
    assert message.count("the GPU device was lost") == 2


def test_a_replay_crosses_to_javascript_once(python_page, request):
    run_python(python_page, PROGRAMS + OPEN + "device.close()")
    python_page.evaluate(COUNT_CALLS)
    calls = run_python(
        python_page,
        """
device = open_device("webgpu")
number, handles = device.load(chain(14, 64)), [device.alloc(256), device.alloc(256)]
device.submit(number, handles)
device.synchronize()
before = js.calls
for _ in range(3):
    device.submit(number, handles)
counted = js.calls - before
device.close()
counted
""",
    )
    assert calls == 3


def test_nothing_grows_over_2000_submits(python, python_page):
    python("""
number, target = device.load(chain(14, 64)), device.alloc(256)
batches = [upload(floats(64, start=i)) for i in range(5)]
def steps(count):
    for step in range(count):
        device.submit(number, [batches[step % 5], target])
    device.synchronize()
steps(200)
memory, objects = device.memory(), len(gc.get_objects())
""")
    session = python_page.context.new_cdp_session(python_page)

    def heap() -> int:
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"]

    pages, used = python_page.evaluate("() => python._module.HEAP8.length"), heap()
    python("steps(2000)")
    assert python("device.memory() == memory")
    assert python("gc.collect() and len(gc.get_objects()) - objects") < 100
    assert python_page.evaluate("() => python._module.HEAP8.length") == pages
    assert heap() - used < 200_000


def test_without_jspi_the_await_forms_work_and_the_sync_form_explains(python, python_page):
    # runPython has no suspender: can_run_sync() is false in it, as in a browser that lacks JSPI.
    python("""
async def prepare():
    await js.spiraltorchExecutor.prepare("webgpu")
await prepare()
""")
    message = python_page.evaluate(
        "(source) => python.runPython(source)",
        """
device.close()
device = open_device("webgpu")
number = device.load(affine_program(64))
source, target = upload(floats(64)), device.alloc(256)
for _ in range(10):
    device.submit(number, [source, target])
caught(DeviceError, download, target, 2)
""",
    )
    assert "await tensor.item_async()" in message
    assert python("(await device.read_async([(target, 8)]))[0].cast('f').tolist()") == [1.0, 3.0]
    python_page.evaluate(
        "(source) => python.runPython(source)",
        "broken = device.load(Program((Kernel('late', 'fn main( {}', ()),), (), (), 0))",
    )
    assert "'late'" in python("""
await js.Promise.resolve()
caught(KernelError, device.synchronize)""")


def test_the_device_works_on_pyodide_0_27(chromium, device_site):
    page = chromium.new_page()
    page.goto(device_site)
    page.evaluate(START_PYTHON, ["/pyodide-0.27/", True])
    assert run_python(page, "import sys; sys.version_info[:2] == (3, 12)")
    run_python(page, PROGRAMS + OPEN)
    assert run_python(
        page,
        """
number = device.load(through_temporary(100))
source, target = upload(floats(100)), device.alloc(400)
for _ in range(20):
    device.submit(number, [source, target])
message = caught(KernelError, device.load, Program((Kernel("broken", "fn main( {}", ()),), (), (), 0))
"'broken'" in message and download(target, 100)[99] == (99 * 2 + 1) * 3 + 1
""",
    )
    page.close()


def test_without_a_gpu_the_reasons_are_told(plain_browser, device_site):
    page = plain_browser.new_page()
    page.goto(device_site)
    page.evaluate(START_PYTHON, ["/pyodide/", True])
    told = run_python(
        page,
        """
from spiraltorch_web.device.select import open_device
from spiraltorch_web.errors import NoDeviceError
told = []
for name in ("webgpu", "auto", "webgpu:software"):
    try:
        open_device(name)
    except NoDeviceError as error:
        told.append(str(error))
told
""",
    )
    page.close()
    assert told == [
        "the browser found no usable graphics adapter",
        "no WebGPU: the browser found no usable graphics adapter; "
        "the CPU device needs NumPy: this page does not host it",
        "the browser offers no software adapter",
    ]


def test_the_self_check_passes_in_the_browser(python):
    assert python("from spiraltorch_web.device.selfcheck import self_check; self_check(device) is None")


def test_the_list_of_modules_is_complete_and_ordered():
    folder = Path(__file__).parents[2] / "py" / "spiraltorch_web" / "device"
    listed = re.search(r"MODULES = \((.*?)\)", (folder / "browser_open.py").read_text(encoding="utf-8"), re.DOTALL)
    names = re.findall(r'"(\w+\.js)"', listed.group(1))
    assert sorted(names) == sorted(path.name for path in (folder / "web").iterdir())
    for position, name in enumerate(names):
        needed = re.findall(r'from "\./(\w+\.js)"', (folder / "web" / name).read_text(encoding="utf-8"))
        assert set(needed) <= set(names[:position])
