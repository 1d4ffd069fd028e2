"""Processes of torch.distributed add up what they saw: real ones, over gloo on this machine."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("torch without torch.distributed", allow_module_level=True)

import unconfused as uc  # noqa: E402
from unconfused.errors import MergeRefused, UsageError  # noqa: E402

WORLD, N = 3, 100


def rows() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(4)
    return rng.choice(["cat", "dog", "eel"], N), rng.choice(["cat", "dog", "eel"], N), rng.random(N)


def process(rank: int, folder: str) -> None:
    """One of the processes: its share of the rows, padded as a DistributedSampler pads it."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=WORLD)
    truth, called, score = rows()
    share = np.resize(np.arange(N), -(-N // WORLD) * WORLD)[rank::WORLD]
    real = np.arange(len(share)) * WORLD + rank < N
    classes, scores, ids, exact = uc.Stream(), uc.Stream(expected_n=N), uc.Stream(), uc.Stream(grid="exact")
    if rank < 2:  # one process sees no batch of classes, another one class alone
        mine = np.flatnonzero((truth == "cat") if rank else (truth != "cat"))
        classes.update(y_true=truth[mine], y_pred=called[mine])
    given = {"y_true": (truth == "cat")[share], "y_score": score[share]}
    scores.update(**given, mask=real, by={"truth": truth[share]})
    exact.update(**given, mask=real, sample_weight=np.ones(len(share)))
    ids.update(**given, ids=share)
    for turn in range(2):  # a second call counts nothing twice
        for name, stream in (("classes", classes), ("scores", scores), ("exact", exact)):
            stream.all_reduce().save(f"{folder}/{name}-{rank}-{turn}.uc")
    assert scores.evaluation.total == real.sum()
    with pytest.raises(MergeRefused, match="same id in both"):
        ids.all_reduce()
    torch.distributed.destroy_process_group()


def test_all_reduce(tmp_path: Path) -> None:
    """Every process gets the evaluation of all rows: ragged classes, slices, padding left out, exact scores."""
    torch.multiprocessing.spawn(process, args=(str(tmp_path),), nprocs=WORLD)
    truth, called, score = rows()
    whole = {
        "classes": uc.evaluate(truth, called),
        "scores": uc.evaluate(truth == "cat", y_score=score, by={"truth": truth}, grid="folded"),
        "exact": uc.evaluate(truth == "cat", y_score=score, sample_weight=np.ones(N)),
    }
    for path in tmp_path.glob("*.uc"):
        made, wanted = uc.load(path), whole[path.name.partition("-")[0]]
        if "classes" not in path.name:
            assert made.left_out == {"masked": 2}
        assert made.total == wanted.total
        assert made.tallies.matrix == wanted.tallies.matrix
        assert made.tallies.slices == wanted.tallies.slices
        if wanted.scores is not None:
            assert np.array_equal(made.scores.full, wanted.scores.full)
            assert np.array_equal(made.scores.scores, wanted.scores.scores)
    assert len(list(tmp_path.glob("*.uc"))) == 3 * 2 * WORLD


def lost(rank: int, folder: str) -> None:
    """One of the processes: the last one goes away before the others ask for the sum."""
    wait = timedelta(seconds=20)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=WORLD, timeout=wait
    )
    stream = uc.Stream()
    stream.update(y_true=[0, 1], y_score=[0.25, 0.75])
    assert stream.all_reduce().total == 2 * WORLD
    if rank == WORLD - 1:
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        stream.all_reduce()
        said = "a number"
    except Exception as error:
        said = type(error).__name__
    Path(folder, f"said-{rank}").write_text(said)


def test_a_process_that_dies(tmp_path: Path) -> None:
    """The others get an error: no number, and they do not wait for ever."""
    processes = torch.multiprocessing.get_context("spawn")
    made = [processes.Process(target=lost, args=(rank, str(tmp_path))) for rank in range(WORLD)]
    for one in made:
        one.start()
    for one in made:
        one.join(240)
        assert one.exitcode is not None
    assert made[-1].exitcode == -signal.SIGKILL
    assert {path.read_text() for path in tmp_path.glob("said-*")} == {"RuntimeError"}
    assert len(list(tmp_path.glob("said-*"))) == WORLD - 1


def test_alone() -> None:
    """Without a process group there is nobody to add up with."""
    with pytest.raises(UsageError, match="no process group"):
        uc.Stream().all_reduce()
