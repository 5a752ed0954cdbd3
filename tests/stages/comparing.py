"""What the tests of the comparison compare: declared objects, live ones and records, made from plain trees."""

from reconciler import manifests
from reconciler.core.address import Address, Scope
from reconciler.core.canonical import CANON
from reconciler.core.ownership import prints, target_mark, target_record
from reconciler.core.state import (
    Desired,
    DesiredState,
    Entry,
    Inventory,
    LiveState,
    LiveVersion,
    Observed,
    Record,
    fields_of,
)
from reconciler.core.tree import ABSENT
from reconciler.stages import diff

HERE = Scope("me", "app")
KINDS = manifests.by_plural()
MODEL, WORKFLOW, CONCEPT, APP, INPUT = (
    KINDS[plural] for plural in ("models", "workflows", "concepts", "apps", "inputs")
)
M, W, A = Address(HERE, "models", "x"), Address(HERE, "workflows", "x"), Address(HERE, "apps", "app")


def owned(tree, kind, prefix=()):
    """The paths an author of this tree wrote: its leaves, and each list that is a closed set."""
    for name, value in tree.items():
        path = (*prefix, name)
        shape = kind.fields.shape.at(path)
        if shape is not None and shape.key is not None:
            yield path
        if isinstance(value, dict) and value:
            yield from owned(value, kind, path)
        elif not (isinstance(value, dict) and shape is not None):
            yield path


def named(kind):
    return Address(HERE, kind.plural, "app" if kind is APP else "x")


def desired(kind, tree, **more):
    return Desired(named(kind), kind.name, tree, frozenset(owned(tree, kind)), **more)


def remembers(kind, was, owner="us", canon=CANON):
    fields = fields_of(prints(was, owned(was, kind), kind))
    return Record(owner, named(kind).qualified, fields, canon=canon)


def live_state(*observed, entries=None):
    listed = {str(o.address): Entry() for o in observed} if entries is None else entries
    return LiveState(HERE, True, {o.address: o for o in observed}, Inventory("us", listed))


def declared(*items):
    return DesiredState(HERE, "us", {item.address: item for item in items}, len(items))


def change_of(item, *observed, entries=None):
    """The change of the one object that is declared."""
    [change] = diff.diff(declared(item), live_state(*observed, entries=entries), KINDS).changes
    return change


def compare(kind, want, have, was=None, *, canon=CANON, item=None, **more):
    """The change of one object; `was` None means it carries no record."""
    record = None if was is None else remembers(kind, was, canon=canon)
    observed = Observed(named(kind), kind.name, have, record)
    return change_of(item or desired(kind, want, **more), observed)


def causes(change):
    return {".".join(f.path): f.cause for f in change.fields}


def tree(text):
    return {} if text is ABSENT else {"description": text}


def nodes(*names, **more):
    return {"nodes": {name: {"model": {"id": "m"}, **more} for name in names}}


# ---- models, whose values stand in versions


SHELL = {"model_type_id": "concept-thresholder"}


def model_tree(value):
    return SHELL | {"model_version": {"output_info": {"data": {"concepts": {"p": {"value": value}}}}}}


def model_item(value):
    return desired(MODEL, model_tree(value))


def version(name, value, made_for=None, owner="us"):
    """A live version; with `made_for`, one that carries the mark of a manifest with that value."""
    item = model_item(value if made_for is None else made_for)
    mark = None if made_for is None else target_mark(item, item.tree, MODEL, owner, "")
    return LiveVersion(name, model_tree(value)["model_version"], mark)


def model_live(newest, managed=None, **more):
    record = target_record(model_item(0), SHELL, MODEL, "us")
    serving = managed or (newest if newest and newest.mark else None)
    return Observed(M, "Model", SHELL, record, newest=newest, managed=serving, **more)


def one(value, model):
    return change_of(model_item(value), model)
