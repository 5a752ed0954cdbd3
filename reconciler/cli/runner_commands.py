"""What a runner of GitHub Actions would take for a command to itself, made inert in everything we print.

The runner reads the log: a line that begins with `::error …::`, after white space too, is a command, and so is `##[…]`
anywhere in a line, the older form. A description in a manifest, or an error's text from the service, must not be able
to set outputs, hide later lines or stop the log. Belongs here: the two patterns. Does not belong here: annotations,
which are commands on purpose (`report.as_github`).
"""

from __future__ import annotations

import re

_LEADING = re.compile(r"(^|[\r\n])([^\S\r\n]*):(?=:)")
_OLDER = "##["


def inert(text: str) -> str:
    """The text with a backslash in front of what would be a command."""
    return _LEADING.sub(r"\1\2\\:", text).replace(_OLDER, r"#\#[")


def inert_json(text: str) -> str:
    """JSON that says the same: a line of it never begins with a colon, and its strings can spell a sign otherwise."""
    return text.replace(_OLDER, r"\u0023#[")
