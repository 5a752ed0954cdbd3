"""How a call can end, in the words of the retry table: an OK reply with a code inside, or a gRPC error with a text.

The service puts business errors inside OK replies; gRPC errors mean transport only (facts 0.1). Belongs here: which
code or text is which ending. Does not belong here: what to do about it (`retry`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class End:
    """What came back from one attempt: `grpc` is the name of a gRPC status, `code` the one inside an OK reply."""

    grpc: str = "OK"
    code: int = 0
    description: str = ""
    details: str = ""
    request_id: str = ""
    reply: Message | None = None

    @property
    def text(self) -> str:
        """All words of the end in lower case, for the few endings that only their words tell apart."""
        return f"{self.description} {self.details}".lower()


class Ending(StrEnum):
    """The rows of the table of reliability (part C); the first ones are answers, the last ones silence."""

    SUCCESS = "success"
    THROTTLED = "throttled"
    QUOTA_SPENT = "quota spent"
    MIXED = "mixed status"
    EXISTS = "already exists"
    ABSENT = "does not exist"
    MOVED = "has another id"
    UNAUTHORISED = "not authorised"
    REFUSED = "refused"
    MAYBE = "answered with maybe"
    CERTIFICATE = "certificate not trusted"
    NOT_SENT = "not sent"
    UNAVAILABLE = "unavailable"
    LOST = "reply lost"


SUCCESS = 10000

_CODES: Mapping[Ending, frozenset[int]] = {
    Ending.SUCCESS: frozenset({SUCCESS}),
    # 2135x: a model that is still being deployed. 3999x: maintenance. Nothing was done, later it will be.
    Ending.THROTTLED: frozenset({11005, 11006, 10030, 21351, 21352, 21354, 21355, 39997, 39998}),
    Ending.QUOTA_SPENT: frozenset({11003, 11004}),
    Ending.MIXED: frozenset({10010}),
    Ending.EXISTS: frozenset({22100, 30100, 40010}),
    Ending.ABSENT: frozenset({11101, 21200, 22102, 25700, 25800, 25900, 26000, 26200, 26300, 26400, 26403, 30102}),
    Ending.MOVED: frozenset({10050}),
    Ending.UNAUTHORISED: frozenset(
        {11000, 11001, 11002, 11007, 11008, 11009, 11200, 21201, 22103, 24156, 25601, 30103},
    ),
    # 0: a reply without a status proves nothing; 10070: accepted, so not yet done. The rest: facts 2.4, and 40014,
    # 40020, 40035, 40037, which are of the same family (a database task or an RPC that was given up inside).
    Ending.MAYBE: frozenset(
        {
            *(0, 10070, 40011, 40013, 40014, 40015, 40016, 40020, 40021, 40035, 40037),
            *range(40030, 40035),
            *range(98000, 99000),
            *range(99001, 99010),
        }
    ),
}
_ENDING_OF_CODE: Mapping[int, Ending] = {code: ending for ending, codes in _CODES.items() for code in codes}

# The service has no code of its own for a taken id; only the words tell it from other invalid requests (facts U5, 2.3).
_INVALID_REQUEST = frozenset({11100, 11102, 21202, 21203, 22104, 22999, 30104, 39999, 40003})
_TAKEN = "already exist"
_DUPLICATE = "duplicate"


def of_code(end: End) -> Ending:
    """The ending of an OK reply, by the code inside; a code nobody listed is a refusal."""
    listed = _ENDING_OF_CODE.get(end.code)
    if listed is not None:
        return listed
    taken = _TAKEN in end.text or (end.code in _INVALID_REQUEST and _DUPLICATE in end.text)
    return Ending.EXISTS if taken else Ending.REFUSED


_GRPC: Mapping[str, Ending] = {
    "UNAUTHENTICATED": Ending.UNAUTHORISED,
    "PERMISSION_DENIED": Ending.UNAUTHORISED,
    "RESOURCE_EXHAUSTED": Ending.THROTTLED,
    "INVALID_ARGUMENT": Ending.REFUSED,
    "NOT_FOUND": Ending.REFUSED,  # of the address, not of the object: objects are answered for in band
    "ALREADY_EXISTS": Ending.REFUSED,
    "FAILED_PRECONDITION": Ending.REFUSED,
    "OUT_OF_RANGE": Ending.REFUSED,
    "UNIMPLEMENTED": Ending.REFUSED,
}

# Texts of gRPC's own core, matched in lower case: it gives all three cases one status, UNAVAILABLE. Pinned by tests
# against real sockets, since they are nobody's interface.
_CERTIFICATE_TEXTS = (
    "certificate_verify_failed",
    "handshake failed",
    "hostname verification check failed",
    "security handshaker",
    "ssl_error",
    "not in peer certificate",
)
_NOT_SENT_TEXTS = ("failed to connect to all addresses", "errors resolving", "dns resolution failed")
_TOO_LARGE_TEXT = "message larger than max"


def of_grpc(end: End) -> Ending:
    """The ending of a call without a reply. What is not listed may have reached the service: LOST."""
    if end.grpc == "UNAVAILABLE":
        return _of_unavailable(end.text)
    if end.grpc == "RESOURCE_EXHAUSTED" and _TOO_LARGE_TEXT in end.text:
        return Ending.MAYBE  # also said of a reply that was too large to read, whose write is done
    return _GRPC.get(end.grpc, Ending.LOST)


def _of_unavailable(text: str) -> Ending:
    if any(words in text for words in _CERTIFICATE_TEXTS):
        return Ending.CERTIFICATE
    return Ending.NOT_SENT if any(words in text for words in _NOT_SENT_TEXTS) else Ending.UNAVAILABLE


def ending(end: End) -> Ending:
    """Which row of the table an end belongs to."""
    return of_code(end) if end.grpc == "OK" else of_grpc(end)
