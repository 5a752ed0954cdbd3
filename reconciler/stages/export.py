"""Live state -> manifests: everything an author would have had to write, and nothing the service fills in by itself.

What is left out though it exists (secrets, hosted images) is said in a comment of its document. Belongs here: choosing
what to write. Does not belong here: reading the app (`observe`) or YAML (`report`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.address import Address
from reconciler.core.assembly import FORBIDDEN
from reconciler.core.canonical import Shape
from reconciler.core.kind import Keeps, Kind
from reconciler.core.manifest import Manifest
from reconciler.core.model_types import DEFAULT_TYPE, MODEL_TYPES, TypeFacts
from reconciler.core.state import LiveState, Observed, recorded_paths
from reconciler.core.tree import ABSENT, Path, Tree, get, put, same, show_path, walk

Kinds = Mapping[str, Kind]
"""Keyed by plural, in the order of the result."""

_HOSTED = "hosted by the service, which does not tell where it came from; write the url you want"
_CONCEALED = "secret; write it before you change anything else of this version"
_UNPRINTABLE = "holds control characters, which no manifest may"


def export(live: LiveState, kinds: Kinds, types: Mapping[str, TypeFacts]) -> tuple[Manifest, ...]:
    """A document for each object of an app, by kind and id; models must have been read in full."""
    ordered = sorted(live.observed.values(), key=lambda o: (list(kinds).index(o.address.kind), o.address.id))
    unused = set(_unused_copies(live, kinds))
    return tuple(_document(o, kinds[o.address.kind], live, types) for o in ordered if o.address not in unused)


def _unused_copies(live: LiveState, kinds: Kinds) -> Iterator[Address]:
    """Workflows with the id of a base workflow that nothing uses: the service copied them into the new app."""
    used = {r.target for o in live.observed.values() for r in kinds[o.address.kind].references(o.tree, live.scope)}
    for address, observed in live.observed.items():
        copied = observed.record is None and address.id in kinds[address.kind].reserved_ids
        if copied and address not in used:
            yield address


def _document(observed: Observed, kind: Kind, live: LiveState, types: Mapping[str, TypeFacts]) -> Manifest:
    comments: list[str] = []
    tree = _whole(observed, kind)
    facts = types.get(tree.get("model_type_id", DEFAULT_TYPE), TypeFacts())
    shown = _without_hidden(tree, kind, facts, comments)
    tree = kind.brief(_without_defaults(shown, kind, facts), observed.address)
    tree = _following_versions(_with_owned(tree, shown, observed, kind), kind, live)
    if kind.versions is not None and observed.newest is not None and get(tree, kind.versions.path) is ABSENT:
        tree = put(tree, kind.versions.path, {})
    spec = kind.data(_in_order(tree, kind.fields.shape))
    if kind.versions is not None and observed.newest is None and kind.complete(tree) is not tree:
        spec = put(spec, kind.versions.path, None)  # it has no version, and would get one
    return Manifest(kind.name, _name(observed, kind, tree), _literal(spec), _lifecycle(observed, kind), tuple(comments))


def _whole(observed: Observed, kind: Kind) -> Tree:
    """The live tree with its newest version in its place."""
    if kind.versions is None or observed.newest is None:
        return observed.tree
    return put(observed.tree, kind.versions.path, observed.newest.tree or ABSENT)


def _name(observed: Observed, kind: Kind, tree: Tree) -> str:
    """The id; of what is identified by its content, a label."""
    if kind.identify_declared is None:
        return _escaped(observed.address.id)
    return _escaped(kind.identify_declared(tree, observed.address.scope))


def _lifecycle(observed: Observed, kind: Kind) -> dict[str, Any]:
    """What our own record remembers, so that the documents go on where the ones before them stopped."""
    record = observed.record
    if record is None:
        return {}
    named = kind.keeps is Keeps.APP and record.owner != observed.address.id
    return ({"protect": True} if record.protect else {}) | ({"owner": record.owner} if named else {})


# --- what is left out ------------------------------------------------------------------------------------------------


def _without_hidden(tree: Tree, kind: Kind, facts: TypeFacts, comments: list[str]) -> Tree:
    """Without what must not be shown, cannot be read back as it was sent, or cannot stand in a manifest."""
    for path in [path for path, _ in walk(tree)]:
        reason = _hidden(path, get(tree, path), kind, facts)
        if reason:
            tree = put(tree, path, ABSENT)
            comments.append(f"left out: {show_path(path)} ({reason})")
    return tree


def _hidden(path: Path, value: Any, kind: Kind, facts: TypeFacts) -> str | None:
    fields = kind.fields
    if fields.any(fields.sensitive, path) or any(path[: len(secret)] == secret for secret in facts.secrets):
        return _CONCEALED
    if fields.any(fields.write_only, path):
        return _HOSTED
    return _UNPRINTABLE if any(FORBIDDEN.search(text) for text in (*path, *_texts(value))) else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from (text for inner in value.values() for text in _texts(inner))
    elif isinstance(value, list):
        yield from (text for inner in value for text in _texts(inner))


def _without_defaults(tree: Tree, kind: Kind, facts: TypeFacts) -> Tree:
    needed = {name for name, param in _params(tree).items() if param.required}
    defaults = {tuple(path.split(".")): value for path, value in kind.fields.defaults.items()}
    for path, value in (*defaults.items(), *(facts.defaults.items() if kind.versions else ())):
        if path[-1] not in needed and same(get(tree, path), value):
            tree = put(tree, path, ABSENT)
    return tree


def _params(tree: Tree) -> Mapping[str, Any]:
    known = MODEL_TYPES.get(tree.get("model_type_id", DEFAULT_TYPE))
    return known.params if known else {}


def _with_owned(tree: Tree, shown: Tree, observed: Observed, kind: Kind) -> Tree:
    """What our record says that somebody wrote is written again, default or not: else it would count as removed."""
    mark = observed.newest.mark if observed.newest else None
    fields = {**(observed.record.fields if observed.record else {}), **(mark.fields if mark else {})}
    for path in recorded_paths(fields):
        if get(tree, path) is ABSENT and get(shown, path) is not ABSENT:
            beside = [p for p, _ in walk(shown) if p[:-1] == path[:-1] and kind.fields.any(kind.fields.identity, p)]
            for each in (path, *beside):
                tree = put(tree, each, get(shown, each))
    return tree


def _following_versions(tree: Tree, kind: Kind, live: LiveState) -> Tree:
    """A pin of the newest version of a model that is exported as well is left open: it then follows that model."""
    for reference in kind.references(tree, live.scope):
        target = live.observed.get(reference.target)
        newest = target.newest.id if target and target.newest else None
        if newest and reference.path[-1] == "id" and get(tree, reference.path) == newest:
            tree = put(tree, reference.path, ABSENT)
    return tree


# --- form ------------------------------------------------------------------------------------------------------------


def _in_order(value: Any, shape: Shape | None) -> Any:
    """Fields in the order in which the kind lists them, free maps by name: equal apps give equal text."""
    if not isinstance(value, dict):
        return value
    if shape is not None and shape.key is not None:
        return {name: _in_order(element, shape.element) for name, element in value.items()}
    if shape is not None and shape.children:
        return {name: _in_order(value[name], sub) for name, sub in shape.children.items() if name in value}
    return {name: _in_order(value[name], None) for name in sorted(value)}


def _literal(value: Any) -> Any:
    """Values that say of every `${` in them that it is no variable."""
    if isinstance(value, dict):
        return {name: _literal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_literal(inner) for inner in value]
    return _escaped(value) if isinstance(value, str) else value


def _escaped(text: str) -> str:
    return text.replace("${", "$${")


def types_in(live: LiveState, kinds: Kinds) -> Iterable[str]:
    """The model types whose defaults an export needs, each once."""
    return sorted(
        {
            o.tree.get("model_type_id", DEFAULT_TYPE)
            for a, o in live.observed.items()
            if kinds[a.kind].versions is not None
        }
    )
