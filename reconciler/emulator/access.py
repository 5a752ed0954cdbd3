"""Who is calling and which app they may touch.

Belongs here: keys, the meaning of `user_app_id`, read-only apps. Not here: what is inside an app.
Facts 1.3, 1.6, 14.1.1, 14.1.2. A PAT belongs to a user; an app key belongs to one app and implies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import errors
from reconciler.emulator.rpcs import NO_AUTH, PAT_AUTH, Rpc
from reconciler.emulator.store import Key

PUBLIC_USER = "clarifai"
PUBLIC_APP = "main"


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of the key a call came with; `app` is set for an app key."""

    user: str
    app: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One app of one user: where the objects of a call live."""

    user: str
    app: str
    named: bool = True
    """The caller wrote the app; False when it was implied by the key."""

    def key(self, kind: str, identifier: str, parent: str = "") -> Key:
        """The key of an object in this app."""
        return Key(self.user, self.app, kind, identifier, parent)

    @property
    def public(self) -> bool:
        """This is clarifai/main, readable by all and writable by nobody."""
        return self.user == PUBLIC_USER and self.app == PUBLIC_APP


PUBLIC = Scope(PUBLIC_USER, PUBLIC_APP)


class Keyring:
    """The keys the emulator knows. Without tokens every non-empty key is a PAT of the one user.

    A token's value is a user id, or `user/app` for an app key.
    """

    def __init__(self, user_id: str, tokens: Mapping[str, str] | None) -> None:
        self._user = user_id
        self._tokens = None if tokens is None else dict(tokens)

    def identify(self, rpc: Rpc, metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
        """The caller behind the call's metadata, or a refusal."""
        if rpc.auth == NO_AUTH:
            return Caller("")
        token = _token(metadata)
        if self._tokens is None:
            return Caller(self._user)
        if token not in self._tokens:
            raise errors.bad_key()
        user, _, app = self._tokens[token].partition("/")
        if app and rpc.auth == PAT_AUTH:
            raise errors.Refusal(codes.CONN_INSUFFICIENT_SCOPES, f"{rpc.name} needs a personal access token")
        return Caller(user, app)


def _token(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    headers = {name.lower(): value for name, value in metadata}
    session = headers.get("x-clarifai-session-token")
    header = headers.get("authorization", "")
    if not header and session:
        return str(session)
    scheme, _, token = str(header).partition(" ")
    if scheme.lower() not in ("key", "bearer") or not token.strip():
        raise errors.no_key()
    return token.strip()


def user_of(caller: Caller, ids: resources_pb2.UserAppIDSet) -> str:
    """The user a call is about: `me` and nothing mean the caller (facts 14.1.2)."""
    return caller.user if ids.user_id in ("", "me") else ids.user_id
