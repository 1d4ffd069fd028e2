"""How often a warning fires where nothing is wrong: sound scikit-learn models on the data sets that come with it.

Every evaluation is a cross-fitted or held-out prediction of an estimator that was used as its makers meant. Prints
warnings per 1,000 evaluations by code.

    python benchmarks/false_alarms.py
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
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

SEEDS, SPLITS = 4, (0.3, 0.5, 0.8)


def problems() -> Iterator[tuple[str, Any, Any]]:
    """Data sets: two to ten classes, easy and hard, even and uneven."""
    for name in ("breast_cancer", "wine", "iris", "digits"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield name, x, y
    x, y = datasets.load_diabetes(return_X_y=True)
    yield "diabetes, above the median", x, (y > np.median(y)).astype(int)
    yield "diabetes, worst tenth", x, (y > np.quantile(y, 0.9)).astype(int)
    x, y = datasets.load_digits(return_X_y=True)
    yield "digits, is it 8", x, (y == 8).astype(int)
    for hard, share in ((0.1, 0.5), (0.3, 0.05)):
        x, y = datasets.make_classification(1500, 12, n_informative=5, weights=[1 - share], flip_y=hard, random_state=0)
        yield f"made, {share:.0%} positive, {hard:.0%} flipped", x, y


def estimators(seed: int) -> dict[str, Any]:
    """Models of different families, with the settings that they come with or the usual ones."""
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "lda": LinearDiscriminantAnalysis(),
        "bayes": GaussianNB(),
        "neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier()),
        "tree": DecisionTreeClassifier(max_depth=6, random_state=seed),
        "forest": RandomForestClassifier(30, random_state=seed),
        "extra": ExtraTreesClassifier(30, random_state=seed),
        "boosting": HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5, random_state=seed),
        "network": make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=80, random_state=seed)),
        "svm": make_pipeline(StandardScaler(), SVC(class_weight="balanced", random_state=seed)),
        "prior": DummyClassifier(strategy="stratified", random_state=seed),
    }


def main() -> None:
    """Evaluate, count and print."""
    warnings.simplefilter("ignore")
    fired: Counter[str] = Counter()
    by_model: Counter[tuple[str, str]] = Counter()
    n, began = 0, time.perf_counter()
    for problem, x, y in problems():
        for seed in range(SEEDS):
            for share in SPLITS:
                parts = train_test_split(x, y, train_size=share, random_state=seed, stratify=y)
                for name, model in estimators(seed).items():
                    model.fit(parts[0], parts[2])
                    kind = "probability" if hasattr(model, "predict_proba") else "raw"
                    by_class = np.argsort(parts[3], kind="stable")  # as files in folders stand
                    for made in (
                        uc.evaluate_model(model, (parts[1], parts[3]), score_kind=kind, progress=False),
                        uc.evaluate(parts[3][by_class], model.predict(parts[1][by_class])),
                    ):
                        sound = name != "prior"
                        n += sound
                        for code in {f.code for f in made.findings if f.level == "warning"}:
                            fired[code] += sound
                            by_model[code, f"{name}: {problem}"] += 1
    rows = [(code, k) for code, k in fired.most_common()]
    print(f"{n:,} evaluations of sound models in {time.perf_counter() - began:.0f} s\n")
    print("| code | warnings | per 1,000 |\n|---|---|---|")
    for code, k in rows:
        print(f"| {code} | {k} | {1000 * k / n:.1f} |")
    if "-v" in sys.argv:
        for (code, where), k in by_model.most_common(40):
            print(code, where, k, file=sys.stderr)


if __name__ == "__main__":
    main()
