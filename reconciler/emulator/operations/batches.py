"""The top status of a reply whose items have statuses of their own.

Belongs here: partial success (facts 2.5). Not here: what an item answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import statuses
from reconciler.emulator.errors import Refusal

LARGEST = 128
"""Most inputs or annotations of one write (facts 9)."""


def check(what: str, count: int, code: int) -> None:
    """Refuse a write of nothing or of too much."""
    if not count:
        raise Refusal(code, f"no {what} were sent")
    if count > LARGEST:
        raise Refusal(code, f"{count} {what} were sent, at most {LARGEST} are allowed in one request")


def top(refused: Sequence[Refusal | None]) -> statuses.Status:
    """Success, failure or a mix, from what each item was refused with (None = taken)."""
    failures = [each for each in refused if each is not None]
    if not failures:
        return statuses.status(codes.SUCCESS)
    code = codes.FAILURE if len(failures) == len(refused) else codes.MIXED_STATUS
    return statuses.status(code, failures[0].details)
