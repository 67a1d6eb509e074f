import assert from "node:assert/strict";
import { test } from "node:test";
import { binary, choiceWords, coloursOf, inkOn, problemWords, ruleWords, shortOf, sidesOf, wordOf } from "./choices.js";

test("choices and problems read well", () => {
  const choice = { mk: 3, mkd: 2, wg: 256, kl: 8, tile: 4096, ctile: 128, use_2ce: 1, ch: 16 };
  assert.equal(choiceWords(choice), "stream/kway wg 256 kl 8 tile 4096 ctile 128, 16 chunks a row");
  assert.match(choiceWords({ ...choice, mk: 5, ch: 1 }), /^sweep.*, in two launches$/);
  assert.equal(problemWords({ kind: "topk", rows: 8, cols: 65_536, k: 16 }), "topk 8 × 65,536, k 16");
  assert.equal(problemWords({ kind: "fft", rows: 8, cols: 1024, k: 1 }), "fft 8 × 1,024");
  assert.deepEqual([1, 1000, 4096, 1 << 20].map(binary), ["1", "1000", "4k", "1M"]);
  assert.deepEqual([wordOf("mk", 2), shortOf("mk", 2), shortOf("winner", "C"), shortOf("tile", 2048)],
    ["warp", "W", "tuner table", "2k"]);
});

test("trials and lessons read well", () => {
  assert.deepEqual(sidesOf("mk=3:0 wg=256:64"), ["mk=3 wg=256", "mk=0 wg=64"]);
  assert.deepEqual(sidesOf(""), ["", ""]);
  const rule = "soft(mk, 3, 0.25, kind == 0 && kc == 10);";
  assert.equal(ruleWords(`${rule}  # learnt 2026-11-22T21:04:05Z 8/8`), rule);
  assert.equal(ruleWords(`${rule}  # learnt 2026-11-22T21:04:05Z 8/8 on llvmpipe`), `${rule} on llvmpipe`);
  assert.equal(ruleWords("mk: 1;"), "mk: 1;");
});

test("names get colours of their own, sizes a place on the ramp, and both a readable ink", () => {
  const named = coloursOf("winner", ["A", "C"]);
  assert.notDeepEqual(named("A"), named("C"));
  const sized = coloursOf("wg", [32, 1024]);
  assert.notDeepEqual(sized(32), sized(1024));
  assert.deepEqual(coloursOf("wg", [64])(64), coloursOf("wg", [8])(8));
  assert.deepEqual([inkOn([255, 255, 255]), inkOn([0, 0, 60])], ["#101114", "#ffffff"]);
});
