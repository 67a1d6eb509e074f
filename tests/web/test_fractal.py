"""The fractal canvas in a real browser: the page's worker, Pyodide by itself, and the embed without Python."""

from __future__ import annotations

import functools
import json
import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect

import spiraltorch_web as st
from spiraltorch_web.runtime.session import session
from spiraltorch_web.zspace import FractalCanvas, FractalPatch, UringFractalScheduler
from spiraltorch_web.zspace.fractal.palettes import PALETTES
from tests.support.device_page import run_python
from tests.support.sessions import opened
from tests.support.site import PROJECT, built_site, served
from tests.web.conftest import canvas_pixels, eventually

# 8 bits per channel, two shader compilers, and a display that may round once more.
TOLERANCE = 2
ROWS, COLUMNS, WIDTH, HEIGHT = 12, 9, 90, 70
LAYOUTS = ("plane", "spiral")


def wave(row: int, column: int, turn: int) -> float:
    return math.sin(0.9 * row + turn) * math.cos(0.7 * column - turn)


WAVES = f"""
import math
import spiraltorch_web as st
from spiraltorch_web import live
from spiraltorch_web.runtime.session import session
from spiraltorch_web.zspace import FractalCanvas, FractalPatch

def relation(turn):
    return [[math.sin(0.9 * r + turn) * math.cos(0.7 * c - turn) for c in range({COLUMNS})] for r in range({ROWS})]

def canvas_of(layout, turns, side={WIDTH}):
    canvas = FractalCanvas(4, side, {HEIGHT}, layout=layout)
    for turn in turns:
        canvas.push(FractalPatch(st.tensor(relation(turn)), 0.9, 0.7, turn))
    return canvas
"""


@functools.cache
def native_picture(layout: str, turns: range, depth: int = 0) -> np.ndarray:
    """The same through wgpu: i32[height, width, 4]; ``depth`` is added to that of every patch."""
    session().use_device(opened("webgpu"))
    try:
        canvas = FractalCanvas(4, WIDTH, HEIGHT, layout=layout)
        for turn in turns:
            relation = [[wave(row, column, turn) for column in range(COLUMNS)] for row in range(ROWS)]
            canvas.push(FractalPatch(st.tensor(relation), 0.9, 0.7, turn + depth))
        return np.frombuffer(canvas.pixels(), np.uint8).reshape(HEIGHT, WIDTH, 4).astype(int)
    finally:
        session().use_device(opened("cpu"))


def shown_picture(page, name: str) -> np.ndarray:
    canvas = page.get_by_role("img", name=name).first
    expect(canvas).to_be_visible()
    return canvas_pixels(canvas).astype(int)


def same(painted: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(painted - expected).max() <= TOLERANCE)


def test_example_paints_while_it_learns(bench):
    """With fewer steps than a visitor's: SwiftShader takes about 20 ms for one."""
    code = (PROJECT.web / "examples" / "fractal.py").read_text()
    bench.start(code.replace("default=1000", "default=60"))
    canvas = bench.page.locator("canvas[aria-label^='gradients']")
    expect(canvas).to_be_visible(timeout=100_000)
    early = canvas_pixels(canvas)
    bench.wait_for_end(120)
    assert re.search(r"\d patches in the ring, \d+ dropped", bench.output)
    assert (canvas_pixels(canvas) != early).any()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_canvas_has_the_pixels_of_the_native_png(bench, layout):
    bench.run(f"{WAVES}\nlive.add_canvas('{layout} waves', canvas_of('{layout}', range(6)), 7)\n")
    eventually(
        lambda: same(shown_picture(bench.page, f"{layout} waves at step 7"), native_picture(layout, range(2, 6)))
    )


def test_the_last_state_is_painted_though_frames_are_skipped(bench):
    bench.run(
        f"{WAVES}\ncanvas = canvas_of('plane', range(2))\n"
        "for turn in range(2, 400):\n"
        "    canvas.push(FractalPatch(st.tensor(relation(turn % 50)), 0.9, 0.7, turn))\n"
        "    live.add_canvas('many', canvas, turn)\n"
    )
    expect(bench.page.locator("figure", has_text="many").locator("figcaption")).to_have_text("Step 399")
    eventually(lambda: same(shown_picture(bench.page, "many at step 399"), native_picture("plane", range(46, 50), 350)))


def test_a_patch_that_is_not_finite_is_told_with_the_users_line(bench):
    bench.run(
        f"{WAVES}\ncanvas = canvas_of('plane', range(3))\nlive.add_canvas('broken', canvas, 0)\n"
        f"canvas.push(FractalPatch(st.full(({ROWS}, {COLUMNS}), float('nan'))))\n"
        "live.add_canvas('broken', canvas, 1)\nprint(canvas.png())\n"
    )
    assert "patch number 4 of a ring holds NaN or infinity" in bench.output


def test_png_in_the_page_and_a_canvas_changed_from_2d(bench):
    bench.run(
        f"{WAVES}\nimport hashlib, zlib\ncanvas = canvas_of('plane', range(4))\n"
        "live.add_image('both', [[0.0, 1.0]], 0)\nlive.add_canvas('both', canvas, 1)\n"
        "png = canvas.png()\nprint('pixels', zlib.crc32(canvas.pixels()), png[:4] == bytes([137]) + b'PNG')\n"
    )
    assert "True" in bench.output
    eventually(lambda: same(shown_picture(bench.page, "both at step 1"), native_picture("plane", range(4))))


def test_without_a_gpu_the_twin_paints_the_same(plain_page, cpu_site_server):
    page = plain_page(cpu_site_server.address)
    page.wait_for_selector("html[data-ready=shell]")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(f"{WAVES}\nlive.add_canvas('waves', canvas_of('spiral', range(6)), 7)\n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("img", name="waves at step 7")).to_be_visible(timeout=60_000)
    eventually(lambda: same(shown_picture(page, "waves at step 7"), native_picture("spiral", range(2, 6))))
    assert plain_page.problems == []


def test_streams_in_a_foreign_pyodide_page(python_page):
    folded = run_python(
        python_page,
        f"""
import json
{WAVES.replace("from spiraltorch_web import live", "")}
from spiraltorch_web.zspace import UringFractalScheduler
await st.set_device_async("webgpu")

async def stream_waveforms(samples):
    scheduler = UringFractalScheduler(32)
    for depth, relation in enumerate(samples):
        await scheduler.push_async(FractalPatch(relation, 0.9, 0.7, depth))
    return scheduler.fold_coherence()

fold = await stream_waveforms([relation(turn) for turn in range(5)])
picture = await canvas_of("plane", range(5)).pixels_async()
json.dumps([await fold.tolist_async(), list(picture)])
""",
    )
    values, pixels = json.loads(folded)
    ring = UringFractalScheduler(32)
    for turn in range(5):
        relation = [[wave(row, column, turn) for column in range(COLUMNS)] for row in range(ROWS)]
        ring.push(FractalPatch(st.tensor(relation), 0.9, 0.7, turn))
    np.testing.assert_allclose(values, ring.fold_coherence().tolist(), atol=1e-6)
    assert same(np.array(pixels).reshape(HEIGHT, WIDTH, 4), native_picture("plane", range(1, 5)))


EMBEDDED = """async ({ values, rows, width, height, layout }) => {
  const { default: init, FractalCanvas, PALETTES } = await import(new URL("fractal.js", location.href).href);
  await init();
  const fractal = new FractalCanvas(4, { layout });
  values.forEach((relation, depth) => fractal.push(relation, { rows, coherence: 0.9, tension: 0.7, depth }));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  await fractal.render(canvas);
  const sheet = new OffscreenCanvas(width, height).getContext("2d");
  sheet.drawImage(canvas, 0, 0);
  const pixels = [...sheet.getImageData(0, 0, width, height).data];
  return { pixels, fold: [...fractal.foldCoherence()], dropped: fractal.dropped, palettes: PALETTES };
}"""


@pytest.fixture(scope="module")
def embed(pages):
    """The embed under a path prefix, with the policy of the site."""
    with served(built_site("site"), prefix="/some/where/") as server:
        yield pages(server.address + "embed.html")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_embed_folds_and_paints_as_python_does(embed, layout):
    values = [[wave(row, column, turn) for row in range(ROWS) for column in range(COLUMNS)] for turn in range(6)]
    found = embed.evaluate(
        EMBEDDED, {"values": values, "rows": ROWS, "width": WIDTH, "height": HEIGHT, "layout": layout}
    )
    ring = UringFractalScheduler(4)
    for depth, relation in enumerate(values):
        ring.push(FractalPatch(st.tensor(relation).reshape(ROWS, COLUMNS), 0.9, 0.7, depth))
    np.testing.assert_allclose(found["fold"], ring.fold_coherence().reshape(-1).tolist(), atol=1e-6)
    assert found["dropped"] == 2
    assert same(np.array(found["pixels"]).reshape(HEIGHT, WIDTH, 4), native_picture(layout, range(2, 6)))
    assert found["palettes"] == {name: [list(anchor) for anchor in anchors] for name, anchors in PALETTES.items()}


def test_the_embed_paints_by_itself_and_says_what_is_missing(embed, pages, plain_page, site_server):
    first = embed.locator("#zspace").screenshot()
    eventually(lambda: embed.locator("#zspace").screenshot() != first)
    assert embed.locator("#status").inner_text() == "" and pages.problems == []
    blind = plain_page(site_server.address + "embed.html")
    expect(blind.locator("#status")).to_contain_text("no WebGPU")
    assert plain_page.problems == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("new FractalCanvas(0)", "capacity is an integer from 1 on; got 0"),
        ("new FractalCanvas(2, { palette: 'jet' })", "palette is one of dusk, dawn, ramp; got jet"),
        ("new FractalCanvas(2).foldCoherence()", "push one first"),
        ("new FractalCanvas(2).push([1, NaN])", "finite numbers; got NaN at 1"),
        ("new FractalCanvas(2).push([1, 2, 3], { rows: 2 })", "rows is an integer that divides"),
        ("{ const f = new FractalCanvas(2); f.push([1, 2]); f.push([1, 2, 3]); }", "relations of 1 x 2; got 1 x 3"),
    ],
)
def test_the_embed_names_what_does_not_fit(embed, call, message):
    told = embed.evaluate(
        f"""async () => {{
          const {{ FractalCanvas }} = await import(new URL("fractal.js", location.href).href);
          try {{ {call}; }} catch (error) {{ return error.message; }}
        }}"""
    )
    assert message in told
