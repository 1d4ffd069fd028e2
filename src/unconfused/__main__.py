"""``python -m unconfused``: the command line."""

from __future__ import annotations

from unconfused.cli import process

if __name__ == "__main__":
    process()
