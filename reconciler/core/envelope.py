"""The outside of a document: apiVersion, kind, metadata and lifecycle, turned from nodes into a `Declaration`.

Every problem is collected, none raised. Belongs here: what all kinds share. Does not belong here: which kinds exist and
what a spec may hold (`stages/resolve` knows both), or forms of other tools (`sdk_workflow`).
"""

from __future__ import annotations

from reconciler.core.declaration import Declaration, Lifecycle, Mapping, Node, Scalar, Sequence
from reconciler.core.diagnostics import Diagnostic, error
from reconciler.core.reading import (
    MOST_UNKNOWN_KEYS,
    as_meant,
    expected_text,
    found,
    optional_text,
    place_of,
    required_text,
    section,
    suggest,
    text_of,
    unknown_keys,
)
from reconciler.core.scalars import as_bool, quoted
from reconciler.core.sdk_workflow import read_sdk_workflow

API_VERSION = "clarifai.reconciler/v1"

_TOP = ("apiVersion", "kind", "metadata", "lifecycle", "spec")
# kustomize writes labels and annotations into every document it touches; they are ignored.
_METADATA = ("name", "namespace", "labels", "annotations")
_LIFECYCLE = ("protect", "ignore", "owner")
_NO_LIFECYCLE = Lifecycle()
_WRITE_API_VERSION = f"write apiVersion: {API_VERSION}"
_OUTPUT = "it is a plan or another output of reconciler; `show` and `apply` take saved plans"


def read_document(root: Node, problems: list[Diagnostic]) -> list[Declaration]:
    """The declarations of one document; here its form is recognised, so a further form gets its branch here."""
    if not isinstance(root, Mapping):
        problems.append(error(f"a manifest is a mapping, this document is {found(root)}", root.location))
        return []
    if _is_list(root):
        return _read_list(root, problems)
    if _is_sdk_workflow(root):
        return read_sdk_workflow(root, problems)
    declaration = _read_manifest(root, problems)
    return [declaration] if declaration else []


# ---- forms


def _is_list(root: Mapping) -> bool:
    """Whether it is kubectl's `kind: List`."""
    return text_of(root.get("kind")) == "List" and text_of(root.get("apiVersion")) in ("v1", API_VERSION)


def _is_sdk_workflow(root: Mapping) -> bool:
    """Whether it is a workflow as the official SDK writes it."""
    if root.get("apiVersion") is not None or root.get("kind") is not None:
        return False
    return root.get("workflow") is not None or (root.get("id") is not None and root.get("nodes") is not None)


def _read_list(root: Mapping, problems: list[Diagnostic]) -> list[Declaration]:
    items = root.get("items")
    if not isinstance(items, Sequence):
        problems.append(error("a List needs items, a list of documents", place_of(root, "items")))
        return []
    return [declaration for item in items for declaration in read_document(item, problems)]


def _read_manifest(root: Mapping, problems: list[Diagnostic]) -> Declaration | None:
    version = root.get("apiVersion")
    if version is None and root.get("kind") is None and not _looks_like_ours(root):
        summary = "not a manifest: apiVersion and kind are missing"
        hint = _OUTPUT if root.get("format_version") is not None else _WRITE_API_VERSION
        problems.append(error(summary, root.location, hint=hint))
        return None
    if not _check_api_version(version, problems):
        return None
    suggested = unknown_keys(root, _TOP, "a document", problems)
    if version is None and "apiVersion" not in suggested:
        problems.append(error("apiVersion is missing", root.location, hint=_WRITE_API_VERSION))
    return _declare(as_meant(root, suggested), problems)


def _declare(root: Mapping, problems: list[Diagnostic]) -> Declaration | None:
    """The declaration, or None where half of it (no kind, a name that is no text) would only cause further errors."""
    kind = required_text(root, "kind", (), problems)
    lifecycle = _read_lifecycle(root, kind, problems)
    before, strange = len(problems), list[Diagnostic]()
    metadata, spec = section(root, "metadata", problems), section(root, "spec", problems)
    metadata = as_meant(metadata, unknown_keys(metadata, _METADATA, "metadata", strange))
    name = optional_text(metadata, "name", "metadata.name", problems)
    namespace = optional_text(metadata, "namespace", "metadata.namespace", problems)
    broken = len(problems) > before
    problems += strange
    if kind is None or broken:
        return None
    return Declaration(
        kind,
        name,
        namespace,
        spec,
        root.location,
        place_of(metadata, "name"),
        lifecycle,
        kind_location=place_of(root, "kind"),
    )


# ---- parts


def _looks_like_ours(root: Mapping) -> bool:
    return any(suggest(key, ("apiVersion", "kind")) for key in list(root.pairs)[:MOST_UNKNOWN_KEYS])


def _check_api_version(node: Node | None, problems: list[Diagnostic]) -> bool:
    """Whether it is worth reading on: a document of another system has one problem, not twenty."""
    if node is None or text_of(node) == API_VERSION:
        return True
    shown = quoted(node.text) if isinstance(node, Scalar) else found(node)
    close = isinstance(node, Scalar) and suggest(node.text, (API_VERSION,))
    problems.append(
        error(f"apiVersion is {shown}, not {API_VERSION!r}", node.location, hint=close or _WRITE_API_VERSION)
    )
    return bool(close)


def _read_lifecycle(root: Mapping, kind: str | None, problems: list[Diagnostic]) -> Lifecycle:
    if root.get("lifecycle") is None:
        return _NO_LIFECYCLE
    node = section(root, "lifecycle", problems)
    if not node.pairs:
        return _NO_LIFECYCLE
    unknown_keys(node, _LIFECYCLE, "lifecycle", problems)
    owner = optional_text(node, "owner", "lifecycle.owner", problems)
    if owner is not None and kind not in (None, "App"):
        hint = "write it in the App document; it covers everything in the app"
        problems.append(
            error(f"lifecycle.owner belongs to an App, not to a {kind}", place_of(node, "owner"), hint=hint)
        )
        owner = None
    return Lifecycle(_read_protect(node.get("protect"), problems), _read_ignore(node.get("ignore"), problems), owner)


def _read_protect(node: Node | None, problems: list[Diagnostic]) -> bool:
    """Null is a problem here, not an absence: what was to be protected must not silently be unprotected."""
    if not isinstance(node, Scalar):
        if node is not None:
            problems.append(error(f"lifecycle.protect: expected true or false, found {found(node)}", node.location))
        return False
    try:
        return as_bool(node)
    except ValueError as problem:
        problems.append(error(f"lifecycle.protect: {problem}", node.location))
        return False


def _read_ignore(node: Node | None, problems: list[Diagnostic]) -> tuple[str, ...]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return ()
    if not isinstance(node, Sequence):
        summary = f"lifecycle.ignore: expected a list of field names, found {found(node)}"
        problems.append(error(summary, node.location, hint="for example ignore: [description]"))
        return ()
    wrong = [item for item in node if text_of(item) is None]
    problems.extend(expected_text("lifecycle.ignore", item) for item in wrong[:MOST_UNKNOWN_KEYS])
    return tuple(item.text for item in node if isinstance(item, Scalar) and not item.is_null)
