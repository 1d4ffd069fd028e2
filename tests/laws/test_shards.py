"""Saved pieces: what a file says about itself, old files, and sums that count nothing twice."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import unconfused as uc
from unconfused import store
from unconfused.errors import MergeRefused, UnreadableFile, UsageError
from unconfused.ingest.joint import joint_arrays
from unconfused.ingest.rows import Reading
from unconfused.store.provenance import bare
from unconfused.tally.slices import Slices
from unconfused.tally.tallies import Tallies

DATA = Path(__file__).parent / "data"


def shard(folder: Path, name: str, seed: int, rows: int = 50) -> Path:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    uc.evaluate(truth, y_score=rng.random(rows), by={"c": rng.integers(0, 3, rows)}).save(folder / name)
    return folder / name


def header(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        held: dict[str, Any] = json.loads(archive.read("header.json"))
        return held


# ── old files ─────────────────────────────────────────────────────────────────────────────────
def rows_of_the_fixtures() -> dict[str, Any]:
    """What the files of version 1 were made of."""
    rng, n = np.random.default_rng(1), 60
    y, p, w = rng.integers(0, 2, n), np.round(rng.random(n), 3), rng.integers(1, 5, n) / 4
    k, q = rng.integers(0, 3, n), rng.integers(1, 9, (n, 3))
    p3 = q / q.sum(1, keepdims=True)
    many, scores = rng.integers(0, 2, (n, 2)), np.round(rng.random((n, 2)), 2)
    named = {"no": "Nein", "yes": "Ja"}
    said = ["no"] * 3 + ["yes"] * 4, ["no", "no", "yes", "yes", "yes", "no", "yes"]
    return {
        "matrix": uc.confusion_matrix(*said, labels=named),
        "folded": uc.evaluate(y, y_score=p, sample_weight=w, grid="folded").tallies,
        "multiclass": uc.evaluate(k, y_score=p3, labels=[0, 1, 2], rules={"safe": uc.Abstain(0.4)}).tallies,
        "multilabel": uc.evaluate(many, y_score=scores, label_kind="multilabel", labels=["cat", "dog"]).tallies,
        "joint": joint_arrays(Reading(), y, y_score={"a": p, "b": 1 - p}),
    }


@pytest.mark.parametrize("name", ["matrix", "folded", "multiclass", "multilabel", "joint"])
def test_version_1_stays_readable(name: str, tmp_path: Path) -> None:
    """Files that the first version wrote hold what the same rows give today, and are added by merge()."""
    path = DATA / f"{name}-1.uc"
    assert header(path)["version"] == 1
    kept, told = store.read(path)
    wanted = rows_of_the_fixtures()[name]
    assert kept == wanted
    assert (told.source, told.fingerprints) == (None, (store.fingerprint(wanted),))
    if name != "joint":
        assert uc.merge([path]).total == kept.total if name != "multilabel" else 60


# ── provenance ────────────────────────────────────────────────────────────────────────────────
def test_what_a_file_says(tmp_path: Path) -> None:
    """Labels, grid, rule, weights, rows, rows left out, source and fingerprints, without reading the tally."""
    pytest.importorskip("duckdb")
    (tmp_path / "a.csv").write_text("y,p,c\n1,0.9,DE\n0,0.2,US\n7,0.5,US\n")
    ev = uc.evaluate_frame(tmp_path / "a.csv", y_true="y", y_score="p", ignore=7, labels={0: "no", 1: "yes"}, by=["c"])
    ev.save(tmp_path / "a.uc")
    told = header(tmp_path / "a.uc")["provenance"]
    assert told.pop("fingerprints") == [store.fingerprint(ev.tallies)]
    assert told == {
        "source": str(tmp_path / "a.csv"), "labels": ["no", "yes"], "rule": None, "grid": "folded(7)",
        "weights": "none", "rows": 2, "left_out": {"ignored": 1},
    }  # fmt: skip
    assert uc.load(tmp_path / "a.uc").source == str(tmp_path / "a.csv")
    cm = uc.confusion_matrix([1, 0], y_score=[0.6, 0.2], threshold=0.5, sample_weight=[1, 2])
    cm.save(tmp_path / "b.uc")
    told = header(tmp_path / "b.uc")["provenance"]
    assert (told["rule"], told["weights"], told["rows"]) == ("score >= 0.5", "sums", 2)


def test_sources_tell_no_secrets() -> None:
    """User, password, query and fragment go."""
    assert (
        bare("https://me:pw@host:80/a%20b.parquet?sig=1#x + d/e@f.csv") == "https://host:80/a%20b.parquet + d/e@f.csv"
    )


def test_fingerprints() -> None:
    """Equal for the same rows in other batches and another order, another for another count."""
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 100), rng.random(100)
    whole = uc.evaluate(y, y_score=p)
    parts = sum((uc.evaluate(y[i::3], y_score=p[i::3]).tallies for i in range(3)), Tallies.zero())
    assert store.fingerprint(parts) == store.fingerprint(whole.tallies)
    y[0] = 1 - y[0]
    assert store.fingerprint(uc.evaluate(y, y_score=p).tallies) != store.fingerprint(whole.tallies)


# ── merging ───────────────────────────────────────────────────────────────────────────────────
def test_merge_is_the_sum(tmp_path: Path) -> None:
    """Slices included; the sum can be saved on the way."""
    paths = [shard(tmp_path, f"{i}.uc", i) for i in range(3)]
    made = uc.merge(paths, output=tmp_path / "all.uc")
    assert made.tallies == sum((uc.load(x) for x in paths[1:]), uc.load(paths[0])).tallies
    assert uc.load(tmp_path / "all.uc").tallies == made.tallies
    assert made.by["c"][0].total == sum(uc.load(x).by["c"][0].total for x in paths)


def test_a_repeated_shard_is_refused(tmp_path: Path) -> None:
    """Under another name, inside a sum, inside a sum of sums, and inside what was added with +."""
    a, b, c = (shard(tmp_path, name, i) for i, name in enumerate(("a.uc", "b.uc", "c.uc")))
    copy = tmp_path / "copy.uc"
    copy.write_bytes(a.read_bytes())
    ab, abc, plus = (tmp_path / f"{name}.uc" for name in ("ab", "abc", "plus"))
    uc.merge([a, b], output=ab)
    uc.merge([ab, c], output=abc)
    (uc.load(a) + uc.load(b)).save(plus)
    for first in (copy, ab, abc, plus):
        with pytest.raises(MergeRefused, match=r"holds 1 piece that .* holds too") as told:
            uc.merge([first, a])
        assert "allow_repeats=True" in told.value.fix
        with pytest.raises(MergeRefused):
            uc.merge([a, first])
        assert uc.merge([first, a], allow_repeats=True).total == uc.load(first).total + 50
    assert uc.merge([ab, c]).total == 150
    fresh = uc.load(a) + uc.evaluate([1, 0], y_score=[0.5, 0.25], by={"c": [0, 1]})
    assert len(fresh.fingerprints) == 2
    fresh.save(tmp_path / "fresh.uc")
    with pytest.raises(MergeRefused):
        uc.merge([tmp_path / "fresh.uc", a])


def test_an_output_that_is_an_input(tmp_path: Path) -> None:
    """Refused, through links too, and nothing is written."""
    a, b = shard(tmp_path, "a.uc", 1), shard(tmp_path, "b.uc", 2)
    (tmp_path / "link.uc").symlink_to(a)
    before = a.read_bytes()
    for output in (a, tmp_path / "link.uc", str(a)):
        with pytest.raises(UsageError, match="one of the files to add"):
            uc.merge([a, b], output=output)
    assert a.read_bytes() == before
    with pytest.raises(UsageError, match="No file"):
        uc.merge([])


# ── slices in damaged files ───────────────────────────────────────────────────────────────────
def slices_node(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda whole: change(whole["tally"]["slices"][0])


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "slices are no list": lambda whole: whole["tally"].update(slices={}),
    "a slice is of another kind": lambda whole: whole["tally"].update(slices=[whole["tally"]["scores"]]),
    "twice": lambda whole: whole["tally"].update(slices=whole["tally"]["slices"] * 2),
    "a key less": slices_node(lambda node: node["keys"].pop()),
    "a key twice": slices_node(lambda node: node.update(keys=[node["keys"][0]] * 3)),
    "a key of two values": slices_node(lambda node: node["keys"][0].append(1)),
    "a fractional key": slices_node(lambda node: node.update(keys=[[0.5], [1], [2]])),
    "a column too many": slices_node(lambda node: node["columns"].append("d")),
    "edges that fall": slices_node(lambda node: node.update(edges=[[2, 1]])),
    "edges without intervals": slices_node(lambda node: node.update(edges=[[1]])),
    "edges in words": slices_node(lambda node: node.update(edges=[["low"]])),
    "a slice without scores": slices_node(lambda node: node["members"][0].update(scores=None)),
    "a slice in a slice": slices_node(
        lambda node: node["members"][0].update(slices=[dict(node, members=[dict(x) for x in node["members"]])])
    ),
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_slices(change: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    """Refused in one sentence."""
    path = shard(tmp_path, "a.uc", 1)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    whole = json.loads(members["header.json"])
    change(whole)
    members["header.json"] = json.dumps(whole).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UnreadableFile, match=r"a\.uc"):
        uc.load(path)


def test_keys_keep_their_types(tmp_path: Path) -> None:
    """Text, numbers, truth values, nulls and intervals come back as they were."""
    by = {
        "c": np.array(["1", None, "é"], object),
        "b": [True, False, True],
        "n": [2**62, 1, 2],
        "x": [0.5, 1.5, np.nan],
    }
    ev = uc.evaluate([1, 0, 1], y_score=[0.5, 0.1, 0.2], by=by, edges={"x": [1.0]})
    ev.save(tmp_path / "a.uc")
    back = uc.load(tmp_path / "a.uc")
    assert back.tallies == ev.tallies
    for names, slices in ev.tallies.slices.items():
        keys = list(back.tallies.slices[names].members)
        assert [list(map(type, key)) for key in keys] == [list(map(type, key)) for key in slices.members]
    assert Slices.zero() + ev.tallies.slices[("c",)] == ev.tallies.slices[("c",)]


def test_files_are_named_by_a_pattern_too(tmp_path: Path) -> None:
    """Where a shell does not spell it out; a file whose name only looks like one is that file."""
    paths = [shard(tmp_path, name, seed) for seed, name in enumerate(["day1.uc", "day2.uc", "week.uc"])]
    assert uc.merge(str(tmp_path / "day*.uc")) == uc.merge(paths[:2])
    assert uc.merge([tmp_path / "day?.uc", paths[2]]).total == 150
    odd = shard(tmp_path, "day[1].uc", 7, 20)
    assert uc.merge(odd).total == 20
    with pytest.raises(UnreadableFile, match=r"no file .*night\*\.uc"):
        uc.merge(str(tmp_path / "night*.uc"))


@pytest.mark.parametrize("wrap", [lambda ev: ev, lambda ev: [ev, ev], lambda ev: 5])
def test_evaluations_are_added_and_files_merged(wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(UsageError, match=r"it adds files\..*evaluations in memory add with \+"):
        uc.merge(wrap(uc.evaluate([0, 1], [0, 1])))
