// A person at the window with the default model: the body of a function in Go, offered as ghost text and taken.
import { say } from "./editor.mjs";
import { tell } from "./window.mjs";

const READS_MS = 12_000; // the prompt is read while the cursor rests; a person has thought as long
const TEXT = { x: 298, y: 35, width: 702, height: 480 }; // the editor, without what lies around it

await tell("default", async (screen) => {
  await screen.openFile("stack.go");
  say("status:", await screen.status(/dg-lsp: ready · (?!dg-embedded)/));
  await screen.press("Control+g");
  await screen.type("17");
  await screen.press("Enter");
  await screen.press("End");
  await screen.type("\t"); // where the editor puts the cursor behind a brace
  await screen.page.waitForTimeout(READS_MS);
  await screen.command("Trigger Inline Suggestion");
  await screen.ghostHolds("s.items[len(s.items)-1]");
  await screen.picture("default-ghost-text", TEXT);
  await screen.press("Tab");
  await screen.textHolds("s.items[len(s.items)-1]");
  await screen.picture("default-accepted");
});
