"""Why there is nothing to show, in words that editors and the log have too."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "ignored_file",  # an ignore rule forbids reading it, see infill.ignore.rules
    "unknown_language",  # no grammar for this file
    "untrained_language",  # the loaded model was not trained on this language
    "manual_language",  # in this language the model is right too seldom to be shown unasked
    "in_comment",
    "in_string",
    "word_to_the_right",
    "file_too_large",
    "generated_file",  # it says so at its top, or its lines have over 240 characters on average
    "finished_line",  # at the end of a line that says all it can say
    "data_row",  # in a row of literals among others: what the next one is, nobody but the user knows
    "blank_line",  # the model writes there only on request, and the code base has no text for it
    "selection_too_long",  # longer than the model takes, see ModelInfo.max_selection_tokens
    "no_target",  # the code there has nothing of the kind that was asked for
    "empty_fill",
    "nothing_better",  # refine: the present text is the most probable
    "not_as_asked",  # rewrite: no answer does what the instruction says, by what code can see
    "breaks_parse",  # no candidate keeps the file parsing
    "not_confident",
    "cancelled",
    "superseded",
    "deadline",
    "model_loading",
    "model_failed",
    "reading",  # the model still reads the code around the hole: its answer would come too late
    "read",  # nothing was to be written: the code around was read ahead of a question
    "server_failed",  # the server that runs the model failed; the detail names its URL and what to do
]

# The reasons that are found before the model does anything.
REFUSALS: frozenset[Reason] = frozenset(
    ("ignored_file", "unknown_language", "untrained_language", "manual_language", "in_comment", "in_string",
     "word_to_the_right", "file_too_large", "generated_file", "finished_line", "data_row", "blank_line",
     "selection_too_long", "no_target", "model_loading", "model_failed", "reading")
)  # fmt: skip
