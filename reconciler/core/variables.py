"""`${NAME}` and `${NAME:-default}` in string values; nothing more, no template language.

Belongs here: finding and replacing. Does not belong here: where values come from (`settings`), or types (a replaced
scalar is typed afterwards, as if its author had written the value).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.core.declaration import Scalar
from reconciler.core.diagnostics import Diagnostic, Location, error

_USE = re.compile(
    r"\$(?:(?P<escaped>\$)(?=\{)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>[^}]*))?\})"
)
_BROKEN = re.compile(r"(?<!\$)\$\{[^}]*\}?")


class Variables:
    """Replaces variables in texts and collects what was undefined."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.problems: list[Diagnostic] = []

    def text(self, text: str, location: Location) -> str:
        """The text with every variable replaced; an undefined one is noted and left standing. `$${` gives `${`."""
        if "${" not in text:
            return text
        for match in _BROKEN.finditer(_USE.sub("\0", text)):
            self.problems.append(
                error(
                    f"{match[0]!r} is no variable",
                    location,
                    hint="write ${NAME} or ${NAME:-default}; $${ is a plain ${",
                )
            )
        return _USE.sub(lambda match: self._value(match, location), text)

    def _value(self, match: re.Match[str], location: Location) -> str:
        if match["escaped"]:
            return "$"
        name = match["name"]
        if name in self._values and (self._values[name] or match["fallback"] is None):
            return self._values[name]
        if match["fallback"] is not None:
            return match["default"]
        hint = f"give --var {name}=VALUE, set it in the environment, or write ${{{name}:-default}}"
        self.problems.append(error(f"variable {name} is not defined", location, hint=hint))
        return match[0]

    def scalar(self, scalar: Scalar) -> Scalar:
        """The scalar with every variable replaced."""
        return scalar._replace(text=self.text(scalar.text, scalar.location)) if "${" in scalar.text else scalar
