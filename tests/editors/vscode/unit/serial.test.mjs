import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { serial } = await load("serial");

function steps() {
  const ends = [];
  const run = serial(() => new Promise((resolve, reject) => ends.push({ resolve, reject })));
  return { ends, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("one at a time, and one more for all that came meanwhile", async () => {
  const { ends, run } = steps();
  const first = run();
  const [second, third] = [run(), run()];
  assert.equal(second, third);
  assert.equal(ends.length, 1);
  ends[0].resolve();
  await first;
  await turn();
  assert.equal(ends.length, 2);
  const fourth = run();
  assert.notEqual(fourth, second);
  ends[1].resolve();
  await second;
  await turn();
  assert.equal(ends.length, 3);
  ends[2].resolve();
  await fourth;
});

test("a failure is the caller's, not the next one's", async () => {
  const { ends, run } = steps();
  const first = run();
  const second = run();
  ends[0].reject(new Error("no"));
  await assert.rejects(first, /no/);
  await turn();
  ends[1].resolve();
  await second;
});
