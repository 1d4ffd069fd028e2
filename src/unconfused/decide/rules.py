"""The best of the rules that the pass kept, where one threshold cannot choose among several classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from unconfused.errors import NotKept, UsageError
from unconfused.inference import Estimate, cost_estimate, estimate
from unconfused.labels import listed
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.rules import Costs
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

GIVEN = "given classes"
KEEP = 'Keep some: uc.evaluate(..., rules={"safe": uc.Costs(C), "sure": uc.Abstain(below=0.8)}).'


@dataclass(frozen=True, repr=False)
class ChosenRule:
    """The rule that does best, and how the others do.

    Attributes:
        name: of the rule, as it was named at the pass; of the decision stated there, what it was.
        matrix: what the rule decided: rows are the truth, columns the prediction.
        objective: what was optimised, in words.
        apparent: the objective, on the rows that chose the rule; the best of several by luck too.
        expected_cost: the same where costs were stated, else None.
        others: the objective of every other rule, the best first.
    """

    name: str
    matrix: ConfusionMatrix
    objective: str
    apparent: Estimate
    expected_cost: Estimate | None
    others: Mapping[str, Estimate]

    def to_frame(self, kind: str = "pandas") -> Any:
        """One row for each rule, the best first."""
        from unconfused.show.rules import chosen_frame

        return chosen_frame(self, kind)

    def to_dict(self) -> dict[str, Any]:
        """As data, after ``schema.json``."""
        from unconfused.show.rules import chosen_dict

        return chosen_dict(self)

    def to_markdown(self) -> str:
        """The sentence, the matrix and every rule as Markdown."""
        from unconfused.show.rules import chosen_markdown

        return chosen_markdown(self)

    def __str__(self) -> str:
        from unconfused.show.rules import chosen_text

        return chosen_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from unconfused.show.rules import chosen_html

        return chosen_html(self)


def asks_rules(tallies: Tallies, cost: Any) -> bool:
    """Whether a choice is one among kept rules, since there is no single ranking to cut."""
    if isinstance(tallies.scores, ScoreTally):
        return False
    return isinstance(cost, Costs) or bool(tallies.matrices)


def choose_rule(
    tallies: Tallies,
    *,
    cost: Any = None,
    maximize: str | None = None,
    minimize: str | None = None,
    where: str | None = None,
    guarantee: float | None = None,
    queue: int | None = None,
    per: int | None = None,
    level: float = 0.95,
) -> ChosenRule:
    """The best of the decision stated at the pass and of the rules named there; the first among equals.

    Args:
        tallies: what the pass kept.
        cost: `Costs`: what a row of each cell costs, rows the truth and columns the prediction.
        maximize, minimize: a metric of decisions instead, such as "f1@macro".
        where, guarantee, queue, per: refused, since they bound thresholds.
        level: of the intervals.

    Raises:
        UsageError: not exactly one objective, or costs of two classes for several.
        NotKept: fewer than two decisions were kept, or the objective is undefined for all of them.
    """
    if any(x is not None for x in (where, guarantee, queue, per)):
        raise UsageError(
            "where=, guarantee= and queue= bound thresholds, and this is a choice among rules.",
            fix='Look at each: ev.matrices["safe"].estimate("recall[dog]").',
        )
    given = sum(x is not None for x in (cost, maximize, minimize))
    if given != 1 or (cost is not None and not isinstance(cost, Costs)):
        raise UsageError(
            f"{given or 'No'} objectives were given." if given != 1 else f"cost={cost!r} is of two classes.",
            "A rule is best for one objective; of several classes each pair of truth and prediction has a cost.",
            'Type cost=uc.Costs(C) with C[truth][prediction], or maximize="f1@macro".',
        )
    decisions = _decisions(tallies)
    answers = {name: _answer(matrix, cost, maximize or minimize, level) for name, matrix in decisions.items()}
    sign = -1 if maximize is not None else 1
    order = sorted(answers, key=lambda name: (not answers[name].defined, sign * answers[name].value))
    best = order[0]
    if not answers[best].defined:
        raise NotKept(f"{answers[best].name} is undefined ({answers[best].reason}) under every rule.")
    words = f"{'highest' if maximize is not None else 'lowest'} {answers[best].name}"
    return ChosenRule(
        best, decisions[best], words, answers[best], None if cost is None else answers[best],
        {name: answers[name] for name in order[1:]},
    )  # fmt: skip


def _decisions(tallies: Tallies) -> dict[str, ConfusionMatrix]:
    stated, made = tallies.matrix, dict(tallies.matrices)
    if isinstance(stated, ConfusionMatrix):
        own = stated.rule or GIVEN
        made = {own if own not in made else f"{own} (stated)": stated, **made}
    if len(made) < 2:
        raise NotKept(
            f"The pass kept {f'one decision ({listed(list(made))})' if made else 'no decision'}.",
            "A rule weighs all scores of a row, which only the pass sees; there is nothing to choose among.",
            KEEP,
        )
    return made


def _answer(matrix: ConfusionMatrix, cost: Costs | None, metric: str | None, level: float) -> Estimate:
    if cost is not None:
        found = cost_estimate(matrix, cost, level=level)
        return replace(found, name="expected_cost")
    return estimate(matrix, str(metric), level=level)
