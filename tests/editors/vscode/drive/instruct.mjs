// A person at the window with the default model: says what should change, sees the diff, takes it, takes it back.
import { say } from "./editor.mjs";
import { tell } from "./window.mjs";

const VIEW = { x: 48, y: 0, width: 952, height: 400 }; // the question above the diff

await tell("instruct", async (screen) => {
  await screen.openFile("cart.py");
  say("status:", await screen.status(/dg-lsp: ready · (?!dg-embedded)/));
  await screen.page.waitForTimeout(1_000); // the model reads what is around the cursor
  await screen.press("Control+b"); // no side bar
  await screen.select("names = []", 4);
  await screen.command("dg-lsp: Rewrite Selection");
  await screen.asked("what should change?");
  await screen.type("use a list comprehension");
  await screen.press("Enter");
  await screen.asked("Apply");
  await screen.textHolds("for name, price in", ".editor.modified");
  await screen.page.mouse.move(0, 0);
  await screen.picture("instruction", VIEW);
  await screen.press("Enter");
  await screen.page.waitForSelector(".monaco-diff-editor", { state: "hidden" });
  await screen.textLacks("names.append(name)");
  await screen.press("Control+z");
  await screen.textHolds("names.append(name)");
});
