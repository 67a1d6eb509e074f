/**
 * The module worker: owns Pyodide, the GPU device and every OffscreenCanvas. The page holds only the interface.
 */

import { Screen } from "../gpu/paint.js";
import { boot } from "./boot.js";
import { colourBoundary, colourRaster } from "./colours.js";
import { Control } from "./control.js";
import { readFile, readTable } from "./files.js";
import { Frames } from "./frames.js";
import { Hearing } from "./hearing.js";
import { OutputBatcher } from "./output.js";
import { Painter } from "./painter.js";
import { sendToPage } from "./protocol.js";

/** Whether WebAssembly can wait for promises here (JSPI). */
const SUSPENDS = "Suspending" in WebAssembly;

const output = new OutputBatcher((chunks, dropped) => sendToPage({ type: "output", chunks, dropped }));

const control = new Control((phase) => {
  output.flush(); // who pauses sees all that was printed
  sendToPage({ type: "phase", phase });
});

const painter = new Painter((name, width, height) =>
  sendToPage({ type: "canvas-wanted", name, width, height }));

const screen = new Screen(painter);

const frames = new Frames();

const hearing = new Hearing();

/** What Python sees as the module `spiraltorch_page`; see bridge.py for the other half. */
const pageModule = {
  breathe: () => control.breathe(),
  hold: () => control.hold(),
  sleep: (milliseconds) => control.sleep(milliseconds),
  verdict: () => control.takeVerdict(),
  readExample: (name) => readFile(new URL(`examples/data/${encodeURIComponent(name)}`, base)),
  readTable: (name) => readTable(name, base),
  keepCheckpoint: (data) => sendToPage({ type: "checkpoint", data }, [data.buffer]),
  takeCheckpoint,
  frameDue: (name) => frames.due(name),
  listen: (rate) => {
    hearing.clear();
    sendToPage({ type: "listen", rate });
  },
  heard: () => hearing.take(),
  show: (json, arrays) => show({ ...JSON.parse(json), ...arrays }),
};

/** The checkpoint from before a restart, once. */
function takeCheckpoint() {
  const taken = checkpoint;
  checkpoint = null;
  return taken ?? undefined; // Python's None
}

/** Send an event to the page; what is a picture is painted here, and its numbers stay here. */
function show(event) {
  let told = event;
  if (event.kind === "image") {
    painter.paint(event.tag, event, () => colourRaster(event));
    told = { ...event, values: null };
  }
  if (event.kind === "boundary") {
    paintBoundary(event);
    told = { ...event, answers: null };
  }
  if (event.kind === "painting") {
    paintPainting(event);
    told = { kind: event.kind, tag: event.tag, step: event.step, width: event.width, height: event.height };
  }
  const transfer = Object.values(told).filter(ArrayBuffer.isView).map((array) => array.buffer);
  sendToPage({ type: "live", event: told }, transfer);
}

/** From the GPU's buffer where the answers lie in one, else from the numbers. */
function paintBoundary(event) {
  if (event.handle === undefined) painter.paint(event.tag, squareOf(event), () => colourBoundary(event));
  else kernel.boundaries.show(screen, executor().bufferOf(event.handle), event);
}

/** From the GPU's buffers with the engine's shader, else from the pixels. */
function paintPainting({ tag, width, height, painter: number, inputs, uniforms, pixels }) {
  frames.note(tag);
  executor()?.pace.keepShort(true);
  const size = { width, height };
  if (pixels) {
    painter.paint(tag, size, () => new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.byteLength));
    return;
  }
  const { painters } = executor();
  const buffers = inputs.map(([handle, nbytes]) => [executor().bufferOf(handle), nbytes]);
  screen.show(painters.get(number), { name: tag, size, uniforms }, buffers);
}

const executor = () => globalThis.spiraltorchExecutor.current;

const squareOf = ({ resolution }) => ({ width: resolution, height: resolution });

let base = null;
let checkpoint = null;
let kernel = null;
const given = new Map(); // the user's files, until Python is there

const handlers = {
  async boot(request) {
    ({ base, checkpoint } = request);
    try {
      kernel = await boot(request, pageModule, connectStreams, (stage, loaded, total) =>
        sendToPage({ type: "boot-progress", stage, loaded, total }));
      watchDevice();
      for (const [name, data] of given) keepFile(name, data);
      sendToPage({ type: "ready", device: kernel.device, versions: kernel.versions, suspends: SUSPENDS });
    } catch (error) {
      sendToPage({ type: "boot-failed", message: String(error?.message ?? error), help: helpFor(error) });
    }
  },

  async run({ id, source, filename, hold }) {
    control.begin();
    executor()?.pace.keepShort(false);
    if (executor()) kernel.warm.begin(executor());
    sendToPage({ type: "run-started", id });
    const started = performance.now();
    try {
      const { outcome, error } = await runScript(source, filename, hold);
      control.end();
      if (executor()) kernel.warm.keep(executor());
      output.flush();
      sendToPage({ type: "run-ended", id, outcome, seconds: (performance.now() - started) / 1000, error });
    } catch (crash) {
      reportCrash(crash);
    }
  },

  async ask({ id, topic, question }) {
    control.begin();
    try {
      const answer = await askPython(topic, question, (news) =>
        sendToPage({ type: "news", id, news: JSON.parse(news) }));
      control.end();
      output.flush();
      sendToPage({ type: "answer", id, ...answer });
    } catch (crash) {
      reportCrash(crash);
    }
  },

  control: ({ verb }) => control.apply(verb),

  file({ name, data }) {
    if (kernel) keepFile(name, data);
    else given.set(name, data);
  },

  sound: (message) => hearing.hear(message),

  canvas: ({ name, canvas }) => painter.accept(name, canvas),
};

/** Into the folder in which scripts run. */
function keepFile(name, data) {
  kernel.python.FS.writeFile(name.replaceAll("/", "_"), data);
}

/** Run through JSPI where the browser has it, so that plain Python code can wait; else as a coroutine. */
async function runScript(source, filename, hold) {
  const { bridge } = kernel;
  const answer = SUSPENDS
    ? await bridge.run.callPromising(source, filename, hold)
    : await bridge.run_async(source, filename, hold);
  return JSON.parse(answer);
}

/** The labs' Python loads with the first question. */
async function askPython(topic, question, tell) {
  kernel.labs ??= kernel.python.pyimport("spiraltorch_web.labs.questions");
  const { ask } = kernel.labs;
  const given = [topic, JSON.stringify(question), tell];
  return JSON.parse(SUSPENDS ? await ask.callPromising(...given) : ask(...given));
}

/** Tell the page when the device is lost, and paint on the one that a script opens in its place. */
function watchDevice() {
  const registered = globalThis.spiraltorchExecutor;
  const watch = (executor) => {
    executor.onLost = (reason) => {
      if (executor === registered.current) sendToPage({ type: "device-lost", reason });
    };
  };
  if (registered.current) watch(registered.current);
  registered.onOpened = (executor) => {
    watch(executor);
    kernel.boundaries = kernel.boundaries?.on(executor.device) ?? null;
    sendToPage({ type: "device-replaced" });
  };
}

/** Python's interpreter itself failed: nothing in this worker works any more. */
function reportCrash(crash) {
  output.flush();
  sendToPage({ type: "crashed", reason: String(crash?.message ?? crash) });
}

function connectStreams(python) {
  const decoders = { out: new TextDecoder(), error: new TextDecoder() };
  const writer = (level) => ({
    isatty: false,
    write(bytes) {
      output.write(level, decoders[level].decode(bytes, { stream: true }));
      return bytes.length;
    },
  });
  python.setStdout(writer("out"));
  python.setStderr(writer("error"));
  python.setStdin({ stdin: () => null });
}

function helpFor(error) {
  const offline = /fetch|network|answered \d/i.test(String(error?.message));
  return offline
    ? "A file of this site could not be loaded. Check the connection and reload the page."
    : "Reload the page. If this stays, the browser may be too old: Chrome or Edge 137, Firefox 153 or Safari 27 work.";
}

globalThis.onmessage = ({ data }) => handlers[data.type](data);
