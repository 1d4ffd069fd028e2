"""The pages tell the truth: their examples run, their links lead somewhere, their commands work.

On a page, `<!-- example: NAME -->` is followed by a python block, which is examples/NAME.py, and a text block, which is
what it prints (`...` stands for anything). `pytest --update` writes both blocks anew.
"""

from __future__ import annotations

import ast
import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BODY = r"(?:(?!```).)*"
SHOWN = re.compile(
    rf"(<!-- example: (?P<name>[\w-]+) -->\n\n```python\n)(?P<code>{BODY})(```\n\n```text\n)(?P<text>{BODY})(?=```\n)",
    re.DOTALL,
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks(page: Path) -> None:
    """Every python block of a page compiles, and every one with a prompt runs and prints what it says."""
    text = page.read_text(encoding="utf-8")
    parser, runner, told = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), []
    names: dict[str, object] = {}
    for found in FENCE.finditer(text):
        language, code = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        if language == "python" and ">>>" in code:
            test = parser.get_doctest(code, names, name(page), name(page), line)
            for library in needs("".join(x.source for x in test.examples)):
                pytest.importorskip(library)
            runner.run(test, out=told.append, clear_globs=False)
            names.update(test.globs)
        elif language == "python":
            ast.parse(code, f"{name(page)}:{line}")
    if missing := re.search(r"MissingExtra: (This needs .*)", "".join(told)):
        pytest.skip(missing[1])  # an example that asks for a library which is not installed here
    assert not told, "".join(told)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links(page: Path) -> None:
    """Every link and picture within the project is there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        file = target.partition("#")[0]
        if file and "://" not in file and not file.startswith("mailto:"):
            assert (page.parent / file).exists(), f"{name(page)} links to {target}, which is not there"


def test_commands() -> None:
    """The README's commands are one line each: one runs the main job, one the tests."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("report", "test"):
        block = re.search(rf"<!-- command: {command} -->\n\n?```\w*\n([^\n]+)\n```\n", text)
        assert block, f"README.md has no one-line block after <!-- command: {command} -->"


def run(example: Path) -> str:
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "COLUMNS": "80", "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def needs(code: str) -> list[str]:
    """The libraries of others that a piece of Python imports."""
    roots = {
        word.partition(".")[0]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for word in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    return sorted(roots - {"unconfused", "numpy", *sys.stdlib_module_names})


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_example(example: Path, request: pytest.FixtureRequest) -> None:
    """An example stands on a page exactly as it is, with exactly what it prints."""
    for library in needs(example.read_text(encoding="utf-8")):
        pytest.importorskip(library)
    pages = [page for page in PAGES if f"<!-- example: {example.stem} -->" in page.read_text(encoding="utf-8")]
    assert pages, f"no page shows {name(example)}: write <!-- example: {example.stem} --> where it belongs"
    code, printed = example.read_text(encoding="utf-8"), run(example)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if request.config.getoption("--update"):
            text = SHOWN.sub(lambda m: f"{m[1]}{code}{m[4]}{printed}" if m["name"] == example.stem else m[0], text)
            page.write_text(text, encoding="utf-8")
        shown = {m["name"]: m for m in SHOWN.finditer(text)}.get(example.stem)
        assert shown, f"{name(page)}: after <!-- example: {example.stem} --> stand a python block and a text block"
        assert shown["code"] == code, f"{name(page)} shows another text than {name(example)}; pytest --update"
        if not doctest.OutputChecker().check_output(shown["text"], printed, doctest.ELLIPSIS):
            assert shown["text"] == printed, f"{name(example)} prints something else than {name(page)} says"


def test_shown_examples_exist() -> None:
    """No page announces an example that is not there."""
    there = {example.stem for example in EXAMPLES}
    for page in PAGES:
        for announced in re.findall(r"^<!-- example: ([\w-]+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert announced in there, f"{name(page)} announces examples/{announced}.py, which is not there"
