/** Brings buffers back: ranges are packed into a staging buffer, which is then mapped. */

import { ExecutorError } from "./faults.js";

const ROUND_BYTES = 256 * 2 ** 20; // longer reads take several rounds, so that staging memory stays bounded
const STAGING_KEPT = 2;
const STAGING_KEPT_BYTES = 32 * 2 ** 20; // a larger staging buffer serves one read

export class Reader {
  constructor(device, faults, submits) {
    this.device = device;
    this.faults = faults;
    this.submits = submits;
    this.staging = [];
  }

  /**
   * @param {[GPUBuffer, number][]} ranges buffers and how many bytes of each, multiples of 4
   * @param {() => GPUCommandEncoder} encoder makes encoders
   * @returns {Promise<Uint8Array>} the ranges, one after the other
   */
  async read(ranges, encoder) {
    const result = new Uint8Array(ranges.reduce((sum, [, nbytes]) => sum + nbytes, 0));
    let place = 0;
    for (const pieces of rounds(ranges)) {
      const bytes = await this.transfer(pieces, encoder());
      result.set(bytes, place);
      place += bytes.length;
    }
    await this.faults.confirm();
    return result;
  }

  /** Finish an encoder with copies of [buffer, offset, bytes] pieces, run it and return the bytes. */
  async transfer(pieces, encoder) {
    const total = pieces.reduce((sum, [, , nbytes]) => sum + nbytes, 0);
    const staging = this.take(total);
    let place = 0;
    for (const [buffer, offset, nbytes] of pieces) {
      encoder.copyBufferToBuffer(buffer, offset, staging, place, nbytes);
      place += nbytes;
    }
    this.submits.submit(encoder);
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, total);
    } catch (error) {
      await this.faults.confirm();
      throw new ExecutorError("DeviceError", `reading ${total} bytes failed: ${error.message}`);
    }
    const bytes = new Uint8Array(staging.getMappedRange(0, total)).slice();
    staging.unmap();
    this.keep(staging);
    return bytes;
  }

  keep(staging) {
    if (staging.size <= STAGING_KEPT_BYTES) this.staging.push(staging);
    else staging.destroy();
    while (this.staging.length > STAGING_KEPT) this.staging.shift().destroy();
  }

  take(nbytes) {
    const found = this.staging.findIndex((buffer) => buffer.size >= nbytes);
    if (found >= 0) return this.staging.splice(found, 1)[0];
    const size = 2 ** Math.ceil(Math.log2(Math.max(nbytes, 4096)));
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.faults.scoped(() => this.device.createBuffer({ size, usage }));
  }
}

/** Split [buffer, bytes] ranges into rounds of [buffer, offset, bytes] pieces. */
function* rounds(ranges) {
  let pieces = [];
  let room = ROUND_BYTES;
  for (const [buffer, nbytes] of ranges) {
    for (let offset = 0; offset < nbytes;) {
      const taken = Math.min(nbytes - offset, room);
      pieces.push([buffer, offset, taken]);
      offset += taken;
      room -= taken;
      if (room === 0) {
        yield pieces;
        pieces = [];
        room = ROUND_BYTES;
      }
    }
  }
  if (pieces.length) yield pieces;
}
