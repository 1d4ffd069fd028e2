"""Eight rows, counted by hand, by scikit-learn and by unconfused."""

import numpy as np
import sklearn.metrics

import unconfused as uc

y_true = np.array([1, 0, 1, 0, 1, 0, 1, 0])
scores = np.array([0.8, 0.2, 0.7, 0.4, 0.9, 0.6, 0.3, 0.1])

# By hand: a row is called positive when its score is at least 0.5.
y_pred = (scores >= 0.5).astype(int)
tp = np.sum((y_true == 1) & (y_pred == 1))
tn = np.sum((y_true == 0) & (y_pred == 0))
fp = np.sum((y_true == 0) & (y_pred == 1))
fn = np.sum((y_true == 1) & (y_pred == 0))
print("by hand      TP", tp, "TN", tn, "FP", fp, "FN", fn)

tn, fp, fn, tp = sklearn.metrics.confusion_matrix(y_true, y_pred).ravel()
print("scikit-learn TP", tp, "TN", tn, "FP", fp, "FN", fn)

cm = uc.confusion_matrix(y_true, y_score=scores, threshold=0.5)
print("unconfused   TP", cm.tp, "TN", cm.tn, "FP", cm.fp, "FN", cm.fn)

print()
print(cm)
