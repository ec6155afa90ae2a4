"""Why there is nothing, in one sentence for the user: of a request without an answer, and of a rewrite without an edit.

Each reason of `infill.reasons` and each of the server's own has its sentence here and nowhere else.
"""

from __future__ import annotations

from infill.ignore.rules import Verdict

_SENTENCES: dict[str, str] = {
    "after_deletion": "Nothing is suggested right after a deletion.",
    "automatic_off": "Automatic suggestions are off.",
    "blank_line": "The line is blank, and the code has no line like the ones around it.",
    "breaks_parse": "No proposal of the model parses there.",
    "cancelled": "Cancelled.",
    "data_row": "This is a row of data, and nobody but you knows the next value.",
    "deadline": "The model did not finish in time; raise deadlineMs, or manualDeadlineMs for what you ask for.",
    "document_changed": "The document changed meanwhile: select again.",
    "document_closed": "The document is not open.",
    "empty_fill": "The model has nothing to write there.",
    "failed": "The server could not do it; see its log.",
    "file_too_large": "The file is too large.",
    "finished_line": "The line says all it can say.",
    "generated_file": "The file seems to be generated.",
    "ignored_file": "This file is ignored; `dg-lsp explain` says by which rule.",
    "in_comment": "This is a comment.",
    "in_string": "This is a string.",
    "language_off": "The setting `languages` leaves this language out.",
    "manual_language": "In this language the model is right too seldom: suggestions come only when you ask.",
    "model_failed": "The model could not be used; see the server's log.",
    "model_loading": "The model is still loading: try again when it is ready.",
    "no_target": "There is nothing here to which this applies.",
    "not_as_asked": "No answer of the model does what you asked for.",
    "not_confident": "The model is not sure enough.",
    "nothing_better": "The model found nothing better than the present text.",
    "on_battery": "The machine runs on its battery, and the setting `onBattery` says to wait for a request.",
    "reading": "The model is still reading the code around.",
    "selection_too_long": "The selection is too long for the model.",
    "server_failed": "The model's server could not be used.",
    "superseded": "The document changed meanwhile: select again.",
    "too_slow": "The model is too slow on this machine for suggestions while you type.",
    "unknown_document": "The document is not open.",
    "unknown_language": "No grammar for this language.",
    "untrained_language": "The model does not know this language.",
    "word_to_the_right": "A word follows the cursor.",
}


def why(reason: str, detail: str = "", ignored: Verdict | None = None) -> str:
    """Return the sentence for a reason; `detail` is put in brackets, and of an ignored file the rule is named."""
    if ignored is not None and reason == "ignored_file" and ignored.rule:
        return f"This file is ignored by {ignored.rule} ({ignored.source})."
    sentence = _SENTENCES.get(reason, f"The model has no proposal ({reason.replace('_', ' ')}).")
    return f"{sentence.removesuffix('.')} ({detail.removesuffix('.')})." if detail else sentence
