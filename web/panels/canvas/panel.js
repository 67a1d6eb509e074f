/** Pictures of `st.live`: boundaries, images, histograms, figures and notes, one view per tag. */

import { h } from "../../ui/dom.js";
import { CurvesView } from "./curves.js";
import { DiskView } from "./disk.js";
import { HistogramView } from "./histogram.js";
import { MatrixView } from "./matrix.js";
import { BoundaryView, ImageView } from "./picture.js";
import { TextView } from "./text.js";

/** Kind of live event to the view that shows it. A view has `element`, `show(event)` and maybe `canvas`. */
const VIEWS = {
  boundary: BoundaryView, image: ImageView, painting: ImageView, histogram: HistogramView, matrix: MatrixView,
  curves: CurvesView, disk: DiskView, text: TextView,
};

export function mount(root, { kernel, store }) {
  const board = new Board(root, kernel);
  const showPreview = () => board.preview(store.get("examples").find(({ name }) => name === store.get("example")));
  store.watch("examples", showPreview, { now: store.get("examples").length > 0 });
  kernel.on("example-opened", showPreview);
  kernel.on("cleared", showPreview);
  kernel.on("run-started", () => board.begin());
  kernel.on("run-ended", () => board.dropStale());
  kernel.on("restarted", () => board.forgetCanvases());
  kernel.on("live", ({ event }) => {
    if (event.kind in VIEWS) board.show(event);
  });
  kernel.on("canvas-wanted", (request) => board.giveCanvas(request));
}

class Board {
  constructor(root, kernel) {
    this.root = root;
    this.kernel = kernel;
    this.views = new Map();
    this.canvases = new Map();
    this.shown = new Set();
  }

  /** What the example at hand paints, until something is painted. */
  preview(example) {
    if (this.shown.size > 0 && this.kernel.phase === "running") return;
    this.views.clear();
    if (!example?.preview) {
      this.root.replaceChildren(h("p", { class: "no-picture" }, "Pictures of the running script appear here."));
      return;
    }
    this.root.replaceChildren(h("figure", { class: "picture first-picture" },
      h("img", { src: example.preview, alt: `What ${example.title} paints`, width: 400, height: 400 }),
      h("figcaption", {}, "What this example paints. Press Run.")));
  }

  /** A run starts: earlier views stay until their tags are shown anew, so that nothing jumps. */
  begin() {
    this.shown = new Set();
    for (const view of this.views.values()) view.element.dataset.stale = "true";
  }

  dropStale() {
    for (const [tag, view] of this.views) {
      if (this.shown.has(tag)) continue;
      view.element.remove();
      this.views.delete(tag);
    }
  }

  show(event) {
    const view = this.viewOf(event);
    delete view.element.dataset.stale;
    this.shown.add(event.tag);
    view.show(event);
  }

  viewOf({ tag, kind }) {
    const present = this.views.get(tag);
    if (present?.kind === kind) return present;
    present?.element.remove();
    const view = new VIEWS[kind](tag, this.canvases);
    view.kind = kind;
    this.views.set(tag, view);
    this.root.querySelectorAll(".first-picture, .no-picture").forEach((element) => element.remove());
    this.root.append(view.element);
    return view;
  }

  /** The worker paints on canvases that it owns; the page makes them and keeps the visible side. */
  giveCanvas({ name, width, height }) {
    const canvas = h("canvas", { width, height, role: "img", "aria-label": name });
    this.canvases.set(name, canvas);
    this.views.get(name)?.adopt?.(canvas);
    this.kernel.offerCanvas(name, canvas);
  }

  /** The worker that owned them is gone. */
  forgetCanvases() {
    this.canvases.clear();
    for (const view of this.views.values()) view.element.remove();
    this.views.clear();
  }
}
