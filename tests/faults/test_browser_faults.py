"""Lost devices, refused memory and bad input in the page: the same errors as elsewhere, and the page goes on."""

from __future__ import annotations

import json

import pytest

from tests.support.adapters import note_adapter
from tests.support.device_page import START_PYTHON, run_python

PRELUDE = """
import json, time
import spiraltorch_web as st
from spiraltorch_web import nn, optim
from spiraltorch_web.runtime.session import session

def caught(call):
    start = time.perf_counter()
    try:
        call()
    except Exception as error:
        return [type(error).__name__, str(error), time.perf_counter() - start]
    return ["nothing", "", 0.0]
"""
LOST = """
st.set_device("webgpu")
device = session().device
x = st.ones(4)
st.realize(x)
compiled = st.compile(lambda a: a * 2)
compiled(x)
pending = x + 1
st.realize(pending)
if how == "close":
    device.close()
else:
    device._executor.device.destroy()
    pending_read = caught(pending.tolist)
calls = dict(
    read=lambda: x.tolist(), compute=lambda: (x + 3).sum().item(), upload=lambda: st.tensor([1.0, 2.0]).tolist(),
    compiled=lambda: compiled(x).tolist(), random=lambda: st.rand(3).tolist(), synchronize=st.synchronize,
)
outcome = {name: [caught(call), caught(call)] for name, call in calls.items()}
if how != "close":
    outcome["pending"] = [pending_read]
outcome["named lost"] = bool(device.lost)
st.recover()
outcome["after"] = (st.ones(3) * 2).tolist()
json.dumps(outcome)
"""
RECOVERED = """
st.set_device("webgpu")
st.manual_seed(0)
model = nn.Linear(3, 2)
optimizer = optim.Adam(model.parameters(), lr=0.1)
x = st.rand(8, 3)
checkpoint = st.Checkpoint(model=model, optimizer=optimizer, constant=[x], every=3)

@st.compile
def step(x):
    optimizer.zero_grad()
    loss = (st.nn.functional.dropout(model(x), 0.2) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss

losses = {}
lose = True
while checkpoint.steps < 10:
    if checkpoint.steps == 5 and lose:
        lose = False
        session().device._executor.device.destroy()
    try:
        losses[checkpoint.steps] = step(x).item()
        checkpoint.step()
    except st.DeviceLostError:
        st.recover()
again = nn.Linear(3, 2)
json.dumps([losses[place] for place in range(10)])
"""
UNDISTURBED = RECOVERED.replace("lose = True", "lose = False")
MEMORY = """
st.set_device("webgpu")
HUGE = 10**6
kept = st.arange(4)
st.realize(kept)
limit = session().device.caps.max_buffer_bytes
calls = dict(
    zeros=lambda: st.zeros(HUGE, HUGE).tolist(),
    rand=lambda: st.rand(HUGE, HUGE).sum().item(),
    above=lambda: st.zeros(limit // 4 + 1).sum().tolist() or st.realize(st.zeros(limit // 4 + 1)),
    middle=lambda: (st.rand(40000, 1) * st.rand(1, 40000)).cumsum(0).amax().item(),
    shapes=lambda: st.ones(2, 3) + st.ones(4, 5),
)
outcome = {name: caught(call) for name, call in calls.items()}
outcome["after"] = (kept + 1).tolist()
json.dumps(outcome)
"""
BROKEN_KERNEL = """
from types import MappingProxyType
from spiraltorch_web.compiler import expressions
from spiraltorch_web.ir.ops import Op
st.set_device("webgpu")
right = expressions.TEMPLATES
expressions.TEMPLATES = MappingProxyType({**right, Op.CEIL: "ceiling({0})"})
try:
    outcome = caught(lambda: (st.rand(3) * 4.25).ceil().tolist())
finally:
    expressions.TEMPLATES = right
json.dumps([*outcome, st.tensor([1.25]).ceil().tolist()])
"""
ANOMALY = """
st.set_device("webgpu")
@st.compile
def train(x):
    return (1 / x).sum()

def body():
    with st.detect_anomaly(every=4):
        for call in range(1, 9):
            train(st.zeros(2) if call == 6 else st.ones(2))

json.dumps(caught(body))
"""


@pytest.fixture(scope="module")
def python(chromium, device_site):
    """A page with Python of this file's own: its devices get destroyed."""
    page = chromium.new_page()
    page.goto(device_site)
    page.evaluate(START_PYTHON, ["/pyodide/", False])
    run_python(page, PRELUDE)
    yield lambda source: json.loads(run_python(page, source))
    page.close()


@pytest.fixture
def noted(bare_page, request):
    note_adapter(request.node, bare_page[1])


@pytest.mark.parametrize("how", ["close", "destroy"])
def test_every_call_on_a_lost_device_says_so_at_once(python, noted, how):
    outcome = python(f"how = {how!r}\n" + LOST)
    assert outcome.pop("named lost") and outcome.pop("after") == [2, 2, 2]
    for name, attempts in outcome.items():
        for kind, message, seconds in attempts:
            assert kind == "DeviceLostError", (name, kind, message)
            assert "lost" in message and seconds < 5


def test_a_read_that_waits_ends_with_the_loss(python, noted):
    """The device is destroyed while the browser still brings the values."""
    source = """
st.set_device("webgpu")
x = st.rand(300, 300)
for _ in range(6):
    x = x @ x / 100
async def lose():
    import asyncio
    reading = asyncio.ensure_future(x.tolist_async())
    await asyncio.sleep(0)
    session().device._executor.device.destroy()
    try:
        await asyncio.wait_for(reading, 20)
    except Exception as error:
        return json.dumps([type(error).__name__, str(error)])
    return json.dumps(["nothing", ""])
await lose()
"""
    kind, message = python(source)
    assert kind == "DeviceLostError", message
    python("st.recover(); json.dumps(1)")


def test_training_goes_on_from_the_checkpoint(python, noted):
    assert python(RECOVERED) == pytest.approx(python(UNDISTURBED), rel=1e-5)


def test_sizes_beyond_the_device_are_refused(python, noted):
    outcome = python(MEMORY)
    assert outcome.pop("after") == [1, 2, 3, 4]
    assert outcome.pop("shapes")[0] == "ShapeError"
    for name, (kind, message, _) in outcome.items():
        assert kind == "OutOfMemoryError", (name, kind, message)
        assert "bytes" in message


def test_anomalies_are_named(python, noted):
    kind, message, _ = python(ANOMALY)
    assert (kind, message) == ("AnomalyError", "train: a result of call 6 holds NaN or infinity")


def test_a_kernel_that_does_not_compile_shows_its_generated_line(python, noted):
    kind, message, _, after = python(BROKEN_KERNEL)
    assert kind == "KernelError" and "kernel '" in message and "did not compile" in message
    (line,) = [line for line in message.splitlines() if line.startswith(">")]
    assert "ceiling(" in line
    assert after == [2]
