"""The files that import lines of the other languages name are found, and their texts go before those beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from infill.project.definitions import Definitions
from infill.project.imported_files import imported_files
from infill.syntax.languages import for_path
from infill.syntax.tree import parse


@pytest.mark.parametrize(
    ("path", "line", "imported"),
    [
        ("src/app.ts", 'import { Task } from "./task";', "src/task.ts"),
        ("src/ui/app.tsx", 'import Task from "../task.js";', "src/task.ts"),
        ("src/app.js", 'const { a } = require("./lib");', "src/lib/index.js"),
        ("src/app.ts", 'export * from "./task";', "src/task.ts"),
        ("src/app.mjs", 'const a = await import("./task.mjs");', "src/task.mjs"),
        ("src/main.c", '#include "list.h"', "src/list.h"),
        ("src/main.cpp", '#include "app/list.hpp"', "include/app/list.hpp"),
        ("java/org/app/Main.java", "package org.app;\nimport org.app.text.Slug;", "java/org/app/text/Slug.java"),
        ("Main.java", "import static text.Slug.of;", "text/Slug.java"),
        ("src/main.rs", "mod slug;", "src/slug.rs"),
        ("src/a/b.rs", "use crate::text::slug::Slug;", "src/text/slug.rs"),
        ("src/a/b.rs", "use crate::text::{slug, word};", "src/text.rs"),
        ("src/a/b.rs", "use super::c::D;", "src/a/c.rs"),
        ("src/a/mod.rs", "pub mod c;", "src/a/c.rs"),
        ("src/a/b.rs", "mod c;", "src/a/b/c.rs"),
    ],
)  # fmt: skip
def test_an_import_leads_to_its_file(path: str, line: str, imported: str) -> None:
    language = for_path(path)
    assert language is not None
    assert f"/p/{imported}" in list(imported_files(language.id, f"{line}\n", f"/p/{path}", ["/p"]))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.ts", 'import fs from "node:fs";'),
        ("a.ts", 'const text = "../secret";'),
        ("a.c", "#include <stdio.h>"),
        ("a.go", 'import "fmt"'),
        ("a.rs", "use std::fmt;"),
        ("a.css", '@import "./b.css";'),
    ],
)
def test_what_is_not_of_the_project_leads_nowhere(path: str, line: str) -> None:
    language = for_path(path)
    assert language is not None
    assert list(imported_files(language.id, f"{line}\n", f"/p/{path}", ["/p"])) == []


def test_what_is_imported_comes_before_what_stands_beside_and_nothing_outside_or_ignored(tmp_path: Path) -> None:
    outside, project = tmp_path / "other.ts", tmp_path / "project"
    for name in ("lib/task.ts", "lib/hidden.ts", "src/app.ts", "src/beside.ts"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(f"// {name}\n")
    outside.write_text("// outside\n")
    text = 'import a from "../lib/task";\nimport b from "../lib/hidden";\nimport c from "../../other";\n'
    language = for_path("app.ts")
    assert language is not None
    known = Definitions([str(project)], lambda file: not file.endswith("hidden.ts"))
    found = known.of(parse(language, text), str(project / "src/app.ts"))
    assert found.texts == ("// lib/task.ts\n", "// src/beside.ts\n")
    assert found.text_paths == ("lib/task.ts", "src/beside.ts") and found.excerpts == ()
