"""Imports go downward only; a door may look up. The order and the exceptions are the design's, held here."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src" / "unconfused"
ORDER = [
    {"errors"},
    {"findings"},
    {"labels"},
    {"tally"},
    {"ingest", "store", "metrics"},  # these do not see each other
    {"curves"},
    {"inference"},
    {"decide"},
    {"diagnosis"},
    {"show"},
    {"questions"},
    {"evaluation"},
    {"passes", "stream", "examine", "shards", "versus"},
    {"asked"},
    {"again"},
    {"parts"},
    {"edges"},
    {"engines"},
    {"tables"},
    {"cli"},
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# Methods that users call on a result and that are answered upstairs: one lazy import, one call, no logic.
DOORS = {
    *("estimate", "estimates", "report", "findings", "plot", "save", "at", "curve", "choose", "at_prevalence"),
    *("page", "collapse", "reorder", "blocks", "asymmetries", "confusions", "taxonomy", "to_dict", "_absent"),
    *("__str__", "__format__", "__rich__", "_repr_html_", "_repr_markdown_", "_repr_mimebundle_"),
}
# Libraries that belong to one room.
HOME = {
    **dict.fromkeys(["torch", "keras", "tensorflow", "jax", "sklearn", "duckdb", "narwhals"], "ingest"),
    **dict.fromkeys(["pyspark", "dask", "ibis"], "ingest"),
    **dict.fromkeys(["altair", "vl_convert", "jinja2", "matplotlib"], "show"),
    "numba": "tally",
    "scipy": "inference",
    "cyclopts": "cli",
}
MODULES = {
    ".".join(("unconfused", *path.relative_to(SRC).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in SRC.rglob("*.py")
}


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def room_of(module: str) -> str:
    return [*module.split("."), "front door"][1]


def targets(module: str, node: ast.AST) -> list[str]:
    """The modules that an import statement, or a call of errors.require, loads."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=name, names=names, level=level):
            package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
            base = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
            full = ".".join(filter(None, (base, name)))
            inner = [f"{full}.{alias.name}" for alias in names if alias.name != "__version__"]
            return [
                dotted if dotted in MODULES or dotted.removeprefix("unconfused.") in RANK else full for dotted in inner
            ]
        case ast.Call(func=ast.Name(id="require"), args=[ast.Constant(value=str(name)), *_]):
            return [name]
    return []


def imports(module: str) -> Iterator[tuple[str, int, list[ast.AST], bool]]:
    """(target, line, the classes and functions around it, whether it is for types only)."""

    def walk(node: ast.AST, around: list[ast.AST], typing: bool) -> Iterator[tuple[str, int, list[ast.AST], bool]]:
        for name in targets(module, node):
            yield name, getattr(node, "lineno", 0), around, typing
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            around = [*around, node]
        for child in ast.iter_child_nodes(node):
            types_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and child in node.body
            yield from walk(child, around, typing or types_only)

    return walk(tree(module), [], False)


def is_door(around: list[ast.AST]) -> bool:
    match around:
        case [*_, ast.ClassDef(), ast.FunctionDef(name=name)]:
            return name in DOORS or name.startswith("to_")
    return False


@cache
def brings_library(target: str) -> bool:
    """Whether loading this module of ours loads an optional library, itself or by another one beside it."""
    return any(optional(name) for module in beside(target, set()) for name in at_top(module))


def beside(target: str, met: set[str]) -> set[str]:
    """A module, and those of its room that come with it."""
    if target in MODULES and target not in met:
        met.add(target)
        for name in at_top(target):
            if room_of(target) in name:
                beside(name, met)
    return met


@cache
def at_top(module: str) -> list[str]:
    """What a module loads when it is loaded."""
    return [name for name, _, around, types in imports(module) if not around and not types]


def optional(target: str) -> bool:
    return target.partition(".")[0] not in {"unconfused", "numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports(module: str) -> None:
    """Each import goes downward; only doors look up, and only optional libraries are imported late."""
    room, broken = room_of(module), []
    for target, line, around, types_only in imports(module):
        where = f"{MODULES[module].relative_to(SRC.parent)}:{line}: {room} imports {target}"
        late = any(isinstance(node, ast.FunctionDef) for node in around)
        if optional(target):
            home = HOME.get(target.partition(".")[0], room)
            if home != room and not types_only:
                broken.append(f"{where}, but that library is loaded by {home} alone.")
            continue
        if room in ("front door", "__main__") or types_only or is_door(around):
            continue  # the front door names everything, annotations load nothing, doors look up
        if target.startswith("unconfused"):
            there = room_of(target)
            if not {there, room} <= set(RANK):
                broken.append(f"{where}: one of the two stands in no room of the design.")
            elif there != room and RANK[there] >= RANK[room]:
                way = (
                    "upward; imports go downward only"
                    if RANK[there] > RANK[room]
                    else "sideways; these rooms do not mix"
                )
                broken.append(f"{where}, which goes {way}. A door may, inside the method.")
            elif late and not brings_library(target):
                broken.append(f"{where} inside a function; what loads no optional library stands at the top.")
        elif late:
            broken.append(f"{where} inside a function; only an optional library is imported there.")
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_doors(module: str) -> None:
    """A door that looks upstairs is one lazy import and one call: no logic."""
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.ClassDef):
            continue
        for method in node.body:
            if not isinstance(method, ast.FunctionDef) or not is_door([node, method]):
                continue
            late = [n for n in ast.walk(method) for t in targets(module, n) if t.startswith("unconfused")]
            body = method.body[1:] if ast.get_docstring(method) else method.body
            rest = [node for node in body if node not in late]
            assert not late or len(rest) == 1, (
                f"{MODULES[module].name}:{method.lineno}: {node.name}.{method.name} is a door: "
                "one lazy import, one call, no logic. What it decides belongs upstairs."
            )


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_constant_is_named_once(module: str) -> None:
    """A second one of the same name further down would change every number that is made with the first."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    targets = [x for node in tree.body if isinstance(node, ast.Assign) for x in node.targets]
    names = [x.id for target in targets for x in ast.walk(target) if isinstance(x, ast.Name)]
    assert sorted(names) == sorted(set(names))
