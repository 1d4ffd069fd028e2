"""What was measured as tables, as files and as a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
DOCS = HERE.parent / "docs"
PAGE, PICTURE, RESULTS = DOCS / "benchmarks.md", DOCS / "images" / "benchmarks.png", HERE / "results"
GROWTH = {"matrix": "label pairs", "cut": "one threshold", "folded": "every threshold", "area": "exact ROC AUC",
          "parquet": "a Parquet file"}  # fmt: skip


def duration(seconds: float) -> str:
    """Seconds in the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds / size < 1000 else f"{seconds / size:,.0f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def size(n: float) -> str:
    """Bytes as MB."""
    return f"{n / 1e6:,.0f} MB" if n >= 1e6 else "< 1 MB"


def times(x: float) -> str:
    """How many times as long."""
    return f"{x:,.0f}x" if x >= 10 else f"{x:.2g}x"


def verdict(met: bool) -> str:
    """Whether a target was met."""
    return "met" if met else "MISSED"


def target(line: dict[str, Any]) -> str:
    """What was promised of the call beside this peer, and whether it holds."""
    least = line.get("ratio_at_least")
    return "" if least is None else f"{times(least)} {verdict(line['ratio'] >= least)}"


def own_target(line: dict[str, Any]) -> str:
    """What was promised of our call alone."""
    if line.get("reads_at_most") is not None:
        most = line["reads_at_most"]
        return f"{times(most)} {verdict(line['ours'] <= most * line['read'])}"
    if line.get("seconds_at_most") is not None:
        return f"{duration(line['seconds_at_most'])} {verdict(line['ours'] <= line['seconds_at_most'])}"
    return ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns also stand in line."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["| " + " | ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def progress(line: dict[str, Any]) -> str:
    """One line while it runs."""
    return f"{line['case']}: {duration(line['ours'])}" if "ours" in line else f"{line['case']}: {line.get('note')}"


# ── tables ────────────────────────────────────────────────────────────────────────────────────
def our_table(lines: list[dict[str, Any]]) -> str:
    """Our calls: time, memory, and both beside reading the same bytes."""
    rows, done = [], set()
    for line in lines:
        if "ours" in line and line["case"] not in done:
            done.add(line["case"])
            rows.append([line["title"], f"{line['rows']:,}", f"`{line['call']}`", duration(line["ours"]),
                         times(line["ours"] / line["read"]), size(line["memory"]), own_target(line)])  # fmt: skip
    return table(["what", "rows", "our call", "time", "of reading", "memory", "target"], rows)


def peer_table(lines: list[dict[str, Any]]) -> str:
    """Others beside us."""
    rows = []
    for line in lines:
        if "peer" not in line:
            continue
        once = [f"1/{line['share']} of the rows"] if line["share"] > 1 else []
        once += [f"1 of {line['repeats']:,} replicates"] if line.get("repeats", 1) > 1 else []
        peer = line["peer"] + (f" ({', '.join(once)})" if once else "")
        if "ratio" not in line:
            rows.append([line["title"], peer, line["note"], "", "", "", ""])
            continue
        rows.append([line["title"], peer, duration(line["theirs"]), duration(line["ours"]), times(line["ratio"]),
                     size(line["memory_theirs"]), target(line)])  # fmt: skip
    return table(["what", "other", "its time", "ours", "ratio", "its memory", "target"], rows)


def first_table(lines: list[dict[str, Any]]) -> str:
    """What compiling costs."""
    rows = [[x["case"], duration(x["cold"]), duration(x["warm"]), duration(x["later"])] for x in lines]
    return table(["case", "first call ever", "first call of a process", "later calls"], rows)


def growth_table(lines: list[dict[str, Any]]) -> str:
    """Time and memory of our calls as rows grow."""
    sizes = sorted({x["rows"] for x in lines})
    rows = []
    for call in dict.fromkeys(x["call"] for x in lines):
        own = {x["rows"]: x for x in lines if x["call"] == call}
        rows.append([GROWTH[call], *(f"{duration(own[n]['ours'])}, {size(own[n]['memory'])}" for n in sizes)])
    return table(["", *(f"{n:,} rows" for n in sizes)], rows)


def stream_table(lines: list[dict[str, Any]]) -> str:
    """Memory of a stream."""
    extra = lines[-1]["memory"] - lines[0]["memory"]
    rows = [[f"{x['rows']:,}", duration(x["seconds"]), size(x["memory"]), ""] for x in lines]
    rows[-1][-1] = f"{size(abs(extra))} {'more' if extra >= 0 else 'less'}; 64 MB {verdict(extra <= 64e6)}"
    return table(["scores in a stream", "time", "memory", "target"], rows)


def start_table(seconds: dict[str, float]) -> str:
    """Starts."""
    extra = seconds["import unconfused"] - seconds["import numpy"]
    goals = {"import unconfused": f"{duration(max(extra, 0))} more than NumPy; 50 ms {verdict(extra < 0.05)}",
             "unconfused --help": f"400 ms {verdict(seconds.get('unconfused --help', 0) < 0.4)}"}  # fmt: skip
    return table(
        ["process", "time", "target"], [[name, duration(x), goals.get(name, "")] for name, x in seconds.items()]
    )


def skewed_table(lines: list[dict[str, Any]]) -> str:
    """The error of a binned ROC AUC."""
    names = {"unconfused": "ours, error", "torchmetrics": "TorchMetrics(200), error", "keras": "Keras AUC(200), error"}
    rows = []
    for line in lines:
        exact, answers = line["exact"], line["answers"]
        errors = [f"{answers[x][0] - exact:+.1g}" if x in answers else "not installed" for x in names]
        certified = " … ".join(f"{x - exact:+.1g}" for x in answers["unconfused"][1])
        rows.append([line["scores"], f"{exact:.6f}", errors[0], certified, *errors[1:]])
    ours, *others = names.values()
    return table(["scores", "exact ROC AUC", ours, "certified to lie within", *others], rows)


PARTS = {
    "cases": ("Beside others", peer_table),
    "first": ("The first call", first_table),
    "growth": ("As rows grow", growth_table),
    "stream": ("A long stream", stream_table),
    "start": ("Starting", start_table),
    "skewed": ("Scores that crowd together", skewed_table),
}


def page(result: dict[str, Any]) -> str:
    """All tables as Markdown."""
    machine, parts = result["machine"], []
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"
    parts.append(f"Measured on {result['date']}: {where}; {versions}.")
    if result["cases"]:
        parts.append(our_table(result["cases"]))
    for name, (title, made) in PARTS.items():
        if result.get(name):
            parts.append(f"## {title}\n\n{made(result[name])}")
    return "\n\n".join(parts)


# ── files ─────────────────────────────────────────────────────────────────────────────────────
def joined(before: dict[str, Any], now: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """What was measured before on a day, but for what was measured again; cases stand in their order."""
    again = {line["case"] for line in now["cases"]}
    lines = [*(line for line in before["cases"] if line["case"] not in again), *now["cases"]]
    return before | now | {"cases": sorted(lines, key=lambda line: order.index(line["case"]))}


def keep(result: dict[str, Any], order: Sequence[str]) -> None:
    """The dated result, the tables of the page, and its picture; cases not measured stay as the day has them."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result['date']}.md"
    if path.with_suffix(".json").exists():
        result = joined(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")), result, order)
    text = page(result)
    path.write_text(f"# Benchmarks, {result['date']}\n\n{text}\n", encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    grown = ", and our times as rows grow" if result.get("growth") else ""
    shown = f"![How many times as long others take{grown}](images/{PICTURE.name})\n\n{text}"
    whole = PAGE.read_text(encoding="utf-8")
    mark = re.compile(r"(?<=<!-- measured -->\n\n).*?(?=\n*<!-- end -->)", re.DOTALL)
    PAGE.write_text(mark.sub(lambda _: shown, whole), encoding="utf-8")
    picture(result)


def picture(result: dict[str, Any]) -> None:
    """Ratios of the comparisons as bars, and the growth of our calls."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    lines = [x for x in result["cases"] if "ratio" in x][::-1]
    growth = result.get("growth", [])
    figure, axes = plt.subplots(
        1, 2 if growth else 1, figsize=(13 if growth else 8.5, 0.9 + 0.3 * len(lines)), squeeze=False,
        layout="constrained", width_ratios=[1.2, 1] if growth else [1],
    )  # fmt: skip
    bars = axes[0, 0]
    places = range(len(lines))
    bars.barh(places, [x["ratio"] for x in lines], color="#2a6f97", height=0.62)
    for place, line in zip(places, lines, strict=True):
        bars.text(line["ratio"] * 1.08, place, times(line["ratio"]), va="center", fontsize=8)
    bars.set(xscale="log", xlabel="how many times as long as ours", yticks=list(places))
    bars.set_yticklabels([f"{x['title']}: {x['peer'].split('(')[0]}" for x in lines], fontsize=8)
    bars.set_xlim(0.6 * min(1, *(x["ratio"] for x in lines)), 4 * max(x["ratio"] for x in lines))
    bars.axvline(1, color="#444444", linewidth=0.8)
    if growth:
        other = axes[0, 1]
        for call in dict.fromkeys(x["call"] for x in growth):
            own = [x for x in growth if x["call"] == call]
            other.plot([x["rows"] for x in own], [x["ours"] for x in own], marker="o", markersize=3, label=GROWTH[call])
        other.plot([x["rows"] for x in own], [x["read"] for x in own], color="#999999", linestyle=":", label="reading")
        other.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds")
        other.legend(frameon=False, fontsize=8, loc="upper left")
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=150, facecolor="white", metadata={"Software": None})
    plt.close(figure)
