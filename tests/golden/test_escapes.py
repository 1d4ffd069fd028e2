"""Names are text behind every door: pages, figures, LaTeX, Markdown, spreadsheets and terminals show them, obey none.

The doors are found by reflection. Everything is made twice, once with names such as ``class-03`` and once with names
that would be markup, formulas, commands or escapes; what a reader of the format takes for structure must be the same.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import inspect
import io
import json
import pkgutil
import re
import traceback
import unicodedata
import warnings
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.browsing import opened

import unconfused as uc
from unconfused import cli
from unconfused.errors import UnconfusedError
from unconfused.findings import UnconfusedWarning
from unconfused.metrics.language import parse
from unconfused.show.escape import JOINERS, LTR
from unconfused.tally.units import with_units

HOSTILE = [
    "<script>alert(1)</script>\x1b[31mred\x1b]0;t\x07 | **b** $x_{ \u202e",
    '=HYPERLINK("http://x")"><img src=x onerror=alert(1)>\nnew | \\input{/etc/passwd} & # % \0',
    "@SUM(A1)\x9b31m ~^ `c` </script><!-- $\\frac$ \u2066\u200b",
    "+1+1 _i_ [l](javascript:1) \t {0} %d \ufeff <!-- </table>",
    "-2+3|cmd' /C calc'!A0 </title><svg onload=alert(1)> \x1b]8;;http://x\x07link",
    "\t=1 lead \r\n** $ \\$ { '", '"><img src=x onerror=alert(1)>', '=HYPERLINK("http://x")', "a_$x_{$", "+1",
    "\\input{/etc/passwd}", "$\\frac$", "| pipe | x |", "two\nlines\ttab", "right\u202eto\u2066left", "x" * 60,
    "zero\u200bwidth\ufeff", "👩\u200d👩\u200d👧 ❤️ שלום", "**b** _i_ `c` <http://x.test>", "[red]rich[/red] \x85\u2028",
]  # fmt: skip
PLAIN = [f"class-{i:02d}" for i in range(len(HOSTILE))]


# ── the results, made with any names ──────────────────────────────────────────────────────────────
def made(names: list[str]) -> dict[str, Any]:
    """Every kind of result; classes, slices, models and sources are called by these names, the first two the most."""
    k, n = len(names), 240
    i = np.arange(n)
    two = names[:2]
    truth = [two[x] for x in (i % 2).tolist()]
    score = (i * 37 % 101 + 40 * (i % 2)) / 141
    other = (i * 53 % 103 + 30 * (i % 2)) / 133
    called = [two[int(x)] for x in (score > 0.5).tolist()]
    told: dict[str, Any] = {"labels": two, "pos_label": two[1]}
    of = replace(parse("recall"), label=two[1])
    many = [names[x] for x in (i % k).tolist()]
    guess = [names[x] for x in ((i + (i % 3 == 0) * (i // 3)) % k).tolist()]
    p = ((i[:, None] * 37 + np.arange(k) * 53) % 97 + 60 * (i[:, None] % k == np.arange(k))) / 157
    p /= p.sum(1, keepdims=True)
    slices = [names[x] for x in (i // 80 + 2).tolist()]
    ev = uc.evaluate(truth, y_score=score, by={names[4]: slices, names[5]: many}, **told)
    matrix = uc.confusion_matrix(many, guess, labels=names)
    wide = uc.evaluate(many, y_score=p, labels=names, rules={names[3]: uc.Abstain(below=0.05)})
    several = uc.evaluate(
        (p > 0.05).astype(int)[:, :4], y_score=p[:, :4], label_kind="multilabel", labels=names[:4]
    )  # fmt: skip
    rule = uc.evaluate(truth, y_score=np.c_[1 - score, score], rules={names[3]: uc.ClassWeights(dict.fromkeys(two, 2))},
                       label_kind="class", **told)  # fmt: skip
    nothing = uc.confusion_matrix([*truth, names[2]], [*called, names[2]], labels=names[:4])
    costs = uc.Costs(1 - np.eye(k))
    models = {names[2]: score, names[3]: other}
    paired = uc.compare(truth, y_score=models, threshold=0.5, **told)
    units = uc.evaluate(truth, y_score=score, unit=slices, **told)
    priced = uc.evaluate(truth, y_score=score, row_cost={"fp": 1, "fn": 2}, **told)
    held = with_units(units.tallies)
    labels_of_units = uc.evaluate((p > 0.05).astype(int)[:, :4], y_score=p[:, :4], label_kind="multilabel",
                                  labels=names[:4], unit=slices)  # fmt: skip
    columns = pytest.importorskip("pandas").DataFrame({"y": truth, **models, "count": 1})
    both = uc.evaluate_frame(columns, y_true="y", y_score={x: x for x in models}, **told)
    return {
        "binary": ev, "matrix": matrix, "two": ev.at(0.5), "never called": nothing, "shares": matrix.normalize("true"),
        "many classes": uc.ConfusionMatrix.from_counts(np.eye(k + 2) * 5 + 1, labels=[*names, "v", "w"]),
        "wide": wide, "several": several, "several at": several.at(0.3), "report": ev.report(threshold=0.5),
        "report of many": matrix.report(), "report of labels": several.report(threshold=0.3),
        "seats": uc.confusion_matrix([*truth, "?"], [*called, two[0]], unknown="other", **told),
        "curve": ev.curve("roc", band="pointwise"),
        **{f"curve {x}": ev.curve(x) for x in ("pr", "calibration", "cost")},
        "curve of a class": wide.curve("roc")[names[0]], "point": ev.choose(cost={"fp": 1, "fn": 5}),
        "queue": ev.choose(maximize="recall", queue=30), "queue's": ev.choose(maximize="recall", queue=30).queue,
        "infeasible": ev.choose(maximize="recall", where="precision >= 0.999"), "ranges": ev.ranges(),
        "ranges of models": uc.ranges({x: uc.evaluate(truth, y_score=y, **told) for x, y in models.items()}),
        "referral": ev.choose(cost={"fp": 1, "fn": 5, "abstain": 0.2}), "chosen rule": wide.choose(cost=costs),
        "costs": costs, "weights": uc.ClassWeights(dict.fromkeys(names, 2)), "abstain": uc.Abstain(below=0.5),
        "comparison": paired, "unpaired": uc.compare({names[2]: ev, names[3]: units}, threshold=0.5),
        "classes compared": uc.compare(many, y_pred={names[4]: guess, names[5]: many}, labels=names),
        "slices": ev.by[names[4]], "slices compared": ev.by[names[5]].compare(threshold=0.5),
        "by": ev.by, "taxonomy": matrix.taxonomy({x: names[j % 2] + "!" for j, x in enumerate(names)}),
        "estimate": matrix.estimate("recall@macro"), "without": nothing.estimate("precision@macro"),
        "undefined": nothing.estimates("precision")[names[3]],
        "needed": ev.rows_needed("recall", width=0.05, threshold=0.5),
        "reconciled": ev.reconcile(accuracy="0.75", f1="0.73"), "diagnosis": uc.diagnose(many, guess),
        "deployed": ev.prevalence_of(y_score=score[:50]),
        "training": uc.class_weights(many), "labels": matrix.labels, "units": units, "units at": units.at(0.5),
        "at prevalence": ev.at_prevalence(0.1), "matrix at": ev.at_prevalence(0.1).at(0.5),
        "rule": rule, "models": both, "joint": both.joint, "scores": ev.at_prevalence(0.1).tallies.scores,
        "scores of units": held.scores, "row costs": priced.tallies.row_costs,
        "labels of units": with_units(labels_of_units.tallies).scores, "page": ev.page(),
        "point of a class": ev.choose(maximize=str(of)), "infeasible for a class": ev.choose(
            maximize="accuracy", where=f"{of} >= 0.9 and {replace(of, metric=parse('precision').metric)} >= 0.999"),
        "class compared": uc.compare(truth, y_score=models, threshold=0.5, metrics=[str(of)], **told),
        "class by slices": ev.by[names[4]].compare([str(of)], threshold=0.5),
        "class reconciled": ev.reconcile({str(of): "0.75", "accuracy": "0.5"}),
        "class needed": ev.rows_needed(str(of), width=0.05, threshold=0.5),
        "sorted": uc.diagnose(sorted(truth, key=two.index), called),
    }  # fmt: skip


@cache
def results(hostile: bool) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnconfusedWarning)
        return made(HOSTILE if hostile else PLAIN)


RESULTS = list(results(hostile=False))


# ── what a reader of each format takes for structure ──────────────────────────────────────────────
class Tree(HTMLParser):
    """How often each tag stands there with which attributes; pages within pages are opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[tuple[str, ...]] = Counter()
        self.data: list[str] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag, *sorted({name for name, _ in attrs} - {"class", "style"})] += 1  # which a long name has
        assert not [name for name, _ in attrs if name.startswith("on")]
        assert not [
            value for name, value in attrs if name in ("src", "href") and not str(value).startswith(("#", "data:"))
        ]
        for name, value in attrs:
            if name == "srcdoc":
                inner = Tree(value or "")
                self.tags += inner.tags
                self.data += inner.data
            else:
                self.data.append(value or "")

        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside == "script":  # programs, and data that is shown by none but these
            return
        self.data.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_comment(self, data: str) -> None:
        self.tags["a comment",] += 1


def html_structure(text: str) -> Any:
    """Tags and their attributes; nothing that runs, nothing from elsewhere; what is shown can be seen."""
    tree = Tree(text)
    assert not {x for part in tree.data for x in part} & {"\x1b", "\u202e", "\u2066", "\u200b", "\0", "\ufffd", "\x9b"}
    return tree.tags


def markdown_structure(text: str) -> Any:
    """The tags that a renderer makes of it, which lets HTML through."""
    renderer = pytest.importorskip("markdown_it").MarkdownIt("commonmark", {"html": True})
    return html_structure(renderer.enable(["table", "strikethrough"]).render(text))


SIGNS = r"\\(?:[{}$&#_%]|text(?:backslash|asciicircum|asciitilde|less|greater|bar)\{\}|char34\{\}| )"
"""What stands for one sign."""


def latex_structure(text: str) -> Any:
    """Commands and signs that mean something, beyond those that stand for a sign; braces pair up."""
    bare = re.sub(SIGNS, "x", text)
    depth = 0
    for brace in re.findall(r"[{}]", bare):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    terminal_structure(text)
    return Counter(re.findall(r"\\[A-Za-z]+|\\.|[$&#_%^~\n]", bare))


def csv_structure(text: str) -> Any:
    """The number of fields in each line; no field is a formula."""
    lines = list(csv.reader(io.StringIO(text, newline="")))
    for field in (field for line in lines for field in line):
        with contextlib.suppress(ValueError):
            float(field)
            continue
        assert not re.match(r"\s*[=+\-@\t\r\n]", field), field
    return [len(line) for line in lines]


def json_structure(text: str) -> Any:
    """Keys that are no names, and the kinds of their values."""
    terminal_structure(text)

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return sorted((re.sub(rf"(?s){known}|\[.*", "a name", key), shape(x)) for key, x in value.items())
        return [shape(x) for x in value] if isinstance(value, list) else type(value).__name__

    known = "|".join(map(re.escape, sorted([*HOSTILE, *PLAIN], key=len, reverse=True)))
    return str(shape(json.loads(text)))


def xml_structure(text: str) -> Any:
    """Tags and their attributes."""
    return Counter((x.tag, *sorted(x.attrib)) for x in ET.fromstring(text).iter())


def svg_structure(text: str) -> Any:
    """Which tags there are; glyphs differ in number. Nothing that runs, nothing from elsewhere."""
    tags = set()
    for x in ET.fromstring(text).iter():
        tags.add(x.tag)
        assert not [name for name in x.attrib if name.startswith("on")]
        assert all(value.startswith(("#", "data:image/png")) for name, value in x.attrib.items() if "href" in name)
    return {"script", "foreignObject", "a"} & {str(tag).partition("}")[2] for tag in tags}


def terminal_structure(text: str) -> Any:
    """Nothing; a terminal obeys control characters and turns at bidirectional marks."""
    for x in set(text) - {"\n", *JOINERS, LTR}:
        assert unicodedata.category(x) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), f"{x!r} in {text!r}"


STRUCTURE: dict[str, Callable[[str], Any]] = {
    "html": html_structure, "markdown": markdown_structure, "latex": latex_structure, "csv": csv_structure,
    "json": json_structure, "xml": xml_structure, "svg": svg_structure, "text": terminal_structure,
}  # fmt: skip


# ── the doors, found by reflection ────────────────────────────────────────────────────────────────
def figure(axes: Any) -> str:
    """The SVG of whatever a door drew."""
    import matplotlib.pyplot as plt

    first = np.ravel(np.asarray(axes, dtype=object))[0]
    drawn = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # signs that no font has
        (first.figure if hasattr(first, "figure") else first).savefig(drawn, format="svg")
    plt.close("all")
    return drawn.getvalue()


def written(x: Any, tmp_path: Path) -> str:
    x.to_html(tmp_path / "page.html")
    return (tmp_path / "page.html").read_text(encoding="utf-8")


DOORS: dict[str, tuple[str, Callable[[Any, Path], str]]] = {
    "__str__": ("text", lambda x, _: str(x)),
    "__repr__": ("text", lambda x, _: repr(x)),
    "_repr_html_": ("html", lambda x, _: x._repr_html_()),
    "to_markdown": ("markdown", lambda x, _: x.to_markdown()),
    "to_latex": ("latex", lambda x, _: x.to_latex()),
    "to_csv": ("csv", lambda x, _: x.to_csv()),
    "to_json": ("json", lambda x, _: x.to_json()),
    "to_dict": ("json", lambda x, _: json.dumps(x.to_dict(), allow_nan=False)),
    "to_html": ("html", written),
    "plot": ("svg", lambda x, _: figure(x.plot())),
    "findings": ("text", lambda x, _: "\n".join(map(str, x.findings))),
}
DATA = {"to_frame", "to_bytes", "_repr_pretty_", "page"}
"""Doors to programs, which want names as they are; one that prints what ``str`` does; one to another object here."""
APART = {"Query", "Condition", "Referring", "CellCosts", "Queue"}
"""The text of the first two is a question as it was typed, and can be typed again; the others hold numbers alone."""
PACKAGE = str(Path(uc.__file__).parent)


def doors(kind: type) -> set[str]:
    """The ways in which objects of a class show themselves, as far as somebody here wrote them."""
    found = set()
    for base in kind.__mro__:
        for name, value in vars(base).items():
            code = getattr(getattr(value, "fget", value), "__code__", None)
            if code is not None and code.co_filename.startswith(PACKAGE):
                found |= {name} if name in {*DOORS, *DATA} or name.startswith(("to_", "_repr_")) else set()
    return found


def classes() -> set[type]:
    """Every class of the library that has a door."""
    found = set()
    for module in pkgutil.walk_packages(uc.__path__, "unconfused."):
        if not module.name.endswith("__main__"):
            for kind in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(kind) and kind.__module__ == module.name and doors(kind) - DATA:
                    found.add(kind)
    return {x for x in found if not issubclass(x, BaseException) and not re.search("^_|Doors$", x.__name__)}


def within(x: Any, seen: dict[type, Any], depth: int = 0) -> None:
    """The first object of each class of the library among what a result holds."""
    if isinstance(x, (str, bytes, np.ndarray)) or depth > 6:
        return
    if type(x).__module__.startswith("unconfused"):
        if type(x) in seen and depth:
            return
        seen.setdefault(type(x), x)
        held: Any = list(vars(x).values()) if hasattr(x, "__dict__") else []
        held += [getattr(x, name, None) for name in getattr(type(x), "__slots__", ())]
        for one in held:
            within(one, seen, depth + 1)
    if isinstance(x, Mapping | tuple | list):
        for one in list(x.values() if isinstance(x, Mapping) else x)[:9]:
            within(one, seen, depth + 1)


def everything(hostile: bool) -> dict[str, Any]:
    """The results, and by class what they hold besides."""
    seen: dict[type, Any] = {}
    for one in results(hostile).values():
        within(one, seen)
    return {**results(hostile), **{f"a {kind.__name__}": x for kind, x in seen.items()}}


def test_no_class_is_missing() -> None:
    """Of every class that shows itself there is an object here; every door is known."""
    kinds = classes()
    assert len(kinds) > 30
    assert {x.__name__ for x in kinds} - {type(x).__name__ for x in everything(True).values()} - APART == set()
    assert {name for kind in kinds for name in doors(kind)} - set(DOORS) - DATA == set()


def behind(x: Any, tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """Door, format and what stands behind it; a door that refuses says so in words for a terminal."""
    for name in sorted(doors(type(x)) - DATA):
        form, opened = DOORS[name]
        try:
            yield name, form, opened(x, tmp_path)
        except UnconfusedError as error:
            yield name, "text", str(error)


def told(format: str, text: str) -> str:
    """What a reader sees, without white space."""
    if format == "html":
        text = "".join(Tree(text).data)
    return re.sub(rf"[\s{LTR}]", "", text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")
@pytest.mark.parametrize("what", RESULTS)
def test_doors(what: str, tmp_path: Path) -> None:
    """Behind each door the same structure, whatever the names."""
    plain, hostile = (list(behind(results(evil)[what], tmp_path)) for evil in (False, True))
    for (door, form, expected), (_, _, text) in zip(plain, hostile, strict=True):
        assert STRUCTURE[form](text) == STRUCTURE[form](expected), door


def test_doors_within(tmp_path: Path) -> None:
    """The same of what the results hold."""
    for name, x in everything(True).items():
        if name.startswith("a "):
            for _, form, text in behind(x, tmp_path):
                STRUCTURE[form](text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")
@pytest.mark.parametrize("what", ["binary", "matrix", "wide", "several", "comparison"])
def test_pages(browser: Any, what: str, tmp_path: Path) -> None:
    """A browser that runs the page makes nothing of a name but text, and what it shows can be seen."""
    path = tmp_path / "page.html"
    written(results(hostile=True)[what], tmp_path)
    page, heard = opened(browser, path)
    page.on("dialog", lambda dialog: heard.append(f"dialog: {dialog.message}"))
    for one in page.query_selector_all("summary")[:20]:
        one.click()
    for search in page.query_selector_all("input[type=search]")[:3]:
        search.fill("a")
    assert heard == []
    assert page.query_selector("[onerror], [onload], [onclick], img, a[href^=javascript]") is None
    shown = page.evaluate(
        "document.body.innerText + [...document.querySelectorAll('svg')].map(x => x.textContent).join()"
    )
    assert not set(shown) & {"\x1b", "\u202e", "\u2066", "\u200b", "\0", "\x9b"}
    page.close()


# ── the command line ──────────────────────────────────────────────────────────────────────────────
def table(names: list[str], folder: Path) -> tuple[str, list[str]]:
    """A file of predictions, its columns called by the last names, and those."""
    n, columns = 240, names[-6:]
    i = np.arange(n)
    cells = {
        columns[0]: [names[x] for x in (i % 2).tolist()],
        columns[1]: [names[int(x)] for x in (i * 37 % 101 + 40 * (i % 2) > 70).tolist()],
        columns[2]: ((i * 37 % 101 + 40 * (i % 2)) / 141).tolist(),
        columns[3]: ((i * 53 % 103 + 30 * (i % 2)) / 133).tolist(),
        columns[4]: [names[x] for x in (i // 24 + 2).tolist()],
    }
    pa = pytest.importorskip("pyarrow")
    path = folder / "rows.parquet"
    importlib.import_module("pyarrow.parquet").write_table(pa.table(cells), path)
    return str(path), columns


def commands(path: str, names: list[str], columns: list[str], folder: Path) -> dict[str, list[str]]:
    """Every command that shows something, but for its format; the last two on a saved tally."""
    y, guess, score, other, by, _ = columns
    about = ["--y-true", y]
    scores = [path, *about, "--y-score", score, "--pos-label", names[1]]
    saved = str(folder / "week.uc")
    return {
        "report": ["report", *scores, "--threshold", "0.5", "--by", by],
        "report of classes": ["report", path, *about, "--y-pred", guess],
        "matrix": ["matrix", *scores, "--threshold", "0.5"],
        "shares": ["matrix", *scores, "--threshold", "0.5", "--normalize", "true"],
        "choose": ["choose", *scores, "--cost", "fp=1,fn=5"],
        "nothing to choose": ["choose", *scores, "--maximize", "recall", "--where", "precision >= 0.9999"],
        "compare": ["compare", path, *about, "--pos-label", names[1], "--y-score", f"{names[2]}={score}",
                    "--y-score", f"{names[3]}={other}"],
        "check": ["check", *scores, "--threshold", "0.5", "--require", f"{of(names[1])} >= 0.99", "--junit",
                  str(folder / "gates.xml")],
        "doctor": ["doctor", path, *about, "--y-pred", guess],
        "reconcile": ["reconcile", path, *about, "--y-pred", guess, "--figure", f"{of(names[1])}=0.5"],
        "tally": ["tally", *scores, "--by", by, "-o", saved],
        "show": ["show", saved, "--threshold", "0.5"],
    }  # fmt: skip


def of(name: str) -> str:
    """The recall of a class, as it is asked for."""
    return str(replace(parse("recall"), label=name))


FORMATS = ["text", "json", "markdown", "latex", "csv", "html"]
REFUSED = re.compile(r"has no \w+ form|have no \w+ form|Invalid value .* for --format")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, list[str], list[str], Path]]:
    """The file of predictions, with harmless names and with others."""
    made = []
    for names in (PLAIN, HOSTILE):
        folder = tmp_path_factory.mktemp("rows")
        path, columns = table(names, folder)
        made.append((path, names, columns, folder))
    return made


@pytest.mark.filterwarnings("ignore::DeprecationWarning:altair")
@pytest.mark.parametrize("format", FORMATS)
def test_commands(format: str, tables: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """What a command writes has the same structure, whatever the names; so have its gates as JUnit XML."""
    pytest.importorskip("cyclopts")
    pytest.importorskip("duckdb")
    written = []
    for path, names, columns, folder in tables:
        told = {}
        for command, words in commands(path, names, columns, folder).items():
            code = cli.main([*words, *(["--format", format] if command != "tally" else [])])
            out, err = capsys.readouterr()
            terminal_structure(err)
            assert code in (0, 1) or REFUSED.search(err), err
            told[command] = STRUCTURE[format](out) if out else code
        assert len([x for x in told.values() if x not in (None, 2)]) > 3 or format == "text"
        written.append(told)
        junit = (folder / "gates.xml").read_text(encoding="utf-8") if format in ("text", "json") else "<x/>"
        written[-1]["junit"] = xml_structure(junit)
    assert written[0] == written[1]


def test_refusals(tables: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors of the command line say what was typed, and a terminal obeys none of it."""
    path, names, columns, folder = tables[1]
    y, guess, score, _, _, evil = columns
    (folder / "broken.csv").write_text(f'"{y}",b\n1,2\n1\n', encoding="utf-8")
    (folder / "odd.csv").write_text("y,p\na,0.5\n" + f'"{HOSTILE[0]}",{HOSTILE[12]}\n', encoding="utf-8")
    for words in (
        ["report", path, "--y-true", evil, "--y-score", score], ["report", path, "--y-true", y, "--y-score", y],
        ["report", path, "--y-true", y, "--y-pred", guess, "--by", evil], ["report", evil], [evil],
        ["report", f"--{evil}"],
        ["report", path, "--y-true", y, "--y-pred", guess, "--pos-label", evil], ["show", evil],
        ["report", path, "--y-true", y, "--y-pred", guess, "--labels", evil],
        ["choose", path, "--y-true", y, "--y-score", score, "--pos-label", names[1], "--maximize", evil],
        ["check", path, "--y-true", y, "--y-pred", guess, "--require", evil], ["explain", evil],
        ["check", path, "--y-true", y, "--y-pred", guess, "--require", f"{of(evil)} > 1"], ["metrics", evil],
        ["report", path, "--y-true", y, "--y-score", score, "--cost", evil], ["report", path, "--format", evil],
        ["report", path, "--y-true", y, "--y-score", score, "--pos-label", names[1], "--threshold", evil],
        ["report", str(folder / "broken.csv"), "--y-true", y, "--y-pred", "b"],
        ["report", str(folder / "odd.csv"), "--y-true", "y", "--y-score", "p", "--pos-label", "a"],
        ["compare", path, "--y-true", y, "--y-score", f"{evil}={evil}", "--y-score", f"a={score}"],
        ["report", path, "--y-true", y, "--y-pred", guess, "-o", str(folder / evil.replace("/", "").replace("\0", ""))],
        ["reconcile", path, "--y-true", y, "--y-pred", guess, "--figure", f"{evil}=1"], ["merge", evil, "-o", "x.uc"],
    ):  # fmt: skip
        code = cli.main([word.replace("\0", "") for word in words])
        out, err = capsys.readouterr()
        assert code in (0, 1, 2)
        assert err or words[0] == "metrics"
        terminal_structure(out + err)


def test_errors() -> None:
    """Errors, warnings and findings that name what was given are one text that a terminal obeys nowhere."""
    two, evil = HOSTILE[:2], HOSTILE[4]
    truth, score = [two[0], two[1]] * 30, [0.1, 0.8, 0.6] * 20
    ev = uc.evaluate(truth, y_score=score, labels=two, pos_label=two[1])
    cm = ev.at(0.5)
    wrong: list[Callable[[], Any]] = [
        lambda: cm[evil], lambda: cm.estimate(f"recall[{evil}]"), lambda: cm.estimate(evil), lambda: ev[evil],
        lambda: ev.by[evil], lambda: ev.curve(evil), lambda: ev.at(evil), lambda: cm.normalize(evil),  # type: ignore[arg-type]
        lambda: uc.confusion_matrix(truth, [evil] * 60, labels=two), lambda: uc.confusion_matrix([evil], [1]),
        lambda: uc.confusion_matrix(truth, truth, pos_label=evil), lambda: uc.evaluate(truth, y_score=[evil] * 60),
        lambda: cm + uc.confusion_matrix(["a", evil], ["a", evil], labels=["a", evil]), lambda: uc.load(evil),
        lambda: uc.confusion_matrix([evil, evil], ["a", "b"]), lambda: ev.choose(cost={evil: 1}),
        lambda: ev.choose(maximize=evil), lambda: ev.choose(maximize="recall", where=evil), lambda: cm.to_frame(evil),
        lambda: uc.evaluate_frame({evil: [1]}, y_true="a", y_pred="b"), lambda: ev.reconcile({evil: "1"}),
        lambda: uc.compare(truth, y_score={evil: score, "b": score[1:]}), lambda: cm.collapse({evil: "a"}),
        lambda: cm.reorder([evil]), lambda: cm.taxonomy({evil: "a"}), lambda: uc.Stream(labels=[evil, evil]),
        lambda: uc.confusion_matrix(truth, truth, ignore=evil, labels=two), lambda: uc.ClassWeights({evil: 0}),
        lambda: uc.evaluate(truth, y_pred=truth, by={evil: [1]}), lambda: uc.evaluate(truth, y_score=score, ids=["a"]),
        lambda: uc.evaluate(truth, y_score=score, labels=two, pos_label=two[1], ids=[evil] * 60),
        lambda: uc.merge([evil]), lambda: uc.evaluate(truth, truth, unit=[evil]),
        lambda: ev.rows_needed(evil, width=0.1),
        lambda: uc.compare({evil: 1}), lambda: uc.ranges({evil: 1}), lambda: uc.class_weights(truth, pos_label=evil),
        lambda: uc.plot_history({evil: [1, 2], "val_" + evil: [1]}),
    ]  # fmt: skip
    heard = 0
    for call in wrong:
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                call()
        except UnconfusedError as error:
            heard += 1
            terminal_structure("".join(traceback.format_exception_only(error)) + error.seen + error.why + error.fix)
        terminal_structure("".join(str(one.message) for one in told))
    assert heard > 30
