"""The catalogue of codes: what each means, how it comes about, and the lines that show and repair it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from unconfused.errors import UsageError
from unconfused.findings import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code, told in full.

    Attributes:
        code: its stable name.
        level: the most serious level that it comes with.
        title: what was found, in a few words.
        symptom: what people see, and search for.
        cause: how it comes about.
        remedy: what to do.
        wrong: lines of Python that show it.
        right: lines that follow and do not.
        needs: a library that these lines import.
    """

    code: str
    level: Level
    title: str
    symptom: str
    cause: str
    remedy: str
    wrong: str
    right: str
    needs: str = ""


@cache
def entries() -> dict[str, Entry]:
    """Every entry by code, in the order of the file."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {
        code: Entry(code=code, **{key: value.strip() for key, value in table.items()})
        for code, table in tomllib.loads(text).items()
    }


def entry(code: str) -> Entry:
    """The entry of a code, whatever its case, with or without ``CM-``.

    >>> entry("hard-score").title
    'classes given as scores'
    """
    known, wanted = entries(), code.strip().upper()
    for name in (wanted, f"CM-{wanted}"):
        if name in known:
            return known[name]
    near = get_close_matches(f"CM-{wanted.removeprefix('CM-')}", known, n=3)
    fix = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
    raise UsageError(f"There is no code {code!r}.", fix=fix)
