"""What was saved comes back equal, adds like before, and a damaged file is refused or harmless."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import unconfused as uc
from unconfused import store
from unconfused.errors import InputError, UnconfusedError, UnreadableFile, UsageError
from unconfused.findings import Evidence
from unconfused.ingest.arrays import Reading, tally_arrays
from unconfused.labels import Labels
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.moments import Moments
from unconfused.tally.ranks import Ranks
from unconfused.tally.scores import ScoreTally
from unconfused.tally.tallies import Tallies

CLASSES: list[list[Any]] = [
    [0, 1], ["no", "yes"], [False, True], ["cat", "dog", "a \"b\", 'c' é\n\x00", ""], [2**70, -5, 7],
]  # fmt: skip


@st.composite
def evaluations(draw: st.DrawFn, kind: str | None = None) -> list[Tallies]:
    """A few batches of one problem."""
    kind = kind or draw(st.sampled_from(["classes", "scores", "logits", "multiclass", "multilabel"]))
    weighted, batches = draw(st.booleans()), []
    classes = draw(st.sampled_from(CLASSES if kind == "classes" else CLASSES[:2]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, 30))
        weights = rng.exponential(size=n) if weighted else None
        if kind == "classes":
            pairs = [[classes[i] for i in rng.integers(len(classes), size=n)] for _ in "tp"]
            made = tally_arrays(Reading(labels=classes), pairs[0], y_pred=pairs[1], sample_weight=weights)
        elif kind in ("scores", "logits"):
            score = (
                rng.random(n).round(2)
                if kind == "scores"
                else rng.normal(size=n) * np.array([1, np.inf])[rng.integers(2, size=n)]
            )
            how = Reading(labels=classes, score_kind="probability" if kind == "scores" else "logit", invalid="count")
            truth = [classes[i] for i in rng.integers(2, size=n)]
            made = tally_arrays(how, truth, y_score=score, sample_weight=weights)
        elif kind == "multiclass":
            p = rng.dirichlet(np.ones(3), size=n)
            made = tally_arrays(
                Reading(labels=["a", "b", "c"]), rng.choice(["a", "b", "c"], n), y_score=p, sample_weight=weights
            )
        else:
            truth, p = rng.integers(2, size=(n, 3)), rng.random((n, 3))
            made = tally_arrays(Reading(label_kind="multilabel"), truth, y_score=p, sample_weight=weights)
        batches.append(made)
    return batches


def through_file(tally: Any, folder: Path) -> Any:
    path = folder / "tally.uc"
    store.save(tally, path)
    assert [x.name for x in folder.iterdir()] == ["tally.uc"]
    return store.load(path)


@given(parts=evaluations())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_round_trip(parts: list[Tallies], tmp_path: Path) -> None:
    """Equal, of the same type, and saved between two additions it changes nothing."""
    total = sum(parts, Tallies.zero())
    for tally in (*parts, total, total.matrix, total.scores, total.ranks, *total.moments.values()):
        if tally is not None:
            back = through_file(tally, tmp_path)
            assert type(back) is type(tally)
            assert back == tally
    halfway = Tallies.zero()
    for part in parts:
        halfway = through_file(halfway + part, tmp_path)
    assert halfway == total


@pytest.mark.parametrize("grid", ["folded(2)", "uniform(8)", "floatbits(1)"])
def test_pins(grid: str, tmp_path: Path) -> None:
    """They are saved with the bins that they split, of the scores and of what rows cost, and of every slice."""
    rng, n = np.random.default_rng(3), 60
    how: dict[str, Any] = {"score_kind": "raw"} if grid.startswith("floatbits") else {}
    made = uc.evaluate(
        rng.integers(2, size=n), y_score=rng.random(n), grid=grid, pins=[0.123, 0.777], row_cost={"fn": rng.random(n)},
        by={"side": rng.integers(2, size=n)}, **how,
    ).tallies  # fmt: skip
    back = through_file(made, tmp_path)
    assert back == made
    for one, other in zip((back, *back.slices["side",].members.values()),
                          (made, *made.slices["side",].members.values()), strict=True):  # fmt: skip
        assert {0.123, 0.777} <= set(one.scores.pins)
        assert one.scores.pins.tolist() == other.scores.pins.tolist() == one.row_costs.pins.tolist()
        assert one.scores.at(0.123) == other.scores.at(0.123)
    assert back + made == made + made


@pytest.mark.parametrize(
    "tally",
    [
        ConfusionMatrix.zero(),
        ScoreTally.zero(),
        Moments.zero(),
        Ranks.zero(),
        Grouped({}),
        Tallies.zero(),
        Moments(2**80, np.array([[1.0, np.inf, np.inf], [1.0, np.inf, np.inf]])),
        ConfusionMatrix.from_counts([[2**62, 0], [3, 2**61]], labels={0: "no", 1: "yes"}, pos_label=0),
        ConfusionMatrix(
            Labels.infer([True]), np.eye(4, dtype=np.int64), evidence=Evidence(ignored=3), rule="score >= 0.4"
        ),
        Grouped({1: ConfusionMatrix.from_counts([[5]]), "1": ConfusionMatrix.from_counts([[6]])}, "class"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_edges(tally: Any, tmp_path: Path) -> None:
    """Zeros, counts near the limit, infinite losses, and keys that read alike."""
    back = through_file(tally, tmp_path)
    assert back == tally
    if isinstance(tally, Grouped):
        assert [type(key) for key in back] == [type(key) for key in tally]


def test_same_bytes(tmp_path: Path) -> None:
    """Equal tallies give equal files."""
    cm = ConfusionMatrix.from_counts([[1, 2], [3, 4]])
    store.save(cm, tmp_path / "a")
    store.save(cm, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_not_a_tally(tmp_path: Path) -> None:
    """Nothing is left behind when what is saved is no tally, or the place cannot be written."""
    kept = tmp_path / "kept.uc"
    store.save(ConfusionMatrix.from_counts([[1]]), kept)
    before = kept.read_bytes()
    with pytest.raises(InputError, match="no tally"):
        store.save([[1]], kept)
    with pytest.raises(UnreadableFile, match=r"no such folder: .*nowhere"):
        store.save(ConfusionMatrix.zero(), tmp_path / "nowhere" / "a.uc")
    assert kept.read_bytes() == before
    assert [x.name for x in tmp_path.iterdir()] == ["kept.uc"]


def test_interrupted(tmp_path: Path) -> None:
    """A block that fails half-way leaves the old file and no other."""
    kept = tmp_path / "kept.uc"
    kept.write_text("old")

    def interrupt() -> None:
        with store.whole_file(kept) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert kept.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


# ── damaged and hostile files ─────────────────────────────────────────────────────────────────
def sample() -> Tallies:
    p = np.random.default_rng(1).dirichlet(np.ones(3), size=40)
    truth, weights = np.arange(40) % 3, np.linspace(0.5, 2, 40)
    return tally_arrays(Reading(labels=[0, 1, 2]), truth, y_score=p, sample_weight=weights)


def test_corruption(tmp_path: Path) -> None:
    """Bytes changed, cut off, doubled or dropped: UnreadableFile, or the same tally."""
    tally, path, rng = sample(), tmp_path / "t.uc", random.Random(7)
    store.save(tally, path)
    whole, refused = path.read_bytes(), 0
    for turn in range(600):
        damaged = bytearray(whole)
        at = rng.randrange(len(whole))
        match turn % 4:
            case 0:
                damaged[at] ^= 1 << rng.randrange(8)
            case 1:
                del damaged[at:]
            case 2:
                damaged[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(9))
            case 3:
                damaged[at:at] = damaged[at : at + rng.randrange(1, 400)]
        path.write_bytes(damaged)
        try:
            back = store.load(path)
        except UnreadableFile:
            refused += 1
        else:
            assert back == tally
    assert refused > 400


def rewritten(tally: Any, path: Path, change: Callable[[dict[str, bytes]], object], **how: Any) -> None:
    """Save ``tally`` to ``path`` and change its members, checksums set right."""
    store.save(tally, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def header(**changes: Any) -> Callable[[dict[str, bytes]], object]:
    def change(members: dict[str, bytes]) -> None:
        whole = json.loads(members["header.json"])
        for key, value in changes.items():
            (whole if key in whole else whole["tally"])[key] = value
        members["header.json"] = json.dumps(whole).encode()

    return change


def block(name: str, array: Any) -> Callable[[dict[str, bytes]], object]:
    def change(members: dict[str, bytes]) -> None:
        file = io.BytesIO()
        np.save(file, array, allow_pickle=True)
        members[name] = file.getvalue()

    return change


def claimed(name: str, shape: str, descr: str = "<i8") -> Callable[[dict[str, bytes]], object]:
    def change(members: dict[str, bytes]) -> None:
        text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
        members[name] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(128)

    return change


LABELS = {"values": [0, 1], "names": [0, 1], "pos_label": None, "declared": True}
HOSTILE: dict[str, Callable[[dict[str, bytes]], object]] = {
    "no header": lambda members: members.pop("header.json"),
    "header is no JSON": lambda members: members.update({"header.json": b"{"}),
    "header nests": lambda members: members.update({"header.json": b"[" * 100_000}),
    "header holds NaN": lambda members: members.update({"header.json": b'{"format": NaN}'}),
    "header is a list": lambda members: members.update({"header.json": b"[]"}),
    "another format": header(format="npz"),
    "no version": header(version="1"),
    "newer version": header(version=3),
    "unknown kind": header(kind="pickle"),
    "no kind": header(tally={}),
    "provenance is text": header(provenance="mine"),
    "no fingerprints": header(provenance={"source": None, "fingerprints": []}),
    "a fingerprint is none": header(provenance={"source": None, "fingerprints": ["x" * 32]}),
    "a source is a number": header(provenance={"source": 4, "fingerprints": ["0" * 32]}),
    "tally is a list": header(tally=[]),
    "fractional class": header(labels=LABELS | {"values": [0, 0.5]}),
    "class twice": header(labels=LABELS | {"values": [1, True]}),
    "too few classes": header(labels=LABELS | {"values": [0], "names": [0]}),
    "names and values differ": header(labels=LABELS | {"names": [0, 1, 2]}),
    "negative evidence": header(evidence={"ignored": -1}),
    "evidence in words": header(evidence={"ignored": "all"}),
    "rule is a number": header(rule=4),
    "arrays not named": header(arrays=None),
    "weights without squares": header(arrays=["full", "weights"]),
    "no array": lambda members: members.pop("full.npy"),
    "pickle": block("full.npy", np.array([{}], dtype=object)),
    "another type": block("full.npy", np.zeros((4, 4), np.int32)),
    "floats for counts": block("full.npy", np.zeros((4, 4))),
    "big endian": block("full.npy", np.zeros((4, 4), ">i8")),
    "Fortran order": block("full.npy", np.asfortranarray(np.arange(16).reshape(4, 4))),
    "another shape": block("full.npy", np.zeros((4, 5), np.int64)),
    "flat": block("full.npy", np.zeros(16, np.int64)),
    "negative counts": block("full.npy", np.full((4, 4), -1)),
    "too many rows": block("full.npy", np.full((4, 4), 2**62)),
    "claims 8 TB": claimed("full.npy", "(1000000, 1000000)"),
    "claims a negative size": claimed("full.npy", "(-4, -4)"),
    "claims objects": claimed("full.npy", "(4, 4)", "|O"),
    "claims code": claimed("full.npy", "__import__('os').abort()"),
}  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile(change: Callable[[dict[str, bytes]], object], tmp_path: Path) -> None:
    """Each is refused in one sentence, without running or allocating anything."""
    path = tmp_path / "t.uc"
    rewritten(ConfusionMatrix.from_counts([[1, 2], [3, 4]]), path, change)
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match=r"t\.uc"):
        store.load(path)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("weights.npy", np.full((4, 4), np.nan)),
        ("weights.npy", np.full((4, 4), -1.0)),
        ("squares.npy", np.full((4, 4), np.inf)),
        ("weights.npy", np.ones((4, 4))),
    ],
    ids=["NaN", "negative", "infinite", "where no row is"],
)
def test_hostile_weights(name: str, array: Any, tmp_path: Path) -> None:
    """Weights are finite, not negative, and 0 where no row is."""
    cm = ConfusionMatrix.from_counts([[1, 2], [3, 4]], weights=[[1, 2], [3, 4]])
    rewritten(cm, tmp_path / "t.uc", block(name, array))
    with pytest.raises(UnreadableFile, match="weights"):
        store.load(tmp_path / "t.uc")


@pytest.mark.parametrize("scores", [[0.5, 0.5], [0.7, 0.2], [0.2, np.nan], [0.2, 1.5], [0.2]])
def test_hostile_scores(scores: list[float], tmp_path: Path) -> None:
    """Scores ascend, are as many as there are rows of counts, and keep to their kind."""
    tally = tally_arrays(Reading(), [0, 1], y_score=[0.2, 0.7]).scores
    rewritten(tally, tmp_path / "t.uc", block("scores.npy", np.array(scores)))
    with pytest.raises(UnreadableFile):
        store.load(tmp_path / "t.uc")


def test_bombs(tmp_path: Path) -> None:
    """Compressed members are refused before they are read."""
    path = tmp_path / "t.uc"
    zeros = b"\x93NUMPY\x01\x00" + bytes(50_000_000)
    rewritten(
        ConfusionMatrix.zero(),
        path,
        lambda members: members.update({"full.npy": zeros}),
        compression=zipfile.ZIP_DEFLATED,
    )
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="compressed"):
        store.load(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"a,b\n1,2\n", bytes(1000)])
def test_other_files(content: bytes, tmp_path: Path) -> None:
    """What was never a tally is refused by name."""
    path = tmp_path / "other.uc"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"other\.uc"):
        store.load(path)


def test_missing(tmp_path: Path) -> None:
    """A file that is not there, and a directory."""
    for path in (tmp_path / "none.uc", tmp_path):
        with pytest.raises(UnconfusedError, match=str(path)):
            store.load(path)


@pytest.mark.parametrize("path", [None, 3, 0.5, ["a.uc"]])
def test_what_names_no_file(path: Any) -> None:
    for call in (uc.ConfusionMatrix.from_counts([[1, 2], [3, 4]]).save, uc.load):
        with pytest.raises(UsageError, match=re.escape(f"{path!r} is no name of a file")):
            call(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    matrix = uc.ConfusionMatrix.from_counts([[1, 2], [3, 4]])
    for call in (matrix.save, matrix.to_html, uc.load):
        with pytest.raises(UnreadableFile, match="is a directory"):
            call(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_matrices_of_labels_are_saved_by_their_own_door(tmp_path: Path) -> None:
    made = uc.confusion_matrix([[1, 0], [0, 1]], [[1, 1], [0, 1]], label_kind="multilabel", labels=["cat", "dog"])
    made.save(tmp_path / "labels.uc")
    assert uc.load(tmp_path / "labels.uc") == made
