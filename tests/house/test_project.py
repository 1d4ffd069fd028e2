"""The house stays small, documented and free of anybody's machine."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import unconfused
from unconfused import errors

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "unconfused"
MODULES = sorted(SRC.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_sizes() -> None:
    """No module over 400 lines, the median under 200."""
    large = {name(path): lines(path) for path in MODULES if lines(path) > 400}
    assert not large, f"Modules over 400 lines: {large}"
    assert statistics.median(map(lines, MODULES)) < 200


def test_rooms() -> None:
    """Every folder is a package: without __init__.py, doctests would load its modules a second time."""
    bare = sorted({name(path.parent) for path in MODULES if not (path.parent / "__init__.py").exists()})
    assert not bare, f"No __init__.py in {', '.join(bare)}"


def public(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Functions and classes of a module, and the methods of its public classes, by name."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for method in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    yield f"{node.name}.{method.name}", method


def settled(node: ast.AST) -> bool:
    """A setter or an overload is documented where it is first defined."""
    marks = [ast.unparse(mark) for mark in getattr(node, "decorator_list", [])]
    return any(mark == "overload" or mark.endswith((".setter", ".overload")) for mark in marks)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_docstrings(path: Path) -> None:
    """Every module and every public name says what it is."""
    if lines(path):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{name(path)} has no docstring"
    silent = [what for what, node in public(path) if not settled(node) and not ast.get_docstring(node)]
    assert not silent, f"{name(path)}: no docstring on {', '.join(silent)}"


def test_front_door() -> None:
    """Every name of the front door is there, documented, and found by dir()."""
    assert sorted(set(unconfused.__all__)) == sorted(unconfused.__all__)
    for public_name in unconfused.__all__:
        value = getattr(unconfused, public_name)
        assert public_name in dir(unconfused)
        assert isinstance(value, str | dict) or value.__doc__, f"unconfused.{public_name} has no docstring"
    assert {*dir(unconfused)} == {*unconfused.__all__, "__version__"}  # and no more is offered to who types a dot


@pytest.mark.parametrize("spelt", unconfused._SPELT)
def test_names_of_others_lead_to_ours(spelt: str) -> None:
    """What is told to type can be typed, and answers."""
    with pytest.raises(AttributeError, match=f"no attribute '{spelt}'. Type uc\\.") as caught:
        getattr(unconfused, spelt)
    given = {"uc": unconfused, "y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0], "p": [0.2, 0.9, 0.4, 0.1]}
    if "plot" in str(caught.value):
        pytest.importorskip("matplotlib").use("agg")
    assert eval(str(caught.value).partition(" Type ")[2], given) is not None


def shipped() -> list[Path]:
    """What a commit would hold: tracked files and those that git does not ignore; without git, the known folders."""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [path for line in done.stdout.split("\0") if line and (path := ROOT / line).is_file()]
    folders = [ROOT / folder for folder in ("src", "tests", "docs", "examples")]
    found = [path for folder in folders for path in folder.rglob("*")]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w.<~])/(?:work|root|home|tmp|opt|mnt|Users)/[\w.]"),
    "a package host or index": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|download\.pytorch\.org|[\w.]*debian\.org)\b"
        r"|--(?:extra-)?index-ur[l]|--find-link[s]|PIP_(?:EXTRA_)?INDEX_URL"
    ),
}


def test_no_machine() -> None:
    """No file names a path of somebody's machine or the host of a package index."""
    here = Path(__file__).resolve()
    for path in shipped():
        if path == here or b"\0" in (raw := path.read_bytes()):
            continue
        for line, text in enumerate(raw.decode("utf-8").splitlines(), 1):
            for what, pattern in FOREIGN.items():
                found = pattern.search(text)
                assert not found, f"{name(path)}:{line} names {what}: {found and found[0]}"


def test_version() -> None:
    """The version stands in the front door alone; the build reads it there and the changelog has an entry for it."""
    version = unconfused.__version__
    written = [name(path) for path in MODULES if re.search(rf"[\"']{re.escape(version)}[\"']", path.read_text("utf-8"))]
    assert written == ["src/unconfused/__init__.py"]
    assert "version" in PROJECT["dynamic"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    try:
        installed = metadata.version("unconfused")
    except metadata.PackageNotFoundError:
        return  # an uninstalled tree has nothing to compare with
    assert installed == version, "install the tree again: python -m pip install -e ."


def test_extras() -> None:
    """The core needs NumPy alone, and no extra brings a framework that people choose themselves."""
    assert [re.split(r"[^\w-]", need)[0] for need in PROJECT["dependencies"]] == ["numpy"]
    brought = " ".join(need for needs in PROJECT["optional-dependencies"].values() for need in needs)
    for framework in ("torch", "keras", "tensorflow", "scikit-learn", "jax", "pyspark", "dask", "pandas", "polars"):
        assert framework not in brought


def test_error_tree() -> None:
    """The tree drawn at the top of errors.py is the tree of classes."""
    drawn, path = {}, ["UnconfusedError"]
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([│ ]*)[├└]── (\w+)(?: \((\w+)\))?  +\S", line):
            depth = len(found[1]) // 4 + 1
            path[depth:] = [found[2]]
            drawn[found[2]] = tuple(filter(None, (path[depth - 1], found[3])))
    classes = {
        name: tuple(base.__name__ for base in value.__bases__)
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.UnconfusedError) and value is not errors.UnconfusedError
    }
    assert drawn == classes


def test_error_codes() -> None:
    """Every error has a code of its own."""
    kinds = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = [kind.code for kind in kinds if issubclass(kind, errors.UnconfusedError)]
    assert len(set(codes)) == len(codes)
