import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { nothingToSuggest, statusText, toolTip, whyNothing } = await load("statusText");

const EDITOR = { server: "running", automatic: true, snoozedUntil: undefined, shown: 3, accepted: 1 };
const SERVER = { state: "ready", model: "m", lastReason: "filled", lastMs: 41.6, message: null, ignored: null };
const text = (editor, server) => statusText({ ...EDITOR, ...editor }, server && { ...SERVER, ...server });

test("the text has the state, the milliseconds and the model", () => {
  assert.equal(text({}, {}), "$(sparkle) dg-lsp: ready · 42 ms · m");
  assert.equal(text({}, { state: "busy", lastMs: null }), "$(sparkle) dg-lsp: ready · m");
  assert.equal(text({ automatic: false }, {}), "$(sparkle) dg-lsp: manual · 42 ms · m");
  assert.equal(text({ snoozedUntil: 1 }, {}), "$(bell-slash) dg-lsp: snoozed");
  assert.equal(text({}, { state: "loading" }), "$(sync~spin) dg-lsp: loading");
  assert.equal(text({}, { state: "failed" }), "$(error) dg-lsp: failed");
  assert.equal(text({}, undefined), "$(sync~spin) dg-lsp: starting");
  assert.equal(text({ server: "missing" }, undefined), "$(warning) dg-lsp: not installed");
  assert.equal(text({ server: "stopped" }, {}), "$(circle-slash) dg-lsp: stopped");
});

test("the tool tip has what does not fit", () => {
  const ignored = { rule: "*.pem", source: ".gitignore:3" };
  const tip = toolTip(EDITOR, { ...SERVER, ignored, message: "no file", shared: true, engineClients: 2 });
  const lines = ["Model: m, shared by 2 windows", "Last answer: filled, 42 ms", "Ignored by *.pem (.gitignore:3)", "no file"];
  for (const line of [...lines, "This session: 3 shown, 1 accepted"]) {
    assert.ok(tip.split("\n").includes(line), line);
  }
});

test("a model of no use here is not called ready", () => {
  const failed = { fallback: "model_failed", message: "the embedded model answers: no such folder" };
  assert.equal(text({}, failed), "$(warning) dg-lsp: model failed");
  assert.match(toolTip(EDITOR, { ...SERVER, ...failed }), /no such folder\nthe chosen model could not be opened/);
  const python = { languages: ["python"] };
  assert.equal(text({ language: "go" }, python), "$(circle-slash) dg-lsp: language unknown");
  assert.match(toolTip({ ...EDITOR, language: "go" }, { ...SERVER, ...python }), /^the model does not know go$/m);
  for (const language of ["python", "python.django", "plaintext", undefined]) {
    assert.equal(text({ language }, python), "$(sparkle) dg-lsp: ready · 42 ms · m");
  }
  assert.equal(text({ language: "go" }, { languages: null }), "$(sparkle) dg-lsp: ready · 42 ms · m");
});

test("while a small model stands in, a language that only the chosen one may know is waited for", () => {
  const standsIn = { languages: ["python"], fallback: "model_loading" };
  assert.equal(text({ language: "go" }, standsIn), "$(sync~spin) dg-lsp: loading");
  assert.doesNotMatch(toolTip({ ...EDITOR, language: "go" }, { ...SERVER, ...standsIn }), /does not know/);
  assert.equal(text({ language: "python" }, standsIn), "$(sparkle) dg-lsp: ready · 42 ms · m");
});

test("the tool tip names the model that answered, where it was another one", () => {
  const last = (lastModel) => toolTip(EDITOR, { ...SERVER, lastModel }).split("\n")[2];
  assert.deepEqual([last("small"), last("m"), last(null)], [
    "Last answer: filled, 42 ms, by small", "Last answer: filled, 42 ms", "Last answer: filled, 42 ms",
  ]);
});

test("a silent place is explained in one line", () => {
  assert.equal(nothingToSuggest("This is a string."), "nothing to suggest here: this is a string.");
});

test("why nothing is one sentence, whatever is the reason", () => {
  const why = (editor, server) => whyNothing({ ...EDITOR, ...editor }, server && { ...SERVER, ...server });
  assert.equal(why({}, { lastWhy: "This is a comment." }), "This is a comment.");
  assert.equal(why({}, {}), "The last request got an answer.");
  assert.equal(why({ automatic: false }, {}), "Suggestions come only when asked for.");
  assert.match(why({ snoozedUntil: 1 }, {}), /^Suggestions are snoozed until .*\.$/);
  assert.equal(why({ server: "missing" }, undefined), "The server is not installed.");
  assert.equal(why({ server: "stopped" }, undefined), "The server is stopped.");
  assert.equal(why({ language: "go" }, { languages: ["python"], lastWhy: "x" }), "The model does not know go.");
});
