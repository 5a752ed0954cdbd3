"""The one door to the service as the rest of the program sees it: `Api`, its errors, and the naming of its RPCs.

Belongs here: the protocol, what the end of a call means, and the convention that derives RPC names from a noun. Does
not belong here: channels, retries, tokens (`client`) or what is sent (`kinds`).

    ApiError                       a call did not do what was asked
    ├── ApiRefused                 the service said no; nothing happened
    │   ├── NotFound               ... because the object is not there
    │   ├── Moved                  ... because the object has another id now
    │   ├── AlreadyExists          ... because the id is taken
    │   └── NotAuthorised          ... because of the token (exit code 7)
    ├── ApiBusy                    throttled or overloaded until the time was up; nothing happened
    ├── Unreachable                nobody answered; nothing happened
    ├── OutcomeUnknown             may have happened: re-read before anything else
    │   └── Unseen                 ... and the re-read failed
    └── WriteAttempted             a read-only handle was asked to write; nothing was sent
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from google.protobuf.message import Message

from reconciler.core.diagnostics import ReconcilerError

__all__ = [
    "AlreadyExists", "Api", "ApiBusy", "ApiError", "ApiRefused", "Call", "Crud", "Message", "Moved", "NotAuthorised",
    "NotFound", "OutcomeUnknown", "Unreachable", "Unseen", "WriteAttempted", "insist", "items",
]  # fmt: skip


class ApiError(ReconcilerError):
    """A call that did not do what was asked; says which RPC, and the service's own words and request id."""

    happened: ClassVar[bool | None] = False
    """Whether the write took effect: False, or None when nobody can tell."""

    def __init__(
        self,
        rpc: str,
        message: str,
        *,
        code: int | None = None,
        details: str = "",
        request_id: str = "",
        hint: str | None = None,
        reply: Message | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.rpc = rpc
        self.code = code
        self.details = details
        self.request_id = request_id
        self.reply = reply
        """What came with the refusal, for RPCs whose items have a status each (facts 2.5)."""

    def __str__(self) -> str:
        code = f" [{self.code}]" if self.code is not None else ""
        details = f": {self.details}" if self.details and self.details not in self.message else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.rpc}{code} {self.message}{details}{request}"


class ApiRefused(ApiError):
    """The service said no for good; repeating the same call is useless."""


class NotFound(ApiRefused):
    """The object (or the app it should be in) does not exist: 21200 for models, 11101 elsewhere (facts 2.3)."""


class Moved(ApiRefused):
    """The id was changed: 10050, with where the object went (facts 2.1); nothing is found under the old id."""

    @property
    def new_id(self) -> str:
        """Its id now; empty where the service does not tell."""
        status = getattr(self.reply, "status", None)
        return str(status.redirect_info.new_resource_id) if status is not None else ""


class AlreadyExists(ApiRefused):
    """The id is taken; on a create this means "read and compare", never "failed" and never "fine" (facts U5)."""


class NotAuthorised(ApiRefused):
    """The token is wrong or too weak: 11000-11002, 11007-11009, UNAUTHENTICATED, PERMISSION_DENIED."""

    exit_code = 7


class ApiBusy(ApiError):
    """Throttled or overloaded for longer than the run may wait; the service did not do the work."""


class Unreachable(ApiError):
    """Nobody answered at the address, or its certificate is not trusted."""


class OutcomeUnknown(ApiError):
    """The reply was lost or says "maybe": the write may have happened, now or a little later."""

    happened = None


class Unseen(OutcomeUnknown):
    """A write was sent, and reading what came of it failed for a reason of its own, which decides the exit code."""

    def __init__(self, rpc: str, cause: ApiError) -> None:
        super().__init__(rpc, f"was sent, and what came of it cannot be seen: {cause}", hint=cause.hint)
        self.cause = cause


class WriteAttempted(ApiError):
    """A handle that can only read was asked for an RPC that is not GET in all its HTTP bindings."""


class Api(Protocol):
    """Calls by RPC name. Fields are given as keyword arguments: messages, plain dicts, lists or scalars."""

    def call(self, rpc: str, /, **fields: Any) -> Message:
        """One unary call; returns the reply if it is a success, raises an ApiError otherwise."""
        ...

    def pages(self, rpc: str, /, *, expected: int = 0, **fields: Any) -> Iterator[list[Message]]:
        """The pages of a List RPC until an empty one; `page` and `per_page` are filled in.

        `expected` says how many elements there are at least, as far as is known: nothing depends on it but the time.
        """
        ...


def items(api: Api, rpc: str, /, **fields: Any) -> Iterator[Message]:
    """Every element of a List RPC, one after the other."""
    for page in api.pages(rpc, **fields):
        yield from page


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has been decided but not sent."""

    rpc: str
    fields: dict[str, Any]


def insist(api: Api, call: Call) -> Message:
    """Send a call that may safely be sent twice: once more after a lost reply."""
    try:
        return api.call(call.rpc, **call.fields)
    except OutcomeUnknown:
        return _once_more(api, call)


def _once_more(api: Api, call: Call) -> Message:
    try:
        return api.call(call.rpc, **call.fields)
    except (ApiBusy, NotAuthorised, Unreachable) as problem:
        raise Unseen(call.rpc, problem) from problem  # about the first one nothing was learned


@dataclass(frozen=True, slots=True)
class Crud:
    """The RPC and field names of one resource; `Crud.of` derives them as the service names things."""

    get: str | None
    list: str | None
    post: str
    patch: str | None
    delete: str | None
    item: str
    items: str

    @classmethod
    def of(cls, noun: str, *, get: bool = True, patch: bool = True, delete: bool = True) -> Crud:
        """The names for a noun such as `Model`: GetModel, ListModels, PostModels, PatchModels, DeleteModels."""
        item = re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower()
        return cls(
            get=f"Get{noun}" if get else None,
            list=f"List{noun}s",
            post=f"Post{noun}s",
            patch=f"Patch{noun}s" if patch else None,
            delete=f"Delete{noun}s" if delete else None,
            item=item,
            items=f"{item}s",
        )

    @property
    def id_field(self) -> str:
        """The request field that names one object: `model_id`."""
        return f"{self.item}_id"
