import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { continues, suggestion } = await load("shown");

test("typing into a suggestion, over its line ends too, is still the same one", () => {
  const first = suggestion("a", 4, "x = ", "one(\n    two)");
  assert.ok(continues(first, suggestion("a", 4, "x = on", "e(\n    two)")));
  assert.ok(continues(first, suggestion("a", 5, "    t", "wo)")));
});

test("another text, place or document is another one", () => {
  const first = suggestion("a", 4, "x = ", "one");
  assert.ok(!continues(undefined, first));
  assert.ok(!continues(first, suggestion("a", 4, "x = ", "two")));
  assert.ok(!continues(first, suggestion("a", 5, "x = ", "one")));
  assert.ok(!continues(first, suggestion("b", 4, "x = ", "one")));
});
