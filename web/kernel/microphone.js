/**
 * The microphone, for scripts: opened when one asks, with the browser's question to the user, and closed when the
 * script ends. The sound goes to the worker and nowhere else.
 */

const WORDS = {
  NotAllowedError: "the browser or its user did not allow it",
  NotFoundError: "this machine has none",
  NotReadableError: "another program holds it",
};

export class Microphone {
  /**
   * @param {string} base the site's address
   * @param {(message: {type: "sound", samples: Float32Array|null, problem: string}) => void} send
   */
  constructor(base, send) {
    this.base = base;
    this.send = send;
    this.context = null;
    this.stream = null;
    this.wanted = 0; // the newest wish; an older one that is still opening gives up
  }

  /** Listen at this rate (samples per second); 0 stops. */
  async listen(rate) {
    this.close();
    this.wanted += 1;
    const wish = this.wanted;
    if (!rate) return;
    try {
      if (!navigator.mediaDevices) throw new Error("pages without https have none");
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
      if (wish !== this.wanted) {
        endStream(stream);
        return;
      }
      this.stream = stream;
      this.context = new AudioContext({ sampleRate: rate });
      await this.context.audioWorklet.addModule(new URL("kernel/listening.js", this.base));
      const ear = new AudioWorkletNode(this.context, "listening", { numberOfOutputs: 0 });
      ear.port.onmessage = ({ data }) => this.send({ type: "sound", samples: data, problem: "" });
      this.context.createMediaStreamSource(stream).connect(ear);
      await this.context.resume();
    } catch (error) {
      if (wish !== this.wanted) return;
      this.close();
      this.send({ type: "sound", samples: null, problem: WORDS[error.name] ?? String(error.message ?? error) });
    }
  }

  close() {
    if (this.stream) endStream(this.stream);
    this.context?.close();
    this.stream = null;
    this.context = null;
  }
}

function endStream(stream) {
  stream.getTracks().forEach((track) => track.stop());
}
