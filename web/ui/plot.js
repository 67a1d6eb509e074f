/** uPlot in this page's colours: sized to its host, redrawn when the theme changes. */

import uPlot from "../vendor/uplot.js";
import { lineColour, lineDash, onThemeChange, styleColour } from "./palette.js";
import { measure } from "./format.js";

/**
 * @typedef {{label: string, points?: boolean}} Line
 * @typedef {{height: number, log: boolean, xLabel: string, range: () => [number, number]|null,
 *            onSelect: (low: number, high: number) => void, onHover: (index: number|null) => void}} PlotOptions
 */
export class Plot {
  /** @param {HTMLElement} host @param {Line[]} lines @param {PlotOptions} options */
  constructor(host, lines, options) {
    this.host = host;
    this.lines = lines;
    this.options = options;
    this.data = [[], ...lines.map(() => [])];
    this.build();
    this.resizer = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.resizer.observe(host);
    this.forgetTheme = onThemeChange(() => this.build());
  }

  /** Let go of the page. */
  destroy() {
    this.forgetTheme();
    this.resizer.disconnect();
    this.plot.destroy();
  }

  /** The canvas, for saving. */
  get canvas() {
    return this.plot.ctx.canvas;
  }

  get width() {
    return Math.max(this.host.clientWidth, 120);
  }

  setData(data) {
    this.data = data;
    this.plot.setData(data);
  }

  /** Change lines or the kind of axis; the data must follow. */
  rebuild(lines, log) {
    this.lines = lines;
    this.options.log = log;
    this.data = [[], ...lines.map(() => [])];
    this.build();
  }

  build() {
    this.plot?.destroy();
    this.plot = new uPlot(uplotOptions(this.lines, this.options, this.size()), this.data, this.host);
    this.plot.over.setAttribute("aria-hidden", "true");
  }

  size() {
    return { width: this.width, height: this.options.height };
  }
}

function uplotOptions(lines, options, size) {
  const axis = {
    stroke: styleColour("muted"), grid: { stroke: styleColour("line"), width: 1 }, ticks: { show: false },
    font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
  };
  return {
    ...size,
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (plot, low, high) => options.range() ?? widened(low, high) },
      y: options.log ? { distr: 3 } : { range: (plot, low, high) => widened(low, high, 0.06) },
    },
    axes: [
      { ...axis, size: 34, values: (plot, ticks) => ticks.map(measure) },
      { ...axis, size: 54, values: (plot, ticks) => ticks.map((tick) => (tick === null ? "" : measure(tick))) },
    ],
    series: [{}, ...lines.map((line, index) => seriesOptions(line, index))],
    hooks: {
      setSelect: [(plot) => {
        if (plot.select.width < 4) return;
        const low = plot.posToVal(plot.select.left, "x");
        const high = plot.posToVal(plot.select.left + plot.select.width, "x");
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        options.onSelect(low, high);
      }],
      setCursor: [(plot) => options.onHover(plot.cursor.idx ?? null)],
    },
  };
}

function seriesOptions({ label, points }, index) {
  const stroke = lineColour(index);
  if (points) return { label, stroke, width: 0, paths: () => null, points: { show: true, size: 5, fill: stroke } };
  return { label, stroke, width: 1.75, dash: lineDash(index), spanGaps: true, points: { show: false } };
}

/** A range that is never empty, with some air. */
function widened(low, high, share = 0) {
  if (low === null || high === null) return [0, 1];
  if (low === high) return [low - Math.max(Math.abs(low) * 0.1, 0.5), high + Math.max(Math.abs(high) * 0.1, 0.5)];
  const air = (high - low) * share;
  return [low - air, high + air];
}
