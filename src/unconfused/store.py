"""Save and load: any tally as one file, whole or not at all, that any language can read. The format: docs/format.md.

A file is a ZIP archive without compression: ``header.json`` and one ``.npy`` array of little-endian int64 or float64 for
each block of numbers. Nothing in it is ever run, and nothing is read before its declared size was held against the size
of the file.
"""

from __future__ import annotations

import ast
import io
import json
import math
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

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
    """
    arrays: Arrays = {}
    header = {"format": FORMAT, "version": VERSION, "tally": _packed(tally, "", arrays)}
    with atomic(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
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
        raise UnreadableFile(
            f"{name} is no tally that unconfused saved, or it is damaged: {what}.", "Nothing of it was used.", "Save it again."
        ) from error


class _Damaged(Exception):
    """What is wrong, in words that end the sentence "this holds no tally: …"."""


_BROKEN = (
    zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError,
    NotImplementedError, RuntimeError, SyntaxError, MemoryError,
)  # fmt: skip
"""What zipfile, json and NumPy raise on bytes that are not theirs."""


def _refuse(what: str) -> NoReturn:
    raise _Damaged(what)


class atomic:  # noqa: N801 - reads like open()
    """A binary file that appears at ``path`` when the block ends, and not at all when it fails."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.realpath(os.fspath(path))

    def __enter__(self) -> Any:
        folder, name = os.path.split(self.path)
        try:
            handle, self.draft = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        except OSError as error:
            raise UnreadableFile(f"{self.path} cannot be written: {error.strerror}.", fix="Name another place.") from error
        self.file = os.fdopen(handle, "w+b")
        return self.file

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            if kind is None:
                self.file.flush()
                os.fsync(self.file.fileno())
            self.file.close()
            if kind is None:
                os.chmod(self.draft, _mode(self.path))
                os.replace(self.draft, self.path)
        except OSError as error:
            raise UnreadableFile(f"{self.path} cannot be written: {error.strerror}.", fix="Name another place.") from error
        finally:
            self.file.close()
            with suppress(FileNotFoundError):
                os.unlink(self.draft)


def _mode(path: str) -> int:
    """The permissions of the file that is replaced, or those that a new file would get."""
    with suppress(OSError):
        return os.stat(path).st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """One member with a fixed date: equal tallies give equal files."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
