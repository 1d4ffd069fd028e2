"""Save and load: any tally as one file, whole or not at all, that any language can read. The format: docs/format.md.

A file is a ZIP archive without compression: ``header.json``, and a ``.npy`` array (little-endian int64 or float64) for
each block of numbers. Nothing in it is run, and nothing is read before its declared size was held against the file's.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np

from unconfused.errors import UnconfusedError, UnreadableFile, UsageError
from unconfused.store.archive import BROKEN, FORMAT, HEADER, VERSION, Archive, Arrays, Damaged, Node, node_of
from unconfused.store.packing import packed
from unconfused.store.provenance import Provenance, fingerprint, nameless, pieces, read_provenance, written
from unconfused.store.unpacking import unpacked

__all__ = ["Provenance", "fingerprint", "from_bytes", "load", "pieces", "read", "save", "to_bytes", "whole_file"]


def save(
    tally: Any,
    path: str | os.PathLike[str],
    *,
    source: str | None = None,
    fingerprints: Iterable[str] = (),
    ids: bool = False,
) -> None:
    """Write a tally to ``path``; the file appears whole or not at all, and one that is there is replaced.

    Args:
        tally: a `ConfusionMatrix`, `ScoreTally`, `Moments`, `Ranks`, `Grouped` or `Tallies`.
        path: where to; the usual extension is ``.uc``.
        source: where the rows came from, for people.
        fingerprints: of the saved pieces that were added up; without them the tally is one piece.
        ids: whether to write the ids of the worst rows too, where there are any.

    Raises:
        InputError: not a tally.
        UnreadableFile: there is no such folder.
        OSError: the place cannot be written.
    """
    node, arrays = _node(tally if ids else nameless(tally))
    told = written(tally, source, tuple(fingerprints) or (fingerprint(tally),))
    with whole_file(path) as file:
        _write(file, {"provenance": told, "tally": node}, arrays)


def to_bytes(tally: Any) -> bytes:
    """A tally as bytes that travel between machines: what a file holds, without provenance, and compressed."""
    node, arrays = _node(tally)
    file = io.BytesIO()
    _write(file, {"tally": node}, arrays)
    return zlib.compress(file.getvalue(), 1)


def from_bytes(content: bytes) -> Any:
    """The tally that `to_bytes` made bytes of.

    >>> from unconfused import ConfusionMatrix
    >>> from_bytes(to_bytes(ConfusionMatrix.from_counts([[1, 2], [3, 4]]))).total
    10
    """
    plain = zlib.decompress(content)
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        file = Archive(archive, len(plain))
        return unpacked(node_of(file.header().get("tally")), "", file, 0)


def _node(tally: Any) -> tuple[Node, Arrays]:
    arrays: Arrays = {}
    return packed(tally, "", arrays), arrays


def _write(file: Any, content: Node, arrays: Arrays) -> None:
    """The archive: the header, and each array."""
    header = {"format": FORMAT, "version": VERSION, **content}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
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
    return read(path)[0]


def read(path: str | os.PathLike[str]) -> tuple[Any, Provenance]:
    """What `load` reads, and what the file says about where it came from."""
    name = _name(path)
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
            file = Archive(archive, os.path.getsize(name))
            header = file.header()
            tally = unpacked(node_of(header.get("tally")), "", file, 0)
            return tally, read_provenance(header, tally)
    except FileNotFoundError as error:
        raise UnreadableFile(f"There is no file {name}.", fix="Check the path.") from error
    except Damaged as error:
        raise UnreadableFile(f"{name} holds no tally: {error}.", "Nothing of it was used.", "Save it again.") from error
    except (UnconfusedError, *BROKEN) as error:
        what = str(error).rstrip(".") or type(error).__name__
        raise UnreadableFile(f"{name} is damaged: {what}.", "Nothing of it was used.", "Save it again.") from error


def _name(path: Any) -> str:
    """The name of a file, as text."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"{path!r} is no name of a file.", "It is text or a Path.", 'Type a name, such as "tally.uc".')
    return os.fsdecode(path)


def _foreign(name: str) -> bool:
    """Whether there is a file that does not begin like an archive; one cut short within these bytes might have been."""
    with suppress(OSError), open(name, "rb") as file:
        return not b"PK\x03\x04".startswith(file.read(4))
    return False


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that stands at ``path`` once the block has ended, and not at all when it fails.

    Raises:
        UsageError: no name of a file.
        UnreadableFile: there is no such folder, or it is one.
        OSError: the place cannot be written.
    """
    path = _name(path)
    if os.path.isdir(path):
        raise UnreadableFile(f"{path} is a directory.", "Nothing was written.", "Name a file in it.")
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device has no half-written state
        with open(path, "wb") as stream:
            yield stream
        return
    target = os.path.realpath(path)
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
