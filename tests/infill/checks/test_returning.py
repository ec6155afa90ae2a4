"""A body that returns nothing where its signature promises a value is seen; what may be right is left alone."""

from __future__ import annotations

import pytest

from infill.checks.returning import lacks_return
from infill.syntax.languages import by_id
from infill.syntax.tree import parse
from infill.types import Span

PYTHON = "import sys\n\n\nclass A:\n    {head}\n        ‸\n"
TYPESCRIPT = "class A {{\n  {head} {{\n    ‸\n  }}\n}}\n"
GO = "package p\n\nfunc {head} {{\n\t‸\n}}\n"
RUST = "fn {head} {{\n    ‸\n}}\n"
JAVA = "class A {{\n    {head} {{\n        ‸\n    }}\n}}\n"


def lacks(language_id: str, head: str, body: str) -> bool:
    language, frames = by_id(language_id), dict(python=PYTHON, typescript=TYPESCRIPT, go=GO, rust=RUST, java=JAVA)
    assert language is not None
    before, _, after = frames[language_id].format(head=head).partition("‸")
    indent = before.rpartition("\n")[2]
    text = body.replace("\n", f"\n{indent}")
    syntax = parse(language, before + "x" + after)
    assert not syntax.edited(Span(len(before), len(before) + 1), text).problems, "the test's code parses"
    return lacks_return(syntax, Span(len(before), len(before) + 1), text)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("def f(self) -> int:", "x = 1"),
        ("def f(self) -> int:", "print(1)"),
        ("async def f(self) -> list[str]:", "await self.load()"),
        ("def f(self) -> 'Node':", "for n in self.nodes:\n    print(n)"),
        ("def f(self) -> int:", "if self.x:\n    raise ValueError\nself.x = 1"),
        ("def f(self) -> int:", "if self.x:\n    return 1\nself.x = 1"),
        ("def f(self) -> int:", "return"),
        ("def f(self) -> int:", "while True:\n    if self.x:\n        break"),
        ("def f(self) -> int:", "try:\n    self.x = int(self.y)\nexcept ValueError:\n    raise"),
        ("def f(self) -> int:", "with self.lock:\n    self.x += 1"),
        ("def f(self) -> int:", "match self.x:\n    case 1:\n        self.y = 2\n    case _:\n        self.y = 3"),
        ("def f(self) -> int:", "def inner():\n    return 1\ninner()"),
        ("def f(self) -> Iterator[int]:", "x = (n for n in self.nodes)"),
        ("def f(self, *args: int) -> int:", "x = 2 * 3"),
        ('def f(self) -> int:\n        """Count."""', "n = 0\nfor x in self:\n    n += 1"),
    ],
)
def test_python_that_returns_nothing(head: str, body: str) -> None:
    assert lacks("python", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("def f(self) -> int:", "return 1"),
        ("def f(self):", "x = 1"),
        ("def f(self) -> None:", "x = 1"),
        ("def f(self) -> int | None:", "if self.x:\n    return 1"),
        ("def f(self) -> Optional[int]:", "print(1)"),
        ("def f(self) -> NoReturn:", "sys.exit(1)"),
        ("def f(self) -> Never:", "print(1)"),
        ("def f(self) -> int:", "raise NotImplementedError"),
        ("def f(self) -> int:", "self.x = 1\nraise ValueError(self.x)"),
        ("def f(self) -> int:", "self.fail('never')"),
        ("def f(self) -> int:", "sys.exit(1)"),
        ("def f(self) -> int:", "assert False, self.x"),
        ("def f(self) -> Iterator[int]:", "for n in self.nodes:\n    yield n"),
        ("def f(self) -> Generator[int, None, None]:", "yield from self.nodes"),
        ("def f(self) -> int:", "while True:\n    self.step()"),
        ("def f(self) -> int:", "while True:\n    if self.x:\n        return 1\n    for y in self.ys:\n        break"),
        ("def f(self) -> int:", "for n in itertools.count():\n    if self.x(n):\n        raise ValueError"),
        ("def f(self) -> int:", "for n in self.nodes:\n    if n:\n        return n"),
        ("def f(self) -> int:", "if self.x:\n    return 1\nelif self.y:\n    return 2"),
        ("def f(self) -> int:", "if self.x:\n    return 1\nelse:\n    raise ValueError"),
        ("def f(self) -> int:", "try:\n    return self.x\nfinally:\n    self.y = 1"),
        ("def f(self) -> int:", "with self.lock:\n    return self.x"),
        ("def f(self) -> int:", "match self.x:\n    case 1:\n        return 2\n    case _:\n        return 3"),
        (
            "def f(self) -> int:",
            "match self.x:\n    case E.A:\n        raise ValueError\n    case E.B:\n        raise TypeError",
        ),
        ("def f(self) -> int:", "if self.x:\n    return 1\nself.unsupported()"),
        ("@abstractmethod\n    def f(self) -> int:", "self.x = 1"),
        ("def f[T](self, x: T) -> T:", "self.x = x"),
    ],
)
def test_python_that_may_be_right(head: str, body: str) -> None:
    assert not lacks("python", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("f(): number", "const x = 1;"),
        ("async f(): Promise<string>", "await this.load();"),
        ("f(): number", "if (this.x) {\n  return 1;\n}\nthis.x = 2;"),
        ("f(): string | null", "this.items.forEach((i) => { return i; });"),
        ("f(): x is string", "console.log(1);"),
        ("f(): number", "switch (this.x) {\n  case 1: this.y = 1; break;\n  default: throw this.x;\n}"),
        ("f(): number", "return;"),
    ],
)
def test_typescript_that_returns_nothing(head: str, body: str) -> None:
    assert lacks("typescript", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("f(): number", "return 1;"),
        ("f()", "this.x = 1;"),
        ("f(): void", "this.x = 1;"),
        ("async f(): Promise<void>", "await this.load();"),
        ("f(): string | undefined", "if (this.x) {\n  return this.x;\n}"),
        ("f(): never", "this.stop();"),
        ("f(): unknown", "this.stop();"),
        ("f(x: unknown): asserts x is string", "console.log(x);"),
        ("*f(): Generator<number>", "console.log(1);"),
        ("f(): number", "throw new Error('no');"),
        ("f(): number", "for (;;) {\n  this.step();\n}"),
        ("f(): number", "while (true) {\n  if (this.x) { return 1; }\n}"),
        ("f(): number", "switch (this.x) {\n  case 1: return 1;\n  default: return 2;\n}"),
        ("f(): number", "switch (this.x) {\n  case 1: throw 1;\n  case 2: throw 2;\n}"),
        ("f(): number", "if (this.x) {\n  return 1;\n} else {\n  throw this.x;\n}"),
        ("f(): number", "try {\n  return this.x();\n} catch (e) {\n  throw e;\n}"),
        ("f(): number", "assertNever(this.x);"),
    ],
)
def test_typescript_that_may_be_right(head: str, body: str) -> None:
    assert not lacks("typescript", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("f(a []int) int", "n := 0\nfor _, x := range a {\n\tn += x\n}"),
        ("f(a int) int", "if a > 0 {\n\treturn 1\n}"),
        ("f(a int) (int, error)", "if a > 0 {\n\treturn 1, nil\n} else if a < 0 {\n\treturn 2, nil\n}"),
        ("f(a int) (n int)", "n = a"),
        ("(s *S) F(a int) int", "return"),
        ("f(a int) int", "switch a {\ncase 1:\n\treturn 1\n}"),
        ("f(a int) int", "for {\n\tif a > 0 {\n\t\tbreak\n\t}\n}"),
        ("f(a int) int", "for a > 0 {\n\treturn 1\n}"),
        ("f(a int) int", "L:\n\tfor {\n\t\tfor {\n\t\t\tbreak L\n\t\t}\n\t}"),
        ("f(a int) int", "g := func() int {\n\treturn 1\n}\ng()"),
    ],
)
def test_go_that_does_not_compile(head: str, body: str) -> None:
    assert lacks("go", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("f(a int)", "g(a)"),
        ("f(a int) int", "return a"),
        ("f(a int) (n int, err error)", "n = a\nreturn"),
        ("f(a int) int", 'panic("no")'),
        ("f(a int) int", "for {\n\tg(a)\n}"),
        ("f(a int) int", "for i := 0; ; i++ {\n\tg(i)\n}"),
        ("f(a int) int", "for {\n\tswitch a {\n\tcase 1:\n\t\tbreak\n\t}\n}"),
        ("f(a int) int", "switch a {\ncase 1:\n\tfallthrough\ncase 2:\n\treturn 1\ndefault:\n\tpanic(a)\n}"),
        ("f(a any) int", "switch a.(type) {\ncase int:\n\treturn 1\ndefault:\n\treturn 2\n}"),
        ("f(c chan int) int", "select {\ncase x := <-c:\n\treturn x\n}"),
        ("f(a int) int", "if a > 0 {\n\treturn 1\n} else {\n\treturn 2\n}"),
        ("f(a int) int", "{\n\treturn 1\n}"),
        ("f(a int) int", "L:\n\tfor {\n\t\tfor {\n\t\t\tcontinue L\n\t\t}\n\t}"),
    ],
)
def test_go_that_is_right(head: str, body: str) -> None:
    assert not lacks("go", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("f(a: &[i32]) -> i32", "let n: i32 = a.iter().sum();"),
        ("f(a: i32) -> i32", "a + 1;"),
        ("f(a: i32) -> i32", 'for x in 0..a {\n    println!("{}", x);\n}'),
        ("f(a: i32) -> i32", "if a > 0 {\n    return 1;\n}"),
        ("f(a: i32) -> i32", "if a > 0 {\n    1\n} else {\n    g(a);\n}"),
        ("f(a: i32) -> i32", "match a {\n    1 => 2,\n    _ => { g(a); }\n}"),
        ("f(a: i32) -> i32", "match a {\n    1 => 2,\n    _ => 3,\n};"),
        ("f(a: i32) -> String", 'println!("{}", a)'),
        ("f(a: i32) -> i32", "return;"),
        ("f(a: &mut i32) -> bool", "*a += 1"),
        ("f(a: i32) -> i32", "let g = |x: i32| { return x; };"),
    ],
)
def test_rust_that_does_not_compile(head: str, body: str) -> None:
    assert lacks("rust", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("f(a: i32)", "g(a);"),
        ("f(a: i32) -> ()", "g(a);"),
        ("f() -> !", "loop {}"),
        ("f() -> impl Clone", "g();"),
        ("f(a: i32) -> i32", "a + 1"),
        ("f(a: i32) -> i32", "return a;"),
        ("f(a: i32) -> i32", "let b = a + 1;\nb"),
        ("f(a: i32) -> i32", "if a > 0 {\n    1\n} else {\n    return 2;\n}"),
        ("f(a: i32) -> i32", "if a > 0 {\n    return 1;\n} else {\n    return 2;\n}"),
        ("f(a: i32) -> i32", "match a {\n    1 => 2,\n    _ => { return 3; }\n}"),
        ("f(a: i32) -> i32", 'match a {\n    1 => return 2,\n    _ => panic!("{}", a),\n};'),
        ("f(a: i32) -> i32", "loop {\n    if a > 0 {\n        break 1;\n    }\n}"),
        ("f(a: i32) -> i32", "loop {\n    if a > 0 {\n        return 1;\n    }\n}"),
        ("f(a: i32) -> i32", 'unimplemented!("{}", a);'),
        ("f(a: i32) -> i32", "std::process::exit(a);"),
        ("f(a: i32) -> i32", 'bail!("no");'),
        ("f(a: i32) -> i32", "unsafe { g(a) }"),
        ("f(a: i32) -> Result<(), E>", "Ok(())"),
        ("f(a: i32) -> Vec<i32>", "vec![a]"),
        ("f(w: &mut W) -> Result", 'write!(w, "a")'),
        ("f(a: i32) -> impl Fn()", "move || { g(a); }"),
    ],
)
def test_rust_that_is_right(head: str, body: str) -> None:
    assert not lacks("rust", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("int f(int a)", "int b = a;"),
        ("List<String> f(int a)", "if (a > 0) return null;"),
        ("int f(int a)", "return;"),
        ("int f(int a)", "while (true) { break; }"),
        ("int f(int a)", "switch (a) { case 1: return 1; }"),
        ("int f(int a)", "switch (a) { case 1 -> g(); default -> { return 1; } }"),
        ("int f(int a)", "try { return g(); } catch (E e) { g(); }"),
        ("int f(int a)", "Runnable r = () -> { return; };"),
    ],
)
def test_java_that_does_not_compile(head: str, body: str) -> None:
    assert lacks("java", head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("void f(int a)", "g(a);"),
        ("A(int a)", "g(a);"),
        ("int f(int a)", "return a;"),
        ("int f(int a)", "throw new E();"),
        ("int f(int a)", "for (int i = 0; ; i++) { g(i); }"),
        ("int f(int a)", "while (true) { if (a > 0) return 1; }"),
        ("int f(int a)", "do { g(a); } while (true);"),
        ("int f(int a)", "switch (a) { case 1: g(a); default: return 1; }"),
        ("int f(int a)", "switch (a) { case 1 -> { return 1; } default -> throw new E(); }"),
        ("int f(S a)", "switch (a) { case B b -> { return 1; } case C c -> { return 2; } }"),
        ("int f(int a)", "try { return g(); } finally { g(); }"),
        ("int f(int a)", "try { g(); } catch (E e) { throw e; } finally { return 1; }"),
        ("int f(int a)", "synchronized (this) { return a; }"),
        ("int f(int a)", "if (a > 0) return 1; else throw new E();"),
        ("int f(int a)", "return switch (a) { case 1 -> 2; default -> { yield 3; } };"),
    ],
)
def test_java_that_is_right(head: str, body: str) -> None:
    assert not lacks("java", head, body)


def test_only_the_whole_body_of_a_function_is_judged() -> None:
    language = by_id("python")
    assert language is not None
    text = "def f(a) -> int:\n    if a:\n        pass\n    return 1\n"
    start = text.index("pass")
    assert not lacks_return(parse(language, text), Span(start, start + 4), "a += 1")
    assert not lacks_return(parse(language, "pass\n"), Span(0, 4), "a += 1")


@pytest.mark.parametrize("alias", ["Maybe = Optional[int]", "type Maybe = int | None", "Maybe: TypeAlias = None"])
def test_an_alias_of_the_file_is_looked_up(alias: str) -> None:
    language = by_id("python")
    assert language is not None
    text = f"{alias}\n\n\ndef f(a) -> Maybe:\n    pass\n"
    span = Span(len(text) - 5, len(text) - 1)
    assert not lacks_return(parse(language, text), span, "print(a)")
    assert lacks_return(parse(language, text.replace("-> Maybe", "-> bytes")), span, "print(a)")


def test_a_method_of_a_protocol_promises_nothing_itself() -> None:
    language = by_id("python")
    assert language is not None
    text = "class P(Protocol):\n    def f(self) -> int:\n        pass\n"
    start = text.index("pass")
    assert not lacks_return(parse(language, text), Span(start, start + 4), "self.x = 1")
    other = text.replace("Protocol", "Q")
    start = other.index("pass")
    assert lacks_return(parse(language, other), Span(start, start + 4), "self.x = 1")
