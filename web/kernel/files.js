/**
 * A file's bytes, or undefined. Synchronous, so that Python can open it without JSPI, too; only workers may.
 * @param {URL} address
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
