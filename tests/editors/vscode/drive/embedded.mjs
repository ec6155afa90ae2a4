// A person at the window with the embedded model: what it says is its own, that something is said and taken is ours.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { say } from "./editor.mjs";
import { tell } from "./window.mjs";

await tell("embedded", async (screen) => {
  await screen.openFile("inventory.py");
  say("status:", await screen.status(/dg-lsp: ready · dg-embedded/));
  await screen.press("Control+Home");
  await screen.press("Control+f");
  await screen.type("self.name");
  await screen.press("Enter");
  await screen.press("Escape");
  await screen.press("End");
  await watchGhostText(screen.page);
  await screen.type(" = ");
  await screen.ghostHolds("name");
  const [drawn, answered] = [await firstDrawn(screen.page), lastFilled()];
  say(`ghost text drawn ${drawn - answered} ms after the server's answer`);
  await screen.picture("embedded-ghost-text");
  await screen.press("Tab");
  await screen.textHolds("self.name = name");
  assert.equal(await screen.ghost().then((text) => text.includes("self.name = name")), false);
  await screen.status(/dg-lsp: ready · \d+ ms · dg-embedded/);
  await screen.picture("embedded-accepted");
  await fillBody(screen);
  await screen.page.click("[id*='dg-lsp.status']");
  await screen.asked("Restart the server");
  await screen.picture("embedded-menu");
});

/** The last function of the file has no body yet. The model may have nothing for it, but then it says so. */
async function fillBody(screen) {
  await screen.press("Control+End");
  await screen.press("ArrowUp");
  await screen.command("dg-lsp: Fill This Body");
  const proposal = screen.page.locator('.quick-input-widget:has-text("Apply")');
  const reason = screen.page.locator('.notification-toast:has-text("dg-lsp:")');
  await proposal.or(reason).first().waitFor({ timeout: 60_000 });
  await screen.picture("embedded-rewrite-preview");
  if (await proposal.isVisible()) {
    await screen.press("Enter");
    await screen.page.waitForSelector(".monaco-diff-editor", { state: "hidden" });
    await screen.textLacks("...");
    say("the body was filled");
  } else {
    say("no body:", await reason.first().textContent());
  }
}

/** Notes in the page when ghost text is there for the first time. */
function watchGhostText(page) {
  return page.evaluate(() => {
    const look = () => {
      if (window.ghostDrawn === undefined && document.querySelector("[class*=ghost-text]")?.textContent) {
        window.ghostDrawn = Date.now();
      }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}

function firstDrawn(page) {
  return page.evaluate(() => window.ghostDrawn);
}

/** When the server answered with ghost text, from its log. */
function lastFilled() {
  const lines = readFileSync(process.env.DG_LSP_LOG, "utf8").split("\n");
  const line = lines.findLast((text) => /inlineCompletion .*reason=(filled|still_fits)/.test(text));
  return new Date(line.slice(0, 23).replace(",", ".").replace(" ", "T")).getTime();
}
