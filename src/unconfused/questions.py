"""What an Evaluation is asked beyond its metrics: which threshold, in which population, from how many rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsFloat, cast

from unconfused import decide, inference
from unconfused.decide import ChosenRule, Infeasible, OperatingPoint, Ranges, Referral
from unconfused.diagnosis.reconcile import Reconciliation, reconcile
from unconfused.errors import UsageError
from unconfused.findings import announce
from unconfused.inference.deployed import DeployedPrevalence, of_new_calls, of_new_scores
from unconfused.inference.rows import RowsNeeded
from unconfused.ingest.unlabelled import new_calls, new_scores
from unconfused.tally.odds import recalibrated
from unconfused.tally.prevalence import at_prevalence
from unconfused.tally.rules import Costs

if TYPE_CHECKING:
    from unconfused.evaluation import Evaluation


class Questions:
    """The decisions and the populations of an `Evaluation`."""

    @property
    def _me(self) -> Evaluation:
        return cast("Evaluation", self)

    def choose(
        self,
        *,
        cost: Mapping[str, float] | Costs | str | None = None,
        maximize: str | None = None,
        minimize: str | None = None,
        where: str | None = None,
        guarantee: float | None = None,
        queue: int | None = None,
        per: int | None = None,
        level: float = 0.95,
        seed: int = 0,
    ) -> OperatingPoint | Infeasible | ChosenRule | Referral:
        """The best of all thresholds for stated costs, or for a metric within constraints; of kept rules the best.

        Args:
            cost: what a row of each cell costs: ``{"fp": 1, "fn": 10}``; also ``tp`` and ``tn``, a gain being negative.
                Of several classes ``uc.Costs(C)``, rows the truth: the cheapest of `matrix` and `matrices`.
                ``"row"`` for what ``row_cost=`` said of each row at the pass. With ``"abstain": 0.5`` two thresholds,
                and a row between them is referred at that cost.
            maximize, minimize: a metric instead of costs: ``"recall"``, ``"f1"``, ``"fbeta(2)"``.
            where: constraints: ``"precision >= 0.9 and predicted_prevalence <= 0.05"``; ``precision.low`` is the lower
                end of its interval.
            guarantee: how sure it shall be that the population keeps to ``where``, each condition bounding a share of
                rows: ``where="fpr <= 0.05", guarantee=0.95``, or precision, accuracy, f1 and so on, for which 50
                thresholds are tested. For rows that did not train the model.
            queue: how many of these rows can be acted on at most; with ``per=1000`` how many of every 1,000.
            level, seed: of the intervals; of the split and of the resampling behind ``corrected`` and ``spread``.

        Returns:
            The `OperatingPoint`; among equals the threshold with the fewest alarms. `Infeasible`, which is false,
            where no threshold satisfies the constraints. Of several classes the `ChosenRule`, with ``abstain`` the
            `Referral`.

        >>> import unconfused as uc
        >>> uc.evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.7, 0.1]).choose(cost={"fp": 1, "fn": 10}).threshold
        0.7
        """
        asked: dict[str, Any] = {"cost": cost, "maximize": maximize, "minimize": minimize, "where": where}
        asked |= {"guarantee": guarantee, "queue": queue, "per": per, "level": level}
        if decide.asks_rules(self._me._held, cost):
            return decide.choose_rule(self._me._held, **asked)
        costs = self._me.tallies.row_costs
        return decide.choose(self._me.of_one_class("choose"), **asked, seed=seed, row_costs=costs)

    def ranges(self, *, prevalence: float | None = None, level: float = 0.95) -> Ranges:
        """The best threshold for every ratio of costs, at the prevalence of these rows or at another: one table.

        >>> import unconfused as uc
        >>> uc.evaluate([1, 0, 1, 0], y_score=[0.8, 0.6, 0.7, 0.1]).ranges().at_ratio(0.1).threshold
        0.7
        """
        return decide.ranges({"model": self._me.of_one_class("ranges")}, prevalence=prevalence, level=level)

    def rows_needed(
        self, metric: str, *, against: Evaluation | None = None, threshold: Any = None, **aim: Any
    ) -> RowsNeeded:
        """How many rows more, and of which class, until an interval is ``width=`` wide or ``against=`` is told apart.

        >>> import unconfused as uc
        >>> uc.evaluate([1] * 50 + [0] * 50, [1] * 40 + [0] * 60).rows_needed("recall", width=0.1).more
        389
        """
        return inference.rows_needed(
            [one._asked(metric, threshold) for one in (self._me, against) if one is not None], metric, **aim
        )

    def reconcile(
        self, figures: Mapping[str, Any] | None = None, *, threshold: float | None = None, **more: Any
    ) -> Reconciliation:
        """Which of the usual slips turns these counts into the figures that were reported.

        Args:
            figures, more: metric → number as it was printed, ``{"f1@macro": "0.80"}`` or ``accuracy="0.965"``.
            threshold: of the decision, where only scores were kept; one half unless said otherwise.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0])
        >>> [cause.name for cause in ev.reconcile(accuracy="0.75", f1="0.73").causes]
        ['macro']
        """
        return reconcile(self._me._held, {**(figures or {}), **more}, threshold=threshold)

    def at_prevalence(self, prevalence: SupportsFloat, *, recalibrate: bool = False) -> Evaluation:
        """The same classifier in a population with that share of positives: a view that answers every question.

        Rows are weighted by class, π' / π and (1 - π') / (1 - π): what the scores of each class look like is taken to
        stay as it is (prior shift). Intervals hold the size of each class fixed. Views do not add. The average
        precision of a class made much rarer rests on the few highest negatives: with 100 it stands too high, and its
        95 % interval holds the truth in 4 of 5 samples; with 1,000 in 93 %.

        Args:
            prevalence: the share of positives, between 0 and 1; or what `prevalence_of` found.
            recalibrate: move the probabilities too, odds · π' (1 - π) / π (1 - π'). Left out, the scores stay, so that
                a threshold means the same rows as before; calibrated probabilities are then those of the old
                prevalence.

        Raises:
            UsageError: no share strictly between 0 and 1.
            NotKept: more than two classes, rows whose class is not known, or a class without rows.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 1, 1, 1, 0, 0, 0, 0], y_score=[0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.1])
        >>> [f"{x.estimate('precision', threshold=0.5):.3f}" for x in (ev, ev.at_prevalence(0.01))]
        ['0.750', '0.029']
        """
        tallies = at_prevalence(self._me._held, cast("float", prevalence), recalibrate)
        return replace(self._me, tallies=tallies, fingerprints=())

    def prevalence_of(
        self, *, y_score: Any = None, y_pred: Any = None, threshold: Any = None, level: float = 0.95
    ) -> DeployedPrevalence:
        """The share of positives among new rows whose truth nobody knows, from their scores or their classes alone.

        What the scores of a class look like is taken to stay as it is (prior shift); whether the new rows fit that is
        told. The answer goes into `at_prevalence`. Pass ``y_score=`` in the units of these scores; or ``y_pred=``, as
        decided by `matrix`, or by ``threshold``.

        Raises:
            UsageError: not exactly one of both.
            NotKept: several classes, rows that come in units, a class without rows.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1] * 100 + [0] * 100, [1] * 80 + [0] * 110 + [1] * 10)
        >>> found = ev.prevalence_of(y_pred=[1] * 24 + [0] * 76)  # (0.24 - 0.1) / (0.8 - 0.1)
        >>> print(found.estimate, float(ev.at_prevalence(found).estimate("prevalence")))
        0.200 [0.07, 0.35] 0.2
        """
        if (y_score is None) == (y_pred is None):
            raise UsageError(
                "Pass exactly one of y_score= and y_pred=.", fix="Scores tell more: ev.prevalence_of(y_score=p_new)."
            )
        if y_score is not None:
            tally = self._me.of_one_class("prevalence_of")
            found = of_new_scores(tally, new_scores(y_score, tally), level)
        else:
            matrix = self._me._asked("accuracy", threshold)
            found = of_new_calls(matrix, *new_calls(y_pred, matrix.labels), level)
        announce(found.findings)
        return found

    def recalibrated(
        self, *, undersampled: float | None = None, class_weight: Mapping[Any, float] | None = None
    ) -> Evaluation:
        """The same rows at the probabilities of a population that training had not reweighted; the ranking stays.

        Brier score, log loss, calibration and thresholds move; a row's probability p becomes β p / (β p + 1 - p).

        Args:
            undersampled: β, the share of negatives that were kept for training.
            class_weight: what a row of each class weighed in training, ``{0: 1, 1: 10}``, or how often it was
                repeated; β is then the negatives' weight over the positives'.

        Raises:
            NotKept: raw or binned scores, several classes.

        Source: Dal Pozzolo et al. 2015; Elkan 2001.

        >>> import unconfused as uc
        >>> ev = uc.evaluate([1, 0, 1, 0], y_score=[0.9, 0.5, 0.8, 0.1])
        >>> ev.recalibrated(undersampled=0.1).scores.scores.round(3).tolist()
        [0.011, 0.091, 0.286, 0.474]
        """
        made = recalibrated(self._me.tallies, undersampled=undersampled, class_weight=class_weight)
        return replace(self._me, tallies=made, fingerprints=())
