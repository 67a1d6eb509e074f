"""A lost graphics device in the page: training goes on from its checkpoint, with or without a restart."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.web.conftest import BOOT_MILLISECONDS

TRAINING = """
import js, time
import spiraltorch_web as st
from spiraltorch_web import live, nn, optim

st.manual_seed(0)
model = nn.Linear(2, 2)
optimizer = optim.Adam(model.parameters(), lr=0.1)
x, y = st.randn(16, 2), st.randn(16, 2)
checkpoint = st.Checkpoint(model=model, optimizer=optimizer, constant=(x, y), every=2)

@st.compile
def step(x, y):
    optimizer.zero_grad()
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    return loss

def lose_device():
    js.spiraltorchExecutor.current.device.destroy()
    time.sleep(0.1)
"""
UNTIL_LOST = """
print("from", checkpoint.steps)
while checkpoint.steps < 9:
    if checkpoint.steps == 5 and not resumed:
        lose_device()
    loss = step(x, y).item()
    checkpoint.step()
print("done", checkpoint.steps, f"{loss:.5f}")
"""
RECOVERING = """
lost = False
while checkpoint.steps < 9:
    if checkpoint.steps == 5 and not lost:
        lost = True
        lose_device()
    try:
        loss = step(x, y).item()
        checkpoint.step()
    except st.DeviceLostError as error:
        print("lost:", error)
        print("again on", st.recover().adapter, "after step", checkpoint.steps)
live.add_boundary("model", model, x, (y[:, 0] > 0).to(st.int32), checkpoint.steps)
print("done", checkpoint.steps, f"{loss:.5f}")
"""
PLAIN = """
while checkpoint.steps < 9:
    loss = step(x, y).item()
    checkpoint.step()
print("done", checkpoint.steps, f"{loss:.5f}")
"""


def last_loss(output: str) -> str:
    return re.findall(r"done 9 (\S+)", output)[-1]


def test_a_restart_goes_on_from_the_checkpoint_and_a_script_may_recover_by_itself(open_bench):
    bench = open_bench()
    bench.wait_until_ready()
    bench.run(TRAINING + PLAIN)
    wanted = last_loss(bench.output)

    bench.run(TRAINING + "resumed = checkpoint.steps > 0\n" + UNTIL_LOST)
    assert "DeviceLostError" in bench.output and "from 0" in bench.output
    expect(bench.page.locator(".badge-text")).to_have_text("Graphics device lost")
    bench.page.locator(".region-status").get_by_role("button", name="Restart Python").click()
    expect(bench.page.locator(".badge-text")).to_contain_text("swiftshader", timeout=BOOT_MILLISECONDS)
    bench.wait_until_ready()
    bench.run(TRAINING + "resumed = checkpoint.steps > 0\n" + UNTIL_LOST)
    assert "going on after step 4" in bench.output and "from 4" in bench.output
    assert last_loss(bench.output) == wanted

    bench.run(TRAINING + RECOVERING)
    assert "lost: the GPU device was lost" in bench.output and "after step 4" in bench.output
    assert last_loss(bench.output) == wanted
    expect(bench.page.locator(".badge-text")).to_contain_text("swiftshader")
    bench.run(TRAINING + PLAIN)
    assert bench.output.rstrip().endswith(f"done 9 {wanted}")
