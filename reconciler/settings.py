"""What a run is told from outside: flags, environment, settings file, Clarifai's context file, defaults.

The first of these that names a value wins (facts 1.4 for the order and the names), and `origins` remembers who did, so
that a message can blame the right one. Belongs here: where settings come from, and their limits. Does not belong here:
what they do, or flags of a single command.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.core.diagnostics import (
    AuthenticationFailed,
    Diagnostic,
    InvalidManifest,
    Location,
    ReconcilerError,
    did_you_mean,
    error,
)
from reconciler.core.secret import Secret

if TYPE_CHECKING:
    import yaml

DEFAULT_BASE = "https://api.clarifai.com"
SETTINGS_FILE = "reconciler.yaml"
CONTEXT_FILE = Path(".config/clarifai/config")
MAX_FILE_BYTES = 64 * 1024

VARIABLES = {
    "base": "CLARIFAI_API_BASE",
    "pat": "CLARIFAI_PAT",
    "session_token": "CLARIFAI_SESSION_TOKEN",
    "user_id": "CLARIFAI_USER_ID",
    "app_id": "CLARIFAI_APP_ID",
    "root_certificates": "CLARIFAI_ROOT_CERTIFICATES_PATH",
    "owner": "RECONCILER_OWNER",
}
"""The environment's name of a setting; the context file uses the same names (facts 1.5)."""

FLAGLESS = frozenset({"pat", "session_token"})
"""Never a flag: every process of the machine can read the arguments of another."""


class Credential(NamedTuple):
    """A metadata key and its secret value, as a call sends them (facts 1.3); printing it shows no secret."""

    key: str
    value: Secret


@dataclass(frozen=True, slots=True)
class Rails:
    """Limits of the settings file that stop a plan which deletes more than anybody meant; None: no limit."""

    max_deletes: int | None = None
    max_delete_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One value that says how a run reaches the service and whose app it is about."""

    base: str = DEFAULT_BASE
    pat: Secret | None = None
    session_token: Secret | None = None
    user_id: str | None = None
    app_id: str | None = None
    root_certificates: Path | None = None
    owner: str | None = None
    insecure: bool = False
    local: bool = False
    parallelism: int = 10
    rps: float = 10.0
    """Requests a second, all threads together; 0 means no limit."""
    timeout: float = 30.0
    """Deadline of one attempt of a call, in seconds."""
    refresh: str | None = None
    """`stamp` or `full`; None leaves it to the command."""
    format: str | None = None
    rails: Rails = Rails()
    origins: Mapping[str, str] = field(default_factory=dict)
    """Who named a setting: `--user-id`, `CLARIFAI_USER_ID`, `reconciler.yaml` or `context 'local'`."""

    def by_flag(self, name: str) -> bool:
        """Whether a setting was given as a flag: such a one may not contradict a manifest, others only fill gaps."""
        return self.origins.get(name, "").startswith("--")

    def require_token(self) -> Credential:
        """The credential of this run; asked for only when the network is about to be used. A PAT comes first."""
        if self.pat is not None:
            return Credential("authorization", Secret(f"Key {self.pat.reveal()}"))
        if self.session_token is not None:
            return Credential("x-clarifai-session-token", self.session_token)
        raise AuthenticationFailed(
            "no credentials: set CLARIFAI_PAT to a personal access token, or use --local for a local emulator",
            hint="`clarifai login` stores one, too; --context chooses among several",
        )


def load_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str], home: Path, folder: Path | None = None
) -> Settings:
    """The settings of a run; reads the context file under `home` and `reconciler.yaml` in `folder`, nothing else.

    `flags` has the names of the fields of `Settings`, plus `context`; a value of None is a flag that was not given.
    """
    file = _settings_file(folder / SETTINGS_FILE) if folder else {}
    layers = _Layers(flags, environ, file, *_context(home / CONTEXT_FILE, flags.get("context")))
    values = {name: convert(value) for name, convert, value in layers.found()}
    return Settings(**values, origins=layers.origins)


# ---- one value


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        text = str(value).strip()
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(text)

    return convert


def _number(value: Any) -> float:
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError("a number that is not negative is needed")
    return number


_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: Any) -> float:
    """A duration as people write it: 30, "30s", "2m", "500ms"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)", str(value).strip())
    duration = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if duration <= 0:
        raise ValueError("a duration above zero is needed, such as 30, 30s or 2m")
    return duration


def _refresh(value: Any) -> str:
    if value not in ("stamp", "full"):
        raise ValueError("it is one of: stamp, full")
    return str(value)


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a single value is needed")
    return value


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "base": _word,
    "pat": Secret,
    "session_token": Secret,
    "user_id": _word,
    "app_id": _word,
    "root_certificates": Path,
    "owner": _word,
    "insecure": bool,
    "local": bool,
    "parallelism": _whole(1, 64),
    "rps": _number,
    "timeout": seconds,
    "refresh": _refresh,
    "format": _word,
}
_FILE_KEYS: dict[str, Callable[[Any], Any]] = {
    **{name: _CONVERT[name] for name in ("owner", "refresh", "format")},
    "rails.max_deletes": _whole(0, 1_000_000),
    "rails.max_delete_percent": _number,
}


# ---- who names it


@dataclass(frozen=True, slots=True)
class _Layers:
    """The places a setting may come from, the strongest first."""

    flags: Mapping[str, Any]
    environ: Mapping[str, str]
    file: Mapping[str, Any]
    context_name: str
    context: Mapping[str, str]
    origins: dict[str, str] = field(default_factory=dict)

    def found(self) -> Iterator[tuple[str, Callable[[Any], Any], Any]]:
        """Every setting that somebody names: its name, its converter, its raw value."""
        yield "rails", lambda rails: rails, self.file.get("rails", Rails())
        for name, convert in _CONVERT.items():
            for origin, value in self._candidates(name):
                if value is not None and value != "":  # CI gives an empty variable for a secret that is not there
                    self.origins[name] = origin
                    yield name, _blaming(origin, convert), value
                    break

    def _candidates(self, name: str) -> Iterator[tuple[str, Any]]:
        variable = VARIABLES.get(name, "")
        if name not in FLAGLESS:
            yield f"--{name.replace('_', '-')}", self.flags.get(name)
        yield variable, self.environ.get(variable, "").strip()
        yield SETTINGS_FILE, self.file.get(name)
        yield f"context {self.context_name!r}", self.context.get(variable, "").strip()


def _blaming(origin: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def converted(value: Any) -> Any:
        try:
            return convert(value)
        except (ValueError, TypeError) as reason:
            raise ReconcilerError(f"{origin}: {str(value)!r}: {reason}") from None

    return converted


# ---- files


def _read(file: Path) -> str | None:
    """The text of a small file, or None when there is none."""
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as reason:
        raise ReconcilerError(f"{file}: {reason.strerror}") from None
    try:
        if len(content) > MAX_FILE_BYTES:
            raise ReconcilerError(f"{file}: larger than {MAX_FILE_BYTES // 1024} KB")
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ReconcilerError(f"{file}: not UTF-8") from None


def _context(file: Path, wanted: str | None) -> tuple[str, Mapping[str, str]]:
    """Name and values of the context that Clarifai's own command line would use (facts 1.5)."""
    text = _read(file)
    config = _parse_context_file(file, text) if text is not None else {}
    contexts = config.get("contexts")
    contexts = contexts if isinstance(contexts, dict) else {}
    name = wanted or config.get("current_context") or ""
    context = contexts.get(name) if isinstance(name, str) else None
    if wanted and not isinstance(context, dict):
        raise ReconcilerError(f"{file} has no context {wanted!r}", hint=did_you_mean(wanted, contexts))
    # The value ENVVAR means "look into the environment", which has been looked into before.
    values = context.items() if isinstance(context, dict) else ()
    return str(name), {key: value for key, value in values if isinstance(value, str) and value != "ENVVAR"}


def _parse_context_file(file: Path, text: str) -> dict[str, Any]:
    """The file as strings only: a token of digits must not become a number."""
    import yaml

    try:
        config = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader makes nothing but strings)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        # Only the place: PyYAML's own message quotes the line, which may hold the token.
        mark = getattr(problem, "problem_mark", None)
        raise ReconcilerError(f"{file}{f':{mark.line + 1}' if mark else ''}: not valid YAML") from None
    return config if isinstance(config, dict) else {}


def _settings_file(file: Path) -> dict[str, Any]:
    """The settings of `reconciler.yaml`; InvalidManifest with all its problems at once."""
    text = _read(file)
    if text is None:
        return {}
    values: dict[str, Any] = {}
    problems = [problem for key, value in _entries(file, text) if (problem := _enter(values, file, key, value))]
    if problems:
        raise InvalidManifest(problems)
    rails = {name.removeprefix("rails."): values.pop(name) for name in list(values) if name.startswith("rails.")}
    return {**values, "rails": Rails(**rails)}


def _entries(file: Path, text: str) -> list[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of the file as nodes: they have positions, and `owner: no` keeps its text.

    Keys of the section `rails` come as `rails.…`.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise InvalidManifest([error("not valid YAML", _place(file, getattr(problem, "problem_mark", None)))]) from None
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise InvalidManifest([error("a mapping is needed", _place(file, root.start_mark))])
    entries: list[tuple[yaml.Node, yaml.Node]] = []
    for key, value in root.value:
        inside = value.value if key.value == "rails" and isinstance(value, yaml.MappingNode) else None
        for inner, _ in inside or ():
            inner.value = f"rails.{inner.value}"
        entries += [(key, value)] if inside is None else inside
    return entries


def _enter(values: dict[str, Any], file: Path, key: yaml.Node, value: yaml.Node) -> Diagnostic | None:
    """Put one entry among the values, or say what is wrong with it."""
    name = str(key.value)
    if name == "rails":
        return error("rails: a mapping is needed", _place(file, key.start_mark)) if value.value else None
    if name not in _FILE_KEYS:
        return error(f"unknown key {name!r}", _place(file, key.start_mark), hint=did_you_mean(name, _FILE_KEYS))
    if name in values:
        return error(f"{name!r} is written twice", _place(file, key.start_mark))
    try:
        values[name] = _FILE_KEYS[name](value.value if isinstance(value.value, str) else None)
    except (ValueError, TypeError) as reason:
        return error(f"{name}: {reason}", _place(file, value.start_mark))
    return None


def _place(file: Path, mark: Any) -> Location:
    return Location(str(file), mark.line + 1, mark.column + 1) if mark else Location(str(file), 1, 1)
