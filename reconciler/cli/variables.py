"""Values of `${NAME}`: from --var, then --var-file, then the environment.

Belongs here: reading them. Does not belong here: putting them into manifests (`core.variables`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.core.diagnostics import Diagnostic, InvalidManifest, Location, ReconcilerError, error
from reconciler.settings import FLAGLESS, VARIABLES

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)")
MAX_BYTES = 1024 * 1024
MOST_SHOWN = 40
"""Characters of what should have been a name."""

Entry = tuple[str, str | None, int]
"""Name, value (None: not a plain one), line."""


def variables(words: Sequence[str], files: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """All variables of a run; a later file overrides an earlier one."""
    # A manifest may carry neither the access token nor the key of saved plans anywhere.
    hidden = {*(VARIABLES[name] for name in FLAGLESS), "RECONCILER_PLAN_KEY"}
    values = {name: value for name, value in environ.items() if name not in hidden}
    for file in files:
        values |= from_file(file)
    return values | dict(map(_word, words))


def _word(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise ReconcilerError(f"--var {word!r} is not of the form NAME=VALUE", hint="a NAME is letters, digits and _")
    return name, value


def from_file(file: str) -> dict[str, str]:
    """The variables of a file; InvalidManifest with every line that is wrong, and without any value."""
    text = _read(file)
    first = next((line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")), "")
    entries = list(_lines(text) if _LINE.fullmatch(first) else _mapping(text, file))
    problems = list(_problems(entries, file))
    if problems:
        raise InvalidManifest(problems)
    return {name: value for name, value, _ in entries if value is not None}


def _problems(entries: Sequence[Entry], file: str) -> Iterator[Diagnostic]:
    seen: dict[str, int] = {}
    for name, value, line in entries:
        at = Location(file, line, 1)
        if not _NAME.fullmatch(name):
            what = f"{name[:MOST_SHOWN]!r} is no name of a variable" if name else "not of the form NAME=VALUE"
            yield error(what, at, hint="write NAME=VALUE; a NAME is letters, digits, _")
        elif value is None:
            yield error(f"variable {name} needs a plain value", at)
        elif name in seen:
            yield error(f"variable {name} is written twice", at, hint=f"first on line {seen[name]}")
        seen.setdefault(name, line)


def _lines(text: str) -> Iterator[Entry]:
    """NAME=VALUE lines, as a shell or an env file has them; of a wrong line only what stands where the name should."""
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if line and not line.startswith("#"):
            if match := _LINE.fullmatch(line):
                yield match["name"], _unquoted(match["value"].strip()), number
            else:
                name, equals, _ = line.partition("=")
                yield name if equals else "", None, number


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _mapping(text: str, file: str) -> Iterator[Entry]:
    """A YAML mapping; values keep the text that was written, as in manifests: `0123` is no number."""
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        place = Location(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)
        raise InvalidManifest([error("not valid YAML, nor NAME=VALUE lines", place)]) from None
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise InvalidManifest([error("NAME=VALUE lines or a YAML mapping is needed", Location(file, 1, 1))])
    for key, value in root.value:
        plain = value.value if isinstance(value, yaml.ScalarNode) else None
        yield key.value if isinstance(key, yaml.ScalarNode) else "", plain, key.start_mark.line + 1


def _read(file: str) -> str:
    try:
        with Path(file).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)  # a device has no end
        if len(content) > MAX_BYTES:
            raise ReconcilerError(f"--var-file {file}: larger than {MAX_BYTES >> 20} MB")
        return content.decode("utf-8-sig")
    except OSError as reason:
        raise ReconcilerError(f"--var-file {file}: {reason.strerror}") from None
    except UnicodeDecodeError:
        raise ReconcilerError(f"--var-file {file}: not UTF-8") from None
