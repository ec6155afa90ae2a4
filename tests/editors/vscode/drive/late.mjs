// A person who types while the model is on its way. It comes when this story writes the script that holds it back.
import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { until } from "./editor.mjs";
import { tell } from "./window.mjs";

const rule = (after, text) => writeFileSync(process.env.DG_LSP_SCRIPT, `${JSON.stringify({ after, text })}\n`);
const log = () => readFileSync(process.env.DG_LSP_LOG, "utf8");

await tell("late", async (screen) => {
  await screen.openFile("plain.py");
  await screen.status(/dg-lsp: loading/);
  await screen.press("Control+End");
  await screen.type("def fib(n):");
  await until(() => log().includes("reason=model_loading"), "an answer without a model");
  assert.equal(await screen.ghost(), "");
  rule("def fib(n):", " return n");
  await screen.ghostHolds("return");
  assert.match(log(), /reason=filled trigger=automatic/);
  assert.doesNotMatch(log(), /trigger=manual/);
  await screen.press("Tab");
  await screen.textHolds("def fib(n): return n");

  // Asked for without a key being typed. VS Code would keep an empty answer and not ask again at the same place.
  await screen.command("dg-lsp: Restart");
  await screen.status(/dg-lsp: loading/);
  await screen.command("Trigger Inline Suggestion");
  await new Promise((resolve) => setTimeout(resolve, 300)); // the question is on its way
  rule("return n", " or None");
  await screen.ghostHolds("None");
  assert.match(log(), /reason=filled trigger=manual/);
});
