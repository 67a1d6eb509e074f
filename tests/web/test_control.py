"""Pause, Step, Stop and Reset, with and without cross-origin isolation."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.web.conftest import ON_SOFTWARE_GPU, eventually

COUNTING = """from spiraltorch_web import live
from spiraltorch_web.live import progress
import time
for step in progress(range(100_000)):
    live.add_scalar("loss/train", 1 / (step + 1), step)
    print("at", step)
    time.sleep(0.005)
"""
TIGHT = "print('busy')\nwhile True:\n    pass\n"
# By the page's own timer. Where the page is isolated, a script is interrupted and has to end by itself: on a busy
# machine of two cores it gets some grace.
ANSWER_MILLISECONDS = 200
GRACE_MILLISECONDS = 150

STOP = "() => document.querySelector('[title=\"Stop\"]').click()"
STEP = "() => document.querySelector('[title=\"Run to the next step\"]').click()"
AT_REST = "() => document.querySelector('[title=\"Stop\"]').disabled"


def last_step(bench) -> int:
    return int(bench.page.locator(".console-line").last.inner_text().removeprefix("at "))


def start_counting(bench) -> None:
    bench.start(COUNTING)
    bench.wait_for_output("at 3")


def step_held(bench) -> int:
    """The last step, once the page says that the script is held: all that it printed has come by then."""
    expect(bench.button("Resume")).to_be_visible()
    bench.wait_until_drawn()
    return last_step(bench)


def test_pause_holds_and_resume_goes_on(bench):
    start_counting(bench)
    bench.button("Pause").click()
    held = step_held(bench)
    bench.page.wait_for_timeout(300)
    assert last_step(bench) == held
    assert bench.status.startswith("Paused")
    bench.button("Resume").click()
    eventually(lambda: last_step(bench) > held)


def test_step_runs_exactly_one_step(bench):
    start_counting(bench)
    bench.button("Pause").click()
    held = step_held(bench)
    bench.button("Step").click()
    # The first step ends the one that Pause interrupted; from then on each press is one step.
    eventually(lambda: last_step(bench) in (held, held + 1) and bench.button("Resume").is_visible())
    for _ in range(3):
        before = last_step(bench)
        bench.button("Step").click()
        eventually(lambda: last_step(bench) == before + 1)  # noqa: B023
        bench.page.wait_for_timeout(100)
        assert last_step(bench) == before + 1
    before = last_step(bench)
    bench.page.evaluate(f"for (let press = 0; press < 3; press += 1) ({STEP})()")
    eventually(lambda: last_step(bench) == before + 3)
    assert step_held(bench) == before + 3


def test_step_from_rest_starts_and_holds_at_the_first_step(bench):
    bench.type_code(COUNTING)
    bench.button("Step").click()
    expect(bench.button("Resume")).to_be_visible()
    assert "at" not in bench.output
    bench.button("Step").click()
    bench.wait_for_output("at 0")


def test_stop_answers_at_once(bench):
    start_counting(bench)
    assert bench.comes_before(ANSWER_MILLISECONDS + GRACE_MILLISECONDS, STOP, AT_REST)
    eventually(lambda: bench.status == "Stopped.")


def test_stop_while_paused(bench):
    start_counting(bench)
    bench.button("Pause").click()
    expect(bench.button("Resume")).to_be_visible()
    assert bench.comes_before(ANSWER_MILLISECONDS + GRACE_MILLISECONDS, STOP, AT_REST)


def test_stop_passes_except_exception(bench):
    bench.start(
        "import time\nprint('stubborn')\nwhile True:\n    try:\n        time.sleep(0.01)\n"
        "    except Exception:\n        pass\n"
    )
    bench.wait_for_output("stubborn")
    assert bench.comes_before(ANSWER_MILLISECONDS + GRACE_MILLISECONDS, STOP, AT_REST)


def test_tight_loop_is_interrupted_where_the_page_is_isolated(bench):
    assert bench.page.evaluate("crossOriginIsolated")
    bench.start(TIGHT)
    bench.wait_for_output("busy")
    assert bench.comes_before(ANSWER_MILLISECONDS + GRACE_MILLISECONDS, STOP, AT_REST)
    assert "restarting" not in bench.output
    bench.run("print('still here')\n")
    assert bench.output.strip() == "still here"


def test_an_interrupt_that_comes_late_strikes_nobody_else(bench):
    """In the event loop's own Python, while the script waits."""
    bench.run(
        "import asyncio, signal, time\n"
        "asyncio.get_event_loop().call_soon(signal.raise_signal, signal.SIGINT)\n"
        "time.sleep(0.1)\nprint('well')\nsignal.raise_signal(signal.SIGINT)\nprint('not reached')\n"
    )
    assert bench.output.split() == ["well", "Stopped."]


STRIKES_FIRST = """import gc, types
from spiraltorch_web import bridge
text = "import signal\\ndef collect():\\n    restore()\\n    signal.raise_signal(signal.SIGINT)\\n"
early = {"restore": lambda: setattr(bridge, "gc", gc)}
exec(compile(text, "elsewhere.py", "exec"), early)
bridge.gc = types.SimpleNamespace(collect=early["collect"])
"""


def test_an_interrupt_that_comes_while_the_script_is_prepared_stops_it(bench):
    bench.run(STRIKES_FIRST)
    bench.run("print('not reached')\n")
    assert bench.output.strip() == "Stopped."


def test_reset_stops_clears_and_keeps_the_code(bench):
    start_counting(bench)
    bench.button("Reset").click()
    bench.wait_for_end()
    eventually(lambda: bench.output.strip() in ("", "Stopped."))
    assert "progress(range(100_000))" in bench.code


@pytest.fixture(scope="module")
def plain_bench(pages, plain_host):
    from tests.web.conftest import Workbench

    bench = Workbench(pages(plain_host.address + ON_SOFTWARE_GPU))
    bench.wait_until_ready()
    assert not bench.page.evaluate("crossOriginIsolated")
    return bench


def test_stop_answers_at_once_without_isolation(plain_bench):
    start_counting(plain_bench)
    assert plain_bench.comes_before(ANSWER_MILLISECONDS, STOP, AT_REST)
    assert "restarting" not in plain_bench.output


def test_tight_loop_without_isolation_restarts_python_and_says_so(plain_bench):
    plain_bench.wait_for_end()
    plain_bench.start(TIGHT)
    plain_bench.wait_for_output("busy")
    assert plain_bench.comes_before(ANSWER_MILLISECONDS, STOP, AT_REST)
    plain_bench.wait_for_output("Python is restarting. Your code is kept.")
    assert "while True" in plain_bench.code
    plain_bench.wait_until_ready()
    plain_bench.run("print('back')\n")
    assert "back" in plain_bench.output


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_hidden_tab_pauses_and_goes_on_when_seen_again(bench):
    start_counting(bench)
    bench.page.evaluate(HIDE, True)
    expect(bench.button("Resume")).to_be_visible()
    bench.page.evaluate(HIDE, False)
    expect(bench.button("Pause")).to_be_visible()
    bench.button("Stop").click()


def test_tab_that_the_user_paused_stays_paused(bench):
    start_counting(bench)
    bench.button("Pause").click()
    expect(bench.button("Resume")).to_be_visible()
    bench.page.evaluate(HIDE, True)
    bench.page.evaluate(HIDE, False)
    bench.page.wait_for_timeout(200)
    expect(bench.button("Resume")).to_be_visible()
    bench.button("Stop").click()


def test_stop_answers_while_a_compiled_step_trains(bench):
    bench.start(
        "import spiraltorch_web as st\nfrom spiraltorch_web import nn, optim\n"
        "model = nn.Linear(64, 64)\noptimizer = optim.Adam(model.parameters())\nx = st.randn(64, 64)\n"
        "@st.compile\ndef train_step(x):\n    loss = (model(x) ** 2).mean()\n    optimizer.zero_grad()\n"
        "    loss.backward()\n    optimizer.step()\n    return loss\n"
        "train_step(x).item()\nprint('training')\nwhile True:\n    train_step(x)\n"
    )
    bench.wait_for_output("training")
    bench.page.wait_for_timeout(500)
    assert bench.comes_before(ANSWER_MILLISECONDS + GRACE_MILLISECONDS, STOP, AT_REST)
    assert "restarting" not in bench.output
