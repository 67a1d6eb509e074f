/**
 * Code to link and back: `#code=` holds deflated UTF-8 in URL-safe base64. Code from a link is only shown; nothing
 * here or elsewhere runs it without a press on Run.
 */

/** Longest link text accepted, and longest code it may unfold to (a few kilobytes can inflate to gigabytes). */
const LONGEST_LINK = 100_000;
const LONGEST_CODE = 400_000;

/** The hash value for some code. @returns {Promise<string>} */
export async function encodeCode(code) {
  const stream = new Blob([code]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The code in a hash value. @throws {Error} that says what is wrong with the link @returns {Promise<string>} */
export async function decodeCode(text) {
  if (text.length > LONGEST_LINK) throw new Error("The link is longer than 100,000 characters.");
  const bytes = fromBase64(text);
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let code = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return code + decoder.decode();
      code += decoder.decode(value, { stream: true });
      if (code.length > LONGEST_CODE) break;
    }
  } catch {
    throw new Error("The link is damaged: its code can't be unpacked.");
  }
  await reader.cancel();
  throw new Error("The link holds more than 400,000 characters of code.");
}

function fromBase64(text) {
  try {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  } catch {
    throw new Error("The link is damaged: its code can't be read.");
  }
}
