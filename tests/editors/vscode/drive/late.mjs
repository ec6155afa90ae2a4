// A person who types while the model is on its way. It comes when this story writes the script that holds it back.
import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { until } from "./editor.mjs";
import { tell } from "./window.mjs";

const log = () => readFileSync(process.env.DG_LSP_LOG, "utf8");

await tell("late", async (screen) => {
  await screen.openFile("plain.py");
  await screen.status(/dg-lsp: loading/);
  await screen.press("Control+End");
  await screen.type("def fib(n):");
  await until(() => log().includes("reason=model_loading"), "an answer without a model");
  assert.equal(await screen.ghost(), "");
  writeFileSync(process.env.DG_LSP_SCRIPT, `${JSON.stringify({ after: "def fib(n):", text: " return n" })}\n`);
  await screen.ghostHolds("return");
  assert.match(log(), /reason=filled trigger=automatic/);
  assert.doesNotMatch(log(), /trigger=manual/);
  await screen.press("Tab");
  await screen.textHolds("def fib(n): return n");
});
