"""Labels come from anyone: here they are made safe for a terminal, HTML, LaTeX, Markdown and spreadsheets.

Each function takes text and returns text; none of them loses a character that tells two labels apart.
"""

from __future__ import annotations

import html as _html
import re
import unicodedata

from unconfused.errors import JOINERS, inert

LTR = "\u200e"
"""The left-to-right mark: ends a right-to-left label, so that the numbers behind it keep their place."""


def visible(text: str) -> str:
    r"""One line without control characters: what cannot be seen is written as an escape.

    Text that is empty, or begins or ends with a space, stands in quotes.

    >>> visible("red\x1b[31m\n"), visible("cat ")
    ('red\\x1b[31m\\n', "'cat '")
    """
    if not text or text != text.strip(" "):
        return f"'{inert(text, JOINERS)}'"
    return inert(text, JOINERS)


def printed(text: str) -> str:
    """One line that holds names made visible before: a net under them, which lets their marks pass."""
    return inert(text, JOINERS + LTR)


def isolated(text: str) -> str:
    """Visible text between left-to-right marks where it holds right-to-left letters, else as it is."""
    if text.isascii() or not any(unicodedata.bidirectional(x) in ("R", "AL", "AN") for x in text):
        return text
    return f"{LTR}{text}{LTR}"


def html(text: str) -> str:
    """Safe between tags and in quoted attributes.

    >>> html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return _html.escape(visible(text), quote=True)


_LATEX = {
    **{x: f"\\{x}" for x in "{}$&#_%"},
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    "∞": "$\\infty$",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\char34{}",
}


def latex(text: str) -> str:
    r"""Text that LaTeX prints as it stands. Letters beyond ASCII pass; XeLaTeX and LuaLaTeX read all of them.

    >>> latex("a_$x_{$")
    'a\\_\\$x\\_\\{\\$'
    """
    seen = re.sub(r"([-,'`?!])(?=[-,'`])| (?= )", "\\g<0>\0", visible(text))  # no ligature, no space swallowed
    escaped = "".join(_LATEX.get(x, x) for x in seen).replace(" \0", "\\ ").replace("\0", "{}")
    return f"{{}}{escaped}" if escaped[0] in "[*" else escaped  # after \\ these would be an argument


def markdown(text: str) -> str:
    r"""Text for one cell of a Markdown table: nothing in it is markup, and it opens no further cell.

    >>> markdown("a|b *c*"), markdown("class_a")
    ('a\\|b \\*c\\*', 'class_a')
    """
    marked = re.sub(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", visible(text))
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("  ", "&nbsp; ")


_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def csv_text(text: str) -> str:
    """Text that no spreadsheet reads as a formula: an apostrophe goes before ``= + - @``, tab and line ends.

    A plain number such as ``-1`` is no formula and stays. So that nothing is lost, an apostrophe is also added where
    some stand there already; ``csv_read`` takes one away.

    >>> csv_text("=HYPERLINK(1)"), csv_text("a=b"), csv_text("-1"), csv_text("-1+1")
    ("'=HYPERLINK(1)", 'a=b', '-1', "'-1+1")
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def csv_read(text: str) -> str:
    """The text that ``csv_text`` wrote.

    >>> csv_read(csv_text("'=1"))
    "'=1"
    """
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text
