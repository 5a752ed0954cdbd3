"""The outside of a document: apiVersion, kind, metadata and lifecycle, turned from nodes into a `Declaration`.

Every problem is collected, none raised. Belongs here: what all kinds share. Does not belong here: which kinds exist and
what a spec may hold (`stages/resolve` knows both).
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.declaration import Declaration, Lifecycle, Mapping, Node, Scalar, Sequence
from reconciler.core.diagnostics import Diagnostic, Location, did_you_mean, error
from reconciler.core.scalars import as_bool, quoted

API_VERSION = "clarifai.reconciler/v1"

_TOP = ("apiVersion", "kind", "metadata", "lifecycle", "spec")
# kustomize writes labels and annotations into every document it touches; they are ignored.
_METADATA = ("name", "namespace", "labels", "annotations")
_LIFECYCLE = ("protect", "ignore", "owner")
_NO_LIFECYCLE = Lifecycle()
_WRITE_API_VERSION = f"write apiVersion: {API_VERSION}"
_MOST_UNKNOWN_KEYS = 20


def read_document(root: Node, problems: list[Diagnostic]) -> list[Declaration]:
    """The declarations of one document; here its form is recognised, so a further form gets its branch here."""
    if not isinstance(root, Mapping):
        problems.append(error(f"a manifest is a mapping, this document is {_found(root)}", root.location))
        return []
    if _is_list(root):
        return _read_list(root, problems)
    if _is_sdk_workflow(root):
        problems.append(_not_yet_a_workflow(root))
        return []
    declaration = _read_manifest(root, problems)
    return [declaration] if declaration else []


# ---- forms


def _is_list(root: Mapping) -> bool:
    """Whether it is kubectl's `kind: List`."""
    return _text(root.get("kind")) == "List" and _text(root.get("apiVersion")) in ("v1", API_VERSION)


def _is_sdk_workflow(root: Mapping) -> bool:
    """Whether it is a workflow as the official SDK writes it."""
    if root.get("apiVersion") is not None or root.get("kind") is not None:
        return False
    return root.get("workflow") is not None or (root.get("id") is not None and root.get("nodes") is not None)


def _not_yet_a_workflow(root: Mapping) -> Diagnostic:
    hint = f"put its content under spec: of a document with apiVersion: {API_VERSION} and kind: Workflow"
    return error("this is a workflow file of Clarifai's SDK, which is not read as it is", root.location, hint=hint)


def _read_list(root: Mapping, problems: list[Diagnostic]) -> list[Declaration]:
    items = root.get("items")
    if not isinstance(items, Sequence):
        problems.append(error("a List needs items, a list of documents", _where(root, "items")))
        return []
    return [declaration for item in items for declaration in read_document(item, problems)]


def _read_manifest(root: Mapping, problems: list[Diagnostic]) -> Declaration | None:
    version = root.get("apiVersion")
    if version is None and root.get("kind") is None and not _looks_like_ours(root):
        summary = "not a manifest: apiVersion and kind are missing"
        problems.append(error(summary, root.location, hint=_WRITE_API_VERSION))
        return None
    if not _check_api_version(version, problems):
        return None
    suggested = _unknown_keys(root, _TOP, "a document", problems)
    if version is None and "apiVersion" not in suggested:
        problems.append(error("apiVersion is missing", root.location, hint=_WRITE_API_VERSION))
    return _declare(root, suggested, problems)


def _declare(root: Mapping, suggested: set[str], problems: list[Diagnostic]) -> Declaration | None:
    """The declaration, or None where half of it (no kind, a name that is no text) would only cause further errors."""
    kind = _required_text(root, "kind", suggested, problems)
    lifecycle = _read_lifecycle(root, kind, problems)
    before = len(problems)
    metadata, spec = _section(root, "metadata", problems), _section(root, "spec", problems)
    name = _optional_text(metadata, "name", "metadata.name", problems)
    namespace = _optional_text(metadata, "namespace", "metadata.namespace", problems)
    broken = len(problems) > before
    suggested |= _unknown_keys(metadata, _METADATA, "metadata", problems)
    if kind is None or broken or not suggested.isdisjoint(("metadata", "name", "spec")):
        return None
    return Declaration(kind, name, namespace, spec, root.location, _where(metadata, "name"), lifecycle)


# ---- parts


def _looks_like_ours(root: Mapping) -> bool:
    return any(_suggest(key.text, ("apiVersion", "kind")) for key, _ in root.items[:_MOST_UNKNOWN_KEYS])


def _check_api_version(node: Node | None, problems: list[Diagnostic]) -> bool:
    """Whether it is worth reading on: a document of another system has one problem, not twenty."""
    if node is None or _text(node) == API_VERSION:
        return True
    shown = quoted(node.text) if isinstance(node, Scalar) else _found(node)
    close = isinstance(node, Scalar) and _suggest(node.text, (API_VERSION,))
    problems.append(
        error(f"apiVersion is {shown}, not {API_VERSION!r}", node.location, hint=close or _WRITE_API_VERSION)
    )
    return bool(close)


def _read_lifecycle(root: Mapping, kind: str | None, problems: list[Diagnostic]) -> Lifecycle:
    node = _section(root, "lifecycle", problems)
    if not node.items:
        return _NO_LIFECYCLE
    _unknown_keys(node, _LIFECYCLE, "lifecycle", problems)
    owner = _optional_text(node, "owner", "lifecycle.owner", problems)
    if owner is not None and kind not in (None, "App"):
        hint = "write it in the App document; it covers everything in the app"
        problems.append(error(f"lifecycle.owner belongs to an App, not to a {kind}", _where(node, "owner"), hint=hint))
        owner = None
    return Lifecycle(_read_protect(node.get("protect"), problems), _read_ignore(node.get("ignore"), problems), owner)


def _read_protect(node: Node | None, problems: list[Diagnostic]) -> bool:
    """Null is a problem here, not an absence: what was to be protected must not silently be unprotected."""
    if not isinstance(node, Scalar):
        if node is not None:
            problems.append(error(f"lifecycle.protect: expected true or false, found {_found(node)}", node.location))
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
        summary = f"lifecycle.ignore: expected a list of field names, found {_found(node)}"
        problems.append(error(summary, node.location, hint="for example ignore: [description]"))
        return ()
    wrong = [item for item in node if _text(item) is None]
    problems.extend(_expected_text("lifecycle.ignore", item) for item in wrong[:_MOST_UNKNOWN_KEYS])
    return tuple(item.text for item in node if isinstance(item, Scalar) and not item.is_null)


# ---- nodes


def _section(root: Mapping, name: str, problems: list[Diagnostic]) -> Mapping:
    """A mapping under a key; an empty one where it is absent, null or (a problem) something else."""
    node = root.get(name)
    if isinstance(node, Mapping):
        return node
    if node is not None and not (isinstance(node, Scalar) and node.is_null):
        problems.append(error(f"{name}: expected a mapping, found {_found(node)}", node.location))
    return Mapping((), node.location if node else root.location)


def _required_text(root: Mapping, name: str, suggested: set[str], problems: list[Diagnostic]) -> str | None:
    node = root.get(name)
    text = _text(node)
    if text:
        return text
    if isinstance(node, Mapping | Sequence):
        problems.append(_expected_text(name, node))
    elif node is not None or name not in suggested:
        problems.append(error(f"{name} is missing", _where(root, name)))
    return None


def _optional_text(parent: Mapping, name: str, path: str, problems: list[Diagnostic]) -> str | None:
    node = parent.get(name)
    if isinstance(node, Mapping | Sequence):
        problems.append(_expected_text(path, node))
    return _text(node)


def _expected_text(path: str, node: Node) -> Diagnostic:
    return error(f"{path}: expected text, found {_found(node)}", node.location)


def _unknown_keys(node: Mapping, known: tuple[str, ...], what: str, problems: list[Diagnostic]) -> set[str]:
    """Report the keys that do not belong; the names they were probably meant to be, which are then not missing."""
    unknown = [key for key, _ in node if key.text not in known]
    suggested: set[str] = set()
    for key in unknown[:_MOST_UNKNOWN_KEYS]:
        hint = _suggest(key.text, (name for name in known if node.get(name) is None))
        suggested.update(name for name in known if hint and repr(name) in hint)
        listed = f"it knows {', '.join(known)}"
        problems.append(error(f"{what} has no key {quoted(key.text)}", key.location, hint=hint or listed))
    if len(unknown) > _MOST_UNKNOWN_KEYS:
        problems.append(error(f"{what} has {len(unknown):,} unknown keys; the rest is not listed", node.location))
    return suggested


def _suggest(word: str, known: Iterable[str]) -> str | None:
    # difflib builds an index of the whole word: seconds for a key of megabytes.
    return did_you_mean(word, known) if len(word) <= 60 else None


def _text(node: Node | None) -> str | None:
    """The text of a scalar that is not null."""
    return node.text if isinstance(node, Scalar) and not node.is_null else None


def _where(parent: Mapping, name: str) -> Location:
    """The place of a value, or of its parent where it is absent."""
    node = parent.get(name)
    return node.location if node is not None else parent.location


def _found(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return "nothing" if node.is_null else f"the text {quoted(node.text)}"
