"""A document's spec, read by the message of its kind: the canonical tree, the paths that are owned, where they stand.

Belongs here: what needs nothing but the document and its kind, so that each can be read as soon as it is loaded. Does
not belong here: variables, scope and references, which need all documents (`stages/resolve`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.canonical import canonical
from reconciler.core.declaration import Declaration, Spec
from reconciler.core.declaration import Mapping as NodeMapping
from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.kind import Kind
from reconciler.core.positions import Positions
from reconciler.core.schema import Decoded, decode
from reconciler.core.tree import ABSENT, Tree, get, put


def read_spec(declaration: Declaration, kind: Kind) -> Spec:
    """The spec of one document in which no variable is left."""
    version = kind.versions.path if kind.versions is not None else ()
    decoded = decode(declaration.spec, kind.message, kind.fields.shape, kind.fields.files, version)
    tree = _tree(kind, decoded)
    positions = Positions(decoded.positions, declaration.location.file)
    written = frozenset(decoded.written)
    if not has_errors(decoded.problems):
        written = kind.fields.owned(written)
    return Spec(tree, written, positions, decoded.problems)


def read_early(declarations: Iterable[Declaration], kinds: Mapping[str, Kind]) -> Iterator[Declaration]:
    """Every document, with what was read in its spec in place of the spec where that need not wait.

    A spec with variables waits for their values, and a model that others may describe, too, for the comparison.
    """
    for declaration in declarations:
        kind = kinds.get(declaration.kind)
        if kind is not None and declaration.spec.constant and not declaration.inline:
            yield declaration.with_spec(_LET_GO, read_spec(declaration, kind))
        else:
            yield declaration


_LET_GO = NodeMapping({}, "", 0, 0, constant=True)


def has_errors(problems: list[Diagnostic]) -> bool:
    """Whether there is more than warnings and notes."""
    return bool(problems) and any(problem.severity is Severity.ERROR for problem in problems)


def _tree(kind: Kind, decoded: Decoded) -> Tree:
    """The canonical tree of what could be read; names of files as they stand, for `attach`."""
    tree = kind.fold(canonical(decoded.data, kind.message, kind.fields.shape))
    if decoded.refused:
        return tree  # `model_version: null`: none is made, and one that others make is theirs
    tree = kind.complete(tree)
    tree = _implied(kind, tree, decoded)
    if decoded.files:
        tree = {**tree, **decoded.files}
    path = kind.versions.path if kind.versions is not None else ()
    if path in decoded.positions and get(tree, path) is ABSENT:
        return put(tree, path, {})  # an empty one asks for a version without any settings
    return tree


def _implied(kind: Kind, tree: Tree, decoded: Decoded) -> Tree:
    """The tree with what its elements say where nothing is written; that counts as written."""
    for pattern, value in kind.fields.implied.items():
        *prefix, _, leaf = pattern.split(".")
        elements = get(tree, tuple(prefix))
        for name in elements if isinstance(elements, dict) else ():
            path = (*prefix, name, leaf)
            if path not in decoded.written:
                tree = put(tree, path, value)
                decoded.written.add(path)
    return tree
