/** The console's text as bounded lines, apart from any element. */

/** Longest line shown; the rest of a longer one is cut with a note. */
const LONGEST_LINE = 4000;

export class LineBuffer {
  /** @param {number} kept lines waiting at most; older ones are dropped before they are ever drawn */
  constructor(kept) {
    this.kept = kept;
    this.clear();
  }

  clear() {
    this.waiting = [];
    this.open = null; // the last line, while it has no line end
    this.openDrawn = false;
  }

  /** Add text of a stream; a carriage return overwrites the open line, as in a terminal. */
  write(level, text) {
    const pieces = text.replaceAll("\r\n", "\n").split("\n");
    pieces.forEach((piece, index) => {
      this.extend(level, piece);
      if (index < pieces.length - 1) this.close();
    });
  }

  /** Add a line of the page's own. */
  note(text) {
    if (this.open) this.close();
    this.extend("note", text);
    this.close();
  }

  extend(level, piece) {
    if (piece === "" && this.open === null) {
      this.open = { level, text: "" };
      return;
    }
    const before = this.open ?? { level, text: "" };
    const last = piece.split("\r").at(-1);
    const joined = piece.includes("\r") ? last : before.text + last;
    const cut = joined.length > LONGEST_LINE ? `${joined.slice(0, LONGEST_LINE)} … (line cut)` : joined;
    this.open = { level: before.text === "" ? level : before.level, text: cut };
  }

  close() {
    this.waiting.push(this.open);
    this.open = null;
    if (this.waiting.length > this.kept) this.waiting.splice(0, this.waiting.length - this.kept);
  }

  /** Lines to draw now. `reopened`: the last drawn line was open and comes again, longer, as the first of them. */
  take() {
    const reopened = this.openDrawn;
    const fresh = this.waiting;
    this.waiting = [];
    const showOpen = this.open !== null && this.open.text !== "";
    if (showOpen) fresh.push(this.open);
    this.openDrawn = showOpen;
    return { fresh, reopened };
  }
}

const USER_LINE = /(File "main\.py", line (\d+)|main\.py:(\d+))/g;

/** Cut a line at places of the user's script. @returns {{text: string, line: number|null}[]} */
export function splitAtLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(USER_LINE)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), line: null });
    parts.push({ text: match[0], line: Number(match[2] ?? match[3]) });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), line: null });
  return parts;
}
