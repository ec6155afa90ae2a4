// A person at the window, with a scripted server: types, sees ghost text, takes it, undoes, rewrites, sees the diff.
import assert from "node:assert";
import { say } from "./editor.mjs";
import { tell } from "./window.mjs";

await tell("ui", async (screen) => {
  await screen.openFile("inventory.py");
  say("status:", await screen.status(/dg-lsp: ready/));
  await ghostText(screen);
  await silence(screen);
  await rewrite(screen);
  await changes(screen);
  await lightBulb(screen);
  await whyNothing(screen);
  await menu(screen);
  await walkthrough(screen);
});

async function ghostText(screen) {
  await screen.press("Control+End");
  await screen.type("def fib(n):");
  await screen.ghostHolds("return fib(n - 1) + fib(n - 2)");
  await screen.picture("ghost-text");
  await screen.press("Tab");
  await screen.textHolds("    return fib(n - 1) + fib(n - 2)");
  assert.equal(await screen.ghost(), "");
  await screen.picture("accepted");
  await screen.status(/dg-lsp: ready · \d+ ms · script/);
  await screen.press("Control+z");
  await screen.textLacks("return fib(n - 1)");
  assert.ok((await screen.text()).includes("def fib(n):"), "what was typed is still there");
  await screen.press("Escape");
}

/** Asked where there is nothing to suggest, the status bar says why in one line. */
async function silence(screen) {
  await screen.press("Control+Home");
  await screen.command("Trigger Inline Suggestion");
  await screen.page.locator('.statusbar-item:has-text("dg-lsp: nothing to suggest here: ")').waitFor();
}

async function rewrite(screen) {
  await screen.select("total = 0", 2);
  await screen.command("dg-lsp: Rewrite Selection");
  await screen.asked("what should change?");
  await screen.picture("rewrite-input");
  await screen.type("use sum");
  await screen.press("Enter");
  await screen.textHolds("= sum(", ".editor.modified");
  await screen.asked("Apply");
  await screen.picture("rewrite-preview");
  assert.ok((await screen.text(".editor.original")).includes("total = 0"));
  await screen.press("Enter");
  await screen.page.waitForSelector(".monaco-diff-editor", { state: "hidden" });
  await screen.textHolds("= sum(");
  await screen.textLacks("total += count");
  await screen.picture("rewritten");
  await screen.press("Control+z");
  await screen.textHolds("total += count");
}

/** The instruction before is offered again; of two changes one is taken, and one undo takes it back. */
async function changes(screen) {
  const { page } = screen;
  const row = (text) => page.locator(".quick-input-list .monaco-list-row", { hasText: text });
  await screen.select("self.boxes = boxes", 3);
  await screen.command("dg-lsp: Rewrite Selection");
  await row("use sum").waitFor();
  await screen.picture("rewrite-history");
  await screen.type("copy the boxes");
  await row("copy the boxes").waitFor();
  await screen.press("Enter");
  await screen.textHolds("[box] += count", ".editor.modified");
  await screen.asked("Apply all 2 changes");
  await screen.press("ArrowDown");
  await screen.press("Enter");
  await row("self.boxes[box] += count").click();
  await screen.textLacks("[box] += count", ".editor.modified");
  await screen.textHolds("dict(boxes)", ".editor.modified");
  await screen.picture("rewrite-changes");
  await screen.press("Enter");
  await page.waitForSelector(".monaco-diff-editor", { state: "hidden" });
  await screen.textHolds("self.boxes = dict(boxes)");
  assert.ok((await screen.text()).includes("self.boxes.get(box, 0) + count"), "what was not ticked is as it was");
  await screen.press("Control+z");
  await screen.textLacks("dict(boxes)");
}

/** The entry with dots asks for an instruction, too. */
async function lightBulb(screen) {
  await screen.select("self.boxes = boxes", 3);
  await screen.press("Control+Shift+r");
  const entry = screen.page.locator('.action-widget .monaco-list-row:has-text("Rewrite selection…")');
  await entry.waitFor();
  await screen.picture("light-bulb");
  await screen.press("Enter"); // the first one
  await screen.asked("what should change?");
  await screen.press("Escape");
}

/** Why there is no docstring in a place without a definition. */
async function whyNothing(screen) {
  await screen.press("Control+Home");
  await screen.command("dg-lsp: Fill This Body");
  const said = screen.page.locator('.notification-toast:has-text("There is nothing here to which this applies")');
  await said.first().waitFor();
  await screen.command("Notifications: Clear All Notifications");
  await said.first().waitFor({ state: "hidden" });
  await screen.command("dg-lsp: Why Nothing?");
  await said.first().waitFor();
  await screen.picture("why-nothing");
  await screen.command("Notifications: Clear All Notifications");
}

async function menu(screen) {
  await screen.page.click("[id*='dg-lsp.status']");
  await screen.asked("Restart the server");
  await screen.picture("menu");
  await screen.type("file read");
  await screen.press("Enter");
  await screen.page.waitForSelector('.notification-toast:has-text("inventory.py")');
}

/** The three steps; what they offer is pressed, and the ones that are done are marked. */
async function walkthrough(screen) {
  const { page } = screen;
  await screen.command("Welcome: Open Walkthrough");
  await screen.type("Get started with dg-lsp");
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("Get started with dg-lsp")');
  await screen.press("Enter");
  const step = (title) => page.locator(`.getting-started-step:has-text("${title}")`);
  const done = (title) => step(title).locator(".codicon-getting-started-step-checked").waitFor();
  await page.locator('.monaco-button:has-text("Look again")').click();
  await done("Install the server");
  await step("Take a suggestion").click();
  await page.locator('.monaco-button:has-text("Try it in a new file")').click();
  await screen.ghostHolds("height");
  await screen.press("Tab");
  await screen.textHolds("self.height = height");
  await page.locator(".tab", { hasText: /Walkthrough|Welcome/ }).click(); // newer editors call it so
  await done("Take a suggestion");
  await step("Know what is read").click();
  await page.locator('.monaco-button:has-text("Is this file read?")').click();
  await done("Know what is read");
  await screen.picture("walkthrough");
}
