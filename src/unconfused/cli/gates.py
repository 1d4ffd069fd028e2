"""Gates: conditions against a stored baseline, and how they went as JUnit XML, which build servers read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as xml

from unconfused.errors import UsageError
from unconfused.evaluation import Evaluation
from unconfused.findings import Finding
from unconfused.inference import Estimate
from unconfused.inference.mix import shifted
from unconfused.metrics.language import Condition, parse
from unconfused.shards import opened
from unconfused.show.escape import visible


def no_worse(metrics: Sequence[str], baseline: str | None, margin: float, threshold: float | None) -> list[Condition]:
    """Each metric at least as good as that of a saved tally, but for the margin.

    Raises:
        UsageError: a metric without a better side, a negative margin, or metrics without a baseline and the other way.
    """
    if bool(metrics) != (baseline is not None):
        given, gone = ("--no-worse", "--against") if metrics else ("--against", "--no-worse")
        raise UsageError(
            f"{given} was given without {gone}.", fix="Type, for example: --no-worse recall --against last-week.uc"
        )
    if not margin >= 0:
        raise UsageError(f"margin={margin!r} is no margin.", fix="Type --margin 0.01, or leave it out.")
    if baseline is None:
        return []
    before = opened(baseline)
    return [_condition(before, metric, margin, threshold) for metric in metrics]


def mix(baseline: str | None, evaluation: Evaluation) -> tuple[Finding, ...]:
    """Whether the baseline holds the classes in other shares, so that a gate may pass or fail by that alone."""
    return () if baseline is None else shifted({"the baseline": opened(baseline).tallies, "these": evaluation.tallies})


def _condition(before: Evaluation, metric: str, margin: float, threshold: float | None) -> Condition:
    query = parse(metric)
    if query.metric.better is None:
        raise UsageError(f"{query} has no better side.", "Neither more nor less of it is worse.", "Type --require.")
    counted = query.metric.of == "counts"
    value = float(before.estimate(str(query), threshold=threshold if counted else None))
    higher = query.metric.better == "higher"
    return Condition(query, ">=" if higher else "<=", value - margin if higher else value + margin)


def junit(conditions: Sequence[Condition], answers: Sequence[Estimate]) -> str:
    """The gates as a JUnit test suite: a case for each condition, a failure for each that does not hold."""
    held = [condition.holds(e) for condition, e in zip(conditions, answers, strict=True)]
    counted = {"tests": str(len(held)), "failures": str(held.count(False)), "errors": "0", "skipped": "0"}
    root = xml.Element("testsuites", counted)
    suite = xml.SubElement(root, "testsuite", {"name": "unconfused check", **counted})
    for condition, e, passed in zip(conditions, answers, held, strict=True):
        case = xml.SubElement(suite, "testcase", {"classname": "unconfused.check", "name": visible(str(condition))})
        if not passed:
            told = visible(f"{condition.query} is {e}")
            failure = xml.SubElement(case, "failure", {"message": told, "type": "gate"})
            failure.text = visible(f"{condition} does not hold: {told}. {e.method}")
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"
