"""Anything array-like to one NumPy column: lists, NumPy, pandas, Polars, Arrow, torch, TensorFlow, JAX.

A library is recognised by the module of the object's type, so none is imported here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unconfused.errors import AmbiguousCall, IndexMismatch, LengthMismatch, ShapeError
from unconfused.labels import listed, plural


@dataclass(frozen=True, slots=True)
class Column:
    """One argument of a call, as NumPy.

    Attributes:
        name: the argument, for messages.
        values: the data (n, …); codes into ``categories`` where there are any.
        missing: True where the source says null, or None.
        categories: the classes of a categorical, in its order.
        ordered: the order of ``categories`` was declared.
        index: the pandas index that came with it.
        coarse: the source holds 16-bit floats, or smaller ones.
        stored: the categories are how the source stores its text: their order says nothing.
        heads: what the columns of a frame are called.
    """

    name: str
    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    index: Any = None
    coarse: bool = False
    stored: bool = False
    heads: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.values.shape

    def flat(self) -> Column:
        """Every element as a row of its own."""
        missing = None if self.missing is None else np.broadcast_to(self.missing, self.shape).ravel()
        return replace(self, values=self.values.ravel(), missing=missing)

    def keep(self, mask: NDArray[np.bool_]) -> Column:
        """Only the rows where ``mask`` is true."""
        return replace(self, values=self.values[mask], missing=None if self.missing is None else self.missing[mask])

    def part(self, place: int) -> Column:
        """Column ``place`` of a two-dimensional one."""
        missing = self.missing if self.missing is None or self.missing.ndim == 1 else self.missing[:, place]
        return replace(self, values=self.values[:, place], missing=missing)


def as_column(x: Any, name: str, *, keep_single: bool = False) -> Column:
    """Read any array-like; an (n, 1) array is flattened unless ``keep_single``, one element of a tensor is one row."""
    column = _reader(x)(x, name)
    values = column.values
    if values.ndim == 0:
        return replace(column, values=values.reshape(1))
    if values.ndim == 2 and values.shape[1] == 1 and not keep_single:
        return column.flat()
    return column


def _reader(x: Any) -> Callable[[Any, str], Column]:
    known = (_READERS.get(kind.__module__.partition(".")[0]) for kind in type(x).__mro__)
    return next((reader for reader in known if reader is not None), _from_numpy)


def _from_numpy(x: Any, name: str) -> Column:
    if isinstance(x, np.ma.MaskedArray):
        return Column(name, np.asarray(x.data), np.ma.getmaskarray(x))
    if isinstance(x, (str, bytes, dict, set)) or (not hasattr(x, "__array__") and not isinstance(x, Sequence)):
        raise ShapeError(
            f"{name} is a {type(x).__name__}, not a column.",
            fix="Pass a list, an array, a tensor or a column of a data frame; of columns by their names, "
            'uc.evaluate_frame(table, y_true="label", y_score="p").',
        )
    if isinstance(x, (list, tuple)) and x and _reader(x[0]) in (_from_torch, _from_tensorflow):
        x = [_reader(element)(element, name).values for element in x]
    try:
        values = np.asarray(x)
        if values.dtype.kind in "US" and not hasattr(x, "__array__"):
            values = np.array(x, dtype=object)  # NumPy would have turned numbers beside text into text
    except ValueError as error:
        raise ShapeError(
            f"{name} is ragged: its rows have different lengths.",
            f"NumPy says: {error}",
            "Join batches before, for example with np.concatenate, or give them to unconfused.Stream one by one.",
        ) from error
    if values.dtype.kind == "T":  # text with nulls of its own
        values = values.astype(object)
    if values.dtype.kind == "V" and "float" in values.dtype.name:  # bfloat16 and float8, which NumPy does not know
        return Column(name, values.astype(np.float32), coarse=True)
    return Column(name, values, coarse=values.dtype == np.float16)


def _from_torch(x: Any, name: str) -> Column:
    x = (x.to_dense() if x.is_sparse else x).detach().cpu()
    coarse = x.is_floating_point() and str(x.dtype) not in ("torch.float32", "torch.float64")
    return Column(name, (x.float() if coarse else x).numpy(), coarse=coarse)


def _from_tensorflow(x: Any, name: str) -> Column:
    return _from_numpy(x.numpy() if hasattr(x, "numpy") else np.asarray(x), name)


def _from_pandas(x: Any, name: str) -> Column:
    index = getattr(x, "index", None)
    if getattr(x, "ndim", 1) == 2:
        counted = type(x.columns).__name__ == "RangeIndex"  # which says no more than the positions do
        heads = () if counted else tuple(map(str, x.columns))
        return Column(name, x.to_numpy(), np.asarray(x.isna()), index=index, heads=heads)
    dtype = x.dtype
    array = getattr(x, "array", x)
    if hasattr(dtype, "categories"):
        codes = np.asarray(array.codes)
        return Column(name, codes, codes < 0, tuple(dtype.categories), bool(dtype.ordered), index)
    missing = np.asarray(x.isna())
    if isinstance(dtype, np.dtype):
        return Column(name, x.to_numpy(), missing, index=index)
    numeric = getattr(dtype, "numpy_dtype", None)  # nullable and Arrow-backed numbers
    if isinstance(numeric, np.dtype) and numeric.kind in "biuf":
        return Column(name, x.to_numpy(dtype=numeric, na_value=numeric.type(0)), missing, index=index)
    if str(dtype).startswith("decimal"):
        return Column(name, x.to_numpy(dtype=np.float64, na_value=np.nan), missing, index=index)
    return Column(name, x.to_numpy(dtype=object), missing, index=index)


def _from_polars(x: Any, name: str) -> Column:
    if hasattr(x, "collect"):
        raise ShapeError(f"{name} is a {type(x).__name__}, not a column.", fix="Pass frame.collect()['column'].")
    if not hasattr(x, "is_null"):  # a frame
        return Column(name, x.to_numpy(), None, heads=tuple(x.columns))
    missing = x.is_null().to_numpy()
    kind = type(x.dtype).__name__ if not isinstance(x.dtype, type) else x.dtype.__name__
    if kind == "Enum":
        codes = x.to_physical().fill_null(0).to_numpy().astype(np.int64)
        return Column(name, codes, missing, tuple(x.dtype.categories.to_list()), True)
    if kind == "Decimal":
        x = x.cast(sys.modules["polars"].Float64)
    if x.dtype.is_numeric():
        return Column(name, x.fill_null(0).to_numpy(), missing)
    if kind == "Boolean":
        return Column(name, x.fill_null(False).to_numpy(), missing)
    return Column(name, np.array(x.to_list(), dtype=object), missing)


def _from_arrow(x: Any, name: str) -> Column:
    if hasattr(x, "column_names"):  # a table: its columns side by side
        parts = [as_column(x.column(i), name) for i in range(x.num_columns)]
        nulls = [np.zeros(len(part), bool) if part.missing is None else part.missing for part in parts]
        if any(part.categories is not None for part in parts) or not parts:
            raise ShapeError(f"{name} is a table with categorical columns or none.", fix="Pass one column.")
        values = np.stack([part.values for part in parts], 1)
        return Column(name, values, np.stack(nulls, 1), heads=tuple(x.column_names))
    if hasattr(x, "combine_chunks"):
        x = x.chunk(0) if x.num_chunks == 1 else x.unify_dictionaries().combine_chunks()
    missing = np.asarray(x.is_null()) if x.null_count else None
    if hasattr(x, "dictionary"):
        codes = (x.indices.fill_null(0) if x.null_count else x.indices).to_numpy(zero_copy_only=False)
        text = "string" in str(x.dictionary.type)  # of which NumPy makes a list sooner, nulls included
        values = x.dictionary.to_numpy(zero_copy_only=False).tolist() if text else x.dictionary.to_pylist()
        return Column(name, codes, missing, tuple(values), bool(x.type.ordered))
    kind = str(x.type)
    if kind.startswith(("int", "uint", "float", "double", "halffloat", "bool")):
        filler = False if kind == "bool" else 0
        filled = x.fill_null(filler) if x.null_count else x
        return Column(name, filled.to_numpy(zero_copy_only=False), missing)
    if kind.startswith("decimal"):
        return Column(name, np.array([np.nan if v is None else float(v) for v in x.to_pylist()]), missing)
    if kind == "month_day_nano_interval":  # each is a tuple of three, of which NumPy would make three columns
        return Column(name, np.fromiter(x.to_pylist(), object, len(x)), missing)
    return Column(name, np.array(x.to_pylist(), dtype=object), missing)


_READERS: dict[str, Callable[[Any, str], Column]] = {
    "numpy": _from_numpy,
    "torch": _from_torch,
    "tensorflow": _from_tensorflow,
    "pandas": _from_pandas,
    "polars": _from_polars,
    "pyarrow": _from_arrow,
    "unconfused": lambda x, name: replace(x, name=name),
}


def check_pairing(columns: Sequence[Column]) -> None:
    """Refuse columns of different length, pandas columns whose indexes disagree, frames whose headings do."""
    first = columns[0]
    for other in columns[1:]:
        check_headings(first.name, first.heads, f"those of {other.name}", other.heads)
        if len(other) != len(first):
            _refuse_flattened(first, other)
            raise LengthMismatch(
                f"{first.name} has {plural(len(first), 'row')}, {other.name} has {len(other):,}.",
                _length_hint(len(first), len(other)) or "Rows are paired by position, so one of them is incomplete.",
                "Collect both in one pass over the data, for example with unconfused.evaluate_model.",
            )
    indexed = [column for column in columns if column.index is not None]
    for other in indexed[1:]:
        if not indexed[0].index.equals(other.index):
            _refuse_indexes(indexed[0], other)


def check_headings(name: str, heads: Sequence[str], whose: str, wanted: Sequence[Any], fix: str = "") -> None:
    """Refuse columns that are called like those wanted, in another order: they are read by position."""
    names = tuple(map(str, wanted))
    if tuple(heads) == names or sorted(heads) != sorted(names):
        return
    place = next(i for i, head in enumerate(heads) if head != names[i])
    raise AmbiguousCall(
        f"The columns of {name} are {listed(heads)}, {whose} {listed(names)}: column {place} is {heads[place]!r}, "
        f"not {names[place]!r}.",
        "They are read by position, so one would be taken for another.",
        fix or f"Put them in the same order, or pass .to_numpy() of {name} if its position is right.",
    )


def _refuse_flattened(truth: Column, score: Column) -> None:
    """Scores (n, K) in one long row, where K is how many classes there are."""
    n, m = len(truth), len(score)
    if score.name != "y_score" or score.values.ndim != 1 or truth.values.ndim != 1 or not n or m % n or m < 2 * n:
        return
    k, values = m // n, truth.values
    classes = len(truth.categories) if truth.categories is not None else len({*values.tolist()})
    if k == classes or (values.dtype.kind in "iu" and int(values.max()) + 1 == k):
        raise LengthMismatch(
            f"y_true has {plural(n, 'row')}, y_score has {m:,}.",
            f"{m:,} = {n:,} x {k} classes: the scores of all classes were probably put end to end.",
            f"Pass one column for each class, such as y_score.reshape({n}, {k}).",
        )


def _refuse_indexes(a: Column, b: Column) -> None:
    same = len(a.index.intersection(b.index)) == len(a) and a.index.is_unique
    shared = plural(len(a.index.intersection(b.index)), "label")
    which = "the same labels in another order" if same else f"{shared} in common"
    raise IndexMismatch(
        f"{a.name} and {b.name} both carry a pandas index, and the two differ: {plural(len(a), 'row')} with {which}.",
        "By position a row would be paired with another row's answer.",
        f"Align them, for example {b.name}.loc[{a.name}.index], or pass .to_numpy() of both if position is right.",
    )


def _length_hint(n: int, m: int) -> str:
    """The usual arithmetic behind two lengths that differ."""
    if m > n and n and m % n == 0:
        return f"{m:,} = {m // n} x {n:,}: steps were probably given in rows instead of batches."
    if 0 < m - n < 1024:
        for batch in (b for b in (2, 4, 8, 16, 32, 64, 100, 128, 256, 512, 1024) if -(-n // b) * b == m):
            return f"{m:,} = {m // batch:,} x {batch}: the last batch was filled up from the start of the data."
    if m and 0 < n - m < 1024:
        for batch in (b for b in (1024, 512, 256, 128, 100, 64, 32, 16, 8) if n // b * b == m):
            return f"{m:,} = {m // batch:,} x {batch}: the last, smaller batch was dropped."
    return ""
