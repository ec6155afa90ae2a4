import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { hunksOf, labelOf } = await load("hunks");

const SOURCE = "import os\ndef f(a, b):\n    x = 1\n    return x\n";
const at = (word, text, from = 0) => {
  const start = SOURCE.indexOf(word, from);
  return { start, end: start + word.length, text };
};
const plain = (hunks) => hunks.map(({ edits, line, before, after }) => [edits.length, line, before, after]);

test("edits of one line are one change, those of others are others", () => {
  const edits = [at("x = 1", "x = 2"), at(", b", ", b: int"), at("(a", "(a: int")];
  assert.deepEqual(plain(hunksOf(SOURCE, edits)), [
    [2, 1, "def f(a, b):", "def f(a: int, b: int):"],
    [1, 2, "    x = 1", "    x = 2"],
  ]);
});

test("whole lines that come or go touch no other line", () => {
  const second = SOURCE.indexOf("def");
  const edits = [
    { start: 0, end: second, text: "" },
    { start: second, end: second, text: "@cache\n" },
    at("(a, b)", "(a)"),
  ];
  assert.deepEqual(plain(hunksOf(SOURCE, edits)), [
    [1, 0, "import os", ""],
    [1, 1, "", "@cache"],
    [1, 1, "def f(a, b):", "def f(a):"],
  ]);
});

test("a change in CRLF, and at an end without a line end", () => {
  assert.deepEqual(plain(hunksOf("a\r\nb", [{ start: 3, end: 4, text: "c\r\nd" }])), [[1, 1, "b", "c\r\nd"]]);
  assert.deepEqual(plain(hunksOf("", [{ start: 0, end: 0, text: "x" }])), [[1, 0, "", "x"]]);
  assert.deepEqual(hunksOf("a", []), []);
});

test("a change is called by its first new line, or by what goes", () => {
  const label = (before, after) => Object.values(labelOf({ edits: [], line: 0, before, after }));
  assert.deepEqual(label("a\nb", "a\n  c"), ["modified", "c"]);
  assert.deepEqual(label("", "\n  c"), ["added", "c"]);
  assert.deepEqual(label("\n  b\nc", "c"), ["removed", "b"]);
});
