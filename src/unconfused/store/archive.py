"""The members of a file, and the checks that any node of its header must pass."""

from __future__ import annotations

import json
import math
import re
import zipfile
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from unconfused.findings import Evidence
from unconfused.labels import Label, Labels

FORMAT, VERSION = "unconfused tally", 2
HEADER = "header.json"
DEPTH = 6
"""How deep groups may nest."""
Node = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


class Damaged(Exception):
    """What is wrong, in words that end the sentence "this holds no tally: …"."""


BROKEN = (
    zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError,
    NotImplementedError, RuntimeError, SyntaxError, MemoryError,
)  # fmt: skip
"""What zipfile, json and NumPy raise on bytes that are not theirs."""


def refuse(what: str) -> NoReturn:
    """What is wrong ends the reading."""
    raise Damaged(what)


_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(?s:.)(?s:.)\{'descr': '(<[if]8)', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n"
)


class Archive:
    """The members of an archive, each as large as it says and no larger than the file."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive = archive
        members = archive.infolist()
        self.members = {member.filename: member for member in members}
        if len(self.members) < len(members):
            refuse("two of its members have one name")
        if any(x.compress_type != zipfile.ZIP_STORED or x.file_size != x.compress_size for x in members):
            refuse("a member is compressed")
        if sum(x.file_size for x in members) > size:
            refuse("its members claim more bytes than the file has")

    def read(self, name: str) -> bytes:
        if name not in self.members:
            refuse(f"{name} is missing")
        return self.archive.read(self.members[name])

    def header(self) -> Node:
        header = json.loads(self.read(HEADER).decode(), parse_constant=lambda x: refuse(f"its header holds {x}"))
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            refuse("its header is of another format")
        version = header.get("version")
        if type(version) is not int or version < 1:
            refuse("its header names no version")
        if version > VERSION:
            refuse(f"it is of version {version}, and this unconfused reads up to {VERSION}; a newer one is needed")
        return header

    def array(self, name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array of that type and shape; None is any length."""
        content = self.read(name)
        found = _NPY.match(content)
        if found is None:
            refuse(f"{name} is no plain array of 64-bit numbers")
        sizes = tuple(int(part) for part in found[2].decode().split(",") if part.strip())
        start = int.from_bytes(content[8:10], "little") + 10
        if found.end() != start or math.prod(sizes) * 8 != len(content) - start:
            refuse(f"{name} is not as large as it says")
        if len(sizes) != len(shape) or any(want not in (None, size) for want, size in zip(shape, sizes, strict=True)):
            refuse(f"{name} has shape {sizes}")
        if found[1].decode() != kind:
            refuse(f"{name} holds {found[1].decode()}, not {kind}")
        return np.frombuffer(content, kind, offset=start).reshape(sizes).astype(np.dtype(kind).newbyteorder("="))


def labels_of(node: Node) -> Labels:
    """The classes that a node names."""
    kept = node_of(node.get("labels"))
    values, names, pos_label, declared = (
        classes_of(kept, "values"),
        classes_of(kept, "names"),
        kept.get("pos_label"),
        kept.get("declared"),
    )
    if len(values) != len(names) or type(declared) is not bool:
        refuse("its classes and their names do not pair up")
    return Labels(values, names, pos_label=None if pos_label is None else label_of(pos_label), declared=declared)


def classes_of(node: Node, name: str) -> list[Label]:
    """Classes, none of them twice."""
    classes = node.get(name)
    if not isinstance(classes, list):
        refuse(f"it has no {name}")
    found = [label_of(x) for x in classes]
    if len(set(found)) < len(found):
        refuse(f"one of its {name} stands there twice")
    return found


def label_of(x: Any) -> Label:
    """One class."""
    return x if isinstance(x, (int, str)) else refuse(f"{x!r} names no class")  # a bool is an int


def evidence_of(node: Node) -> Evidence:
    """Whole numbers of rows by what was seen."""
    counts = node_of(node.get("evidence"))
    if not all(type(n) is int and n >= 0 for n in counts.values()):
        refuse("its evidence holds something else than counts")
    return Evidence(**counts)


def key_of(x: Any) -> Label | None:
    """One value of a slice; null where its column is."""
    return None if x is None else label_of(x)


def node_of(x: Any) -> Node:
    """A JSON object."""
    return x if isinstance(x, dict) else refuse("its header lacks a part")


def list_of(x: Any) -> list[Any]:
    """A JSON array."""
    return x if isinstance(x, list) else refuse("its header lacks a list")


def text_of(x: Any) -> str:
    """A JSON string."""
    return x if isinstance(x, str) else refuse(f"{x!r} stands where a text should")
