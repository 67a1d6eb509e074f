/** Keeps the store up to date with what the worker says, and pauses a run while the tab is hidden. */

import { count, duration } from "./ui/format.js";

/** @param {import("./store.js").Store} store @param {import("./kernel/client.js").Kernel} kernel */
export function followKernel(store, kernel) {
  kernel.on("phase-changed", (phase) => {
    store.set("phase", phase);
    if (phase === "running") store.set("queued", false);
  });
  kernel.on("queued", ({ phase }) => {
    store.set("queued", true);
    const reason = phase === "stopping" ? "The last script is stopping" : "Python is still loading";
    store.set("status", `${reason}; your script runs right after.`);
  });
  kernel.on("boot-progress", ({ stage, loaded, total }) => store.set("loading", { stage, loaded, total }));
  kernel.on("ready", ({ device, versions, suspends }) => {
    store.set("adapter", device);
    store.set("versions", versions);
    store.set("suspends", suspends);
    store.set("deviceLost", null);
    if (device.kind === "none") store.set("status", `There is nothing to compute on. ${device.reason}`);
    else if (!store.get("queued")) store.set("status", "Python is ready.");
  });
  kernel.on("boot-failed", ({ message, help }) => store.set("failure", { message, help }));
  kernel.on("restarted", ({ reason }) => {
    store.set("failure", null);
    store.set("status", `${reason}, so Python is restarting. Your code is kept.`);
  });
  kernel.on("device-lost", ({ reason }) => store.set("deviceLost", reason));
  kernel.on("device-replaced", () => store.set("deviceLost", null));
  followRuns(store, kernel);
  pauseWhenHidden(store, kernel);
}

function followRuns(store, kernel) {
  kernel.on("run-started", () => {
    store.set("lastRun", null);
    store.set("progress", null);
    store.set("parameters", null);
    store.set("status", "Running.");
  });
  kernel.on("cleared", () => {
    store.set("lastRun", null);
    store.set("progress", null);
    store.set("parameters", null);
  });
  kernel.on("live", ({ event }) => {
    if (event.kind === "progress") store.set("progress", event);
    if (event.kind === "parameters") store.set("parameters", event.count);
  });
  kernel.on("run-ended", ({ outcome, seconds, error }) => {
    store.set("lastRun", { outcome, seconds, error });
    store.set("status", describeEnd(outcome, seconds, error));
  });
}

function describeEnd(outcome, seconds, error) {
  if (outcome === "finished") return `Finished in ${duration(seconds)}.`;
  if (outcome === "stopped") return "Stopped.";
  const place = error?.line ? ` in line ${count(error.line)}` : "";
  return `${error?.name ?? "Error"}${place}: ${error?.message ?? ""}`;
}

/** A hidden tab pauses (a setting), and goes on only if it was this that paused it. */
function pauseWhenHidden(store, kernel) {
  let pausedHere = false;
  document.addEventListener("visibilitychange", () => {
    if (store.get("hidden") !== "pause") return;
    if (document.hidden && store.get("phase") === "running") {
      pausedHere = true;
      kernel.pause();
    } else if (!document.hidden && pausedHere) {
      pausedHere = false;
      kernel.resume();
    }
  });
}
