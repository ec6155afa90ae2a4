import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { Settled } = await load("settled");

test("a value that is back in a moment changes nothing, another one does, once", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let text = "python";
  const acted = [];
  const settled = new Settled(() => text, () => acted.push(text), 100);
  const becomes = (value, afterMs) => {
    text = value;
    settled.changed();
    context.mock.timers.tick(afterMs);
  };
  settled.use();
  becomes("", 99);
  becomes("python", 1000);
  assert.deepEqual(acted, []);
  becomes("", 99);
  becomes("javascript", 1000);
  assert.deepEqual(acted, ["javascript"]);
  settled.use();
  becomes("javascript", 1000);
  becomes("", 50);
  settled.dispose();
  context.mock.timers.tick(1000);
  assert.deepEqual(acted, ["javascript"]);
});
