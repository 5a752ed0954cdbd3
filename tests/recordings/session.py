"""Run the probes against a service, and make what was said fit to be kept: no token, no names, nothing that varies.

Belongs here: sending the probes, deleting the app they made, masking, comparing. Not here: the probes (`probes.py`),
asking a person first and writing files (`record.py`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from clarifai_grpc.grpc.api import service_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass

from tests.recordings.probes import JSON, PROBES, Probe

DONE, ABSENT_THERE, UNKNOWN = "SUCCESS", "CONN_DOES_NOT_EXIST", "unknown"
VARIES = {"req_id", "stack_trace", "internal_details", "developer_notes", "time_remaining"}
"""Fields of a status that are about one call only."""
HEX_ID = re.compile(r"\b[0-9a-f]{32}\b")
TIMEOUT = 30.0


@dataclass(slots=True)
class Wire:
    """A channel with a token: JSON in, JSON out. Nothing is sent twice."""

    channel: grpc.Channel
    token: str

    def call(self, rpc: str, request: JSON) -> JSON:
        """The reply as JSON in the proto's names; grpc.RpcError if there is none."""
        method = service_pb2.DESCRIPTOR.services_by_name["V2"].methods_by_name[rpc]
        message = ParseDict(request, GetMessageClass(method.input_type)())
        send = self.channel.unary_unary(
            f"/clarifai.api.V2/{rpc}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        reply = send(message, timeout=TIMEOUT, metadata=(("authorization", f"Key {self.token}"),))
        answer: JSON = MessageToDict(reply, preserving_proto_field_name=True)
        return answer


@dataclass(slots=True)
class Names:
    """What stands for what in a recording: `{app}` for this run's app, `<id 1>` for the first id the service made."""

    values: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """A request with the run's own values."""
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        for name, real in self.values.items() if isinstance(value, str) else ():
            value = value.replace(f"{{{name}}}", real)
        return value

    def mask(self, value: Any) -> Any:
        """A reply without them: the run's values, ids the service made, times, and what concerns one call only."""
        if isinstance(value, dict):
            return {
                self._text(k): "<time>" if k.endswith("_at") else self.mask(v)
                for k, v in value.items()
                if k not in VARIES
            }
        if isinstance(value, list):
            return [self.mask(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for name, real in sorted(self.values.items(), key=lambda pair: -len(pair[1])):  # one may begin with another
            text = re.sub(rf"(?<![\w-]){re.escape(real)}(?!\w)", f"{{{name}}}", text)
        return HEX_ID.sub(lambda found: self.ids.setdefault(found[0], f"<id {len(self.ids) + 1}>"), text)


def run(wire: Wire, user: str, probes: Iterable[Probe] = PROBES) -> list[JSON]:
    """Send the probes in order inside an app that is made for them, and delete that app whatever happens.

    The exchanges are masked. If the first probe does not make the app, nothing else is sent.
    """
    app = f"reconciler-probe-{secrets.token_hex(6)}"
    names = Names({"user": user, "app": app})
    first, *others = probes
    exchange, outcome = _ask(wire, first, names)
    if outcome not in (DONE, UNKNOWN):
        raise RuntimeError(f"no app was made, so nothing more is sent: {exchange['reply']}")
    try:
        if outcome == UNKNOWN:
            raise RuntimeError(f"it is not known whether the app {app} was made: {exchange['reply']}")
        return [exchange, *(_ask(wire, each, names)[0] for each in others)]
    finally:
        delete(wire, user, app)


def _ask(wire: Wire, each: Probe, names: Names) -> tuple[JSON, str]:
    """One exchange, and how it ended; a call without a reply is an answer, too, and worth keeping."""
    try:
        reply = wire.call(each.rpc, names.fill(each.request))
    except grpc.RpcError as error:
        reply = {"grpc": error.code().name}
    for name, path in each.saves.items():
        if value := _at(reply, path):
            names.values[name] = value
    exchange = {"probe": each.name, "rpc": each.rpc, "request": each.request, "reply": names.mask(reply)}
    return exchange, reply.get("status", {}).get("code", UNKNOWN)


def delete(wire: Wire, user: str, app: str) -> None:
    """Delete the app of this run; say so if that fails, since it is then left to a person."""
    try:
        status = wire.call("DeleteApp", {"user_app_id": {"user_id": user, "app_id": app}}).get("status", {})
    except grpc.RpcError as error:
        status = {"code": error.code().name}
    if status.get("code") not in (DONE, ABSENT_THERE):
        raise RuntimeError(f"the app {app} could not be deleted ({status}): delete it by hand")


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


# ---- comparing


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two replies to a probe are not the same."""

    probe: str
    path: str
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        return f"{self.probe}: {self.path}: recorded {self.recorded!r}, now {self.replayed!r}"


ABSENT = "<absent>"


def differences(recorded: list[JSON], replayed: list[JSON]) -> list[Difference]:
    """Where the replies differ, by JSON path; a probe on one side only is one difference."""
    now = {exchange["probe"]: exchange["reply"] for exchange in replayed}
    then = {exchange["probe"]: exchange["reply"] for exchange in recorded}
    found = []
    for name in dict.fromkeys([*then, *now]):
        found += [Difference(name, *where) for where in _unequal(then.get(name, ABSENT), now.get(name, ABSENT), "$")]
    return found


def _unequal(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _unequal(before.get(key, ABSENT), after.get(key, ABSENT), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _unequal(one, other, f"{path}[{position}]")
    elif before != after:
        yield path, before, after
