"""Thresholds, imbalance and batches: four ways in which one number misleads, and what to read instead."""

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import unconfused as uc

# Nine rows in ten are negative.
X, y = make_classification(
    n_samples=3000, n_features=10, n_informative=4, n_redundant=2, weights=[0.9], class_sep=0.8, random_state=7
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1000, stratify=y, random_state=7)
names = {0: "healthy", 1: "ill"}
model = LogisticRegression().fit(X_train, y_train)
ev = uc.evaluate(y_test, y_score=model.predict_proba(X_test)[:, 1], labels=names)

print("1. 0.5 is a decision, not a law. The model runs once; every threshold is there.\n")
for threshold in (0.5, 0.4):
    cm = ev.at(threshold)
    print(threshold, cm.counts.tolist(), "recall", cm.estimate("recall"), "precision", cm.estimate("precision"))

print("\n2. Accuracy flatters. Read it beside the rate of always calling the commonest class.\n")
for metric in ("accuracy", "no_information_rate", "recall", "balanced_accuracy", "mcc"):
    print(f"{metric:20}", ev.estimate(metric, threshold=0.5))

print("\n3. Batches disagree. Add their matrices, never their rates.\n")
cuts = [40, 100, 220, 500]
truth, called = np.split(y_test, cuts), np.split(model.predict(X_test), cuts)
batches = [uc.confusion_matrix(t, c, labels=names) for t, c in zip(truth, called, strict=True)]
for batch in batches:
    print(f"{batch.counts.tolist()!s:22} f1", batch.estimate("f1"))
total = sum(batches)
print(f"{total.counts.tolist()!s:22} f1", total.estimate("f1"), "is their sum: the matrix at 0.5 above")
mean = np.mean([float(batch.estimate("f1")) for batch in batches])
print(f"{'':22} f1 {mean:.3f} is the mean of the five: of no matrix")
try:
    sum(batch.estimate("f1") for batch in batches)
except TypeError as error:
    print("TypeError:", error)

print("\n4. Class weights and resampling: here they do what a lower threshold does, and spoil the probabilities.\n")
models = {
    "as it is": LogisticRegression(),
    "class_weight": LogisticRegression(class_weight="balanced"),
    "oversampling": make_pipeline(RandomOverSampler(random_state=7), LogisticRegression()),
    "SMOTE": make_pipeline(SMOTE(random_state=7), LogisticRegression()),
}
print(f"{'':22} TN   FP   FN   TP  ROC AUC  Brier")
for name, model in models.items():
    p = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    ev = uc.evaluate(y_test, y_score=p, labels=names)
    print(f"{name:13} at 0.5", *(f"{n:4}" for n in ev.at(0.5).ravel()), end="  ")
    print(f"{ev.estimate('roc_auc'):.3f}    {ev.estimate('brier'):.3f}")
    if name == "as it is":
        print(f"{name:13} at 0.1", *(f"{n:4}" for n in ev.at(0.1).ravel()))
