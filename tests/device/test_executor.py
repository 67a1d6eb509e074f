"""The JavaScript executor by itself: the same programs as natively, replayed in Chromium."""

from __future__ import annotations

import json
from array import array

import pytest

from spiraltorch_web.device.web_program import program_text
from spiraltorch_web.ir.program import Kernel, Program
from tests.support.programs import GROUP, affine_program, chain, through_temporary

PROGRAMS = {
    "affine": (affine_program(1000), 1000),
    "fourteen dispatches": (chain(14, 64), 64),
    "through a temporary": (through_temporary(100), 100),
    "folded grid": (affine_program(3 * 5 * 7 * GROUP - 11, grid=(3, 5, 7)), 3 * 5 * 7 * GROUP - 11),
    "empty grid": (affine_program(64, grid=(0, 1, 1)), 64),
}

RUN = """async ([text, values, temporaries]) => {
  executor.create(1, values.length * 4);
  executor.create(2, values.length * 4);
  temporaries.forEach(([handle, nbytes]) => executor.create(handle, nbytes));
  executor.write(1, 0, new Float32Array(values));
  await executor.load(7, text);
  executor.bind(8, 7, "[1, 2]");
  executor.run(8);
  const bytes = await executor.read(JSON.stringify([[1, values.length * 4], [2, values.length * 4]]));
  return Array.from(new Float32Array(bytes.buffer));
}"""

SETUP = """async (text) => {
  executor.create(1, 256);
  executor.create(2, 256);
  executor.write(1, 0, new Float32Array(64).fill(3));
  await executor.load(7, text);
  executor.bind(8, 7, "[1, 2]");
}"""

CAUGHT = """async (make) => {
  try {
    await make();
    return ["nothing", ""];
  } catch (error) {
    return [error.name, error.message];
  }
}"""


def caught(page, body: str, *arguments: object) -> tuple[str, str]:
    """(name, message) of what a piece of JavaScript throws."""
    script = f"(given) => ({CAUGHT})(async () => {{ {body} }})"
    name, message = page.evaluate(script, list(arguments))
    return name, message


def run_in_chromium(page, program: Program, values: array) -> list[float]:
    handles = range(3, 3 + len(program.slot_sizes) - program.num_external)
    temporaries = list(zip(handles, program.slot_sizes[program.num_external :], strict=True))
    return page.evaluate(RUN, [program_text(program, list(handles)), values.tolist(), temporaries])


def run_natively(device, program: Program, values: array) -> list[float]:
    handles = [device.alloc(len(values) * 4) for _ in range(2)]
    device.write(handles[0], values)
    device.submit(device.load(program), handles)
    views = device.read([(handle, len(values) * 4) for handle in handles])
    return [value for view in views for value in view.cast("f")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_the_same_values_in_chromium_and_natively(name, executor_page, native):
    program, entries = PROGRAMS[name]
    values = array("f", range(entries))
    assert run_in_chromium(executor_page, program, values) == run_natively(native, program, values)


def test_the_facts_describe_the_adapter(executor_page):
    facts = json.loads(executor_page.evaluate("() => executor.describe()"))
    assert facts["vendor"] or facts["description"]
    assert facts["limits"]["maxComputeInvocationsPerWorkgroup"] >= 256
    assert ("subgroups" in facts["features"]) == (facts["subgroupSize"] > 0)


def test_auto_refuses_a_software_adapter(executor_page):
    if not executor_page.evaluate("() => executor.facts.software"):
        pytest.fail("these tests expect Chromium's software adapter")
    name, message = caught(executor_page, 'await spiraltorchExecutor.open("auto")')
    assert name == "NoDeviceError"
    assert "software" in message


def test_reused_buffers_read_as_zero_around_a_partial_write(executor_page):
    values = executor_page.evaluate("""async () => {
      executor.create(1, 256);
      executor.write(1, 0, new Float32Array(64).fill(7));
      executor.clear(1, 24);
      executor.write(1, 8, new Float32Array([5, 6]));
      return Array.from(new Float32Array((await executor.read("[[1, 28]]")).buffer));
    }""")
    assert values == [0, 0, 5, 6, 0, 0, 7]


def test_a_kernel_error_tells_the_place(executor_page):
    source = "@compute @workgroup_size(1)\nfn main() {\n    let x: u32 = 1.5;\n}"
    text = program_text(Program((Kernel("broken", source, ()),), (), (), 0), [])
    name, message = caught(executor_page, "await executor.load(7, given[0])", text)
    told = json.loads(message)
    assert (name, told["name"], told["line"]) == ("KernelError", "broken", 3)
    name, message = caught(executor_page, "executor.loadNow(7, given[0]); await executor.confirm()", text)
    assert (name, json.loads(message)["line"]) == ("KernelError", 3)


def test_the_executor_survives_a_refused_allocation(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    name, _ = caught(executor_page, "executor.create(3, 2 ** 42); await executor.confirm()")
    assert name in ("OutOfMemoryError", "DeviceError")
    executor_page.evaluate("() => executor.run(8)")
    values = executor_page.evaluate("""async () =>
      Array.from(new Float32Array((await executor.read("[[2, 8]]")).buffer))""")
    assert values == [7, 7]


def test_a_run_that_the_browser_refuses_is_reported_by_the_next_read(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64, grid=(1 << 20, 1, 1)), []))
    name, message = caught(executor_page, 'executor.run(8); await executor.read("[[2, 8]]")')
    assert name == "DeviceError"
    assert "1048576" in message
    assert caught(executor_page, 'await executor.read("[[2, 8]]")') == ("nothing", "")


def test_wrong_buffers_are_named(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    assert caught(executor_page, 'executor.bind(9, 7, "[1, 99]")')[1].startswith("buffer 99 is not allocated")
    assert caught(executor_page, "executor.write(99, 0, new Uint8Array(4))")[0] == "DeviceError"
    assert caught(executor_page, 'await executor.read("[[99, 4]]")')[0] == "DeviceError"


def test_a_lost_device_says_so_and_tells_the_page(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    reason = executor_page.evaluate("""async () => {
      const told = new Promise((resolve) => { executor.onLost = resolve; });
      executor.device.destroy();
      return told;
    }""")
    assert reason
    for body in ("executor.run(8)", 'await executor.read("[[1, 4]]")', "executor.create(5, 256)"):
        assert caught(executor_page, body)[0] == "DeviceLostError"


def test_little_is_in_flight_before_the_speed_is_known(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    crowded = executor_page.evaluate("() => [1, 2, 3, 4].map(() => executor.run(8))")
    assert crowded == [False, False, False, True]
    executor_page.evaluate("() => executor.room()")
    assert executor_page.evaluate("() => executor.pace.submitted - executor.pace.finished") <= 3


COUNTED = """async ([runs, between]) => {
  const { queue } = executor.device;
  const submit = queue.submit.bind(queue);
  let submits = 0;
  queue.submit = (commands) => { submits += 1; submit(commands); };
  executor.run(8);
  await executor.room();
  for (executor.pace.allowed = 1000, submits = 0; runs > 0; runs -= 1) {
    executor.run(8);
    if (between === "write") executor.write(1, 0, new Float32Array([runs]));
    if (between === "look") executor.bufferOf(1);
    if (between === "turn") await null;
  }
  const before = submits;
  await executor.idle();
  return [before, submits];
}"""


def test_runs_share_submits(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    before, submits = executor_page.evaluate(COUNTED, [40, ""])
    assert 5 <= before < 40  # eight in one, and fewer where eight take more than two milliseconds to record
    assert submits <= before + 1


@pytest.mark.parametrize("between", ["write", "look", "turn"])
def test_runs_do_not_wait_where_something_else_needs_the_queue(executor_page, between):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    assert executor_page.evaluate(COUNTED, [40, between]) == [40, 40]


def test_runs_and_writes_keep_their_order(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    values = executor_page.evaluate("""async () => {
      const found = [];
      executor.run(8);
      await executor.idle();
      for (let value = 1; value <= 20; value += 1) {
        executor.write(1, 0, new Float32Array(64).fill(value));
        executor.run(8);
        executor.run(8);
        if (value % 7 === 0) found.push(executor.read("[[2, 4]]"));
      }
      executor.write(1, 0, new Float32Array(64).fill(100));
      const bytes = await Promise.all([...found, executor.read("[[2, 4]]")]);
      return bytes.map(({ buffer }) => new Float32Array(buffer)[0]);
    }""")
    assert values == [15, 29, 41]


def test_buffers_of_runs_that_wait_may_be_destroyed(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    executor_page.evaluate("async () => { executor.run(8); await executor.idle(); executor.run(8); executor.run(8); }")
    assert caught(executor_page, 'executor.destroy("[1]"); await executor.read("[[2, 8]]")') == ("nothing", "")


def test_bind_groups_are_kept_while_their_buffers_live(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    sizes = executor_page.evaluate("""() => {
      executor.bind(9, 7, "[1, 2]");
      const once = executor.groups.size;
      executor.bind(10, 7, "[2, 1]");
      const both = executor.groups.size;
      executor.destroy("[1]");
      return [once, both, executor.groups.size, executor.bindings.size];
    }""")
    assert sizes == [1, 2, 0, 0]


OF_MANY_SIZES = """async () => {
  await import("/executor/executor.js");
  const told = Object.getOwnPropertyDescriptor(GPUAdapterInfo.prototype, "subgroupMaxSize");
  Object.defineProperty(GPUAdapterInfo.prototype, "subgroupMaxSize", { get: () => 64, configurable: true });
  try {
    const executor = await spiraltorchExecutor.open("webgpu");
    executor.close();
    return [executor.facts.features, executor.facts.subgroupSize];
  } finally {
    Object.defineProperty(GPUAdapterInfo.prototype, "subgroupMaxSize", told);
  }
}"""


def test_subgroups_that_may_change_their_size_are_left_alone(bare_page):
    page, _ = bare_page
    features, size = page.evaluate(OF_MANY_SIZES)
    assert "subgroups" not in features
    assert size == 0


def test_timing_gives_seconds(executor_page):
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    assert 0 <= executor_page.evaluate("() => executor.time(8, 10)") < 5
    clocked = executor_page.evaluate("""async () => {
      const { clockedSeconds } = await import("/executor/timing.js");
      return clockedSeconds(executor, executor.bindings.get(8).steps);
    }""")
    assert 0 < clocked < 5


def test_kernels_are_judged_by_both_compilers(compile_all):
    good = affine_program(64).kernels[0]
    uneven = Kernel(
        "uneven",
        "@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) index: u32) {\n"
        "    if (index < 3u) { workgroupBarrier(); }\n}",
        (),
    )
    subgroups = Kernel(
        "subgroups",
        "@group(0) @binding(0) var<storage, read_write> a: array<f32>;\n"
        "@compute @workgroup_size(32) fn main() { a[0] = subgroupAdd(a[0]); }",
        ("read_write",),
        frozenset({"subgroups"}),
    )
    verdicts = compile_all([good, uneven, subgroups])
    assert [verdict.good for verdict in verdicts] == [True, False, True]
    assert not verdicts[1].naga
    assert "uniform" in verdicts[1].tint


PACE = """async ([milliseconds, runs, paints, software]) => {
  const { Pace } = await import("/executor/pace.js");
  const later = () => new Promise((resolve) => setTimeout(resolve, milliseconds));
  let last = Promise.resolve();
  const pace = new Pace({ done: () => last }, software);
  pace.keepShort(paints);
  let most = 0;
  for (let i = 0; i < runs; i += 1) {
    last = last.then(later);
    const crowded = pace.submit();
    most = Math.max(most, pace.submitted - pace.finished);
    if (crowded) await pace.room();
  }
  return [most, pace.allowed];
}"""


@pytest.mark.parametrize(
    ("paints", "software", "runs"), [(False, False, 3), (True, False, 3), (False, True, 3), (True, True, 1)]
)
def test_a_slow_queue_stays_short(bare_page, paints, software, runs):
    page, _ = bare_page
    most, allowed = page.evaluate(PACE, [25, 12, paints, software])
    assert most <= runs + 1
    assert allowed == runs


@pytest.mark.parametrize("software", [False, True])
def test_a_fast_queue_may_grow_long(bare_page, software):
    page, _ = bare_page
    most, allowed = page.evaluate(PACE, [0, 300, False, software])
    assert most > 4
    assert allowed > 3


# A GPU with a clock of its own: a run takes it `each` milliseconds, the browser tells of what is done every `told`
# milliseconds, and only while somebody waits. After half of the runs comes a pause, of which one run is not told.
SIMULATED = """async ([software, each, told, runs]) => {
  const { Pace } = await import("/executor/pace.js");
  const { now } = performance;
  let clock = 0;
  let free = 0;
  const waiting = [];
  const done = () => new Promise((resolve) => waiting.push({ at: Math.ceil(free / told) * told, resolve }));
  const left = [];
  const allowed = [];
  performance.now = () => clock;
  try {
    const pace = new Pace({ done }, software);
    for (let run = 0; run < runs; run += 1) {
      if (run === runs / 2) {
        while (waiting.length) waiting.shift().resolve();
        await new Promise((resolve) => setTimeout(resolve));
        clock = free + 2000;
        pace.finished -= 1;
      }
      clock += each / 4;
      free = Math.max(free, clock) + each;
      if (!pace.submit()) continue;
      let room = false;
      pace.room().then(() => { room = true; });
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve));
        if (room) break;
        const next = waiting.shift();
        clock = Math.max(clock, next.at);
        next.resolve();
      }
      left.push((free - clock) / each / pace.allowed);
      allowed.push(pace.allowed);
    }
  } finally {
    performance.now = now;
  }
  return [left, allowed];
}"""


@pytest.mark.parametrize("told", [0.5, 2, 8])
@pytest.mark.parametrize(("software", "least", "most"), [(False, 0.6, 1.0), (True, -0.2, 0.4)])
def test_who_waits_goes_on_while_a_gpu_has_work(bare_page, software, least, most, told):
    page, _ = bare_page
    left, allowed = page.evaluate(SIMULATED, [software, 0.5, told, 3000])
    assert max(allowed) <= 200  # 50 ms are 100 runs
    steady = slice(len(left) // 4, len(left) // 2)
    assert min(allowed[steady]) >= 70
    assert least <= min(left[steady]) <= max(left[steady]) <= most
    # A pause is no run that took long.
    assert min(allowed[len(left) // 2 :]) >= 70


def test_an_unknown_program_finds_a_short_queue(executor_page):
    executor_page.evaluate("() => { executor.pace.allowed = 200; }")
    executor_page.evaluate(SETUP, program_text(affine_program(64), []))
    assert executor_page.evaluate("() => executor.pace.allowed") == 3
