"""What Clarifai's own API definition says of its fields: the comments of resources.proto.

They are not in the compiled descriptors, but clarifai-grpc ships them as docstrings of its type stubs. Belongs here:
reading that file. Does not belong here: which field a manifest's path means, or how its words are shown.
"""

from __future__ import annotations

import ast
import importlib.resources
import inspect
from collections.abc import Iterator

Docs = dict[tuple[str, str], str]
"""By (full name of the message, name of the field); the message itself under an empty field name."""

_PACKAGE, _STUBS, _PREFIX = "clarifai_grpc", "grpc/api/resources_pb2.pyi", "clarifai.api."


def proto_docs() -> Docs:
    """All of it, 0.2 s of work; empty where the installed clarifai-grpc ships no stubs."""
    try:
        text = (importlib.resources.files(_PACKAGE) / _STUBS).read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(_messages(ast.parse(text).body, _PREFIX))


def _messages(body: list[ast.stmt], prefix: str) -> Iterator[tuple[tuple[str, str], str]]:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            name = prefix + statement.name
            yield (name, ""), ast.get_docstring(statement) or ""
            yield from (((name, field), text) for field, text in _fields(statement.body))
            yield from _messages(statement.body, f"{name}.")


def _fields(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """A scalar is an annotation with a string behind it, a message a property with a docstring."""
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.FunctionDef):
            yield statement.name, ast.get_docstring(statement) or ""
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, _text(following)


def _text(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return inspect.cleandoc(str(statement.value.value))
    return ""
