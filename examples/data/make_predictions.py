"""Make the two prediction files of this folder: real data, real models, each row predicted by one that never saw it.

    python examples/data/make_predictions.py

Needs scikit-learn, which brings both data sets with it.
"""

from __future__ import annotations

import csv
from pathlib import Path

from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
FOLDS = StratifiedKFold(n_splits=10, shuffle=True, random_state=0)
Row = dict[str, object]


def breast_cancer() -> list[Row]:
    """569 biopsies: a logistic regression on the ten mean features, scored out of fold."""
    data = load_breast_cancer()
    # The solver runs to the optimum, so that another version of scikit-learn lands on the same six decimals.
    model = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-10))
    scores = cross_val_predict(model, data.data[:, :10], data.target, cv=FOLDS, method="predict_proba")[:, 0]
    return [
        {
            "id": i,
            "diagnosis": str(data.target_names[target]),
            "malignant_score": f"{score:.6f}",
            "prediction": "malignant" if score >= 0.5 else "benign",
        }
        for i, (target, score) in enumerate(zip(data.target, scores, strict=True))
    ]


def digits() -> list[Row]:
    """1,797 handwritten digits: naive Bayes on the 64 pixels, predicted out of fold."""
    data = load_digits()
    called = cross_val_predict(GaussianNB(), data.data, data.target, cv=FOLDS)
    return [{"id": i, "actual": a, "predicted": p} for i, (a, p) in enumerate(zip(data.target, called, strict=True))]


FILES = {"breast-cancer.csv": breast_cancer, "digits.csv": digits}


def write(rows: list[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    for name, rows in FILES.items():
        write(rows(), HERE / name)
        print("wrote", name)
