import assert from "node:assert";
import { test } from "node:test";
import { load } from "./units.mjs";

const { applied, withLineEnds } = await load("edits");

test("edits are applied at once, in any order", () => {
  const edits = [
    { start: 4, end: 5, text: "X" },
    { start: 0, end: 1, text: "" },
    { start: 2, end: 2, text: "++" },
  ];
  assert.equal(applied("abcdef", edits), "b++cdXf");
  assert.equal(applied("abc", []), "abc");
  assert.equal(applied("", [{ start: 0, end: 0, text: "new" }]), "new");
});

test("overlapping edits are refused", () => {
  const overlapping = [
    { start: 0, end: 2, text: "" },
    { start: 1, end: 3, text: "" },
  ];
  assert.throws(() => applied("abc", overlapping));
});

test("every line end becomes the document's", () => {
  assert.equal(withLineEnds("a\nb\r\nc\rd", "\r\n"), "a\r\nb\r\nc\r\nd");
  assert.equal(withLineEnds("a\r\nb", "\n"), "a\nb");
});
