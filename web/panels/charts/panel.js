/** Curves of `st.live.add_scalar`: one chart per group of tags, in order of appearance. */

import { h } from "../../ui/dom.js";
import { Chart } from "./chart.js";

/** Shown before the first run, so that nothing moves when the first points come. */
const EXPECTED = ["loss", "accuracy"];

export function mount(root, { kernel, store }) {
  const charts = new Map();
  const list = h("div", { class: "charts" });
  root.replaceChildren(list);

  const chartOf = (group) => {
    if (!charts.has(group)) {
      charts.set(group, new Chart(group));
      list.append(charts.get(group).element);
    }
    return charts.get(group);
  };

  let frame = null;
  const draw = () => {
    frame = null;
    for (const chart of charts.values()) chart.draw();
  };
  const clear = () => {
    for (const chart of charts.values()) chart.clear();
  };

  EXPECTED.forEach(chartOf);
  kernel.on("run-started", () => {
    clear();
    dropUnused(charts, EXPECTED);
  });
  kernel.on("cleared", clear);
  kernel.on("example-opened", () => store.get("phase") === "ready" && clear());
  kernel.on("live", ({ event }) => {
    if (event.kind !== "scalars") return;
    forEachTag(event, (tag, steps, values) => chartOf(groupOf(tag)).append(tag, steps, values));
    frame ??= requestAnimationFrame(draw);
  });
  kernel.on("run-ended", () => {
    const anyShown = [...charts.values()].some((chart) => chart.series.size > 0);
    for (const chart of charts.values()) chart.element.hidden = anyShown && chart.series.size === 0;
  });
}

/** "loss/train" belongs to the chart "loss"; a tag without "/" is a chart of its own. */
export function groupOf(tag) {
  const end = tag.lastIndexOf("/");
  return end > 0 ? tag.slice(0, end) : tag;
}

function forEachTag({ tags, counts, steps, values }, use) {
  let start = 0;
  tags.forEach((tag, index) => {
    const end = start + counts[index];
    use(tag, steps.subarray(start, end), values.subarray(start, end));
    start = end;
  });
}

function dropUnused(charts, expected) {
  for (const [group, chart] of charts) {
    chart.element.hidden = false;
    if (expected.includes(group)) continue;
    chart.destroy();
    charts.delete(group);
  }
}
