"""`reconciler version`: which version this is."""

from __future__ import annotations

import platform

from reconciler.cli.command import command


@command
def version() -> int:
    """Print the version."""
    print(version_line())
    return 0


def version_line() -> str:
    """Name and version, and the Python it runs on."""
    return f"reconciler {version_number()} (Python {platform.python_version()})"


def version_number() -> str:
    """The number alone."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("reconciler")
    except PackageNotFoundError:  # run from a checkout
        return "0"
