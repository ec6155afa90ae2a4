// The real editor for a test: VS Code's server on a free port, a headless Chromium on it, fresh folders, all of it ended after.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, get } from "node:http";
import { join } from "node:path";

const { chromium } = createRequire(join(process.env.DG_LSP_EXTENSION, "package.json"))("playwright-core");

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage", // a container's may be too small
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What every run has: no telemetry, no welcome page, nothing that looks for the network or moves the text. */
const SETTINGS = {
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.colorTheme": "Default Dark Modern",
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "never",
  "git.enabled": false,
  "files.autoSave": "off",
  "chat.disableAIFeatures": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "editor.inlineSuggest.enabled": true,
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.detectIndentation": false,
  "editor.autoClosingBrackets": "never",
  "editor.cursorBlinking": "solid",
  "editor.minimap.enabled": false,
};

export const say = (...words) => console.log(`${(process.uptime()).toFixed(1)}s`, ...words);

/**
 * Opens a folder in a fresh editor. `root` is an empty folder of this run; `vsix` is installed, or, with `tests`, the
 * extension runs from its own folder, `onLine(page, line)` hears what they print and `ended()` is their exit code.
 */
export async function openEditor({ root, workspace, settings = {}, vsix, tests, onLine, trusted = true }) {
  const code = join(process.env.DG_LSP_CODE_SERVER, "lib", "vscode", "out", "server-main.js");
  const folders = Object.fromEntries(["user", "server", "extensions", "home"].map((name) => [name, join(root, name)]));
  for (const folder of Object.values(folders)) {
    mkdirSync(folder, { recursive: true });
  }
  mkdirSync(join(folders.user, "User"), { recursive: true });
  writeFileSync(join(folders.user, "User", "settings.json"), JSON.stringify({ ...SETTINGS, ...settings }));
  mkdirSync(join(folders.user, "Machine"), { recursive: true });
  writeFileSync(join(folders.user, "Machine", "settings.json"), JSON.stringify(settings));
  const env = { ...process.env, HOME: folders.home, XDG_CONFIG_HOME: folders.home, XDG_DATA_HOME: folders.home };
  delete env.VIRTUAL_ENV; // the tests may run in an environment that has the server
  const common = [
    "--user-data-dir", folders.user,
    "--server-data-dir", folders.server,
    "--extensions-dir", folders.extensions,
    "--accept-server-license-terms",
  ]; // prettier-ignore
  if (vsix !== undefined) {
    await finished(spawn(process.execPath, [code, "--install-extension", vsix, ...common], { env, stdio: "pipe" }));
  }
  const port = await freePort();
  const flags = ["--host", "127.0.0.1", "--port", `${port}`, "--without-connection-token", "--telemetry-level", "off"];
  flags.push(...(tests === undefined ? [] : ["--enable-smoke-test-driver"])); // newer ones show no notifications with it
  flags.push(...(trusted ? ["--disable-workspace-trust"] : []));
  const server = spawn(process.execPath, [code, ...flags, ...common], { env, stdio: "ignore", detached: true });
  process.once("SIGTERM", () => close().finally(() => process.exit(143)));
  let browser;
  const close = async () => {
    await browser?.close();
    await endGroup(server);
  };
  try {
    await until(() => answers(port), "the editor's server");
    const own = { ...process.env, ...JSON.parse(process.env.CHROMIUM_ENVIRONMENT ?? "{}") };
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: CHROMIUM_FLAGS, env: own });
    const page = await browser.newPage({ viewport: { width: 1000, height: 620 } });
    const ended = tests === undefined ? undefined : await testsExit(page, onLine);
    await page.goto(address(port, workspace, tests), { waitUntil: "domcontentloaded" });
    return { page, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Lets the page report the tests' exit code; a function, since a promise would be waited for. */
async function testsExit(page, onLine) {
  await page.exposeFunction("codeAutomationLog", (_type, words) => {
    console.log(...words);
    onLine?.(page, words.join(" "));
  });
  let done;
  const exit = new Promise((resolve) => (done = resolve));
  await page.exposeFunction("codeAutomationExit", (code) => done(code));
  return () => exit;
}

function address(port, workspace, tests) {
  const query = new URLSearchParams({ folder: workspace });
  if (tests !== undefined) {
    const remote = (path) => `vscode-remote://127.0.0.1:${port}${path}`;
    const payload = [
      ["extensionDevelopmentPath", remote(process.env.DG_LSP_EXTENSION)],
      ["extensionTestsPath", remote(tests)],
      ["enableProposedApi", ""],
      ["skipWelcome", "true"],
    ];
    query.set("payload", JSON.stringify(payload));
  }
  return `http://127.0.0.1:${port}/?${query}`;
}

/** Waits for something to be true; a shared machine may be slow, so the limit is generous. */
export async function until(isTrue, what, limitMs = 60_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await isTrue();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/version" }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function finished(child) {
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  return new Promise((resolve, reject) => {
    child.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(output))));
  });
}

/** Ends a process and all that it started. */
async function endGroup(child) {
  const gone = child.exitCode !== null ? undefined : new Promise((resolve) => child.on("exit", resolve));
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      return; // none of the group is left
    }
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 3000))]);
  }
}

/** Copies the files of a test into a fresh workspace. */
export function makeWorkspace(root, files) {
  const folder = join(root, "workspace");
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

