"""The languages we can read, one frozen row each: what differs between their grammars.

A row does not know how it is used; `holes`, `checks` and `candidates` do. Grammars load
on first use. To add a language: add its wheel, a row, a line in `LANGUAGES` and a case in the tests.
"""

from __future__ import annotations

import builtins
import functools
import importlib
from collections.abc import Callable
from typing import Literal, cast

import msgspec
import tree_sitter

BlockStyle = Literal["indent", "brace"]  # brace: any pair of closing tokens (braces, do/done, tags)


_ASCII = bytes(range(128)) + b"." * 128  # in a shell a dot is of a word as they are, and of no name


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """What the rest of `infill` needs to know about one language; node names are those of its grammar."""

    id: str
    lsp_ids: tuple[str, ...]
    extensions: tuple[str, ...]
    file_names: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()  # names in a shebang line, without version digits
    module: str
    loader: str = "language"
    block_style: BlockStyle = "brace"
    indent_unit: str = "    "  # where the file itself shows none
    line_comment: str = ""
    block_comment: tuple[str, str] | None = None
    comment_types: frozenset[str] = frozenset({"comment"})
    quotes: str = "\"'"  # what opens a string on one line, for code too broken to parse
    string_types: frozenset[str] = frozenset()
    expression_statement: str = "expression_statement"  # an expression whose value is not used
    code_in_string_types: frozenset[str] = frozenset()  # interpolations, which are code
    body_types: frozenset[str] = frozenset()  # nodes of statements that run in order
    container_types: frozenset[str] = frozenset()  # nodes of siblings: definitions, entries, arguments
    soft_keywords: frozenset[str] = frozenset()  # which are names, too
    statement_end: str = ""  # what ends a statement, behind which its line says no more
    headers: tuple[str, ...] = ()  # what a line may begin with that opens an indented block
    clauses: tuple[str, ...] = ()  # what such a line begins with that goes on from a block above
    opener: str = ""  # regex of what opens a block at a line's end, besides brackets
    placeholder: str = r"(?!)"  # regex of placeholder statements of a missing body
    stand_ins: tuple[str, ...] = ("x",)  # texts that are valid fills for the grammar
    builtins: frozenset[str] = frozenset()  # names that need no definition in a file
    is_ascii_only: bool = False  # its scanner reads beyond a table for other characters, which can crash

    def grammar(self) -> tree_sitter.Language:
        """Return the grammar, loaded once per process; safe to share between threads."""
        return _load(self.module, self.loader)

    def parsed(self, source: bytes, old: tree_sitter.Tree | None = None) -> tree_sitter.Tree:
        """Return the tree of UTF-8 text; with `old`, edited to fit, only what differs is parsed.

        A parser costs microseconds and is not shared: parsers are not thread-safe.
        """
        given = source.translate(_ASCII) if self.is_ascii_only else source
        parser = tree_sitter.Parser(self.grammar())
        return parser.parse(given) if old is None else parser.parse(given, old)


@functools.cache
def keywords(language: Language) -> frozenset[str]:
    """Return the words that are tokens of the grammar."""
    grammar = language.grammar()
    ids = (i for i in range(grammar.node_kind_count) if not grammar.node_kind_is_named(i))
    return frozenset(kind for i in ids if (kind := grammar.node_kind_for_id(i)) and kind.isalpha())


@functools.cache
def _load(module: str, loader: str) -> tree_sitter.Language:
    capsule = cast("Callable[[], object]", getattr(importlib.import_module(module), loader))
    return tree_sitter.Language(capsule())


def _types(names: str) -> frozenset[str]:
    return frozenset(names.split())


_TODO = r"(?:TODO|FIXME|XXX)\b"
_SLASH_TODO = rf"//+[ \t]*{_TODO}[^\r\n]*|/\*+\s*{_TODO}(?:(?!\*/).)*\*/"
_HASH_TODO = rf"#+[ \t]*{_TODO}[^\r\n]*"
_SAYS_SO = r"(?:[Nn]ot (?:yet )?implemented|NOT IMPLEMENTED|[Uu]nimplemented|[Ii]mplement me|TODO)"
# a body that only throws is often real code: its name or message must say that it is not written
_THROW = (
    r"throw\s+(?:new\s+)?[\w.:]*(?:"
    r"(?:NotImplemented|UnsupportedOperation)\w*\s*\([^;(){}]*\)"
    rf"|\w*(?:Error|Exception|error)\s*\(\s*[\"'`][^\"'`]*{_SAYS_SO}[^\"'`]*[\"'`]\s*\)"
    r")(?:\s*;)?"
)

_PYTHON = Language(
    id="python",
    lsp_ids=("python",),
    extensions=(".py", ".pyi", ".pyw"),
    file_names=("SConstruct", "SConscript", "wscript"),
    interpreters=("python", "pypy"),
    module="tree_sitter_python",
    block_style="indent",
    headers=("if", "for", "while", "with", "try:", "def", "class", "async def", "async with", "async for"),
    clauses=("elif", "else:", "except", "except:", "finally:"),
    line_comment="#",
    string_types=_types("string"),
    code_in_string_types=_types("interpolation"),
    body_types=_types("block"),
    container_types=_types(
        "module argument_list parameters lambda_parameters list dictionary set tuple list_pattern"
        " tuple_pattern parenthesized_expression list_comprehension dictionary_comprehension"
        " set_comprehension generator_expression subscript import_from_statement type_parameter"
    ),
    builtins=frozenset((*dir(builtins), *dir(object), "__file__", "__main__", "__all__", "self", "cls")),
    stand_ins=("x", "in x", "x:", "x():", "in x:", "x in x:", "import x"),
    soft_keywords=_types("match case type"),
    placeholder=rf"pass|\.\.\.|raise\s+NotImplementedError(?:\s*\([^()]*\))?|{_HASH_TODO}",
)

_SCRIPT_BODIES = _types("statement_block switch_case switch_default class_static_block")
_SCRIPT_CONTAINERS = _types(
    "program class_body switch_body object array arguments formal_parameters object_pattern array_pattern"
    " named_imports export_clause jsx_element parenthesized_expression interface_body object_type"
    " enum_body type_parameters type_arguments"
)


def _script(
    language_id: str, lsp_ids: tuple[str, ...], extensions: tuple[str, ...], module: str, loader: str
) -> Language:
    return Language(
        id=language_id,
        lsp_ids=lsp_ids,
        extensions=extensions,
        interpreters=("node", "nodejs") if language_id == "javascript" else (),
        module=module,
        loader=loader,
        indent_unit="  ",
        line_comment="//",
        block_comment=("/*", "*/"),
        comment_types=_types("comment html_comment"),
        quotes="\"'`",
        string_types=_types("string template_string regex"),
        code_in_string_types=_types("template_substitution"),
        statement_end=";",
        body_types=_SCRIPT_BODIES,
        container_types=_SCRIPT_CONTAINERS,
        soft_keywords=_types("from get of set type"),
        placeholder=rf"{_THROW}|{_SLASH_TODO}",
        stand_ins=("x", "x;"),
    )


_JAVASCRIPT = _script(
    "javascript",
    ("javascript", "javascriptreact"),
    (".js", ".jsx", ".mjs", ".cjs"),
    "tree_sitter_javascript",
    "language",
)
_TYPESCRIPT = _script(
    "typescript",
    ("typescript",),
    (".ts", ".mts", ".cts"),
    "tree_sitter_typescript",
    "language_typescript",
)
_TSX = _script("tsx", ("typescriptreact",), (".tsx",), "tree_sitter_typescript", "language_tsx")

_GO = Language(
    id="go",
    lsp_ids=("go",),
    extensions=(".go",),
    statement_end=";",
    module="tree_sitter_go",
    indent_unit="\t",
    line_comment="//",
    block_comment=("/*", "*/"),
    quotes='"`',
    string_types=_types("interpreted_string_literal raw_string_literal rune_literal"),
    body_types=_types("block expression_case communication_case default_case type_case"),
    container_types=_types(
        "source_file field_declaration_list interface_type import_spec_list var_spec_list literal_value"
        " argument_list parameter_list expression_switch_statement type_switch_statement select_statement"
        " const_declaration type_declaration"
    ),
    placeholder=rf"panic\(\s*\"[^\"]*(?:implement|TODO|todo)[^\"]*\"\s*\)|{_SLASH_TODO}",
)

_RUST = Language(
    id="rust",
    lsp_ids=("rust",),
    extensions=(".rs",),
    statement_end=";",
    module="tree_sitter_rust",
    line_comment="//",
    block_comment=("/*", "*/"),
    comment_types=_types("line_comment block_comment"),
    quotes='"',  # a lone ' is more often a lifetime
    string_types=_types("string_literal raw_string_literal char_literal"),
    body_types=_types("block"),
    container_types=_types(
        "source_file declaration_list field_declaration_list enum_variant_list match_block use_list"
        " field_initializer_list arguments parameters array_expression tuple_expression token_tree"
        " ordered_field_declaration_list struct_pattern"
    ),
    placeholder=rf"(?:todo|unimplemented)!\s*\([^()]*\)(?:\s*;)?|{_SLASH_TODO}",
    stand_ins=("x", "x;"),
)

_JAVA = Language(
    id="java",
    lsp_ids=("java",),
    extensions=(".java",),
    statement_end=";",
    module="tree_sitter_java",
    line_comment="//",
    block_comment=("/*", "*/"),
    comment_types=_types("line_comment block_comment"),
    string_types=_types("string_literal character_literal"),
    code_in_string_types=_types("string_interpolation"),
    body_types=_types("block constructor_body switch_block_statement_group"),
    container_types=_types(
        "program class_body interface_body enum_body enum_body_declarations annotation_type_body"
        " switch_block array_initializer argument_list formal_parameters element_value_array_initializer"
    ),
    placeholder=rf"{_THROW}|{_SLASH_TODO}",
    stand_ins=("x", "x;", "int x;"),
)

_C_CONTAINERS = _types(
    "translation_unit field_declaration_list enumerator_list initializer_list argument_list parameter_list"
    " declaration_list preproc_if preproc_ifdef preproc_else preproc_elif"
)
_C = Language(
    id="c",
    lsp_ids=("c",),
    extensions=(".c", ".h"),
    statement_end=";",
    module="tree_sitter_c",
    line_comment="//",
    block_comment=("/*", "*/"),
    string_types=_types("string_literal char_literal"),
    body_types=_types("compound_statement case_statement"),
    container_types=_C_CONTAINERS,
    placeholder=_SLASH_TODO,
    stand_ins=("x", "x;", "int x;"),
)
_CPP = Language(
    id="cpp",
    lsp_ids=("cpp",),
    extensions=(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp"),
    statement_end=";",
    module="tree_sitter_cpp",
    line_comment="//",
    block_comment=("/*", "*/"),
    string_types=_types("string_literal char_literal raw_string_literal"),
    body_types=_types("compound_statement case_statement"),
    container_types=_C_CONTAINERS | _types("template_argument_list template_parameter_list"),
    placeholder=rf"{_THROW}|{_SLASH_TODO}",
    stand_ins=("x", "x;", "int x;"),
)

_BASH = Language(
    id="bash",
    lsp_ids=("shellscript", "sh"),
    extensions=(".sh", ".bash", ".bats", ".ksh"),
    file_names=(".bashrc", ".bash_profile", ".bash_aliases", ".bash_logout", ".profile", "PKGBUILD"),
    interpreters=("bash", "sh", "dash", "ksh", "bats"),
    module="tree_sitter_bash",
    indent_unit="  ",
    line_comment="#",
    string_types=_types("string raw_string ansi_c_string heredoc_body"),
    code_in_string_types=_types("command_substitution expansion"),
    body_types=_types(
        "compound_statement do_group if_statement elif_clause else_clause case_item subshell command_substitution"
    ),
    container_types=_types("program case_statement array"),
    opener=r"(?:^|[;&|]|\b(?:then|do|else))\s*(?:then|do|else)$|(?:^|[;&|\s])case\s.*\sin$",
    placeholder=rf":|{_HASH_TODO}",
    is_ascii_only=True,
)

_JSON = Language(
    id="json",
    lsp_ids=("json", "jsonc"),
    extensions=(".json", ".jsonc", ".geojson", ".webmanifest"),
    file_names=(".babelrc", ".eslintrc", ".prettierrc", "composer.lock", "Pipfile.lock"),
    module="tree_sitter_json",
    indent_unit="  ",
    quotes='"',
    string_types=_types("string"),
    container_types=_types("document object array"),
    stand_ins=("0", '"x": 0', '"x": 0,', ', "x": 0', "0,"),
)

_HTML = Language(
    id="html",
    lsp_ids=("html",),
    extensions=(".html", ".htm", ".xhtml"),
    module="tree_sitter_html",
    indent_unit="  ",
    block_comment=("<!--", "-->"),
    string_types=_types("quoted_attribute_value"),
    body_types=_types("element script_element style_element"),
    container_types=_types("document"),
    placeholder=rf"<!--\s*{_TODO}(?:(?!-->).)*-->",
)

_CSS = Language(
    id="css",
    lsp_ids=("css",),
    extensions=(".css",),
    statement_end=";",
    module="tree_sitter_css",
    indent_unit="  ",
    block_comment=("/*", "*/"),
    comment_types=_types("comment js_comment"),
    string_types=_types("string_value"),
    body_types=_types("block"),
    container_types=_types("stylesheet keyframe_block_list"),
    placeholder=rf"/\*+\s*{_TODO}(?:(?!\*/).)*\*/",
    stand_ins=("x", "x: x;", "x {}"),
)

LANGUAGES: tuple[Language, ...] = (
    _PYTHON,
    _JAVASCRIPT,
    _TYPESCRIPT,
    _TSX,
    _GO,
    _RUST,
    _JAVA,
    _C,
    _CPP,
    _BASH,
    _JSON,
    _HTML,
    _CSS,
)
