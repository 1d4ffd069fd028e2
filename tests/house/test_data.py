"""The prediction files that ship with the project are what their script makes."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2] / "examples" / "data"


@pytest.mark.parametrize("name", ["breast-cancer.csv", "digits.csv"])
def test_data(name: str) -> None:
    """Made again, every row is the same; scores agree to 1e-5, which is where linear algebra libraries part."""
    pytest.importorskip("sklearn")
    script = runpy.run_path(str(HERE / "make_predictions.py"))
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        kept = list(csv.DictReader(file))
    made = [{key: str(value) for key, value in row.items()} for row in script["FILES"][name]()]
    assert len(kept) == len(made)
    for old, new in zip(kept, made, strict=True):
        assert list(old) == list(new)
        if "malignant_score" in old:
            assert float(old.pop("malignant_score")) == pytest.approx(float(new.pop("malignant_score")), abs=1e-5)
        assert old == new
