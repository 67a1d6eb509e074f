/**
 * Every message between the page and the Python worker, in one place.
 *
 * Both sides send plain objects with a `type`. The two tables below are the vocabulary; a message with a type that
 * is not in them is a programming error and throws at the sender. Shapes are given as JSDoc types so that an editor
 * checks them.
 *
 * @typedef {"loading"|"ready"|"running"|"paused"|"stopping"|"restarting"|"failed"} Phase
 *
 * Page to worker
 * @typedef {{type: "boot", base: string, site: object, device: "auto"|"webgpu"|"cpu",
 *            interrupts: SharedArrayBuffer|null, checkpoint: Uint8Array|null}} Boot
 *   Load everything. `base` is the site's address (any path prefix), `site` what site.json says, which the page's
 *   markup carries, `interrupts` one byte where isolation allows it,
 *   `checkpoint` the last `Checkpoint` message of a worker whose graphics device was lost.
 * @typedef {{type: "run", id: number, source: string, filename: string, hold: boolean}} Run
 *   Run a script. With `hold` it stops at its first step, as Step does.
 * @typedef {{type: "control", verb: "pause"|"resume"|"step"|"stop"}} Control
 * @typedef {{type: "ask", id: number, topic: string, question: object}} Ask
 *   A view's question, such as "rankk.plan"; topics stand in py/spiraltorch_web/labs/questions.py.
 * @typedef {{type: "file", name: string, data: Uint8Array}} FileGiven
 *   A file of the user's for the script's folder.
 * @typedef {{type: "sound", samples: Float32Array|null, problem: string}} Sound
 *   From the microphone: mono samples in order, or why there are none.
 * @typedef {{type: "canvas", name: string, canvas: OffscreenCanvas}} CanvasOffer
 *   Answers `canvas-wanted`; the canvas is transferred.
 *
 * Worker to page
 * @typedef {{type: "boot-progress", stage: string, loaded: number, total: number}} BootProgress
 *   Bytes so far and expected, over everything that is loaded.
 * @typedef {{type: "ready", device: DeviceReport, versions: Object<string, string>, suspends: boolean}} Ready
 *   `suspends` is false where the browser lacks JSPI: scripts must then `await`.
 * @typedef {{type: "boot-failed", message: string, help: string}} BootFailed
 * @typedef {{type: "run-started", id: number}} RunStarted
 * @typedef {{type: "run-ended", id: number, outcome: "finished"|"stopped"|"failed", seconds: number,
 *            error: UserError|null}} RunEnded
 * @typedef {{type: "phase", phase: Phase}} PhaseChange
 *   Paused at a step, running again, or `stopping`: the acknowledgement of Stop.
 * @typedef {{type: "news", id: number, news: object}} News  Facts on the way to an answer.
 * @typedef {{type: "answer", id: number, answer: object|null, error: {name: string, message: string}|null,
 *            stopped: boolean}} Answer
 * @typedef {{type: "output", chunks: OutputChunk[], dropped: number}} Output
 *   Lines in order; `dropped` counts lines left out of a flood before the first chunk.
 * @typedef {{type: "live", event: LiveEvent}} Live
 * @typedef {{type: "canvas-wanted", name: string, width: number, height: number}} CanvasWanted
 * @typedef {{type: "listen", rate: number}} Listen  Open the microphone at this rate; 0 closes it.
 * @typedef {{type: "device-lost", reason: string}} DeviceLost
 * @typedef {{type: "crashed", reason: string}} Crashed  Python itself failed; only a new worker helps.
 * @typedef {{type: "device-replaced"}} DeviceReplaced
 *   The script has opened another device in place of a lost one (`st.recover`).
 * @typedef {{type: "checkpoint", data: Uint8Array}} Checkpoint
 *   A copy of the training's state (`st.Checkpoint`), which the page keeps while it is open.
 *
 * Parts
 * @typedef {{level: "out"|"error"|"warning"|"note", text: string}} OutputChunk
 * @typedef {{kind: "webgpu"|"cpu"|"none", name: string, software: boolean, reason: string,
 *            details: object}} DeviceReport
 * @typedef {{name: string, message: string, traceback: string, line: number|null, column: number|null,
 *            endColumn: number|null}} UserError
 *
 * What a script shows through `st.live`
 * @typedef {{kind: "scalars", tags: string[], counts: number[], steps: Float64Array, values: Float64Array}} Scalars
 *   The points of `tags[0]` come first, `counts[0]` of them, and so on.
 * @typedef {{kind: "image", tag: string, step: number, width: number, height: number, channels: number,
 *            colours: "gray"|"ramp", values: Float32Array}} ImageShown
 *   `values` [height, width, channels] in 0…1 stay in the worker, which paints them on the canvas named as the tag.
 * @typedef {{kind: "boundary", tag: string, step: number, resolution: number, columns: number,
 *            form: "logits"|"probabilities", extent: number[], points: Float32Array, labels: Uint8Array,
 *            answers: Float32Array}} BoundaryShown
 *   `answers` [resolution², columns] stay in the worker; `points` and `labels` are empty when unchanged.
 * @typedef {{kind: "painting", tag: string, step: number, width: number, height: number}} PaintingShown
 *   The worker has painted it, at most once per frame of the display and tag.
 * @typedef {{kind: "histogram", tag: string, step: number, edges: number[], counts: number[]}} Histogram
 * @typedef {{kind: "matrix", tag: string, step: number, values: number[][], rows: string[], columns: string[],
 *            rowTitle: string, columnTitle: string}} Matrix  A value that is no finite number is null, here and below.
 * @typedef {{kind: "curves", tag: string, step: number, x: number[], lines: Object<string, number[]>,
 *            pointsX: number[], pointsY: number[]}} Curves
 * @typedef {{kind: "disk", tag: string, step: number, points: Float32Array, edges: Int32Array, labels: string[],
 *            groups: string[], unchanged: boolean}} Disk
 *   A Poincaré disk of radius 1; with `unchanged` only the points are new, and what is missing is as before.
 * @typedef {{kind: "text", tag: string, step: number, text: string}} TextShown
 * @typedef {{kind: "progress", label: string, done: number, total: number|null, rate: number}} Progress
 * @typedef {{kind: "parameters", count: number}} Parameters
 * @typedef {{kind: "roundtable", record: object}} Transcribed  A line of the roundtable's transcript.
 * @typedef {Scalars|ImageShown|BoundaryShown|PaintingShown|Histogram|Matrix|Curves|Disk|TextShown|Progress|
 *   Parameters|Transcribed}
 *   LiveEvent
 */

const TO_WORKER = new Set(["boot", "run", "ask", "control", "canvas", "file", "sound"]);

const TO_PAGE = new Set([
  "boot-progress", "ready", "boot-failed", "run-started", "run-ended", "news", "answer", "phase", "output", "live",
  "canvas-wanted", "listen", "device-lost", "device-replaced", "checkpoint", "crashed",
]);

/**
 * Send a message to the worker.
 * @param {Worker} worker
 * @param {Boot|Run|Ask|Control|CanvasOffer|FileGiven|Sound} message
 * @param {Transferable[]} [transfer]
 */
export function sendToWorker(worker, message, transfer = []) {
  requireKnown(TO_WORKER, message.type);
  worker.postMessage(message, transfer);
}

/**
 * Send a message from the worker to the page.
 * @param {BootProgress|Ready|BootFailed|RunStarted|RunEnded|News|Answer|PhaseChange|Output|Live|CanvasWanted|
 *   Listen|DeviceLost|DeviceReplaced|Checkpoint|Crashed} message
 * @param {Transferable[]} [transfer]
 */
export function sendToPage(message, transfer = []) {
  requireKnown(TO_PAGE, message.type);
  globalThis.postMessage(message, transfer);
}

function requireKnown(vocabulary, type) {
  if (!vocabulary.has(type)) {
    throw new Error(`Unknown message type "${type}"; known are ${[...vocabulary].join(", ")}.`);
  }
}
