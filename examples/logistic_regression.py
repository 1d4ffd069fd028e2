"""A logistic regression, from the data to the report and the pictures.

The pictures are saved in the folder named on the command line, or in a temporary one.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import unconfused as uc

X, y = make_classification(
    n_samples=500, n_features=10, n_informative=5, n_redundant=2, weights=[0.6, 0.4], random_state=42
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=42)
model = LogisticRegression().fit(X_train, y_train)

ev = uc.evaluate(y_test, y_score=model.predict_proba(X_test)[:, 1], labels={0: "Negative", 1: "Positive"})
cm = ev.at(0.5)
print(cm)
print()
print(cm["Positive", "Negative"], "positives were missed; the four cells are", cm.ravel())
print()
print(ev.report(threshold=0.5))

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())

left, right = cm.plot(normalize=[None, "true"])  # counts, and beside them shares of each actual class
left.figure.savefig(folder / "logistic_regression_matrix.png", dpi=150)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
ev.curve("roc").plot(ax=left)
ev.curve("lift").plot(ax=right)
figure.savefig(folder / "logistic_regression_curves.png", dpi=150)
