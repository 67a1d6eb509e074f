/** The two splitters: drag, or arrow keys; the sizes are kept. */

const SPLITS = {
  columns: { property: "--code-width", least: 20, most: 80, back: "ArrowLeft", forth: "ArrowRight" },
  rows: { property: "--console-height", least: 10, most: 70, back: "ArrowDown", forth: "ArrowUp" },
};
const KEY_STEP = 2;

/** Make the splitters of a workbench work. @param {HTMLElement} workbench @param {import("./persist.js").Kept} kept */
export async function connectSplitters(workbench, kept) {
  const sizes = (await kept.get("sizes")) ?? {};
  addEventListener("pagehide", () => kept.noteLast("sizes", sizes));
  for (const handle of workbench.querySelectorAll(".splitter")) {
    const name = handle.dataset.splits;
    const keep = (size) => {
      sizes[name] = size;
      kept.set("sizes", { ...sizes });
    };
    if (Number.isFinite(sizes[name])) resize(handle, sizes[name]);
    handle.addEventListener("keydown", (event) => onKey(handle, event, keep));
    handle.addEventListener("pointerdown", (event) => onDrag(handle, workbench, event, keep));
  }
}

function resize(handle, wanted) {
  const { property, least, most } = SPLITS[handle.dataset.splits];
  const size = Math.min(Math.max(wanted, least), most);
  document.documentElement.style.setProperty(property, size);
  handle.setAttribute("aria-valuenow", Math.round(size));
  return size;
}

function onKey(handle, event, keep) {
  const { back, forth } = SPLITS[handle.dataset.splits];
  const direction = { [back]: -1, [forth]: 1 }[event.key];
  if (!direction) return;
  event.preventDefault();
  keep(resize(handle, Number(handle.getAttribute("aria-valuenow")) + direction * KEY_STEP));
}

function onDrag(handle, workbench, event, keep) {
  event.preventDefault();
  handle.setPointerCapture(event.pointerId);
  const area = workbench.getBoundingClientRect();
  let size = null;
  const move = ({ clientX, clientY }) => {
    const fraction = handle.dataset.splits === "columns"
      ? (clientX - area.left) / area.width
      : (area.bottom - clientY) / area.height;
    size = resize(handle, fraction * 100);
  };
  handle.addEventListener("pointermove", move);
  handle.addEventListener("lostpointercapture", () => {
    handle.removeEventListener("pointermove", move);
    if (size !== null) keep(size);
  }, { once: true });
}
