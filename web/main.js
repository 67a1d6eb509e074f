/** Wiring only: state, worker, panels. */

import { createActions } from "./actions.js";
import { announce } from "./announce.js";
import { Drafts } from "./drafts.js";
import { Kernel } from "./kernel/client.js";
import { followKernel } from "./follow.js";
import { connectSplitters } from "./layout.js";
import { loadPanels } from "./panels/registry.js";
import { openKept } from "./persist.js";
import { initialState, settingsFromHash } from "./state.js";
import { Store } from "./store.js";
import { connectViews } from "./views.js";

const store = new Store(initialState(settingsFromHash(location.hash)));
store.watch("theme", (theme) => {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}, { now: true });

const panelsLoaded = loadPanels();
const site = JSON.parse(document.getElementById("site").textContent);
const kernel = new Kernel({ base: new URL(".", location.href).href, site, device: store.get("device") });
followKernel(store, kernel);

const kept = await openKept();
await kept.recoverLast();
const drafts = new Drafts(store, kept);
await drafts.openFirst(location.hash);
const actions = createActions({ store, kernel, drafts });
const page = { store, kernel, actions, kept };

const [mountPanels] = await Promise.all([
  panelsLoaded,
  connectSplitters(document.querySelector(".workbench"), kept),
]);
mountPanels(page);
announce(store, document.getElementById("spoken"));
connectViews(page, loadPanels);
performance.mark("shell");
document.documentElement.dataset.ready = "shell";
