"""Build the `Status` messages the service answers with: code, text, HTTP number, request id.

Belongs here: the words of a status. Not here: deciding which status a call deserves (`operations/`), raising one
(`errors.py`). Texts and numbers: facts 2.1 to 2.3 and 4.2.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from clarifai_grpc.grpc.api.status import status_code_pb2, status_pb2

Status = status_pb2.Status

SUCCESS = status_code_pb2.SUCCESS
NOT_IMPLEMENTED = status_code_pb2.NOT_IMPLEMENTED

_TEXTS: Mapping[int, str] = {
    10000: "Ok",
    10010: "Mixed Success",
    10020: "Failure",
    10040: "Not implemented",
    10050: "Resource has been moved",
    11003: "Exceeded hourly limit",
    11005: "Making too many requests",
    11007: "API key has insufficient scopes",
    11008: "Invalid API key or Invalid API key/application pair",
    11009: "API key not found",
    11100: "Bad request format",
    11101: "Resource does not exist",
    11102: "Invalid request",
    21100: "Model is trained and ready",
    21101: "Model is currently being trained.",
    21102: "Model not yet trained",
    21103: "Model is currently in queue for training.",
    21106: "Model training failed",
    21110: "Model training had no data.",
    21200: "Model does not exist",
    21201: "Model permission denied",
    21202: "Invalid model argument",
    21203: "Invalid model request",
    21313: "Model prediction failed",
    22002: "Workflow requires trained models",
    22100: "Workflow already exists",
    22104: "Invalid workflow argument",
    22107: "Invalid workflow graph",
    22999: "Invalid workflow request",
    24150: "Annotation success",
    24151: "Annotation pending",
    30000: "Download complete",
    30001: "Download pending",
    30002: "Input download failed",
    30003: "Download in progress",
    30100: "Input has a duplicate ID or URL",
    30101: "Input format unsupported",
    30104: "Invalid input argument",
    30106: "Input URL is invalid",
    39999: "Invalid input request",
    40001: "Invalid prediction request",
    40002: "Invalid search request",
    40003: "Invalid request",
    40010: "Duplicate key",
    98011: "Internal error",
    99009: "Internal error",
}

_HTTP: Mapping[int, int] = {
    10000: 200,
    10010: 207,
    10040: 501,
    10050: 301,
    10070: 202,
    11003: 429,
    11004: 429,
    11005: 429,
    11006: 429,
    11007: 403,
    11101: 404,
    11103: 405,
    21200: 404,
    21201: 403,
    22102: 404,
    22103: 403,
    24156: 403,
    30102: 404,
    30103: 403,
    40030: 503,
    40031: 503,
    40032: 504,
    40033: 413,
}


def text_of(code: int) -> str:
    """The human text of a status code; a code without a known text gets its enum name in words."""
    known = _TEXTS.get(code)
    if known is not None:
        return known
    names = status_code_pb2.StatusCode.DESCRIPTOR.values_by_number
    if code not in names:
        return f"Status {code}"
    return names[code].name.replace("_", " ").capitalize()


def http_of(code: int) -> int:
    """The HTTP number the REST twin of this answer would carry (facts 2.1)."""
    if code in _HTTP:
        return _HTTP[code]
    if 11000 <= code < 11100 or code == 11200:
        return 401
    if 21100 <= code < 21110 or code in (30000, 30001, 30003, 24150, 24151, 24157, 24159):
        return 200
    if code >= 98000:
        return 500
    return 400


def new_request_id() -> str:
    """32 hex characters, as the service's own request ids (facts 2.1)."""
    return secrets.token_hex(16)


def status(code: int, details: str = "", *, description: str = "", request_id: str = "") -> Status:
    """One `Status` message, ready to put into a reply."""
    return Status(
        code=code,
        description=description or text_of(code),
        details=details,
        req_id=request_id,
        http_status_code=http_of(code),
    )


OK: Final = status(SUCCESS).SerializeToString()
"""What a status says of a success, encoded: nearly every reply has it."""


def state(code: int) -> Status:
    """The `Status` of a resource (a model version, an input): code and text, no request behind it."""
    return Status(code=code, description=text_of(code))
