"""The refusals an operation may raise; the dispatcher turns them into in-band statuses.

Belongs here: one function for each kind of refusal, so that code and words are written once. Not here: the
rules themselves. On the wire every refusal is an OK reply with `status.code` != 10000 (facts 0.1).
"""

from __future__ import annotations

from collections.abc import Mapping

from clarifai_grpc.grpc.api.status import status_code_pb2 as codes
from clarifai_grpc.grpc.api.status import status_pb2

from reconciler.emulator import statuses


class Refusal(Exception):
    """The service says no: a status code with its texts."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        description: str = "",
        redirect: status_pb2.RedirectInfo | None = None,
    ) -> None:
        super().__init__(f"{code} {details}")
        self.code = code
        self.details = details
        self.description = description
        self.redirect = redirect

    def status(self, request_id: str) -> status_pb2.Status:
        """This refusal as the `Status` of a reply."""
        message = statuses.status(self.code, self.details, description=self.description, request_id=request_id)
        if self.redirect is not None:
            message.redirect_info.CopyFrom(self.redirect)
        return message


def missing(what: str) -> Refusal:
    """Nearly everything that is not there: 11101 (facts 0.4, 2.3)."""
    return Refusal(codes.CONN_DOES_NOT_EXIST, f"{what} does not exist")


def missing_model() -> Refusal:
    """An absent model or model version: 21200; clients look for exactly these words (facts 0.5, 2.1)."""
    return Refusal(codes.MODEL_DOES_NOT_EXIST, "Model does not exist")


def invalid(details: str) -> Refusal:
    """A request that makes no sense, whatever the resource: 11102."""
    return Refusal(codes.CONN_INVALID_REQUEST, details)


def invalid_model(details: str) -> Refusal:
    """A model or version the service cannot take: 21202."""
    return Refusal(codes.MODEL_INVALID_ARGUMENT, details)


def invalid_concept(details: str) -> Refusal:
    """A concept or relation the service cannot take: 40003 (facts 0.6)."""
    return Refusal(codes.CONCEPTS_INVALID_REQUEST, details)


def invalid_workflow(details: str) -> Refusal:
    """A workflow request that cannot be done: 22999 (U7)."""
    return Refusal(codes.WORKFLOW_INVALID_REQUEST, details)


def invalid_graph(details: str) -> Refusal:
    """Nodes that do not form a graph the service can run: 22107 (facts 6)."""
    return Refusal(codes.WORKFLOW_INVALID_GRAPH, details)


def untrained(details: str) -> Refusal:
    """A node whose model version is not trained: 22002 (facts 6)."""
    return Refusal(codes.WORKFLOW_REQUIRE_TRAINED_MODEL, details)


def read_only(what: str) -> Refusal:
    """A write into an app that belongs to somebody else but may be read, such as clarifai/main."""
    return Refusal(codes.CONN_INSUFFICIENT_SCOPES, f"{what} is read-only for you")


def bad_key() -> Refusal:
    """An unknown key: 11008 with the exact words of facts 14.1.1."""
    return Refusal(codes.CONN_KEY_INVALID, statuses.text_of(codes.CONN_KEY_INVALID))


_DUPLICATES: Mapping[str, int] = {
    "app": codes.CONN_INVALID_REQUEST,
    "model": codes.MODEL_INVALID_ARGUMENT,
    "workflow": codes.WORKFLOW_DUPLICATE,
    "relation": codes.CONCEPTS_INVALID_REQUEST,
    "concept": codes.CONCEPTS_INVALID_REQUEST,
    "knowledge_graph": codes.CONCEPTS_INVALID_REQUEST,
    "dataset": codes.CONN_INVALID_REQUEST,
    "dataset_version": codes.CONN_INVALID_REQUEST,
}


def duplicate(kind: str, what: str, code: int = 0) -> Refusal:
    """An id that is taken; the code differs by kind (U5), the words always say duplicate and already exists.

    `code` plays another service: 0 is the documented code of the kind.
    """
    # Concepts keep the text of their code, which is recorded; of the others only "already exists" is known.
    said = "" if kind == "concept" else f"{kind.replace('_', ' ').capitalize()} already exists"
    return Refusal(code or _DUPLICATES[kind], f"duplicate: {what} already exists", description=said)


def moved(what: str, old: str, new: str) -> Refusal:
    """An id that was changed: 10050 with where it went (facts 2.1)."""
    target = status_pb2.RedirectInfo(resource_type=what, old_resource_id=old, new_resource_id=new)
    return Refusal(codes.MOVED, f"{what} {old} is now {new}", redirect=target)


def no_key() -> Refusal:
    """A call without the `authorization` header: an invalid request, "something wrong with a header"."""
    return Refusal(codes.CONN_INVALID_REQUEST, "missing or malformed authorization header, expected: Key TOKEN")
