/** A problem of the lab as the address keeps it: `topk-64x4096x16-normal` is kind, rows, columns, k, distribution. */

const FORM = /^(topk|midk|bottomk)-(\d{1,9})x(\d{1,9})x(\d{1,9})-([a-z]+)$/;
/** Kinds by name, as a reader calls them. */
export const KINDS = { topk: "largest", midk: "middle", bottomk: "smallest" };

/** @typedef {{kind: string, rows: number, cols: number, k: number, distribution: string}} Problem */

/** @param {string} text @returns {Problem|null} null for a text that is none */
export function readProblem(text) {
  const [, kind, rows, cols, k, distribution] = FORM.exec(text) ?? [];
  if (kind === undefined) return null;
  return { kind, rows: Number(rows), cols: Number(cols), k: Number(k), distribution };
}

/** @param {Problem} problem */
export function writeProblem({ kind, rows, cols, k, distribution }) {
  return `${kind}-${rows}x${cols}x${k}-${distribution}`;
}

/** What a plan needs of a problem. */
export function sizesOf({ kind, rows, cols, k }) {
  return { kind, rows, cols, k };
}
