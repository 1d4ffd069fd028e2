"""`import unconfused` loads NumPy and nothing heavier."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
ALLOWED = {"unconfused", "numpy"}  # the third-party modules that a fresh interpreter may hold afterwards

LOADED = """
import sys
before = set(sys.modules)
{code}
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(name for name in new if name not in sys.stdlib_module_names))
"""


def loaded(code: str) -> set[str]:
    """The top-level modules, the standard library's aside, that ``code`` loads in a fresh interpreter."""
    path = os.pathsep.join(filter(None, (str(SRC), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(code=code)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import unconfused",
        "import unconfused\nfor name in unconfused.__all__: getattr(unconfused, name)",
        "import unconfused as uc\nuc.confusion_matrix(['cat', 'dog', 'dog'], ['cat', 'cat', 'dog'])",
        "import unconfused as uc\nstr(uc.confusion_matrix([1, 0, 1, 0], [1, 0, 0, 0]))",
    ],
    ids=["import", "every public name", "one matrix", "one printed matrix"],
)
def test_light(code: str) -> None:
    """The import, every public name, a matrix and its text need NumPy alone."""
    heavy = loaded(code) - ALLOWED
    assert not heavy, f"This loads {', '.join(sorted(heavy))}; unconfused starts with NumPy and nothing heavier."
