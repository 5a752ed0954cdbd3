"""Saved plans as files: `plan --out FILE` writes one, `show` and `apply FILE` read it.

Belongs here: the file, the key of the run, and that a saved plan brings its own options. Does not belong here: what
makes a plan stale or edited (`core.saved_plan`, `saving.replan`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.options import ApplyFlags, ChangeFlags, LockFlags, ManifestFlags, ServiceFlags
from reconciler.cli.screen import Screen
from reconciler.cli.session import Source, connected, settings_of
from reconciler.core.address import Scope
from reconciler.core.diagnostics import ReconcilerError, StalePlan
from reconciler.core.secret import Secret

if TYPE_CHECKING:
    from reconciler.cli.measured import Measured
    from reconciler.core.plan_document import PlanDocument
    from reconciler.core.state import DesiredState
    from reconciler.pipeline import Planned
    from reconciler.settings import Settings

KEY = "RECONCILER_PLAN_KEY"
"""The environment's name of the key that saved plans are signed with; a secret of the CI."""


def key(screen: Screen, environ: Mapping[str, str] = os.environ) -> Secret | None:
    """The key of this run, if there is one; an empty variable is how CI passes a secret that is not there."""
    found = environ.get(KEY, "")
    secret = Secret(found) if found else None
    screen.hide(secret)
    return secret


def text_of(screen: Screen, planned: Planned) -> str:
    """The JSON of a plan, for the screen and the file alike: signed if there is a key."""
    from reconciler.core.saved_plan import sign
    from reconciler.saving import plan_text

    secret, text = key(screen), plan_text(planned)
    return sign(text, secret.reveal()) if secret else text


def read(screen: Screen, file: str) -> tuple[str, PlanDocument]:
    """A saved plan, authentic as far as this run can tell, and not edited."""
    from reconciler.core import saved_plan

    text, secret = _text(file), key(screen)
    if not saved_plan.looks_like_a_plan(text):
        raise ReconcilerError(f"{file} is not a saved plan", hint="make one with: reconciler plan --out FILE")
    if secret:
        saved_plan.verify(text, secret.reveal())
    return text, saved_plan.parse(text)


def _text(file: str) -> str:
    from reconciler.core.saved_plan import MAX_BYTES

    try:
        with Path(file).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        return content.decode("utf-8")
    except (OSError, ValueError) as reason:
        raise ReconcilerError(f"{file}: {getattr(reason, 'strerror', None) or 'not UTF-8'}") from None


# ---- apply FILE [PATH...]


def plan_file(manifests: ManifestFlags) -> str | None:
    """The saved plan among the words of the command line, if there is one."""
    found = [path for path in manifests.paths if _is_plan(path)]
    if len(found) > 1:
        raise ReconcilerError(f"{' and '.join(found)} are saved plans", hint="apply one at a time")
    return found[0] if found else None


def _is_plan(path: str) -> bool:
    from reconciler.core.saved_plan import looks_like_a_plan

    try:
        with Path(path).open("rb") as stream:
            if stream.read(1) != b"{":
                return False
        return looks_like_a_plan(_text(path))
    except (OSError, ReconcilerError):
        return False


def check_plain(changes: ChangeFlags, service: ServiceFlags) -> None:
    """Raise ReconcilerError for flags that a saved plan has answered already."""
    if changes != ChangeFlags() or service.refresh is not None:
        raise ReconcilerError(
            "a saved plan is applied as it is: flags that would make it another plan do not go with it",
            hint="give them to plan --out",
        )


class SavedPlan:
    """A saved plan that is about to be applied, and the manifests it must still agree with, if any are named."""

    def __init__(
        self, screen: Screen, file: str, manifests: ManifestFlags, service: ServiceFlags, lock: LockFlags
    ) -> None:
        rest = replace(manifests, paths=[path for path in manifests.paths if path != file])
        named = bool(rest.paths or rest.file)
        source = rest if named else replace(rest, paths=[file])
        self.settings = settings_of(screen, source, service, value="result", lock=lock)
        self.text, self.document = read(screen, file)
        self._user = self.document.scope.user_id
        self._scope = Scope(self._user, self.document.scope.app_id)
        if self.settings.local:
            self.settings = replace(self.settings, user_id=self._user)
        self.manifests = self._resolved(rest) if named else None
        self._check_scope(self.settings)

    def _resolved(self, manifests: ManifestFlags) -> DesiredState:
        from reconciler.manifests import desired_state

        named = self.settings.user_id
        return desired_state(
            Source(manifests).resolve(self.settings, named if named not in (None, "me") else self._user)
        )

    def _check_scope(self, settings: Settings) -> None:
        scope = self.document.scope
        for name, planned in ("user_id", scope.user_id), ("app_id", scope.app_id):
            if settings.by_flag(name) and getattr(settings, name) not in (planned, "me"):
                flag = settings.origins[name]
                raise ReconcilerError(f"the plan is for {scope.user_id}/{scope.app_id}, not for what {flag} names")

    def apply(self, screen: Screen, how: ApplyFlags, measured: Measured) -> int:
        """Make the plan again with a handle that cannot write; if it is the same, carry it out without asking."""
        from reconciler.cli.apply import make_real
        from reconciler.cli.locked import locked
        from reconciler.client.api import ReadOnlyApi
        from reconciler.saving import replan

        with connected(screen, self.settings) as (api, host):
            if host != self.document.host:
                raise StalePlan(f"the plan is for {self.document.host}, not for {host}; nothing was read or written")
            with locked(screen, self.settings, api, self._scope, "apply", measured) as (writing, lease_id):
                planned = replan(
                    ReadOnlyApi(api),
                    self.text,
                    host,
                    workers=self.settings.parallelism,
                    manifests=self.manifests,
                    lease_id=lease_id,
                )
                return make_real(screen, writing, planned, auto_approve=True, how=how)
