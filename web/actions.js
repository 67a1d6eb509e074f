/** What a user can do on this page; buttons, keys and menus of all panels end here. */

import { encodeCode } from "./share.js";
import { hashFromSettings, SETTINGS } from "./state.js";

/** @param {{store: import("./store.js").Store, kernel: import("./kernel/client.js").Kernel, drafts: object}} parts */
export function createActions({ store, kernel, drafts }) {
  const settings = () => Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, store.get(name)]));

  const address = () => hashFromSettings(settings()) || location.pathname + location.search;
  const showAddress = () => history.replaceState(null, "", address());
  if (location.hash.includes("code=")) showAddress(); // the code is kept now; a reload must not bring it back

  const start = (options) => {
    store.set("notice", "");
    kernel.run(store.get("code"), "main.py", options);
  };

  return {
    run: () => start({ hold: false }),

    pauseOrResume: () => (store.get("phase") === "paused" ? kernel.resume() : kernel.pause()),

    /** One step; from rest this starts the script and holds at its first one. */
    step: () => (store.get("phase") === "ready" ? start({ hold: true }) : kernel.step()),

    stop() {
      kernel.cancelQueued();
      store.set("queued", false);
      kernel.stop();
    },

    /** Stop and clear what the run has shown; the code stays. */
    reset() {
      const clear = () => {
        kernel.tell("cleared", {});
        store.set("status", "Results cleared. The code is unchanged.");
      };
      if (store.get("phase") === "ready") clear();
      else kernel.addEventListener("run-ended", () => queueMicrotask(clear), { once: true });
      this.stop();
    },

    /** Show another view; the browser's Back returns. */
    openView(name) {
      if (name === store.get("view")) return;
      store.set("view", name);
      history.pushState(null, "", address());
    },

    restart: () => kernel.restart("Restart was asked for"),

    async openExample(name) {
      drafts.saveNow(); // under the name that it still has
      store.set("example", name);
      showAddress();
      await drafts.open(name);
      kernel.tell("example-opened", { name });
    },

    revert: () => drafts.revert(),

    showLine: (line, column = 1) => store.set("lineToShow", { line, column }),

    /** Change a setting; the address follows. A new device takes a new worker. */
    set(name, value) {
      store.set(name, value);
      showAddress();
      if (name === "device") {
        kernel.device = value;
        kernel.restart(`The device was set to ${value}`);
      }
    },

    /** Copy a link that holds the code. */
    async share() {
      const link = new URL(location.href);
      link.hash = `code=${await encodeCode(store.get("code"))}`;
      await navigator.clipboard.writeText(link.href);
      store.set("status", "A link with this code is on the clipboard.");
    },
  };
}
