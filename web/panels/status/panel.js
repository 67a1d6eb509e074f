/** One strip: loading with bytes, progress with speed, and the parameter count. */

import { h } from "../../ui/dom.js";
import { count, duration, megabytes, rate, shortCount } from "../../ui/format.js";

export function mount(root, { store, actions }) {
  const bar = h("progress", { class: "progress-bar", max: 1, value: 0, "aria-label": "Progress" });
  const label = h("span", { class: "status-label" });
  const speed = h("span", { class: "status-speed" });
  const parameters = h("span", { class: "status-parameters" });
  const retry = h("button", { type: "button", class: "button", onclick: actions.restart, hidden: true },
    "Restart Python");
  root.replaceChildren(h("div", { class: "status-row" }, label, bar, speed, parameters, retry));

  const update = () => {
    const view = describeStatus(readState(store));
    label.textContent = view.label;
    label.dataset.tone = view.tone;
    label.title = view.label;
    bar.hidden = view.fraction === null;
    if (view.fraction !== null) bar.value = view.fraction;
    speed.textContent = view.speed;
    retry.hidden = !view.offerRestart;
    const number = store.get("parameters");
    parameters.textContent = number === null ? "" : `${shortCount(number)} parameters`;
  };
  for (const key of WATCHED) store.watch(key, update);
  update();
}

const WATCHED = [
  "adapter", "phase", "loading", "queued", "progress", "parameters", "lastRun", "failure", "deviceLost", "status",
];

function readState(store) {
  return Object.fromEntries(WATCHED.map((key) => [key, store.get(key)]));
}

/** What the strip says for a state of the page; pure, so that tests can go through the states. */
export function describeStatus(state) {
  const plain = { label: "", tone: "", fraction: null, speed: "", offerRestart: false };
  if (state.failure) {
    return { ...plain, label: `${state.failure.message} ${state.failure.help}`, tone: "bad", offerRestart: true };
  }
  if (state.deviceLost) {
    return { ...plain, label: `The graphics device was lost: ${state.deviceLost} Your code is kept.`, tone: "bad",
      offerRestart: true };
  }
  if (state.phase === "loading" || state.phase === "restarting") return { ...plain, ...describeLoading(state) };
  if (["running", "paused", "stopping"].includes(state.phase)) return { ...plain, ...describeRun(state) };
  if (state.lastRun) return { ...plain, ...describeResult(state) };
  const tone = state.adapter?.kind === "none" ? "bad" : "";
  return { ...plain, label: state.status || "Ready. Press Run.", tone };
}

function describeLoading({ loading, queued, phase }) {
  const { loaded, total, stage } = loading;
  const what = phase === "restarting" ? "Restarting Python" : "Loading Python";
  const bytes = stage === "runtime" && total > 0 ? ` – ${megabytes(loaded)} of ${megabytes(total)}` : "";
  const started = total > 0 && loaded >= total ? " – starting" : bytes;
  const wait = queued ? ". Your script is queued" : "";
  return { label: `${what}${started}${wait}`, fraction: total > 0 ? Math.min(loaded / total, 1) : 0 };
}

function describeRun({ progress, phase }) {
  const word = { running: "Running", paused: "Paused", stopping: "Stopping" }[phase];
  if (!progress) return { label: word };
  const total = progress.total === null ? "" : `/${count(progress.total)}`;
  const label = `${phase === "running" ? "" : `${word}: `}${progress.label} ${count(progress.done)}${total}`;
  const fraction = progress.total ? Math.min(progress.done / progress.total, 1) : null;
  return { label, fraction, speed: phase === "running" && progress.rate > 0 ? `${rate(progress.rate)} steps/s` : "" };
}

function describeResult({ lastRun, progress, status }) {
  const speed = progress?.rate > 0 ? `${rate(progress.rate)} steps/s` : "";
  if (lastRun.outcome === "finished") {
    return { label: `Finished in ${duration(lastRun.seconds)}`, tone: "good", fraction: progress ? 1 : null, speed };
  }
  return { label: status, tone: lastRun.outcome === "failed" ? "bad" : "" };
}
