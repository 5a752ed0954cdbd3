"""From flags to a use case: settings, manifests, connection, in the order in which each may fail.

What is wrong with the manifests is said before anything is asked of the service. Belongs here: wiring. Does not belong
here: what a plan is (`pipeline`).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.options import ChangeFlags, LockFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import Diagnostic, ReconcilerError, did_you_mean

if TYPE_CHECKING:
    from reconciler.cli.measured import Measured
    from reconciler.client.api import GrpcApi, ReadOnlyApi
    from reconciler.core.drift import DriftReport
    from reconciler.core.plan import Limit
    from reconciler.core.state import DesiredState
    from reconciler.pipeline import Planned, PlanOptions
    from reconciler.settings import Settings
    from reconciler.settings_file import Limits
    from reconciler.stages.guard import Rails
    from reconciler.stages.resolve import Resolved


@dataclass(frozen=True, slots=True)
class Session:
    """An open connection and what is wanted; `api` can write, and only `apply` hands it on."""

    api: GrpcApi
    desired: DesiredState
    notes: tuple[Diagnostic, ...]
    options: PlanOptions
    settings: Settings

    def plan(self) -> Planned:
        """What would change; the use case gets a handle that cannot write."""
        from reconciler.pipeline import make_plan

        return make_plan(self._reader(), self.desired, self.options, self.notes)

    def drift(self, today: date) -> DriftReport:
        """What moved away from what was applied; the use case gets a handle that cannot write."""
        from reconciler.core.drift_rules import ignore
        from reconciler.pipeline import find_drift

        report = find_drift(self._reader(), self.desired, self.options, self.notes)
        return ignore(report, self.settings.ignore, today)

    def _reader(self) -> ReadOnlyApi:
        from reconciler.client.api import ReadOnlyApi

        return ReadOnlyApi(self.api)


@contextmanager
def session(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags,
    changes: ChangeFlags | None = None,
    *,
    value: str = "plan",
    refresh: str = "stamp",
    destroying: bool = False,
    delete_app: str | None = None,
    lock: LockFlags | None = None,
    operation: str = "",
    measured: Measured | None = None,
) -> Iterator[Session]:
    """Everything up to the use case. `value` is what the command will show, `refresh` how it reads unless told.

    With `lock` the app is locked for `operation` before anything of it is read; `measured` hears how long that took.
    """
    from reconciler.cli.locked import locked

    settings = settings_of(screen, manifests, service, value=value, lock=lock)
    options = _plan_options(changes or ChangeFlags(), settings, refresh, destroying=destroying, delete_app=delete_app)
    source = Source(manifests)
    user_id = None if settings.user_id == "me" else settings.user_id
    resolved = source.resolve(settings, user_id, offline=user_id is None)
    from reconciler.manifests import desired_state
    from reconciler.pipeline import whoami

    desired = desired_state(resolved)
    with connected(screen, settings) as (api, host):
        if user_id is None:
            resolved = source.resolve(settings, whoami(api))
            desired = desired_state(resolved)
        _same_app(delete_app, str(desired.scope))
        options = replace(options, host=host, rps=api.rate)
        with locked(screen, settings, api, desired.scope, operation if lock else "", measured) as (handle, lease_id):
            yield Session(handle, desired, resolved.diagnostics, replace(options, lease_id=lease_id), settings)


# ---- settings


def settings_of(
    screen: Screen,
    manifests: ManifestFlags,
    service: ServiceFlags | None = None,
    *,
    value: str,
    lock: LockFlags | None = None,
) -> Settings:
    """Everything a run is told from outside; from here on the screen has the form that was asked for."""
    from reconciler.settings import load_settings

    flags: dict[str, Any] = {"user_id": manifests.user_id, "app_id": manifests.app_id, "owner": manifests.owner}
    flags["format"] = screen.wanted
    if lock is not None:
        flags |= {"lock": lock.lock, "lock_timeout": lock.lock_timeout}
    if service is not None:
        names = ("base", "context", "parallelism", "rps", "timeout", "refresh")
        flags |= {name: getattr(service, name) for name in names}
        flags |= {"insecure": service.insecure or None, "local": service.local or None}
    settings = load_settings(flags, os.environ, Path.home(), _settings_folder(manifests.sources), kinds=_kinds)
    screen.hide(settings.pat, settings.session_token)
    screen.use_format(settings.format, settings.origins.get("format", "--format"), value)
    return _localised(settings) if settings.local else settings


def _kinds() -> Collection[str]:
    from reconciler.manifests import kinds

    return kinds()


def _settings_folder(sources: Sequence[str]) -> Path | None:
    from reconciler.settings import SETTINGS_FILE

    return next((place for place in _folders(sources) if (place / SETTINGS_FILE).is_file()), None)


def _folders(sources: Sequence[str]) -> Iterator[Path]:
    """Where a settings file may be: beside the first manifests, else in the current folder."""
    first = Path(sources[0])
    if sources[0] != "-":
        yield first if first.is_dir() else first.parent
    yield Path()


def _localised(settings: Settings) -> Settings:
    """The account of a `--local` run is the emulator's own, whatever account the environment names."""
    from reconciler.cli.local import USER
    from reconciler.core.secret import Secret

    if settings.by_flag("base"):
        raise ReconcilerError("--local and --base exclude each other", hint="--local starts its own emulator")
    user_id = settings.user_id if settings.by_flag("user_id") and settings.user_id != "me" else USER
    return replace(settings, user_id=user_id, pat=Secret("local"), session_token=None)


def _plan_options(
    changes: ChangeFlags, settings: Settings, refresh: str, *, destroying: bool, delete_app: str | None
) -> PlanOptions:
    from reconciler.core.selection import Selection
    from reconciler.pipeline import PlanOptions

    rails = replace(_rails(changes, settings), destroying=destroying, delete_app=delete_app is not None)
    return PlanOptions(
        prune=changes.prune,
        destroying=destroying,
        delete_app=delete_app is not None,
        refresh=settings.refresh or refresh,
        upgrade_pins=changes.upgrade_pins,
        reindex=changes.reindex,
        selection=Selection(tuple(changes.select), tuple(changes.exclude)),
        rails=rails,
        workers=settings.parallelism,
    )


def _rails(changes: ChangeFlags, settings: Settings) -> Rails:
    from reconciler.stages.guard import Rails

    allowed = {*map(_permission, changes.allow), *(("adopt", address) for address in changes.adopt)}
    kinds = {kind: limit for kind, written in settings.rails.kinds.items() if (limit := _limit(written))}
    rails = Rails(allowed=frozenset(allowed), kinds=kinds)
    limit = _limit(settings.rails)
    return rails if limit is None else replace(rails, limit=limit)


def _limit(written: Limits) -> Limit | None:
    """What the settings file means: either number alone stands as it is, with both a run must exceed both."""
    from reconciler.core.plan import Limit

    most, percent = written.max_deletes, written.max_delete_percent
    return None if most is None and percent is None else Limit((most or 0) + 1, (percent or 0) / 100)


def _permission(word: str) -> tuple[str, str]:
    """RULE=ADDRESS of --allow."""
    from reconciler.stages.guard import RULES

    rule, _, address = word.partition("=")
    if rule not in RULES:
        near = did_you_mean(rule, RULES)
        raise ReconcilerError(
            f"--allow {word}: there is no rule {rule!r}",
            hint=f"{near or 'write RULE=ADDRESS.'} The rules are: {', '.join(RULES)}",
        )
    if not address:
        raise ReconcilerError(f"--allow {word}: which object?", hint=f"write --allow {rule}=KIND/ID")
    return rule, address


def _same_app(named: str | None, scope: str) -> None:
    if named is not None and named != scope:
        raise ReconcilerError(
            f"--delete-app names {named}, but these manifests are about {scope}; nothing was changed",
            hint=f"to delete that app with everything in it: --delete-app {scope}",
        )


# ---- manifests


class Source:
    """The manifests of a run; may be resolved more than once, though standard input can be read only once."""

    def __init__(self, manifests: ManifestFlags) -> None:
        from reconciler.cli.variables import variables

        self._flags = manifests
        self._variables = variables(manifests.var, manifests.var_file, os.environ)
        self._stdin = _standard_input() if "-" in manifests.sources else b""

    def resolve(self, settings: Settings, user_id: str | None, *, offline: bool = False) -> Resolved:
        """The desired state and every problem; `offline` asks for no account."""
        from reconciler.manifests import read_manifests
        from reconciler.settings import SETTINGS_FILE
        from reconciler.stages.resolve import Options

        folder = _settings_folder(self._flags.sources)
        options = Options(
            user_id=user_id,
            app_id=settings.app_id,
            explicit_user_id=user_id if settings.by_flag("user_id") else None,
            explicit_app_id=settings.app_id if settings.by_flag("app_id") else None,
            owner=settings.owner,
            variables=self._variables,
            strict=self._flags.strict,
            offline=offline,
        )
        in_force = "" if folder is None else str(folder / SETTINGS_FILE)
        return read_manifests(self._flags.sources, options, stdin=io.BytesIO(self._stdin), settings=in_force)


def _standard_input() -> bytes:
    """All of it; more than a manifest may have is read no further, and then refused for its size."""
    from reconciler.stages.load import FILE_BYTES

    return b"" if sys.stdin is None else sys.stdin.buffer.read(FILE_BYTES + 1)


# ---- connection


@contextmanager
def connected(screen: Screen, settings: Settings) -> Iterator[tuple[GrpcApi, str]]:
    """The writing handle, and how the other side is called; loads gRPC."""
    from reconciler.client.trace import silence_grpc

    if warning := silence_grpc(os.environ):
        screen.say(f"warning: {warning}")
    credential = settings.require_token()
    from reconciler.cli.local import HOST, local_service
    from reconciler.client.api import GrpcApi
    from reconciler.client.channel import open_channel, parse_base
    from reconciler.client.limiter import Limiter

    with ExitStack() as stack:
        base = stack.enter_context(local_service(settings.user_id or "")) if settings.local else settings.base
        target = parse_base(base)
        channel = open_channel(target, root_certificates=settings.root_certificates, insecure=settings.insecure)
        stack.callback(channel.close)
        # What answers on this machine has no other users, so it is spared only on request.
        rps = settings.rps if settings.by_flag("rps") or not target.loopback else 0.0
        name = HOST if settings.local else target.host if target.port == 443 else str(target)
        api = GrpcApi(
            channel,
            credential,
            target=name,
            limiter=Limiter(rps),
            timeout=settings.timeout,
            ahead=settings.parallelism > 1,
        )
        try:
            yield api, name
        finally:
            if screen.debug:
                screen.say(_cost(api))


def _cost(api: GrpcApi) -> str:
    calls = api.traffic.calls
    listed = ", ".join(f"{rpc} {count}" for rpc, count in sorted(calls.items())) or "none"
    waited = api.traffic.limited_seconds + api.traffic.throttled_seconds
    return f"network: {calls.total()} calls ({listed}), {api.traffic.retries} repeated, {waited:.1f} s waited"
