// The input for an instruction, with the last ones below it. The editor keeps them on this machine, unless a setting says not to.
import * as vscode from "vscode";
import { type Line, linesFor, withFirst } from "./remembered";

const KEY = "dg-lsp.instructions";
const SETTING = "rememberInstructions";
const FORGET: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Forget this instruction" };
const ICONS = { typed: "$(arrow-right)", last: "$(history)", anew: "$(refresh)" };

interface Item extends vscode.QuickPickItem {
  readonly line: Line;
}

/** Asks for instructions and remembers them. */
export class Instructions implements vscode.Disposable {
  private readonly listener: vscode.Disposable;

  constructor(private readonly storage: vscode.Memento) {
    this.listener = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`dg-lsp.${SETTING}`)) {
        void this.forgetWhereOff();
      }
    });
    void this.forgetWhereOff();
  }

  dispose(): void {
    this.listener.dispose();
  }

  /** Returns what the user wants: an instruction, nothing for a refill, or undefined when they give up. */
  async ask(begun = ""): Promise<string | undefined> {
    const input = vscode.window.createQuickPick<Item>();
    input.title = "Rewrite selection: what should change?";
    input.placeholder = "for example: use a dictionary";
    input.value = begun;
    let listed = "";
    const list = () => {
      listed = input.value;
      input.items = linesFor(listed, this.last).map(item);
    };
    list();
    try {
      const chosen = await new Promise<string | undefined>((resolve) => {
        input.onDidChangeValue(list);
        input.onDidTriggerItemButton(async ({ item: { line } }) => {
          await this.keep(this.last.filter((each) => each !== line.instruction));
          list();
        });
        input.onDidAccept(() => {
          const [active] = input.activeItems; // who types fast is ahead of the list
          const isChosen = active?.line.kind === "last" && input.items.includes(active) && listed === input.value;
          resolve(isChosen ? active.line.instruction : input.value.trim());
        });
        input.onDidHide(() => resolve(undefined));
        input.show();
      });
      if (chosen !== undefined && isOn()) {
        await this.keep(withFirst(this.last, chosen));
      }
      return chosen;
    } finally {
      input.dispose();
    }
  }

  private get last(): readonly string[] {
    return isOn() ? this.storage.get<string[]>(KEY, []) : [];
  }

  private async keep(texts: readonly string[]): Promise<void> {
    await this.storage.update(KEY, texts.length === 0 ? undefined : texts);
  }

  private async forgetWhereOff(): Promise<void> {
    if (!isOn()) {
      await this.keep([]);
    }
  }
}

function item(line: Line): Item {
  const { kind, instruction } = line;
  const label = `${ICONS[kind]} ${kind === "anew" ? "Fill the selection anew" : instruction}`;
  return { label, line, alwaysShow: kind !== "last", ...(kind === "last" ? { buttons: [FORGET] } : {}) };
}

function isOn(): boolean {
  return vscode.workspace.getConfiguration("dg-lsp").get(SETTING, true);
}
