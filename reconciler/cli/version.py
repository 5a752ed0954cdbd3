"""`reconciler version`: which version this is."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

from reconciler.cli.command import command


@command
def version() -> int:
    """Print the version."""
    print(version_line())
    return 0


def version_line() -> str:
    """Name and version, and the Python it runs on."""
    try:
        number = installed("reconciler")
    except PackageNotFoundError:  # run from a checkout
        number = "0 (from a checkout)"
    return f"reconciler {number} (Python {platform.python_version()})"
