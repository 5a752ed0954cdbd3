"""`reconciler emulator`: a local Clarifai in the foreground."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from reconciler.cli.command import command
from reconciler.client.trace import silence_grpc
from reconciler.core.diagnostics import ReconcilerError

Words = Annotated[
    list[str] | None,
    Argument(
        metavar="teach FILE | fault VERB …",
        help="Write a file of taught scores into the database, or set faults of a running emulator, and end.",
    ),
]


@dataclass(frozen=True, slots=True)
class EmulatorFlags:
    """Where the emulator listens, and how it behaves."""

    host: Annotated[str, Option(metavar="NAME", help="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Option(metavar="N", min=0, max=65535, help="Port; 0 is a free one.")] = 18080
    database: Annotated[str, Option(metavar="FILE", help="Where everything is kept; :memory: for nowhere.")] = (
        "clarifai-emulator.db"
    )
    user_id: Annotated[str, Option(metavar="ID", help="The one user of the service.")] = "me-local"
    # No environment variable: that one names the key of the real account.
    pat: Annotated[str | None, Option(metavar="TOKEN", help="The only key that is taken. Default: any.")] = None
    latency: Annotated[str | None, Option(metavar="TIME", help="What every call takes: 50ms, 1s.")] = None
    rps: Annotated[int | None, Option(metavar="N", min=0, help="Calls a second before 11005; 0 is no limit.")] = None
    taught: Annotated[
        str | None, Option(metavar="FILE", help="Scores that are known for certain pictures, read at the start.")
    ] = None
    connection_faults: Annotated[
        bool, Option("--connection-faults", help="Let faults break connections; every byte takes a detour for it.")
    ] = False
    admin_port: Annotated[
        int | None,
        Option(metavar="N", min=0, max=65535, help="Let faults be set over HTTP, on this port of 127.0.0.1."),
    ] = None
    switch: Annotated[
        list[str], Option(metavar="NAME=VALUE", help="Play a behaviour of the service the other way; repeatable.")
    ] = field(default_factory=list)
    list_switches: Annotated[bool, Option("--list-switches", help="Show every switch and what it means.")] = False

    @property
    def switches(self) -> list[str]:
        """All switches as NAME=VALUE words."""
        latency = [] if self.latency is None else [f"latency={_seconds(self.latency)}"]
        rps = [] if self.rps is None else [f"rps={self.rps}"]
        return [*self.switch, *latency, *rps]


def _seconds(text: str) -> float:
    from reconciler.settings import seconds

    try:
        return seconds(text) if text != "0" else 0.0
    except ValueError as reason:
        raise ReconcilerError(f"--latency {text}: {reason}") from None


@command
def emulator(flags: EmulatorFlags, words: Words = None) -> int:
    """Run a local Clarifai, teach it, or let its calls fail.

    A real gRPC server over SQLite, which runs until it is stopped: set CLARIFAI_API_BASE to the address it prints, and
    CLARIFAI_PAT to anything.
    """
    from reconciler.cli import local

    if words and words[0] == "fault":
        from reconciler.cli import fault

        return fault.run(words[1:], flags.admin_port)
    if words:
        return _teach(words, flags.database)
    if flags.list_switches:
        print(switch_table(local.switches()))
        return 0
    if warning := silence_grpc(os.environ):
        print(f"warning: {warning}", file=sys.stderr)
    gc.set_threshold(700, 10, 10)  # Python's own again: a server runs for days, see `main`
    tokens = None if flags.pat is None else {flags.pat: flags.user_id}
    return local.serve(
        flags.switches,
        database=flags.database,
        host=flags.host,
        port=flags.port,
        user_id=flags.user_id,
        tokens=tokens,
        taught=Path(flags.taught) if flags.taught else None,
        connection_faults=flags.connection_faults,
        admin_port=flags.admin_port,
    )


def _teach(words: list[str], database: str) -> int:
    """`emulator teach FILE`: a server on the same database knows the scores at once."""
    from reconciler.cli import local

    if len(words) != 2 or words[0] != "teach":
        raise ReconcilerError(
            f"unknown words: {' '.join(words)}", hint="write `reconciler emulator teach FILE` or `… fault …`"
        )
    count = local.teach(database, words[1])
    print(f"{count} picture{'' if count == 1 else 's'} taught to {database}")
    return 0


def switch_table(switches: Iterable[Any]) -> str:
    """A paragraph for each switch: its values, the default first, and what they mean."""
    return "\n".join(
        f"{each.name}={each.default}   [{each.values}]  {each.fact}\n    {each.meaning}" for each in switches
    )
