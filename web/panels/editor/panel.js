/** The code: run controls above, CodeMirror below. */

import { h, icon, menu } from "../../ui/dom.js";
import { saveFile } from "../../ui/save.js";
import { createEditor } from "./editor.js";

export function mount(root, page) {
  const { store, kernel, actions } = page;
  const title = h("span", { class: "file-name" }, "main.py");
  const origin = h("span", { class: "file-origin" });
  const host = h("div", { class: "editor-host" });
  const notice = h("p", { class: "editor-notice", role: "note", hidden: true });
  root.replaceChildren(toolbar(page, title, origin), notice, host);

  const editor = createEditor(host, {
    text: store.get("code"),
    onChange: (text) => store.set("code", text),
    onRun: actions.run,
  });
  store.watch("code", (code) => editor.setText(code));
  store.watch("codeFrom", (from) => {
    origin.textContent = { example: "", draft: "edited", link: "from a link" }[from];
  }, { now: true });
  store.watch("notice", (text) => {
    notice.hidden = text === "";
    notice.textContent = text;
  }, { now: true });
  store.watch("lineToShow", (place) => place && editor.show(place.line, place.column));
  kernel.on("run-started", () => editor.markError(null));
  kernel.on("example-opened", () => editor.forgetHistory());
  kernel.on("run-ended", ({ error }) => editor.markError(error));
}

function toolbar(page, title, origin) {
  const { store, actions } = page;
  const run = button("run", "Run", actions.run, { class: "button primary run-button", title: "Run (Ctrl+Enter)" });
  const pause = button("pause", "Pause", actions.pauseOrResume);
  const step = button("step", "Step", actions.step, { title: "Run to the next step" });
  const stop = button("stop", "Stop", () => actions.stop());
  const reset = button("reset", "Reset", () => actions.reset(), { title: "Stop and clear the results" });
  const bar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Run controls" }, title, origin,
    h("span", { class: "toolbar-space" }), run, pause, step, stop, reset, fileMenu(page));
  const update = () => updateControls({ run, pause, step, stop }, store.get("phase"), store.get("queued"));
  store.watch("phase", update, { now: true });
  store.watch("queued", update);
  return bar;
}

function button(sign, label, onclick, attributes = {}) {
  const name = h("span", { class: "button-text" }, label);
  return h("button", { type: "button", class: "button", title: label, onclick, ...attributes }, icon(sign), name);
}

function updateControls({ run, pause, step, stop }, phase, queued) {
  const active = phase === "running" || phase === "paused";
  pause.disabled = !active;
  step.disabled = !(active || phase === "ready");
  stop.disabled = !(active || queued);
  run.disabled = queued || phase === "failed";
  setLabel(run, "run", queued ? "Queued" : active ? "Restart" : "Run");
  if (phase === "paused") setLabel(pause, "run", "Resume");
  else setLabel(pause, "pause", "Pause");
}

function setLabel(button, sign, label) {
  const text = button.querySelector(".button-text");
  if (text.textContent === label) return;
  text.textContent = label;
  button.querySelector(".icon").replaceWith(icon(sign));
  if (!button.matches(".run-button")) button.title = label;
}

function fileMenu({ store, actions, kernel }) {
  const open = h("input", { type: "file", accept: ".py,text/x-python", class: "visually-hidden", tabindex: "-1",
    "aria-label": "Python file to open" });
  open.addEventListener("change", async () => {
    if (open.files.length) store.set("code", await open.files[0].text());
    open.value = "";
  });
  const give = h("input", { type: "file", multiple: "", class: "visually-hidden", tabindex: "-1",
    "aria-label": "Files for the script" });
  give.addEventListener("change", async () => {
    const files = [...give.files];
    give.value = "";
    for (const file of files) kernel.giveFile(file.name, new Uint8Array(await file.arrayBuffer()));
    for (const { name, size } of files) {
      const text = `The script can open "${name}" (${size.toLocaleString("en")} bytes). It stays in this tab.\n`;
      kernel.tell("output", { chunks: [{ level: "note", text }], dropped: 0 });
    }
  });
  const item = (label, onclick) => h("button", { type: "button", class: "button", onclick }, label);
  return menu("File", icon("more"), [
    item("Open a .py file…", () => open.click()),
    item("Give the script a file…", () => give.click()),
    item("Save as main.py", () => saveFile("main.py", store.get("code"), "text/x-python")),
    item("Back to the example's code", () => actions.revert()),
    open,
    give,
  ]);
}
