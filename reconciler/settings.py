"""What a run is told from outside: flags, environment, settings file, Clarifai's context file, defaults.

The first of these that names a value wins (facts 1.4 for the order and the names), and `origins` remembers who did, so
that a message can blame the right one. Belongs here: where settings come from, and their limits. Does not belong here:
what they do, or flags of a single command.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.core.diagnostics import AuthenticationFailed, ReconcilerError, did_you_mean
from reconciler.core.secret import Secret
from reconciler.settings_file import (
    SETTINGS_FILE,
    Rails,
    number,
    patience,
    read,
    refresh,
    seconds,
    settings_in,
    whole,
    word,
)

if TYPE_CHECKING:
    from reconciler.core.drift_rules import IgnoreRule

__all__ = ["SETTINGS_FILE", "Credential", "Rails", "Settings", "load_settings", "seconds"]

DEFAULT_BASE = "https://api.clarifai.com"
CONTEXT_FILE = Path(".config/clarifai/config")

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
    lock: str = "none"
    """`none`, `app` or the URL of a store; only what writes takes it."""
    lock_timeout: float = 0.0
    """How long a lock that is held is waited for, in seconds."""
    rails: Rails = field(default_factory=Rails)
    ignore: tuple[IgnoreRule, ...] = ()
    """Drift that the settings file bears with."""
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
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    home: Path,
    folder: Path | None = None,
    *,
    kinds: Callable[[], Collection[str]] = tuple,
) -> Settings:
    """The settings of a run; reads the context file under `home` and `reconciler.yaml` in `folder`, nothing else.

    `flags` has the names of the fields of `Settings`, plus `context`; a value of None is a flag that was not given.
    `kinds` tells the names that rails may be set for; by default there are none.
    """
    file = settings_in(folder / SETTINGS_FILE, kinds) if folder else {}
    layers = _Layers(flags, environ, file, *_context(home / CONTEXT_FILE, flags.get("context")))
    values = {name: convert(value) for name, convert, value in layers.found()}
    return Settings(**values, origins=layers.origins)


# ---- one value

_CONVERT: dict[str, Callable[[Any], Any]] = {
    "base": word,
    "pat": Secret,
    "session_token": Secret,
    "user_id": word,
    "app_id": word,
    "root_certificates": Path,
    "owner": word,
    "insecure": bool,
    "local": bool,
    "parallelism": whole(1, 64),
    "rps": number,
    "timeout": seconds,
    "refresh": refresh,
    "format": word,
    "lock": word,
    "lock_timeout": patience,
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
        yield "ignore", lambda rules: rules, self.file.get("ignore", ())
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


def _context(file: Path, wanted: str | None) -> tuple[str, Mapping[str, str]]:
    """Name and values of the context that Clarifai's own command line would use (facts 1.5)."""
    text = read(file)
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
