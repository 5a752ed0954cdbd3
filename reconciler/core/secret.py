"""A text that must not be seen: tokens travel through the program as `Secret`, never as `str`.

Belongs here: the one wrapper. Does not belong here: where secrets come from (`settings`) or go to (`client`).
"""

from __future__ import annotations

from typing import Any, NoReturn

HIDDEN = "***"


class Secret:
    """Shows `***` however it is printed, formatted or logged; only `reveal` gives the text.

    Not pydantic's SecretStr: that costs a tenth of a second of import on every command.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; for the moment it is sent."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is not written anywhere")
