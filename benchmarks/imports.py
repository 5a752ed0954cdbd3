"""Run the tool and write down which modules of others it loaded: `python -m benchmarks.imports LISTING ARGUMENT...`."""

from __future__ import annotations

import atexit
import json
import sys
from pathlib import Path

OURS = ("reconciler", "benchmarks", "__main__", "__mp_main__")


def importable(loaded: dict[str, object]) -> list[str]:
    """The loaded modules of others that have a file or are built in, in the order in which they were loaded."""
    found = [name for name, module in loaded.items() if getattr(module, "__spec__", None) is not None]
    return [name for name in found if name.partition(".")[0] not in OURS and not name.startswith("_")]


def main(listing: str, *words: str) -> None:
    """Run one command line in this process."""
    atexit.register(lambda: Path(listing).write_text(json.dumps(importable(dict(sys.modules)))))
    from reconciler.cli.main import main as tool

    sys.argv = ["reconciler", *words]
    tool()


if __name__ == "__main__":
    main(*sys.argv[1:])
