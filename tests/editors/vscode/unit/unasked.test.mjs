import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { Unasked } = await load("unasked");

test("the extension's own question is not the user's, though typing asks one in between", async () => {
  const unasked = new Unasked();
  await unasked.ask(async () => {
    assert.ok(unasked.includes(false));
    assert.ok(unasked.includes(true));
    assert.ok(!unasked.includes(true)); // the next one is the user's
  });
});

test("a command that asks nothing leaves the user's next question alone", async () => {
  const unasked = new Unasked();
  await unasked.ask(async () => {});
  assert.ok(!unasked.includes(true));
  await assert.rejects(unasked.ask(() => Promise.reject(new Error("no editor"))));
  assert.ok(!unasked.includes(true));
});
