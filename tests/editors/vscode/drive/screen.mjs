// What a person sees and does in the editor's window: status bar, ghost text, text, pictures.
import { join } from "node:path";
import { say, until } from "./editor.mjs";

const LIMIT_MS = 60_000;
const GHOST = "[class*=ghost-text], .suggest-preview-text"; // in lines of the text, and lines of its own

/** One editor window; `picture` writes to the folder for screenshots. */
export class Screen {
  constructor(page) {
    this.page = page;
  }

  async openFile(name) {
    const row = this.page.locator(`.explorer-folders-view .monaco-list-row:has-text("${name}")`);
    await row.first().waitFor({ timeout: LIMIT_MS });
    await row.first().dblclick();
    await this.page.waitForSelector(`.tab.active:has-text("${name}")`, { timeout: LIMIT_MS });
    await this.page.waitForSelector(".monaco-editor .view-lines", { timeout: LIMIT_MS });
    await this.page.click(".editor-instance .monaco-editor .view-lines");
  }

  /** Waits until the status bar's text fits. */
  async status(pattern) {
    return until(async () => {
      const text = await this.page.evaluate(() => document.querySelector("#dg-lsp\\.dg-lsp\\.status, [id*='dg-lsp.status']")?.textContent);
      return pattern.test(text ?? "") && text;
    }, `the status ${pattern}`, LIMIT_MS);
  }

  async press(keys) {
    await this.page.keyboard.press(keys);
  }

  async type(text) {
    await this.page.keyboard.type(text, { delay: 30 });
  }

  /** The text of ghost text on the screen; empty when there is none. */
  async ghost() {
    return this.page.evaluate(
      (ghost) => [...document.querySelectorAll(ghost)].map((node) => node.textContent.replaceAll("\u00a0", " ")).join("\n"),
      GHOST,
    );
  }

  /** Waits until ghost text that holds the words is drawn. */
  async ghostHolds(words) {
    return until(async () => (await this.ghost()).includes(words), `ghost text ${words}`, LIMIT_MS);
  }

  /** The lines that are on the screen, of the active editor or of one side of the diff, without ghost text. */
  async text(within = ".editor-instance") {
    return this.page.evaluate(
      ([scope, ghost]) => {
        const lines = [...document.querySelectorAll(`${scope} .monaco-editor .view-line`)].filter((line) => !line.closest(ghost));
        const ordered = lines.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
        const texts = ordered.map((line) => {
          const copy = line.cloneNode(true);
          copy.querySelectorAll(ghost).forEach((node) => node.remove());
          return copy.textContent.replaceAll("\u00a0", " ");
        });
        return texts.join("\n");
      },
      [within, GHOST],
    );
  }

  async textHolds(words, within) {
    return until(async () => (await this.text(within)).includes(words), `${words} in the text`, LIMIT_MS);
  }

  async textLacks(words, within) {
    return until(async () => !(await this.text(within)).includes(words), `no ${words} in the text`, LIMIT_MS);
  }

  /** Selects from a text to the end of the line so many lines below it. */
  async select(text, nLines) {
    await this.press("Control+Home");
    await this.press("Control+f");
    await this.type(text);
    await this.press("Enter");
    await this.press("Escape"); // the match stays selected
    for (let i = 0; i < nLines; i++) {
      await this.press("Shift+ArrowDown");
    }
    await this.press("Shift+End");
  }

  /** Runs a command by its title in the palette. */
  async command(title) {
    await this.press("F1");
    await this.page.waitForSelector(".quick-input-widget input", { timeout: LIMIT_MS });
    await this.type(title);
    await this.page.waitForSelector(`.quick-input-list .monaco-list-row:has-text("${title}")`, { timeout: LIMIT_MS });
    await this.press("Enter");
  }

  /** Waits for an input box or list with a title. */
  async asked(title) {
    await this.page.waitForSelector(`.quick-input-widget:has-text("${title}")`, { timeout: LIMIT_MS });
  }

  /** Takes a picture of the window, or of a part of it: `{ x, y, width, height }` in pixels. */
  async picture(name, clip) {
    await this.page.screenshot({ path: join(process.env.DG_LSP_SCREENSHOTS, `${name}.png`), ...(clip && { clip }) });
    say("picture", name);
  }
}
