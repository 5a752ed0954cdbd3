"""The emulator as a process of its own that tells what arrived: `python -m benchmarks.server DATABASE [SWITCH=VALUE]`.

Prints its address, then answers each line on standard input with the counts of RPCs since the line before. Ends when
the input does.
"""

from __future__ import annotations

import json
import sys

from reconciler.emulator.server import Emulator
from reconciler.emulator.switches import Switches


def main(database: str, *settings: str) -> None:
    """Serve until standard input ends."""
    switches = {name: json.loads(value) for name, _, value in (word.partition("=") for word in settings)}
    with Emulator(database, switches=Switches(**switches), keep_calls=0) as emulator:
        print(emulator.base, flush=True)
        for _ in sys.stdin:
            print(json.dumps(emulator.calls.counts), flush=True)
            emulator.calls.reset()


if __name__ == "__main__":
    main(*sys.argv[1:])
