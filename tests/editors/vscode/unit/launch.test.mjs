import assert from "node:assert";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { load } from "./units.mjs";

const { askVersion, expanded, firstUsable, installCommand, isOlder, moduleOf, onPath, pythonOf, readVersion } = await load("launch");

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "dg-lsp-launch-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function program(path, text = "exit 0") {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("a version is read from the server's own line only", () => {
  assert.equal(readVersion("dg-lsp 0.1.0\n"), "0.1.0");
  assert.equal(readVersion("a warning\ndg-lsp 1.20\n"), "1.20");
  assert.equal(readVersion("Python 3.11.7\n"), undefined);
});

test("versions are compared number by number", () => {
  assert.ok(isOlder("0.9", "0.10"));
  assert.ok(isOlder("0.1", "0.1.1"));
  assert.ok(!isOlder("0.1.0", "0.1"));
  assert.ok(!isOlder("1.0", "0.9.9"));
});

test("the first that will do is taken, and the others say why not", async (t) => {
  const path = folder(t);
  const of = (file) => ({ program: file, args: [], origin: "a test" });
  const candidates = [
    of(join(path, "none")),
    of(program(join(path, "broken"), "echo 'No module named dg_lsp' >&2; exit 1")),
    of(program(join(path, "other"), "echo Python 3.11")),
    of(program(join(path, "old"), "echo dg-lsp 0.0.9")),
    of(program(join(path, "good"), 'echo "dg-lsp 0.2.0"; test "$1" = --version')),
    of(program(join(path, "later"), "echo dg-lsp 0.3.0")),
  ];
  const { found, missed } = await firstUsable(candidates, askVersion);
  assert.equal(found.candidate, candidates[4]);
  assert.equal(found.version, "0.2.0");
  assert.deepEqual(missed.map(({ why }) => why), [
    "there is no such program",
    "No module named dg_lsp",
    "it did not say that it is dg-lsp",
    "its version is 0.0.9, 0.1.0 or newer is needed",
  ]);
});

test("the PATH is searched in order, without what is not absolute, no program, or avoided", (t) => {
  const path = folder(t);
  const [bad, good, last] = ["bad", "good", "last"].map((name) => join(path, name));
  program(join(good, "dg-lsp"));
  program(join(last, "dg-lsp"));
  mkdirSync(join(bad, "dg-lsp"), { recursive: true });
  const env = { Path: [".", "", bad, good, last].join(":") };
  assert.equal(onPath("dg-lsp", env), join(good, "dg-lsp"));
  assert.equal(onPath("dg-lsp", env, [good]), join(last, "dg-lsp"));
  assert.equal(onPath("dg-lsp", env, [path]), undefined);
  assert.equal(onPath("dg-lsp", {}), undefined);
});

test("an environment's Python is run without the folder it starts in", (t) => {
  const path = folder(t);
  assert.equal(pythonOf(path), undefined);
  const python = program(join(path, "bin", "python"));
  assert.equal(pythonOf(path), python);
  assert.deepEqual(moduleOf(python, "a test").args, ["-P", "-m", "dg_lsp"]);
});

test("words of the setting are expanded", () => {
  assert.equal(expanded("~/bin/x", "/home/a", undefined), "/home/a/bin/x");
  assert.equal(expanded("~x", "/home/a", undefined), "~x");
  assert.equal(expanded("${workspaceFolder}/x", "/home/a", "/w"), "/w/x");
  assert.equal(expanded("${workspaceFolder}/x", "/home/a", undefined), "${workspaceFolder}/x");
});

test("the install line is quoted for its shell", () => {
  assert.equal(installCommand(undefined, undefined, "linux"), "python3 -m pip install PATH");
  assert.equal(installCommand("/a b/it's", "/my clone", "linux"), "'/a b/it'\\''s' -m pip install '/my clone'");
  assert.equal(installCommand("C:\\a b\\python.exe", "C:\\w.whl", "win32"), '& "C:\\a b\\python.exe" -m pip install C:\\w.whl');
  assert.equal(installCommand("/x;rm", "~/dg-lsp", "linux"), "'/x;rm' -m pip install ~/dg-lsp");
});
