const EIO = 29; // as WASI numbers errors

/**
 * A file's bytes, or undefined. Synchronous, so that Python can open it without JSPI, too; only workers may.
 * @param {URL|string} address
 */
export function readFile(address) {
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.responseType = "arraybuffer";
  request.send();
  return request.status === 200 ? new Uint8Array(request.response) : undefined;
}

/** A tuner table of the site, or the list of them all. */
export const readTable = (name, base) => readFile(new URL(`tuner_tables/${encodeURIComponent(name)}`, base));

/**
 * Give a file of Python's its content when Python first opens it.
 * @param {object} FS Emscripten's
 * @param {string} place of a file that is there
 * @param {string} address of its content
 */
export function fetchWhenOpened(FS, place, address) {
  const { node } = FS.lookupPath(place);
  const plain = node.stream_ops;
  node.stream_ops = {
    ...plain,
    open(stream) {
      const content = readOrNothing(address);
      if (!content) throw new FS.ErrnoError(EIO);
      node.contents = content;
      node.usedBytes = content.length;
      node.stream_ops = plain;
      stream.stream_ops = plain;
    },
  };
}

/** Without a connection, a synchronous request throws. */
function readOrNothing(address) {
  try {
    return readFile(address);
  } catch {
    return undefined;
  }
}
