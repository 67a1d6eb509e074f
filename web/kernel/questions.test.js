import assert from "node:assert/strict";
import { test } from "node:test";
import { NoAnswer, Questions } from "./questions.js";

const quiet = { long: false, onNews: () => {} };

test("questions are taken in order, and each gets its own answer", async () => {
  const questions = new Questions();
  const first = questions.add("a", {}, quiet);
  const second = questions.add("b", {}, quiet);
  assert.equal(questions.take().topic, "a");
  questions.settle({ id: 2, answer: "too early" });
  questions.settle({ id: 1, answer: 1 });
  assert.equal(questions.take().topic, "b");
  questions.settle({ id: 2, answer: 2 });
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
  assert.equal(questions.take(), null);
});

test("news reach the one who asked, and none after the answer", () => {
  const questions = new Questions();
  const heard = [];
  questions.add("a", {}, { long: true, onNews: (news) => heard.push(news) });
  const { id } = questions.take();
  questions.news({ id, news: "half" });
  questions.settle({ id, answer: null });
  questions.news({ id, news: "late" });
  assert.deepEqual(heard, ["half"]);
});

test("errors, Stop and a worker that went away are no answers", async () => {
  const questions = new Questions();
  const asked = ["a", "b", "c"].map((topic) => questions.add(topic, {}, quiet));
  questions.settle({ id: questions.take().id, error: { name: "ArgumentError", message: "k is 0" } });
  questions.settle({ id: questions.take().id, stopped: true });
  questions.take();
  questions.abandon("Python was restarted.");
  const told = await Promise.all(asked.map((promise) => promise.catch((problem) => problem)));
  assert.ok(told.every((problem) => problem instanceof NoAnswer));
  assert.deepEqual(told.map(({ name, message, stopped }) => [name, message, stopped]), [
    ["ArgumentError", "k is 0", false],
    ["NoAnswer", "It was stopped.", true],
    ["NoAnswer", "Python was restarted.", true],
  ]);
});
