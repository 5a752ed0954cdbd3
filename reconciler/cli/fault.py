"""`reconciler emulator fault …`: set faults of a running emulator, over its HTTP interface.

Belongs here: words to a request, and its reply to text. Does not belong here: what a fault is, which the emulator says.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from typing import Any, Final

from reconciler.core.diagnostics import ReconcilerError

_HOST: Final = "127.0.0.1"
_PORT: Final = 18081
_TIMEOUT: Final = 10.0
USAGE: Final = (
    "write one of: fault add RPC EFFECT [NAME=VALUE…], fault storm seed=N rate=SHARE [NAME=VALUE…], "
    "fault replay JOURNAL, fault list, fault journal, fault calls, fault clear"
)

_PLAIN: Final = {
    "list": ("GET", "/faults"),
    "journal": ("GET", "/faults/journal"),
    "calls": ("GET", "/calls"),
    "clear": ("DELETE", "/faults"),
}


def run(words: Sequence[str], port: int | None) -> int:
    """Do what the words say and print the emulator's answer, one line of JSON."""
    method, path, body = request(words)
    print(json.dumps(_ask(_PORT if port is None else port, method, path, body)))
    return 0


def request(words: Sequence[str]) -> tuple[str, str, Any]:
    """Method, path and body for some words; ReconcilerError when they say nothing."""
    match words:
        case ["add", rpc, effect, *fields]:
            return "POST", "/faults", {"rpc": rpc, "effect": effect, **_fields(fields)}
        case ["storm", *fields]:
            told = _fields(fields)
            kinds = {"kinds": str(told["kinds"]).split(",")} if "kinds" in told else {}
            return "POST", "/faults/storm", {**told, **kinds}
        case ["replay", journal]:
            return "POST", "/faults/replay", _json(journal)
        case [verb] if verb in _PLAIN:
            return *_PLAIN[verb], None
    raise ReconcilerError(f"unknown words: fault {' '.join(words)}".rstrip(), hint=USAGE)


def _fields(words: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE words as JSON; a value that is a number is one."""
    split = [word.partition("=") for word in words]
    wrong = [name for name, sign, _ in split if not sign]
    if wrong:
        raise ReconcilerError(f"not of the form NAME=VALUE: {', '.join(wrong)}", hint=USAGE)
    return {name: _value(text) for name, _, text in split}


def _value(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as reason:
        raise ReconcilerError(
            f"that is no journal: {reason}", hint="give the line that `fault journal` prints"
        ) from None


def _ask(port: int, method: str, path: str, body: Any) -> Any:
    """The emulator's answer; its refusal is an error in its own words."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=_TIMEOUT)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        told = json.loads(reply.read())
    except (OSError, http.client.HTTPException, ValueError) as reason:
        hint = f"start it with `reconciler emulator --admin-port {port}`"
        raise ReconcilerError(f"no emulator answers on {_HOST}:{port}: {reason}", hint=hint) from None
    finally:
        connection.close()
    if reply.status != http.client.OK:
        raise ReconcilerError(str(told.get("error", told)))
    return told
