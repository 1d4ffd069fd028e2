"""How often a warning fires where nothing is wrong, and whether it comes where something is.

    python benchmarks/false_alarms.py             the seeds that no rule was tuned on
    python benchmarks/false_alarms.py --tuning    the others, with the models that brought up each warning
    python benchmarks/false_alarms.py --write     and both tables on docs/pitfalls.md

Sound models are scikit-learn's, fitted as their makers meant and asked about rows that they were not fitted on. Beside
them stand models that know nothing or are always certain: there the warnings of `DUE` are right.
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import unconfused as uc

TUNING, HELD_OUT = (2, 3), (4, 5)
"""Seeds: rules were tuned on the first, the tables are of the second."""
SHARES = (0.25, 0.4)
"""Of the rows, to fit on: models of fewer rows are weaker, and more rows are left to ask about."""
ONLY = {"CM-SHIFT": "compared", "CM-THRESH-REUSE": "chosen", "CM-DRIFT": "deployed"}
"""Codes that one view alone can bring up."""
DUE = {
    ("most frequent", "classes"): "CM-CONST",
    ("the shares", "scores"): "CM-CONST",
    ("full tree", "scores"): "CM-HARD-SCORE",
    ("one neighbour", "scores"): "CM-HARD-SCORE",
    ("any", "chosen here"): "CM-THRESH-REUSE",
}
"""What must come each time: (model, view) → code."""
PAGE = Path(__file__).resolve().parents[1] / "docs" / "pitfalls.md"


def problems(names: Sequence[str] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Data sets: two to ten classes, easy and hard, even and uneven; those named, or all."""
    x, y = datasets.load_diabetes(return_X_y=True)
    pixels, digit = datasets.load_digits(return_X_y=True)
    made: dict[str, tuple[Any, Any]] = {
        **{name: getattr(datasets, f"load_{name}")(return_X_y=True) for name in ("breast_cancer", "wine", "iris")},
        "digits": (pixels, digit),
        "digits, is it 8": (pixels, (digit == 8).astype(int)),
        "diabetes, above the median": (x, (y > np.median(y)).astype(int)),
        "diabetes, worst tenth": (x, (y > np.quantile(y, 0.9)).astype(int)),
    }
    for hard, share in ((0.1, 0.5), (0.3, 0.05)):
        made[f"made, {share:.0%} positive, {hard:.0%} flipped"] = datasets.make_classification(
            1500, 12, n_informative=5, weights=[1 - share], flip_y=hard, random_state=0
        )
    for name in names or made:
        yield name, *made[name]


def sound(seed: int) -> dict[str, Any]:
    """Models of different families: weak and strong, calibrated or not, with and without weights of the classes."""
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
        "logistic, balanced": make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=300, class_weight="balanced")
        ),
        "logistic, one feature": make_pipeline(SelectKBest(k=1), LogisticRegression(class_weight="balanced")),
        "lda": LinearDiscriminantAnalysis(),
        "bayes": GaussianNB(),
        "bayes, calibrated": CalibratedClassifierCV(GaussianNB(), cv=3),
        "neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier()),
        "stump": DecisionTreeClassifier(max_depth=1, class_weight="balanced", random_state=seed),
        "tree": DecisionTreeClassifier(min_samples_leaf=10, random_state=seed),
        "forest": RandomForestClassifier(30, random_state=seed),
        "forest, balanced": RandomForestClassifier(30, class_weight="balanced", min_samples_leaf=5, random_state=seed),
        "extra": ExtraTreesClassifier(30, random_state=seed),
        "boosting": HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5, random_state=seed),
        "network": make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=200, random_state=seed)),
        "svm": make_pipeline(StandardScaler(), SVC(random_state=seed)),
        "svm, balanced": make_pipeline(StandardScaler(), SVC(class_weight="balanced", random_state=seed)),
    }


def doubtful(seed: int) -> dict[str, Any]:
    """Models that know nothing, and models whose probabilities are only 0 and 1."""
    return {
        "most frequent": DummyClassifier(strategy="most_frequent"),
        "the shares": DummyClassifier(strategy="prior"),
        "drawn from the shares": DummyClassifier(strategy="stratified", random_state=seed),
        "drawn evenly": DummyClassifier(strategy="uniform", random_state=seed),
        "full tree": DecisionTreeClassifier(random_state=seed),
        "one neighbour": make_pipeline(StandardScaler(), KNeighborsClassifier(1)),
    }


@dataclass(frozen=True)
class Seen:
    """One evaluation: what was looked at and the codes of its warnings."""

    problem: str
    model: str
    view: str
    codes: frozenset[str]


def views(model: Any, x: Any, y: Any) -> Iterator[tuple[str, Any]]:
    """What one fitted model says of rows, looked at by itself."""
    kind = "probability" if hasattr(model, "predict_proba") else "raw"
    score = model.predict_proba(x) if kind == "probability" else model.decision_function(x)
    order = np.argsort(y, kind="stable")  # as files in folders stand
    yield "model", uc.evaluate_model(model, (x, y), score_kind=kind, progress=False)
    yield "scores", uc.evaluate(y[order], y_score=score[order], score_kind=kind)
    yield "classes", uc.evaluate(y[order], model.predict(x[order]))


def halves(model: Any, x: Any, y: Any, rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    """One half of the rows against the other; of two classes a threshold of the one on the other, and on itself."""
    one, other = np.array_split(rng.permutation(len(y)), 2)
    labels = np.unique(y).tolist()
    called = {
        name: uc.evaluate(y[i], model.predict(x[i]), labels=labels) for name, i in (("one", one), ("other", other))
    }
    yield "compared", uc.compare(called, metrics=["accuracy"])
    if len(labels) == 2:
        kind = "probability" if hasattr(model, "predict_proba") else "raw"
        score = model.predict_proba(x) if kind == "probability" else model.decision_function(x)
        first, second = (uc.evaluate(y[i], y_score=score[i], score_kind=kind) for i in (one, other))
        threshold = first.choose(maximize="balanced_accuracy").threshold
        yield "chosen", second.at(threshold)
        yield "chosen here", first.at(threshold)
        yield "deployed", first.prevalence_of(y_score=score[other])


def looked(of: Any, seeds: Iterable[int], shares: Sequence[float] = SHARES, names: Sequence[str] = ()) -> list[Seen]:
    """Every model of ``of`` (`sound` or `doubtful`) on every data set, seed and split."""
    seen = []
    for problem, x, y in problems(names):
        for seed, share in product(seeds, shares):
            fit, rest, fitted, truth = train_test_split(x, y, train_size=share, random_state=seed, stratify=y)
            for number, (name, model) in enumerate(of(seed).items()):
                model.fit(fit, fitted)
                apart = halves(model, rest, truth, np.random.default_rng([seed, number])) if of is sound else ()
                for view, made in chain(views(model, rest, truth), apart):
                    codes = {found.code for found in made.findings if found.level == "warning"}
                    seen.append(Seen(problem, name, view, frozenset(codes - {"CM-UNPAIRED"})))
    return seen


def of_sound(seen: Sequence[Seen]) -> str:
    """Warnings of sound models by code, as Markdown; a threshold judged on its own rows is not among them."""
    seen = [one for one in seen if one.view != "chosen here"]
    fired = Counter(code for one in seen for code in one.codes)
    lines = ["| code | warnings | of evaluations | per 1,000 | models |", "|---|--:|--:|--:|---|"]
    for code in sorted({*fired, *ONLY}, key=lambda code: (-fired[code], code)):
        n = sum(ONLY.get(code, one.view) == one.view for one in seen)
        if not n:
            continue
        by = Counter(one.model for one in seen if code in one.codes)
        where = ", ".join(f"{model} ({k})" for model, k in by.most_common(4)) + (", …" if len(by) > 4 else "")
        lines.append(f"| {code} | {fired[code]} | {n:,} | {1000 * fired[code] / n:.1f} | {where} |")
    lines.append(f"| any other | 0 | {len(seen):,} | 0.0 | |")
    return "\n".join(lines)


def of_doubtful(seen: Sequence[Seen], reused: Sequence[Seen]) -> str:
    """Warnings where they are right, as Markdown: each view of each model, and thresholds judged on their own rows."""
    lines = ["| model | what was passed | evaluations | warned of | at least one |", "|---|---|--:|---|--:|"]
    groups: dict[tuple[str, str], list[Seen]] = {}
    for one in seen:
        if one.view == "scores" or (one.view == "classes" and one.model not in ("full tree", "one neighbour")):
            groups.setdefault((one.model, one.view), []).append(one)
    if again := [one for one in reused if one.view == "chosen here"]:
        groups["any of the sound", "chosen here"] = again
    for (model, view), own in groups.items():
        fired = Counter(code for one in own for code in one.codes)
        told = ", ".join(f"{code} ({k})" for code, k in sorted(fired.items(), key=lambda x: (-x[1], x[0])))
        passed = "a threshold chosen on these rows" if view == "chosen here" else view
        some = sum(bool(one.codes) for one in own)
        lines.append(f"| {model} | {passed} | {len(own)} | {told} | {some / len(own):.0%} |")
    return "\n".join(lines)


def missed(seen: Sequence[Seen]) -> list[Seen]:
    """Evaluations in which the warning that is due did not come."""
    return [
        one
        for one in seen
        if (due := DUE.get((one.model, one.view), DUE.get(("any", one.view)))) and due not in one.codes
    ]


def written(page: str, mark: str, told: str) -> str:
    """The page with that table between its marks."""
    pattern = re.compile(rf"<!-- {mark} -->.*?<!-- end -->", re.DOTALL)
    page, times = pattern.subn(lambda _: f"<!-- {mark} -->\n\n{told}\n\n<!-- end -->", page, count=1)
    if times != 1:
        raise SystemExit(f"{PAGE.name} has no place for {mark!r}")
    return page


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, count and print; 1 where a warning that is due did not come."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", action="store_true", help="the seeds that the rules were tuned on")
    parser.add_argument("--write", action="store_true", help="put the tables on docs/pitfalls.md")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    seeds, began = TUNING if asked.tuning else HELD_OUT, time.perf_counter()
    of_models, of_others = looked(sound, seeds), looked(doubtful, seeds)
    n = sum(one.view != "chosen here" for one in of_models)
    first, second, late = of_sound(of_models), of_doubtful(of_others, of_models), missed([*of_models, *of_others])
    print(f"{n:,} evaluations of sound models, {time.perf_counter() - began:.0f} s\n\n{first}\n\n{second}\n")
    if asked.tuning:
        where = Counter((code, one.model, one.view, one.problem) for one in of_models for code in one.codes)
        print(*(f"{k} × {', '.join(about)}" for about, k in where.most_common() if about[2] != "chosen here"), sep="\n")
    for one in late:
        print(f"missed: {one}")
    if asked.write and not asked.tuning:
        page = written(
            PAGE.read_text(encoding="utf-8"), "false alarms", f"{n:,} evaluations of sound models:\n\n{first}"
        )
        PAGE.write_text(written(page, "right alarms", second), encoding="utf-8")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
