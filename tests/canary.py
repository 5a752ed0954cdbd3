"""A pytest plugin: one access token for all tests, and a look for it in whatever a test leaves behind.

What a test printed and logged, the text of its failure, every file in its `tmp_path`, and every database of an emulator
that ran in its process are searched when it ends; a hit fails the test. What runs in a process of its own, or is
captured by a test itself, is handed to `unseen`. `reliability/test_secrets.py` shows that the places where a token
could come out are really looked into. Belongs here: the search. Does not belong here: who prints what.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest

from reconciler.emulator.store import Store

CANARY = "canary+3f/9b71c04d5e2a86"
"""Every character is one that a token may have; two of them look different in a URL."""
SHOWN = 12
"""A piece of so many characters is a leak as well."""


class TokenSeen(AssertionError):
    """The access token came out somewhere."""


@cache
def forms(token: str = CANARY) -> dict[str, bytes]:
    """How a token may look: as it is, cut off, in a URL, in JSON, in hex, in base64 wherever it stands in a text."""
    data = token.encode()
    found = {"plain": data[:SHOWN], "its end": data[-SHOWN:], "reversed": data[::-1], "in hex": data.hex().encode()}
    found |= {
        "in a URL": quote(token, safe="").encode(),
        "in JSON": token.replace("/", "\\/").encode(),
    }
    for shift in range(3):
        # The first and the last character of a stretch of base64 also depend on what stands beside it.
        whole = base64.b64encode(b"\0" * shift + data)
        cut = whole[4 if shift else 0 : -4]
        found[f"in base64, shifted by {shift}"] = cut
        found[f"in URL-safe base64, shifted by {shift}"] = cut.replace(b"+", b"-").replace(b"/", b"_")
    return found


def seen(data: bytes | str, token: str = CANARY) -> str | None:
    """In which form a token stands in a text, if it does."""
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return next((form for form, needle in forms(token).items() if needle in data), None)


def unseen(where: str, *texts: bytes | str) -> None:
    """Raise TokenSeen if the token stands in one of the texts."""
    for text in texts:
        if form := seen(text):
            raise TokenSeen(f"the access token stands in {where} ({form})")


# ---- what a test leaves behind


@pytest.fixture(autouse=True)
def no_token_in_files(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set up before every other fixture, so torn down after them: what they write on their way out counts as well."""
    yield
    folder = request.node.funcargs.get("tmp_path")
    for file in sorted(Path(folder).rglob("*")) if folder else ():
        if file.is_file() and not file.is_symlink():
            unseen(f"the file {file.relative_to(folder)}", file.read_bytes())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A report in which the token stands is one of a failure, and says no more than that."""
    report: pytest.TestReport = yield  # type: ignore[misc,assignment]
    if call.excinfo is not None and isinstance(call.excinfo.value, TokenSeen):
        report.longrepr = f"{item.nodeid}: {call.excinfo.value}"  # the traceback would show what was searched
    texts = dict(report.sections) | {"the text of the failure": report.longreprtext}
    hits = [f"{name} ({form})" for name, text in texts.items() if (form := seen(text))]
    if hits:
        report.outcome, report.sections = "failed", []
        report.longrepr = f"{item.nodeid}: the access token stands in {', '.join(hits)}"
    return report  # type: ignore[return-value]


_close = Store.close


def _close_and_look(store: Store) -> None:
    """Close a database of the emulator, after a look at all that is in it."""
    with suppress(sqlite3.ProgrammingError):  # closed already
        unseen("the emulator's database", store._connection.serialize())
    _close(store)


def pytest_configure() -> None:
    """Look at the databases of all emulators of this process."""
    Store.close = _close_and_look  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    """Leave the emulator as it was."""
    Store.close = _close  # type: ignore[method-assign]
