"""The commands by name, each loaded and made when somebody asks for it.

A run needs one of them, and making all takes typer longer than that one takes to run. Belongs here: names of functions
-> commands. Does not belong here: which commands there are (`main`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperArgument
from typer.main import get_group


class OnDemand(MutableMapping[str, Any]):
    """What typer and its help ask for commands; of a hidden one help says nothing.

    `places` says where each is, as entry points do: `package.module:name` of a function or of a Typer with more.
    """

    def __init__(self, places: Mapping[str, str], hidden: frozenset[str] = frozenset()) -> None:
        self._places = places
        self._hidden = hidden
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._make(name, resolve_name(self._places[name]))
        return self._made[name]

    def _make(self, name: str, found: Any) -> Any:
        around = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=name)
        else:
            around.command(name, hidden=name in self._hidden)(found)
        return _without_types(get_group(around).commands[name])

    def __setitem__(self, name: str, made: Any) -> None:
        self._made[name] = made

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name} is a command of the table, which is not edited")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _without_types(command: Any) -> Any:
    """The command, in whose help an argument is PATH, not PATH <list[str]>: Typer shows Python's types behind names."""
    for within in getattr(command, "commands", {}).values():
        _without_types(within)
    for parameter in command.params:
        if isinstance(parameter, TyperArgument):
            parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    return command
