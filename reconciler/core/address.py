"""Identity: which app (`Scope`) and which object in it (`Address`), with a text form that parses back.

Belongs here: names of things. Does not belong here: what a thing contains (`state`) or what kinds exist (`kinds`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCOPE = re.compile(r"(?P<user>[^/\s]+)/(?P<app>[^/\s]+)")


@dataclass(frozen=True, order=True, slots=True)
class Scope:
    """The app that everything in a run lives in: `user_id/app_id`."""

    user_id: str
    app_id: str

    def __str__(self) -> str:
        return f"{self.user_id}/{self.app_id}"

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read `USER/APP` back; raises ValueError with a sentence for anything else."""
        match = _SCOPE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not of the form USER/APP")
        return cls(match["user"], match["app"])


MAIN = Scope("clarifai", "main")
"""The public app whose models, concepts and workflows everyone may use (facts 14.2)."""


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """One object: the app it lives in, the plural of its kind, its id. Text: `workflows/auto-annotation`.

    A reference to somebody else's object is an Address with another scope.
    """

    scope: Scope
    kind: str
    id: str

    def __hash__(self) -> int:
        """Of the id alone: a string keeps its hash, and addresses are looked up a hundred times each."""
        return hash(self.id)

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"

    @property
    def qualified(self) -> str:
        """The form of Clarifai's URLs: `user/app/workflows/auto-annotation`."""
        return f"{self.scope}/{self}"

    @classmethod
    def parse(cls, text: str, scope: Scope) -> Address:
        """Read `kind/id` (in `scope`) or `user/app/kind/id` back; raises ValueError with a sentence.

        An id may hold slashes of its own only in the relations' form `a.synonym.b@user/app`, so the kind decides.
        """
        parts = text.split("/")
        if len(parts) >= 4 and "@" not in "/".join(parts[:2]) and "." not in parts[1]:
            scope, parts = Scope(parts[0], parts[1]), parts[2:]
        if len(parts) < 2 or not all(parts):
            raise ValueError(f"{text!r} is not an address; write KIND/ID, for example workflows/auto-annotation")
        return cls(scope, parts[0], "/".join(parts[1:]))
