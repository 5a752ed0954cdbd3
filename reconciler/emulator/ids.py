"""Which ids the service accepts and what it makes up when none is sent.

Belongs here: the shape of an id. Not here: whether an id is taken (`store.py`). Rules: facts 3.0 and U29.
"""

from __future__ import annotations

import uuid

from reconciler.emulator import errors

LONGEST = 48


def new_id() -> str:
    """32 lower-case hex characters: versions, relations, and whatever was posted without an id."""
    return uuid.uuid4().hex


def check(kind: str, identifier: str, *, longest: int = LONGEST) -> str:
    """The id itself if the service would take it, else an 11102 refusal naming the rule.

    The rule is loose on purpose: what the live service refuses beyond this is not known.
    """
    if not identifier:
        raise errors.invalid(f"{kind} id is missing")
    if len(identifier) > longest:
        raise errors.invalid(
            f"{kind} id {identifier!r} has {len(identifier)} characters, at most {longest} are allowed"
        )
    if any(c in "/\\" or c.isspace() or not c.isprintable() for c in identifier):
        raise errors.invalid(f"{kind} id {identifier!r} may not hold slashes, blanks or control characters")
    return identifier


def check_model(identifier: str, *, longest: int = LONGEST) -> str:
    """A model id, which must not contain a dot (facts 3.0)."""
    if "." in identifier:
        raise errors.invalid(f"model id {identifier!r} may not contain a dot")
    return check("model", identifier, longest=longest)
