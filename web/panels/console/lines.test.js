import assert from "node:assert/strict";
import { test } from "node:test";
import { LineBuffer, splitAtLinks } from "./lines.js";

const texts = ({ fresh }) => fresh.map(({ text }) => text);

test("text becomes lines; an open line comes again when it grows", () => {
  const buffer = new LineBuffer(10);
  buffer.write("out", "one\ntw");
  assert.deepEqual(texts(buffer.take()), ["one", "tw"]);
  buffer.write("out", "o\n");
  const next = buffer.take();
  assert.deepEqual(texts(next), ["two"]);
  assert.equal(next.reopened, true);
  assert.equal(buffer.take().reopened, false);
});

test("empty lines stay", () => {
  const buffer = new LineBuffer(10);
  buffer.write("out", "a\n\nb\n");
  assert.deepEqual(texts(buffer.take()), ["a", "", "b"]);
});

test("a carriage return overwrites, a Windows line end does not", () => {
  const buffer = new LineBuffer(10);
  buffer.write("out", "10 %\r20 %");
  buffer.write("out", "\r30 %\n");
  buffer.write("out", "end\r\n");
  assert.deepEqual(texts(buffer.take()), ["30 %", "end"]);
});

test("what waits is bounded", () => {
  const buffer = new LineBuffer(3);
  buffer.write("out", "1\n2\n3\n4\n5\n");
  assert.deepEqual(texts(buffer.take()), ["3", "4", "5"]);
});

test("places of the script become links", () => {
  assert.deepEqual(splitAtLinks('  File "main.py", line 12, in step'), [
    { text: "  ", line: null }, { text: 'File "main.py", line 12', line: 12 }, { text: ", in step", line: null },
  ]);
  assert.deepEqual(splitAtLinks("no place"), [{ text: "no place", line: null }]);
});
