"""A camera over a line of parts: a defect that is missed costs ten times a part that is thrown out for nothing."""

import numpy as np

import unconfused as uc

rng = np.random.default_rng(0)
defect = rng.random(20_000) < 0.05
score = 1 / (1 + np.exp(4.2 - rng.normal(size=20_000) - 2.4 * defect))  # of the held-out parts
ev = uc.evaluate(defect, y_score=score, labels={False: "good", True: "defect"}, pos_label="defect")
costs = {"fp": 1, "fn": 10}

print("── the threshold that nobody chose ──")
print(ev.at(0.5))
print("\n── the threshold that the costs ask for ──")
point = ev.choose(cost=costs)
print(point)

print("\n── the line improves: 0.5 % defects instead of 5 % ──")
rare = ev.at_prevalence(0.005)
again = rare.choose(cost=costs)
for name, view, threshold in (
    ("5 %,   chosen there", ev, point.threshold),
    ("0.5 %, kept from 5 %", rare, point.threshold),
    ("0.5 %, chosen anew", rare, again.threshold),
):
    recall, precision = (view.estimate(metric, threshold=threshold) for metric in ("recall", "precision"))
    print(f"{name:21} threshold {threshold:.3f}  recall {recall:.2f}  precision {precision:.2f}")

print("\n── what if the costs are not known so well? ──")
for ratio in (5, 10, 20):
    best = rare.ranges().at_ratio(1 / ratio)
    print(f"a miss costs {ratio:2} false alarms: threshold {best.threshold:.3f}, recall {best.recall}")
