"""What `st.live` shows in the page."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect

from tests.web.conftest import canvas_pixels, eventually

# Every frame of the chart with many points, in milliseconds; the median is asserted loosely, since this machine
# renders in software. The bound says only that the work does not grow with the points.
MEDIAN_FRAME_MILLISECONDS = 60


def pixels(bench, name: str) -> np.ndarray:
    canvas = bench.page.get_by_role("img", name=name).first
    expect(canvas).to_be_visible()
    return canvas_pixels(canvas).astype(int)


def test_image_has_the_given_pixels(bench):
    bench.run("from spiraltorch_web import live\nlive.add_image('dots', [[0.0, 1.0], [0.2, 0.6]], 3)\n")
    eventually(lambda: pixels(bench, "dots at step 3")[..., 0].ravel().tolist() == [0, 255, 51, 153])


def test_images_use_one_canvas_and_show_the_latest(bench):
    bench.run(
        "from spiraltorch_web import live\nimport time\n"
        "for step in range(20):\n    live.add_image('grey', [[step / 20] * 2] * 2, step)\n    time.sleep(0.02)\n"
    )
    expect(bench.page.locator("canvas[aria-label^=grey]")).to_have_count(1)
    eventually(lambda: pixels(bench, "grey at step 19")[0, 0, 0] == round(255 * 19 / 20))


def test_curves_of_a_group_share_a_chart(bench):
    bench.run(
        "from spiraltorch_web import live\nfor step in range(10):\n"
        "    live.add_scalars('loss', {'train': 1 / (step + 1), 'test': 2 / (step + 1)}, step)\n"
        "    live.add_scalar('speed', step, step)\n"
    )
    loss = bench.page.get_by_role("article", name="Chart of loss")
    expect(loss.locator(".chart-legend li")).to_have_count(2)
    expect(loss.locator(".chart-legend")).to_contain_text("0.1")
    expect(bench.page.get_by_role("article", name="Chart of speed").locator(".chart-legend")).to_contain_text("9")


def test_chart_of_100_000_points_stays_smooth_zooms_and_keeps_spikes(bench):
    bench.run(
        "from array import array\nfrom spiraltorch_web.live.current import CURRENT\n"
        "from spiraltorch_web.live.events import Scalars\n"
        "steps = array('d', range(100_000))\nvalues = array('d', (1.0 + (i % 7) / 100 for i in range(100_000)))\n"
        "values[54_321] = 9.0\nCURRENT.writer()._sink.show(Scalars({'many': (steps, values)}))\n"
    )
    host = bench.page.get_by_role("article", name="Chart of many").locator(".chart-host")
    host.scroll_into_view_if_needed()
    # Beside frames in which nothing happens: those of a busy machine come late as well.
    added = bench.page.evaluate("""async () => {
      const host = document.querySelector('[aria-label="Chart of many"] .chart-host');
      const frame = async (act) => {
        const start = performance.now();
        act();
        await new Promise(requestAnimationFrame);
        return performance.now() - start;
      };
      const idle = [], zoomed = [];
      for (let turn = 0; turn < 30; turn += 1) {
        idle.push(await frame(() => {}));
        zoomed.push(await frame(() => {
          host.dispatchEvent(new KeyboardEvent("keydown", { key: turn % 2 ? "-" : "+" }));
        }));
      }
      const median = (times) => times.sort((left, right) => left - right)[15];
      return median(zoomed) - median(idle);
    }""")
    assert added < MEDIAN_FRAME_MILLISECONDS
    host.press("0")
    top = bench.page.evaluate("""async () => {
      const { Series } = await import(new URL("panels/charts/series.js", location.href).href);
      const series = new Series();
      const steps = Float64Array.from({ length: 100000 }, (_, index) => index);
      const values = steps.map((step) => (step === 54321 ? 9 : 1));
      series.append(steps, values);
      const [xs, ys] = series.decimate(-Infinity, Infinity, 400);
      return { points: xs.length, highest: Math.max(...ys), at: xs[ys.indexOf(9)] };
    }""")
    assert top["points"] <= 802 and top["highest"] == 9 and top["at"] == 54321


def test_nan_is_a_gap_not_a_crash(bench):
    bench.run(
        "from spiraltorch_web import live\nfor step in range(9):\n"
        "    live.add_scalar('loss/train', float('nan') if step == 4 else step, step)\n"
    )
    assert bench.status.startswith("Finished")


def test_figures_are_readable_text(bench):
    bench.run(
        "from spiraltorch_web import live\n"
        "live.add_figure('confusion', live.Matrix([[5, 1], [0, 7]], rows=['cat', 'dog'], columns=['cat', 'dog'],\n"
        "    row_title='shown', column_title='answer'), 1)\n"
    )
    table = bench.page.get_by_role("region", name="confusion").get_by_role("table")
    assert [row.inner_text().split() for row in table.get_by_role("row").all()] == [
        ["cat", "dog"], ["cat", "5", "1"], ["dog", "0", "7"],
    ]  # fmt: skip


def test_saved_csv_holds_every_point(bench):
    bench.run(
        "from spiraltorch_web import live\nfor step in range(5):\n    live.add_scalar('loss/train', step / 2, step)\n"
    )
    chart = bench.page.get_by_role("article", name="Chart of loss")
    chart.get_by_label("loss: zoom, table, save").click()
    with bench.page.expect_download() as download:
        chart.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename == "loss.csv"
    assert download.value.path().read_text() == "step,loss/train\n0,0\n1,0.5\n2,1\n3,1.5\n4,2\n"


def test_boundary_is_painted_with_the_data_over_it(bench):
    bench.run(
        "import spiraltorch_web as st\nfrom spiraltorch_web import live\n"
        "left_or_right = lambda xy: st.cat([-9 * xy[:, :1], 9 * xy[:, :1]], 1)\n"
        "live.add_boundary('halves', left_or_right, [[-0.5, 0.0], [0.5, 0.0]], [0, 1], 1, extent=(-1, 1, -1, 1))\n"
    )
    shown = pixels(bench, "halves at step 1")
    side = len(shown)
    orange, blue = shown[side // 2, side // 8], shown[side // 2, side - side // 8]
    assert orange[0] > orange[2] + 40 and blue[2] > blue[0] + 40
    points = canvas_pixels(bench.page.locator("canvas.overlay"))
    assert points[..., 3].any()


def test_pictures_of_the_last_run_go_when_they_are_not_shown_again(bench):
    bench.run("from spiraltorch_web import live\nlive.add_image('old', [[1.0]], 0)\n")
    bench.run("from spiraltorch_web import live\nlive.add_image('new', [[1.0]], 0)\n")
    expect(bench.page.get_by_role("heading", name="old")).to_have_count(0)
    bench.run("from spiraltorch_web import live\nlive.add_image('old', [[0.0]], 0)\n")
    eventually(lambda: pixels(bench, "old at step 0")[0, 0, 0] == 0)


def test_figures_with_nan_show_gaps(bench):
    bench.run(
        "from spiraltorch_web import live\nnan = float('nan')\n"
        "live.add_figure('fit', live.Curves([0, 1, 2], {'SGD': [0, nan, 4]}), 1)\n"
        "live.add_figure('confusion', live.Matrix([[nan, 1], [0, float('inf')]]), 1)\n"
    )
    assert bench.status.startswith("Finished")
    cells = bench.page.get_by_role("region", name="confusion").get_by_role("cell").all_text_contents()
    assert cells[1:] == ["NaN", "1", "0", "NaN"]
