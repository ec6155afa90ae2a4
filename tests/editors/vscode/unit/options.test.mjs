import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { initializationOptions } = await load("options");

const read = (set) => (key) => ({ value: set[key] ?? { deadlineMs: 400, languages: null }[key], standard: { deadlineMs: 400, languages: null }[key] });

test("what is at its default is left to the server", () => {
  assert.deepEqual(initializationOptions(read({}), true), { trusted: true });
});

test("what is set is sent, and whether the workspace is trusted always", () => {
  const set = { deadlineMs: 250, languages: ["python"], model: "/m" };
  assert.deepEqual(initializationOptions(read(set), false), { trusted: false, deadlineMs: 250, languages: ["python"], model: "/m" });
});

test("a key that is not the server's is not sent", () => {
  assert.deepEqual(initializationOptions(read({ automatic: false, preview: false }), true), { trusted: true });
});
