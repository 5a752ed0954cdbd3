"""Text inside Markdown, HTML and Mermaid: nothing that comes from a manifest or the service can become markup.

Belongs here: escaping, and the smallest blocks that need it (cells, fences, folds). Does not belong here: what is said.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from reconciler.report.lines import printable

UNSEEN = "&#8203;"
"""A zero-width space: `@name` notifies nobody and `#1` links nowhere when it stands behind the sign."""

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]|(?<=:)//|(?<=www)\.")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": f"@{UNSEEN}", "#": f"#{UNSEEN}"}
_PLAIN_CODE = re.compile(r"[^`|\\\s](?:[^`|\\]*[^`|\\\s])?")
_PUNCTUATION = re.compile(r"[^\w\s./()=,+-]|_")


def text(value: str) -> str:
    """Words in the middle of a line or in a cell; line breaks become `<br>`."""
    return "<br>".join(_inline(line) for line in value.splitlines())


def _inline(line: str) -> str:
    entities = re.sub(r"[&<>@#]", lambda sign: _ENTITIES[sign[0]], printable(line.strip()))
    # Last, so that no backslash is escaped twice; the entities hold none of these signs.
    return _SPECIAL.sub(lambda sign: f"\\{sign[0]}", entities)


def code(value: str) -> str:
    """A value in code style, inside a line or a cell. A pipe or a backtick needs the HTML form to be safe in both."""
    value = printable(value)
    if _PLAIN_CODE.fullmatch(value):
        return f"`{value}`"
    return f"<code>{_PUNCTUATION.sub(lambda sign: f'&#{ord(sign[0])};', value)}</code>"


def plain_html(value: str) -> str:
    """Words inside an HTML block, where Markdown is not read."""
    escaped = html.escape(printable(" ".join(value.split())))
    return escaped.replace("@", f"@{UNSEEN}")


def html_code(value: str) -> str:
    """A value in code style inside an HTML block."""
    return f"<code>{html.escape(printable(value))}</code>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[str, list[str]]:
    """The head of a table and its rows, of cells that are Markdown already; each ends with a newline."""
    head = f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n"
    return head, [f"| {' | '.join(row)} |\n" for row in rows]


def fence(content: str, language: str) -> str:
    """A code block; its fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    marks = "`" * max(3, longest + 1)
    ending = "" if content.endswith("\n") else "\n"
    return f"{marks}{language}\n{content}{ending}{marks}\n"


def fold(summary: str, content: str) -> str:
    """A block that opens on a click; `summary` is HTML already."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n</details>\n"


def quoted(content: str) -> str:
    """A block as a quotation."""
    return "".join(f"> {line}\n" if line else ">\n" for line in content.splitlines())


def hidden(words: Iterable[str]) -> str:
    """A comment nobody sees, by which a program finds its own text again."""
    inside = re.sub(r"[-<>]{2,}|[<>]", "-", " ".join(printable(word) for word in words))
    return f"<!-- {inside} -->\n"


def label(value: str) -> str:
    """The text of a Mermaid node: signs that its grammar may know become numbers in its own form."""
    return re.sub(r"(?![\w ./()=,@-])[\x00-\x7f]", lambda sign: f"#{ord(sign[0])};", printable(value))
