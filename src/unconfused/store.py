"""Save and load: any tally as one file, whole or not at all, that any language can read. The format: docs/format.md.

A file is a ZIP archive without compression: ``header.json``, and a ``.npy`` array (little-endian int64 or float64) for
each block of numbers. Nothing in it is run, and nothing is read before its declared size was held against the file's.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import InputError, UnconfusedError, UnreadableFile
from unconfused.findings import Evidence
from unconfused.labels import SEATS, Label, Labels
from unconfused.tally.confusion import ConfusionMatrix
from unconfused.tally.grouped import Grouped
from unconfused.tally.kernels import LIMIT, exact_total
from unconfused.tally.moments import Moments
from unconfused.tally.scores import COLUMNS, SCORE_KINDS, ScoreTally
from unconfused.tally.tallies import Tallies

FORMAT, VERSION = "unconfused tally", 1
HEADER = "header.json"
DEPTH = 4
"""How deep groups may nest."""
Node = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


def save(tally: Any, path: str | os.PathLike[str]) -> None:
    """Write a tally to ``path``; the file appears whole or not at all, and one that is there is replaced.

    Args:
        tally: a `ConfusionMatrix`, `ScoreTally`, `Moments`, `Grouped` or `Tallies`.
        path: where to; the usual extension is ``.uc``.

    Raises:
        InputError: not a tally.
        UnreadableFile: there is no such folder.
        OSError: the place cannot be written.
    """
    arrays: Arrays = {}
    header = {"format": FORMAT, "version": VERSION, "tally": _packed(tally, "", arrays)}
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, HEADER, json.dumps(header, indent=1, allow_nan=False).encode())
        for name, array in arrays.items():
            block = io.BytesIO()
            np.lib.format.write_array(block, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            _put(archive, name, block.getvalue())


def load(path: str | os.PathLike[str]) -> Any:
    """Read what `save` wrote: an equal tally of the same type.

    Raises:
        UnreadableFile: not there, not of this format, cut short, damaged, or holding numbers that no tally holds.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        raise UnreadableFile(f"{name} is a directory, no .uc file.", fix="Name one of its .uc files.")
    if _foreign(name):
        raise UnreadableFile(
            f"{name} is no .uc file.",
            "It does not begin like what save() and `unconfused tally` write.",
            "If it holds predictions, count them: `unconfused report` and `unconfused tally` read such files.",
        )
    try:
        with zipfile.ZipFile(name) as archive:
            file = _File(archive, os.path.getsize(name))
            return _unpacked(file.header(), "", file, 0)
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no file {name}.", fix="Check the path.") from error
    except _Damaged as error:
        raise UnreadableFile(f"{name} holds no tally: {error}.", "Nothing of it was used.", "Save it again.") from error
    except (UnconfusedError, *_BROKEN) as error:
        what = str(error).rstrip(".") or type(error).__name__
        raise UnreadableFile(f"{name} is damaged: {what}.", "Nothing of it was used.", "Save it again.") from error


def _foreign(name: str) -> bool:
    """Whether there is a file that does not begin like an archive; one cut short within these bytes might have been."""
    with suppress(OSError), open(name, "rb") as file:
        return not b"PK\x03\x04".startswith(file.read(4))
    return False


class _Damaged(Exception):
    """What is wrong, in words that end the sentence "this holds no tally: …"."""


_BROKEN = (
    zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError,
    NotImplementedError, RuntimeError, SyntaxError, MemoryError,
)  # fmt: skip
"""What zipfile, json and NumPy raise on bytes that are not theirs."""


def _refuse(what: str) -> NoReturn:
    raise _Damaged(what)


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that stands at ``path`` once the block has ended, and not at all when it fails.

    Raises:
        UnreadableFile: there is no such folder.
        OSError: the place cannot be written.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device has no half-written state
        with open(path, "wb") as stream:
            yield stream
        return
    target = os.path.realpath(os.fspath(path))
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        fix = "Make it, or correct the path."
        raise UnreadableFile(f"There is no such folder: {folder}.", "Nothing was written.", fix)
    draft = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(4)}")
    try:
        with open(draft, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            shutil.copymode(target, draft)
        os.replace(draft, target)
    finally:
        with suppress(OSError):
            os.unlink(draft)


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """One member with a fixed date: equal tallies give equal files."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


# ── writing ───────────────────────────────────────────────────────────────────────────────────
def _packed(tally: Any, place: str, arrays: Arrays) -> Node:
    """What the header says of a tally; its arrays are added to ``arrays``, under names that begin with ``place``."""

    def blocks(**named: NDArray[Any] | None) -> Node:
        kept = {name: array for name, array in named.items() if array is not None}
        arrays.update(
            {f"{place}{name}.npy": array.astype(array.dtype.newbyteorder("<")) for name, array in kept.items()}
        )
        return {"arrays": list(kept)}

    match tally:
        case ConfusionMatrix():
            return {
                "kind": "confusion",
                "labels": _packed_labels(tally.labels),
                "rule": tally.rule,
                "evidence": dict(tally.evidence),
            } | blocks(full=tally.full, weights=tally.full_weights, squares=tally.full_squares)
        case ScoreTally():
            return {
                "kind": "scores",
                "labels": _packed_labels(tally.labels),
                "score_kind": tally.score_kind,
                "evidence": dict(tally.evidence),
            } | blocks(scores=tally.scores, full=tally.full, weights=tally.full_weights, squares=tally.full_squares)
        case Moments():
            return {"kind": "moments", "n": tally.n} | blocks(sums=tally.sums)
        case Grouped():
            members = [_packed(x, f"{place}members/{i}/", arrays) for i, x in enumerate(tally.values())]
            return {"kind": "grouped", "by": tally.kind, "keys": list(tally), "members": members}
        case Tallies():
            parts = {name: getattr(tally, name) for name in ("matrix", "scores")}
            return {
                "kind": "evaluation",
                "problem": tally.kind,
                **{k: None if x is None else _packed(x, f"{place}{k}/", arrays) for k, x in parts.items()},
                "moments": {k: _packed(x, f"{place}moments/{k}/", arrays) for k, x in tally.moments.items()},
            }
    raise InputError(f"A {type(tally).__name__} is no tally.", fix="Save a matrix or an evaluation.")


def _packed_labels(labels: Labels) -> Node:
    return {
        "values": list(labels.values),
        "names": list(labels.names),
        "pos_label": labels.pos_label,
        "declared": labels.declared,
    }


# ── reading ───────────────────────────────────────────────────────────────────────────────────
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(?s:.)(?s:.)\{'descr': '(<[if]8)', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n"
)


class _File:
    """The members of an archive, each as large as it says and no larger than the file."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive = archive
        members = archive.infolist()
        self.members = {member.filename: member for member in members}
        if len(self.members) < len(members):
            _refuse("two of its members have one name")
        if any(x.compress_type != zipfile.ZIP_STORED or x.file_size != x.compress_size for x in members):
            _refuse("a member is compressed")
        if sum(x.file_size for x in members) > size:
            _refuse("its members claim more bytes than the file has")

    def read(self, name: str) -> bytes:
        if name not in self.members:
            _refuse(f"{name} is missing")
        return self.archive.read(self.members[name])

    def header(self) -> Node:
        header = json.loads(self.read(HEADER).decode(), parse_constant=lambda x: _refuse(f"its header holds {x}"))
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            _refuse("its header is of another format")
        version = header.get("version")
        if type(version) is not int or version < 1:
            _refuse("its header names no version")
        if version > VERSION:
            _refuse(f"it is of version {version}, and this unconfused reads up to {VERSION}; a newer one is needed")
        return _node(header.get("tally"))

    def array(self, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array of that type and shape; None is any length."""
        content = self.read(name)
        found = _NPY.match(content)
        if found is None:
            _refuse(f"{name} is no plain array of 64-bit numbers")
        sizes = tuple(int(part) for part in found[2].decode().split(",") if part.strip())
        start = int.from_bytes(content[8:10], "little") + 10
        if found.end() != start or math.prod(sizes) * 8 != len(content) - start:
            _refuse(f"{name} is not as large as it says")
        if len(sizes) != len(shape) or any(want not in (None, size) for want, size in zip(shape, sizes, strict=True)):
            _refuse(f"{name} has shape {sizes}")
        if found[1].decode() != kind:
            _refuse(f"{name} holds {found[1].decode()}, not {kind}")
        return np.frombuffer(content, kind, offset=start).reshape(sizes).astype(np.dtype(kind).newbyteorder("="))


def _unpacked(node: Node, place: str, file: _File, depth: int) -> Any:
    """The tally that a node of the header describes."""
    if depth > DEPTH:
        _refuse("its groups nest too deeply")

    def inner(value: Any, at: str) -> Any:
        return _unpacked(_node(value), f"{place}{at}/", file, depth + 1)

    match node.get("kind"):
        case "confusion":
            labels = _labels(node)
            size = len(labels) + len(SEATS)
            full, weights, squares = _masses(node, place, file, (size, size))
            rule = node.get("rule")
            return ConfusionMatrix(
                labels, full, weights, squares, _evidence(node), None if rule is None else _text(rule)
            )
        case "scores":
            return _scores(node, place, file)
        case "moments":
            n, sums = node.get("n"), file.array(f"{place}sums.npy", "<f8", (2, 3))
            if type(n) is not int or n < 0 or not (np.isfinite(sums[:, 0]) & (sums[:, 0] >= 0)).all():
                _refuse("a number of rows or a sum of weights is no such number")
            return Moments(n, sums)
        case "grouped":
            keys, members = _classes(node, "keys"), node.get("members")
            if not isinstance(members, list) or len(members) != len(keys):
                _refuse("its groups and their keys do not pair up")
            tallies = [inner(member, f"members/{i}") for i, member in enumerate(members)]
            if len({type(x) for x in tallies}) > 1:
                _refuse("its groups hold tallies of several kinds")
            return Grouped(dict(zip(keys, tallies, strict=True)), _text(node.get("by")))
        case "evaluation":
            return _evaluation(node, inner)
        case other:
            _refuse(f"{other!r} is no kind of tally")


def _scores(node: Node, place: str, file: _File) -> ScoreTally:
    labels, kind = _labels(node), node.get("score_kind")
    if kind not in SCORE_KINDS or len(labels) not in (0, 2):
        _refuse("a score tally has two classes and a known kind of score")
    scores = file.array(f"{place}scores.npy", "<f8", (None,))
    if np.isnan(scores).any() or not (scores[1:] > scores[:-1]).all():
        _refuse("its scores do not ascend")
    if kind == "probability" and ((scores < 0) | (scores > 1)).any():
        _refuse("its probabilities leave [0, 1]")
    return ScoreTally(labels, kind, scores, *_masses(node, place, file, (len(scores) + 1, COLUMNS)), _evidence(node))


def _evaluation(node: Node, inner: Any) -> Tallies:
    problem, moments = node.get("problem"), _node(node.get("moments"))
    if problem not in (None, "binary", "multiclass", "multilabel"):
        _refuse(f"{problem!r} is no kind of problem")
    parts = {}
    for name, kind in (("matrix", ConfusionMatrix), ("scores", ScoreTally)):
        part = None if node.get(name) is None else inner(node[name], name)
        members = list(part.values()) if isinstance(part, Grouped) else [] if part is None else [part]
        if not all(isinstance(x, kind) for x in members):
            _refuse(f"its {name} is a tally of another kind")
        parts[name] = part
    losses = {name: inner(value, f"moments/{name}") for name, value in moments.items()}
    if not all(isinstance(x, Moments) for x in losses.values()):
        _refuse("its moments are tallies of another kind")
    return Tallies(problem, parts["matrix"], parts["scores"], losses)


def _masses(node: Node, place: str, file: _File, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Rows, sums of weights and sums of squared weights; the last two together or not at all."""
    named = node.get("arrays")
    if not isinstance(named, list):
        _refuse("it does not name its arrays")
    full = file.array(f"{place}full.npy", "<i8", shape)
    if (full < 0).any() or exact_total(full) > LIMIT:
        _refuse("its counts are negative, or too many")
    if ("weights" in named) != ("squares" in named):
        _refuse("it has sums of weights without sums of squares")
    if "weights" not in named:
        return full, None, None
    sums = [file.array(f"{place}{name}.npy", "<f8", shape) for name in ("weights", "squares")]
    for x in sums:
        if not (np.isfinite(x) & (x >= 0)).all() or x[full == 0].any():
            _refuse("its weights are negative, not finite, or stand where no row is")
    return full, sums[0], sums[1]


def _labels(node: Node) -> Labels:
    kept = _node(node.get("labels"))
    values, names, pos_label, declared = (
        _classes(kept, "values"),
        _classes(kept, "names"),
        kept.get("pos_label"),
        kept.get("declared"),
    )
    if len(values) != len(names) or type(declared) is not bool:
        _refuse("its classes and their names do not pair up")
    return Labels(values, names, pos_label=None if pos_label is None else _label(pos_label), declared=declared)


def _classes(node: Node, name: str) -> list[Label]:
    classes = node.get(name)
    if not isinstance(classes, list):
        _refuse(f"it has no {name}")
    found = [_label(x) for x in classes]
    if len(set(found)) < len(found):
        _refuse(f"one of its {name} stands there twice")
    return found


def _label(x: Any) -> Label:
    return x if isinstance(x, (int, str)) else _refuse(f"{x!r} names no class")  # a bool is an int


def _evidence(node: Node) -> Evidence:
    counts = _node(node.get("evidence"))
    if not all(type(n) is int and n >= 0 for n in counts.values()):
        _refuse("its evidence holds something else than counts")
    return Evidence(**counts)


def _node(x: Any) -> Node:
    return x if isinstance(x, dict) else _refuse("its header lacks a part")


def _text(x: Any) -> str:
    return x if isinstance(x, str) else _refuse(f"{x!r} stands where a text should")
