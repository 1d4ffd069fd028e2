"""The catalogue of codes: complete, shown on a page of its own, and every reproduction does what it says."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused import errors, findings
from unconfused.diagnosis import diagnose
from unconfused.errors import UnconfusedError
from unconfused.findings.catalogue import Entry, entries, entry
from unconfused.show.doctor import entry_markdown, entry_text

ROOT = Path(__file__).resolve().parents[2]
EVERY = list(entries().values())
PAGE = ROOT / "docs" / "codes.md"
START = "<!-- codes -->\n"
NEVER_RAISED = {"CM-ERROR", "CM-INPUT"}


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    """What the sources give to errors and findings is what the catalogue explains."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    used = {code for text in texts for code in re.findall(r'"(CM-[A-Z0-9-]+)"', text)}
    assert used - NEVER_RAISED == set(entries())
    of_errors = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    assert of_errors - NEVER_RAISED == {x.code for x in EVERY if x.level == "error"}


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.code)
def test_an_entry_fits_on_a_terminal(entry: Entry) -> None:
    assert max(map(len, entry_text(entry).splitlines())) <= 80


def codes_of(made: Any) -> list[str]:
    if isinstance(made, uc.ConfusionMatrix):
        return [finding.code for finding in made.findings]
    found = made.findings if hasattr(made, "findings") else diagnose(made)
    return [finding.code for finding in found]


def run(code: str, names: dict[str, Any]) -> list[str]:
    """The codes that some lines bring up: of an error, or of what they made."""
    try:
        exec(code, names)  # what stands in the catalogue of this project
    except UnconfusedError as error:
        return [error.code]
    return codes_of(names["made"]) if "made" in names else []


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry.code)
def test_reproductions(entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``wrong`` shows the code, ``right`` does not; warnings come with their own category, notes with none."""
    if entry.needs:
        pytest.importorskip(entry.needs)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"uc": uc, "np": np, "rng": np.random.default_rng(0)}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", uc.UnconfusedWarning)
        assert entry.code in run(entry.wrong, names)
    told = [x.category for x in heard]
    late = entry.code in (
        "CM-LAG",
        "CM-BREAK",
        "CM-UNPAIRED",
        "CM-SHIFT",
    )  # found by the doctor, or held by the comparison
    assert (findings.category(entry.code) in told) == (entry.level == "warning" and not late)
    assert entry.code not in run(entry.right, names)


def test_the_page_is_the_catalogue(request: pytest.FixtureRequest) -> None:
    """docs/codes.md is made from the catalogue; ``pytest --update`` writes it."""
    table = "".join(f"| [{x.code}](#{anchor(x)}) | {x.level} | {x.title} |\n" for x in EVERY)
    made = f"{START}\n| code | level | what was found |\n|---|---|---|\n{table}\n" + "\n".join(
        map(entry_markdown, EVERY)
    )
    head, mark, told = PAGE.read_text(encoding="utf-8").partition(START)
    assert mark
    if request.config.getoption("--update"):
        PAGE.write_text(head + made, encoding="utf-8")
    else:
        assert mark + told == made


def anchor(x: Entry) -> str:
    """What GitHub makes of the heading."""
    return re.sub(r"[^\w -]", "", f"{x.code}: {x.title}".lower()).replace(" ", "-")


def test_a_code_is_found_however_it_is_typed() -> None:
    assert entry("CM-BASE") is entry("base") is entry(" cm-base ")
    with pytest.raises(errors.UsageError, match="Did you mean CM-BASE"):
        entry("CM-BASES")


def test_warnings_have_a_category_for_each_code() -> None:
    """One class per code, also by name, so that a filter can name it; anything else is no name of the module."""
    assert findings.category("CM-HARD-SCORE") is findings.CMHardScoreWarning
    assert issubclass(findings.CMBaseWarning, uc.UnconfusedWarning)
    with pytest.raises(AttributeError):
        findings.NoSuchWarning  # noqa: B018


def test_a_warning_points_at_the_line_that_called() -> None:
    truth = np.arange(40) % 2
    with pytest.warns(findings.CMConstWarning, match="CM-CONST: Every one of 40 rows") as heard:
        uc.confusion_matrix(truth, np.zeros(40, int))
    assert [x.filename for x in heard] == [__file__]
    with pytest.warns(findings.CMHardScoreWarning) as heard:
        uc.evaluate(truth, y_score=truth.astype(float))
    assert {x.filename for x in heard} == {__file__}


def test_a_stream_warns_once() -> None:
    stream = uc.Stream()
    stream.update(y_true=np.arange(40) % 2, y_pred=np.zeros(40, int))
    with pytest.warns(findings.CMConstWarning):
        _ = stream.evaluation
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _ = stream.evaluation
    stream.reset()
    stream.update(y_true=np.arange(40) % 2, y_pred=np.zeros(40, int))
    with pytest.warns(findings.CMConstWarning):
        _ = stream.evaluation


def test_a_batch_of_a_stream_may_hold_what_the_whole_may_not() -> None:
    """Whether both sides speak of the same classes is asked of the whole."""
    stream = uc.Stream()
    stream.update(y_true=[1, 1, 2] * 10, y_pred=[0, 0, 1] * 10)  # alone it looks off by one
    stream.update(y_true=[0, 1, 2] * 40, y_pred=[0, 1, 2] * 40)
    assert stream.evaluation.total == 150
    stream.reset()
    for _ in range(3):
        stream.update(y_true=[1, 2, 3] * 10, y_pred=[0, 1, 2] * 10)
    with pytest.raises(errors.DisjointLabels, match="100% of 90 rows"):
        _ = stream.evaluation
