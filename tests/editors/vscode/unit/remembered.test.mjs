import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { linesFor, MOST, withFirst } = await load("remembered");

test("the newest is first, each once, and no more than some", () => {
  assert.deepEqual(withFirst(["a", "b"], " b "), ["b", "a"]);
  assert.deepEqual(withFirst(["a"], "  "), ["a"]);
  const many = Array.from({ length: MOST }, (_, i) => `${i}`);
  assert.deepEqual(withFirst(many, "x"), ["x", ...many.slice(0, -1)]);
});

test("what is typed is the first line, and nothing typed may mean a refill", () => {
  const plain = (typed, last) => linesFor(typed, last).map(({ kind, instruction }) => `${kind} ${instruction}`);
  assert.deepEqual(plain("use", ["use a set", "use"]), ["typed use", "last use a set"]);
  assert.deepEqual(plain(" ", ["use a set"]), ["last use a set", "anew "]);
  assert.deepEqual(plain("", []), ["anew "]);
});
