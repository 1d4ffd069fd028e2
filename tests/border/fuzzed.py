"""Examples for fuzzing: files of every kind that is read, with bytes changed, cut, doubled or taken from elsewhere.

``example(seed)`` is the same on every machine; ``CRASHES`` keeps what was once found.
"""

from __future__ import annotations

import functools
import gzip
import random
import tempfile
import warnings
from pathlib import Path

import unconfused as uc
from unconfused.errors import UnconfusedError

CELLS = ["1", "0", "0.5", "", "nan", "-inf", "1e999", '"', '""', "\u00e9", "\x00", "\ufeff", "007", "1,2", "\\", "null",
         "{}", "9" * 40, "true", " 1 ", "\r", "\n", "\t", "'", "0x1", "1_0"]  # fmt: skip
KEYS = ["y", "p", "c", "", "y\x00", "Y"]
CRASHES: dict[str, bytes] = {
    "a.csv.gz with a block of no kind": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 20,
    "a.jsonl.gz with a block of no kind": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 20,
    "a.jsonl that nests without end": b"[" * 100_000,
}
"""What once broke a reader, by the name of its file."""


@functools.cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """Whole files of every kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n = 40
    data = {
        "y": [i % 2 for i in range(n)],
        "p": [i / n for i in range(n)],
        "c": [None if i % 7 == 3 else f"é{i % 3}" for i in range(n)],
    }
    table = pa.table(data)
    made: list[tuple[str, bytes]] = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "x"
        for codec in ("snappy", "none", "zstd"):
            pq.write_table(table, path, compression=codec, row_group_size=17)
            made.append(("a.parquet", path.read_bytes()))
        coded = table.set_column(2, "c", table["c"].dictionary_encode())
        for one in (table, coded):
            for name, new in (("a.arrow", pa.ipc.new_file), ("a.arrows", pa.ipc.new_stream)):
                with new(str(path), one.schema) as writer:
                    writer.write_table(one, max_chunksize=17)
                made.append((name, path.read_bytes()))
        by = {"c": data["c"]}
        for ev in (
            uc.evaluate(data["y"], y_score=data["p"]), uc.evaluate(data["y"], y_score=data["p"], grid="folded", by=by),
            uc.evaluate(data["y"], data["y"], sample_weight=data["p"]),
            uc.evaluate(data["y"], y_score=data["p"], unit=data["y"]),
        ):  # fmt: skip
            ev.save(path)
            made.append(("a.uc", path.read_bytes()))
    lines = "y,p,c\n" + "".join(f"{y},{p},{c or ''}\n" for y, p, c in zip(*data.values(), strict=True))
    made += [
        ("a.csv", lines.encode()),
        ("a.tsv", lines.replace(",", "\t").encode()),
        ("a.csv.gz", gzip.compress(lines.encode(), mtime=0)),
    ]
    objects = "".join(f'{{"y": {y}, "p": {p}, "c": "{c}"}}\n' for y, p, c in zip(*data.values(), strict=True))
    made += [("a.jsonl", objects.encode()), ("a.jsonl.gz", gzip.compress(objects.encode(), mtime=0))]
    return tuple(made)


def example(seed: int) -> tuple[str, bytes]:
    """A name and what stands in the file."""
    dice = random.Random(seed)
    if dice.random() < 0.15:
        return _text(dice)
    name, content = dice.choice(seeds())
    made = bytearray(content)
    for _ in range(dice.choice([1, 1, 1, 2, 4, 16])):
        at = dice.randrange(len(made) + 1)
        match dice.randrange(7):
            case 0:
                del made[at:]
            case 1:
                del made[at : at + dice.choice([1, 2, 4, 8, 100])]
            case 2:
                made[at:at] = made[dice.randrange(len(made) + 1) :][: dice.choice([1, 4, 8, 64])]
            case 3:
                made[at : at + 1] = bytes([dice.randrange(256)])
            case 4:
                made[at : at + 4] = dice.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1]).to_bytes(4, "little")
            case 5:
                made[at : at + 8] = dice.choice([0, 2**63 - 1, 2**63, 2**64 - 1, 2**40]).to_bytes(8, "little")
            case _:
                made[at:at] = dice.choice(CELLS).encode()
        made = made or bytearray(b"\n")
    return name, bytes(made)


def _text(dice: random.Random) -> tuple[str, bytes]:
    """A text file of odd cells."""
    mark = dice.choice([",", "\t"])
    rows = [[dice.choice(CELLS) for _ in range(dice.choice([3, 3, 3, 2, 4]))] for _ in range(dice.randrange(6))]
    head = ["y", "p", "c"] if dice.random() < 0.8 else [dice.choice(KEYS) for _ in range(3)]
    if dice.random() < 0.5:
        return ("a.csv" if mark == "," else "a.tsv"), "\n".join(mark.join(row) for row in [head, *rows]).encode()
    lines = ["{" + ", ".join(f'"{dice.choice(KEYS)}": {cell}' for cell in row) + "}" for row in rows]
    return "a.jsonl", "\n".join(lines).encode()


def outcome(folder: Path, name: str, content: bytes) -> str:
    """What came of a file: "read", or the error of ours; any other error is raised."""
    path = folder / name
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if name.endswith(".uc"):
                kept = uc.load(path)
                again = folder / "again.uc"
                kept.save(again)  # what is read is a tally, whole
                assert uc.load(again) == kept
            else:
                uc.evaluate_frame(path, y_true="y", y_score="p", by=["c"], invalid="count")
        except UnconfusedError as error:
            return type(error).__name__ if error.seen else "!nothing was said"
    return "read"
