"""What a result says of an attribute that it does not have: what to type instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class Hinted:
    """A result whose AttributeError says what to type. Names that begin with "_" get Python's own, and load nothing."""

    __slots__ = ()

    if not TYPE_CHECKING:  # else type checkers would take every attribute for known

        def __getattr__(self, name: str) -> Any:  # reached where there is no such attribute
            if name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)  # a property that failed says again why
            raise AttributeError(self._absent(name))

    def _absent(self, name: str) -> str:
        from unconfused.show.attributes import absent

        return absent(self, name)
