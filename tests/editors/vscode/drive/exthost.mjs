// Runs a suite inside the real extension host. Arguments: folder of this run, the suite's file, a JSON file with what it needs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeWorkspace, openEditor, say } from "./editor.mjs";

const LIMIT_MS = 400_000;

const [root, suite, given] = process.argv.slice(2);
const { files, settings, trusted } = JSON.parse(readFileSync(given, "utf8"));
const workspace = makeWorkspace(root, files);
let pictures = 0;
const picture = (page) => {
  pictures += 1;
  return page.screenshot({ path: join(process.env.DG_LSP_SCREENSHOTS, `extension-host-failed-${pictures}.png`) });
};
const onLine = (page, line) => line.startsWith("not ok") && void picture(page);
const editor = await openEditor({ root, workspace, settings, tests: suite, onLine, trusted });
const limit = new Promise((resolve) => setTimeout(() => resolve("no end in time"), LIMIT_MS).unref());
const code = await Promise.race([editor.ended(), limit]);
if (code !== 0 && pictures === 0) {
  await picture(editor.page); // it did not end, or failed before a test did
}
say("the suite ended with", code);
await editor.close();
process.exit(code === 0 ? 0 : 1);
