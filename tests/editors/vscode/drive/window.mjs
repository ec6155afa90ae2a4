// Runs one story in one window: opens the editor, leaves a picture where it fails, ends everything.
import { readFileSync } from "node:fs";
import { makeWorkspace, openEditor, say } from "./editor.mjs";
import { Screen } from "./screen.mjs";

/** Calls `story(screen, workspace, root)`. The arguments are the folder of this run and a JSON file with what it needs. */
export async function tell(name, story) {
  const [root, given] = process.argv.slice(2);
  const { files, settings, vsix, trusted } = JSON.parse(readFileSync(given, "utf8"));
  const workspace = makeWorkspace(root, files);
  const editor = await openEditor({ root, workspace, settings, vsix, trusted });
  const screen = new Screen(editor.page);
  let failed = false;
  try {
    await story(screen, workspace, root);
  } catch (error) {
    failed = true;
    console.log(error.stack);
    await screen.picture(`${name}-failed`);
  }
  await editor.close();
  say(failed ? "0 passed, 1 failed" : "1 passed, 0 failed");
  process.exit(failed ? 1 : 0);
}
