/**
 * Our Python library, packed as one file by buildtools/library.py, which also describes its format.
 */

/**
 * Fetch the library and unpack it while Python is loading.
 * @param {URL} address
 * @param {string} integrity of the packed file, as `fetch` checks it
 * @returns {Promise<[string, Uint8Array][]>} path below site-packages and content of each file
 */
export async function fetchLibrary(address, integrity) {
  const response = await fetch(address, { integrity });
  if (!response.ok) throw new Error(`${address.pathname} answered ${response.status} ${response.statusText}.`);
  const unpacked = response.body.pipeThrough(new DecompressionStream("gzip"));
  return files(await new Response(unpacked).arrayBuffer());
}

/** @param {ArrayBuffer} packed */
function files(packed) {
  const start = 4 + new DataView(packed).getUint32(0, true);
  let place = start;
  return JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, start - 4))).map(([path, bytes]) => {
    place += bytes;
    return [path, new Uint8Array(packed, place - bytes, bytes)];
  });
}

/**
 * Write files into Python's file system. Their bytes are taken over, not copied.
 * @param {object} FS Emscripten's
 * @param {string} folder
 * @param {[string, Uint8Array][]} files
 */
export function writeFiles(FS, folder, files) {
  const made = new Set();
  for (const [path, content] of files) {
    const place = `${folder}/${path}`;
    const parent = place.slice(0, place.lastIndexOf("/"));
    if (!made.has(parent)) FS.mkdirTree(parent);
    made.add(parent);
    FS.writeFile(place, content, { canOwn: true });
  }
}
