// Compresses files, several at once: `node brotli.mjs QUALITY SOURCE TARGET [SOURCE TARGET]…`.

import { readFile, rename, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const [quality, ...places] = process.argv.slice(2);
const params = { [constants.BROTLI_PARAM_QUALITY]: Number(quality), [constants.BROTLI_PARAM_LGWIN]: 24 };
const jobs = [];
while (places.length > 0) jobs.push(pack(...places.splice(0, 2)));
await Promise.all(jobs);

async function pack(source, target) {
  await writeFile(`${target}.new`, await promisify(brotliCompress)(await readFile(source), { params }));
  await rename(`${target}.new`, target);
}
