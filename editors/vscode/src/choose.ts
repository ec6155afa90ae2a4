// The lists that ask what becomes of a proposal: all of it, some of its changes, another one, or nothing.
import * as vscode from "vscode";
import { type Hunk, labelOf } from "./hunks";

/** What the user says to a proposal: the changes to apply, or that it is to be asked for otherwise, or dropped. */
export type Choice = readonly Hunk[] | "again" | "discard";

/** A proposal as the lists show it; `hint` is what the server has to say about it. */
export interface Proposal {
  readonly title: string;
  readonly hint: string;
  readonly canAskAgain: boolean;
  readonly hunks: readonly Hunk[];
}

/** What shows the proposal while the user chooses. */
export interface Shower {
  readonly show: (hunks: readonly Hunk[]) => void; // with these changes only
  readonly reveal: (hunk: Hunk) => void;
}

type Step = Choice | "some" | "back";

interface Item extends vscode.QuickPickItem {
  readonly step: Step;
}

interface HunkItem extends vscode.QuickPickItem {
  readonly hunk: Hunk;
}

const SIGNS = { added: "$(diff-added)", removed: "$(diff-removed)", modified: "$(diff-modified)" };

/** The open question about one proposal; `apply` and `discard` answer it as its lists would. */
export class Question {
  private resolve: ((step: Step) => void) | undefined;
  private ticked: readonly Hunk[];
  private isOver = false; // the diff may be closed before the first list is there

  constructor(
    private readonly proposal: Proposal,
    private readonly shower: Shower,
  ) {
    this.ticked = proposal.hunks;
  }

  apply(): void {
    this.resolve?.(this.ticked);
  }

  discard(): void {
    this.isOver = true;
    this.resolve?.("discard");
  }

  /** Asks until there is an answer. Escape goes back from the list of changes, and discards from the first list. */
  async ask(): Promise<Choice> {
    for (;;) {
      const step = this.isOver ? "discard" : await this.askWhole();
      if (step !== "some") {
        return step as Choice;
      }
      const some = await this.askSome();
      if (some !== "back") {
        return some.length === 0 ? "discard" : (some as Choice);
      }
      this.ticked = this.proposal.hunks;
      this.shower.show(this.ticked);
    }
  }

  private askWhole(): Promise<Step> {
    const { title, hint, canAskAgain, hunks } = this.proposal;
    const pick = vscode.window.createQuickPick<Item>();
    pick.title = title;
    pick.placeholder = hint || "Apply the proposal below?";
    pick.ignoreFocusOut = true;
    pick.items = [
      { label: hunks.length > 1 ? `$(check) Apply all ${hunks.length} changes` : "$(check) Apply", step: hunks },
      ...(hunks.length > 1 ? [{ label: "$(list-selection) Choose changes…", step: "some" as const }] : []),
      ...(canAskAgain ? [{ label: "$(refresh) Ask differently…", step: "again" as const }] : []),
      { label: "$(close) Discard", step: "discard" },
    ];
    return this.answer(pick, "discard", () => pick.selectedItems[0]?.step ?? "discard");
  }

  private askSome(): Promise<Step> {
    const pick = vscode.window.createQuickPick<HunkItem>();
    pick.title = this.proposal.title;
    pick.placeholder = "Which changes? Enter applies those that are ticked.";
    pick.ignoreFocusOut = true;
    pick.canSelectMany = true;
    pick.items = this.proposal.hunks.map((hunk) => {
      const { sign, text } = labelOf(hunk);
      return { label: `${SIGNS[sign]} ${text}`, description: `line ${hunk.line + 1}`, hunk };
    });
    pick.selectedItems = pick.items;
    pick.onDidChangeSelection((chosen) => {
      this.ticked = this.proposal.hunks.filter((hunk) => chosen.some((item) => item.hunk === hunk));
      this.shower.show(this.ticked);
    });
    pick.onDidChangeActive(([item]) => item && this.shower.reveal(item.hunk));
    return this.answer(pick, "back", () => this.ticked);
  }

  private async answer<T extends vscode.QuickPickItem>(pick: vscode.QuickPick<T>, hidden: Step, accepted: () => Step): Promise<Step> {
    try {
      return await new Promise<Step>((resolve) => {
        this.resolve = resolve;
        pick.onDidAccept(() => resolve(accepted()));
        pick.onDidHide(() => resolve(hidden));
        pick.show();
      });
    } finally {
      this.resolve = undefined;
      pick.dispose();
    }
  }
}
