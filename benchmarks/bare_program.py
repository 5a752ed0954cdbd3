"""Write a typer program with the tool's commands, flags and help texts, and empty bodies.

`python -m benchmarks.bare_program FILE`. It is what `--help` costs with typer at all, as somebody would write it in one
file: nothing of ours is imported by it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperArgument
from typer.main import get_command

from reconciler.cli.main import app

_HEAD = """from typing import Annotated
from typer import Argument, Option, Typer
app = Typer(name="reconciler", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
"""


def program() -> str:
    """The source of the program."""
    return "\n".join([_HEAD, *_commands("app", get_command(app)), "main = app"])


def _commands(parent: str, group: Any) -> Iterator[str]:
    yield f"@{parent}.callback()\ndef {parent}_callback():\n    {group.help!r}\n"
    for name, command in group.commands.items():
        label = f"{parent}_{name}".replace("-", "_")
        if hasattr(command, "commands"):
            yield f"{label} = Typer()\n{parent}.add_typer({label}, name={name!r})\n"
            yield from _commands(label, command)
        else:
            parameters = "".join(f"    {each},\n" for each in map(_parameter, command.params) if each)
            yield (
                f"@{parent}.command({name!r}, hidden={command.hidden!r})\n"
                f"def {label}(\n{parameters}):\n    {command.help!r}\n"
            )


def _parameter(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    several = parameter.multiple or parameter.nargs == -1
    kind = "list[str]" if several else "bool" if getattr(parameter, "is_flag", False) else "str"
    argument = isinstance(parameter, TyperArgument)
    maker, names = ("Argument", "") if argument else ("Option", "".join(f"{name!r}, " for name in _names(parameter)))
    shown = f"help={parameter.help!r}, metavar={parameter.metavar!r}, hidden={parameter.hidden!r}"
    return f"{parameter.name}: Annotated[{kind} | None, {maker}({names}{shown})] = None"


def _names(parameter: Any) -> list[str]:
    """A flag with a negation is written as one word, `--prune/--no-prune`."""
    if not parameter.secondary_opts:
        return list(parameter.opts)
    return [f"{yes}/{no}" for yes, no in zip(parameter.opts, parameter.secondary_opts, strict=False)]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(program())
