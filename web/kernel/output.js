/**
 * Collects what Python prints and passes it on in batches, so that a flood of prints costs neither the page's
 * frames nor its memory.
 */

const BATCH_MILLISECONDS = 50;
/** Characters passed on per batch, about 2 MB a second; what exceeds it is counted and left out. */
const BATCH_CHARACTERS = 100_000;

export class OutputBatcher {
  /** @param {(chunks: {level: string, text: string}[], dropped: number) => void} deliver */
  constructor(deliver) {
    this.deliver = deliver;
    this.chunks = [];
    this.characters = 0;
    this.dropped = 0;
    this.lastDelivery = 0;
    this.timer = null;
  }

  /**
   * Take some text of one stream. Works while Python never yields: the age of the batch is checked on each write,
   * and the timer only catches the last batch.
   * @param {"out"|"error"|"warning"|"note"} level
   * @param {string} text
   */
  write(level, text) {
    if (this.characters + text.length > BATCH_CHARACTERS) {
      this.dropped += countLines(text);
    } else {
      this.append(level, text);
    }
    if (performance.now() - this.lastDelivery >= BATCH_MILLISECONDS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), BATCH_MILLISECONDS);
  }

  append(level, text) {
    const last = this.chunks.at(-1);
    if (last?.level === level) last.text += text;
    else this.chunks.push({ level, text });
    this.characters += text.length;
  }

  /** Pass on what has been collected. */
  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    this.lastDelivery = performance.now();
    if (this.chunks.length === 0 && this.dropped === 0) return;
    this.deliver(this.chunks, this.dropped);
    this.chunks = [];
    this.characters = 0;
    this.dropped = 0;
  }
}

function countLines(text) {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
