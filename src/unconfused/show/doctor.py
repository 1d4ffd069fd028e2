"""What a diagnosis, an entry of the catalogue and a reconciliation look like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from unconfused.findings.catalogue import Entry
from unconfused.labels import plural
from unconfused.show.escape import visible
from unconfused.show.export import finding_dict
from unconfused.show.html import box, findings_list
from unconfused.show.shading import leveled
from unconfused.show.table import Column, lay_out, paragraph

if TYPE_CHECKING:
    from unconfused.diagnosis.reconcile import Reconciliation
    from unconfused.diagnosis.verdict import Diagnosis

SOUND = "Nothing was found that should keep anyone from believing these numbers."


# ── findings ──────────────────────────────────────────────────────────────────────────────────
def diagnosis_text(made: Diagnosis) -> str:
    """Each finding with what to do, and the command that tells more."""
    lines = paragraph(_summary(made))
    for finding in made.findings:
        first, *more = paragraph(visible(f"{finding.level.capitalize()} {finding.code}: {finding.message}"))
        lines += ["", leveled(first, finding.level), *more]
        lines += paragraph(visible(finding.remedy), "  ") if finding.remedy else []
        lines += [f"  unconfused explain {finding.code}"] if finding.level != "note" else []
    return "\n".join(lines)


def _summary(made: Diagnosis) -> str:
    counts = {level: sum(finding.level == level for finding in made) for level in ("error", "warning", "note")}
    told = [plural(n, level) for level, n in counts.items() if n]
    rows = "The rows could not be counted" if made.rows is None else plural(made.rows, "row")
    return f"{rows}: {', '.join(told)}." if told else f"{rows}. {SOUND}"


def diagnosis_dict(made: Diagnosis) -> dict[str, Any]:
    """Plain lists and numbers."""
    return {"rows": made.rows, "sound": made.sound, "findings": [finding_dict(finding) for finding in made]}


def diagnosis_html(made: Diagnosis) -> str:
    """The same as a list."""
    return box(f"<p>{_summary(made)}</p>{findings_list(made.findings)}")


# ── the catalogue ─────────────────────────────────────────────────────────────────────────────
def entry_text(entry: Entry) -> str:
    """An entry for a terminal."""
    parts = [paragraph(f"{entry.code} ({entry.level}): {entry.title}")]
    parts += [paragraph(f"{head}: {text}") for head, text in _told(entry)]
    parts.append(["This shows it:", "", *(f"    {line}" for line in entry.wrong.splitlines())])
    parts.append(["And this does not:", "", *(f"    {line}" for line in entry.right.splitlines())])
    return "\n\n".join("\n".join(part) for part in parts)


def entry_markdown(entry: Entry) -> str:
    """An entry for a page."""
    told = "\n\n".join(f"**{head}.** {text}" for head, text in _told(entry))
    code = f"```python\n{entry.wrong}\n```\n\nInstead:\n\n```python\n{entry.right}\n```"
    return f"## {entry.code}: {entry.title}\n\n{told}\n\n**Level.** {entry.level}\n\n{code}\n"


def _told(entry: Entry) -> list[tuple[str, str]]:
    return [("What people see", f"{entry.symptom}."), ("Why", entry.cause), ("What to do", entry.remedy)]


def entry_dict(entry: Entry) -> dict[str, Any]:
    """An entry as plain text by field."""
    return {
        name: getattr(entry, name)
        for name in ("code", "level", "title", "symptom", "cause", "remedy", "wrong", "right")
    }


# ── reported figures ──────────────────────────────────────────────────────────────────────────
def reconciliation_text(made: Reconciliation) -> str:
    """The figures beside the counts, and every cause that explains them."""
    columns = [
        Column(["metric"], [[name] for name in made.figures], "left"),
        Column(["reported"], [[text] for text in made.figures.values()]),
        Column(["counted"], [["undefined" if math.isnan(x) else f"{x:.6f}"] for x in made.counted.values()]),
    ]
    lines = [*lay_out(columns), ""]
    certain = [cause for cause in made.causes if cause.certain]
    if any(cause.name == "as counted" for cause in certain):
        lines += paragraph("The figures are those of the counts as they are.")
        certain = [cause for cause in certain if cause.name != "as counted"]
        lines += paragraph(f"So they would be with: {' '.join(cause.told for cause in certain)}") if certain else []
        return "\n".join(lines)
    if certain:
        head = "This gives" if len(certain) == 1 else "Each of these gives"
        lines += [
            f"{head} the figures to every digit:",
            *(line for cause in certain for line in paragraph(f"- {cause.told}", "  ")),
        ]
    if made.tables == 0:
        why = "they are of other rows, or misprinted"
        lines += paragraph(f"No matrix with these rows of each class gives the figures: {why}.")
    elif not made.causes:
        lines += paragraph("None of the usual causes gives these figures.")
    loose = [cause for cause in made.causes if not cause.certain]
    if loose:
        lines += ["Nothing gives them for certain. Possible:" if not certain else "Also possible:"]
        lines += [line for cause in loose for line in paragraph(f"- {cause.told}", "  ")]
    if made.tables:
        lines += paragraph(f"{made.tables:,} tables with these rows of each class would give the figures.")
    return "\n".join(lines)


def reconciliation_dict(made: Reconciliation) -> dict[str, Any]:
    """Plain lists and numbers."""

    def plain(values: Any) -> dict[str, float | None]:
        return {name: x if math.isfinite(x) else None for name, x in values.items()}

    causes = [
        {"name": cause.name, "told": cause.told, "certain": cause.certain, "values": plain(cause.values)}
        for cause in made.causes
    ]
    return {"figures": dict(made.figures), "counted": plain(made.counted), "causes": causes, "tables": made.tables}
