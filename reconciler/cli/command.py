"""What all commands share: flags come in groups, problems end in one place, exit codes are numbers.

    @command
    def plan(screen: Screen, manifests: ManifestFlags, prune: Prune = False) -> int: ...

`ManifestFlags` is a dataclass: each of its fields becomes a flag of its own. Who asks for a `Screen` gets the flags of
the output too. Belongs here: the wiring between Typer and a function. Does not belong here: any flag (`options`).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, get_type_hints

from typer import Exit, TyperException
from typer.core import TyperGroup

from reconciler.cli.interrupts import AtOnce, prompt
from reconciler.cli.options import OutputFlags
from reconciler.cli.screen import Screen, silence
from reconciler.core.diagnostics import Interrupted, ReconcilerError

USAGE_ERROR = 1
"""Typer's own 2 would say "changes present" to a pipeline."""


class Commands(TyperGroup):
    """The command tree; turns what a command returns into the exit code of the process."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Parse, run, exit."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, "reconciler", complete_var, False, windows_expand_args, **extra)
        except TyperException as problem:
            code = _misused(problem, words)
        except Exit as end:
            code = end.exit_code
        except OSError as problem:  # Typer writes the help by itself
            code = _unwritten(problem)
        if isinstance(code, AtOnce):
            code.leave()
        sys.exit(code or 0)


def _misused(problem: TyperException, words: Sequence[str]) -> int:
    """Say what is wrong with the words of the command line."""
    context = getattr(problem, "ctx", None)
    if type(problem).__name__ == "NoArgsIsHelpError" and context is not None:
        print(context.get_help(), file=sys.stderr)
        return USAGE_ERROR
    named = [word for word in words[:1] if not word.startswith("-")]  # not every problem knows its context
    where = context.command_path if context is not None else " ".join(["reconciler", *named])
    message = problem.format_message().replace("Value error, ", "")  # pydantic's beginning
    screen = Screen(OutputFlags(format="json" if _asks_for_json(words) else None))
    screen.error(ReconcilerError(message, hint=f"`{where} --help` shows what is possible"))
    return USAGE_ERROR


def _unwritten(problem: OSError) -> int:
    silence(sys.stdout)
    Screen(OutputFlags()).error(ReconcilerError(f"the output could not be written: {problem.strerror}"))
    return USAGE_ERROR


def _asks_for_json(words: Sequence[str]) -> bool:
    return "--format=json" in words or ("--format", "json") in itertools.pairwise(words)


def command(function: Callable[..., int]) -> Callable[..., int]:
    """A function of flag groups as Typer wants it: one keyword for each flag; whatever goes wrong becomes a code."""
    hints = get_type_hints(function, include_extras=True)
    hints.pop("return", None)
    flags = list(_flags(function, hints))

    @functools.wraps(function)
    def run(**given: Any) -> int:
        screen = Screen(_group(OutputFlags, given) if Screen in hints.values() else OutputFlags())
        return guarded(screen, lambda: function(**_arguments(hints, given, screen)))

    run.__signature__ = inspect.Signature(flags)  # type: ignore[attr-defined]
    run.__annotations__ = {flag.name: flag.annotation for flag in flags}
    return run


def _flags(function: Callable[..., int], hints: Mapping[str, Any]) -> Iterator[inspect.Parameter]:
    """The function's own flags and those of its groups, the output's last."""
    plain = inspect.signature(function).parameters
    groups: list[Any] = [hint for hint in hints.values() if dataclasses.is_dataclass(hint)]
    for group in groups:
        yield from _fields(group)
    for name, hint in hints.items():
        if hint is not Screen and hint not in groups:
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=plain[name].default, annotation=hint)
    if Screen in hints.values():
        yield from _fields(OutputFlags)


@functools.cache  # evaluating annotations takes longer than all else here, and most commands have the same groups
def _fields(group: Any) -> tuple[inspect.Parameter, ...]:
    hints = get_type_hints(group, include_extras=True)
    return tuple(
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
        )
        for field in dataclasses.fields(group)
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _arguments(hints: Mapping[str, Any], given: Mapping[str, Any], screen: Screen) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, hint in hints.items():
        if hint is Screen:
            arguments[name] = screen
        else:
            arguments[name] = _group(hint, given) if dataclasses.is_dataclass(hint) else given[name]
    return arguments


def _group(group: Any, given: Mapping[str, Any]) -> Any:
    return group(**{field.name: given[field.name] for field in dataclasses.fields(group)})


def guarded(screen: Screen, run: Callable[[], int]) -> int:
    """Run a command; every error it may end in is shown once, without a traceback, and gives the exit code."""
    try:
        with prompt(screen):
            code = run()
        if screen.lost:
            raise ReconcilerError(f"the output could not be written: {screen.lost}")
        return code
    except ReconcilerError as problem:
        screen.error(problem)
        return problem.exit_code
    except KeyboardInterrupt:
        screen.error(Interrupted("interrupted"))
        return Interrupted.exit_code
    except Exception as problem:
        if screen.debug:
            screen.say(screen.without_secrets(traceback.format_exc()))
        # The type only: the text of an unforeseen error may quote anything, a header with the token included.
        advice = "this is a bug in reconciler" if screen.debug else "run with --debug for the traceback"
        screen.error(ReconcilerError(f"internal error ({type(problem).__name__})", hint=advice))
        return ReconcilerError.exit_code
