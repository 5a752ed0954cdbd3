"""Files that a run writes: whole or not at all.

Belongs here: putting a text into a file. Does not belong here: which text (`reports`, `saved`, `drift`).
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from reconciler.core.diagnostics import ReconcilerError


def writable(flag: str, file: str) -> Path:
    """The file that a flag names, before any work is done for it; raises ReconcilerError if it cannot be one."""
    if not file or file == "-":
        raise ReconcilerError(f"{flag} {file}: it takes a file")
    if Path(file).is_dir():
        raise ReconcilerError(f"{flag} {file}: it takes a file, and that is a folder")
    if not Path(file).absolute().parent.is_dir():
        raise ReconcilerError(f"{flag} {file}: it cannot be written", hint="the folder must exist")
    return Path(file)


def keep(flag: str, file: Path, text: str) -> None:
    """Write the file that a flag names; raises ReconcilerError if the disk is full, and the like."""
    try:
        store(file, text)
    except OSError as problem:
        raise ReconcilerError(f"{flag} {file}: it could not be written: {problem.strerror}") from None


def store(file: Path, text: str, *, append: bool = False) -> None:
    """Write a text; raises OSError. Whoever reads the file meanwhile sees the old one or the new one, never a part."""
    data = text.encode("utf-8", "backslashreplace")
    if append or _is_special(file):
        with file.open("ab") as stream:
            stream.write(data)
        return
    import tempfile  # with what it loads a tenth of `--help`

    target = file.resolve()  # a link stays a link
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _is_special(file: Path) -> bool:
    """A pipe or a device is written to, never replaced."""
    return file.exists() and not file.is_file()


def _mode(file: Path) -> int:
    """The permissions of the file there is; else what any new file gets."""
    with suppress(OSError):
        return stat.S_IMODE(file.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
