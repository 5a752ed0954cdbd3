"""What holds for every kind there is; a new one is tested by standing in the folder (and by a sample in `conftest`)."""

from typing import Any

import pytest

from reconciler import manifests, pipeline
from reconciler.client.rpcs import build_request, method, reply_class
from reconciler.core.canonical import canonical, data_from, message_from, names_a_field, tree_from
from reconciler.core.kind import Subject, delete_calls, matches, patch_call, post_call
from reconciler.core.ownership import value_at
from reconciler.core.tree import Unknown, put, same, walk

KINDS = list(manifests.kinds().values())
UNTRIED = {"knowledge_graph_id"}
"""Must name a graph that exists, and no kind makes one."""


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Any:
    """Each kind in turn."""
    return request.param


@pytest.fixture
def sample(kind: Any, samples: Any) -> Any:
    """The fullest spec of the kind."""
    assert kind.name in samples, f"write a sample of a {kind.name}"
    return samples[kind.name]["spec"]


@pytest.fixture
def documents_of_all(samples: Any, documents: Any) -> list[Any]:
    return [*samples.values(), documents.concept("man")]


@pytest.fixture
def desired(kind: Any, documents_of_all: Any, world: Any) -> Any:
    """The resolved sample, with the version that only applying would tell filled in."""
    state = world.desired(*documents_of_all)
    item = next(item for item in state.resources.values() if item.kind == kind.name)
    tree = item.tree
    for path, value in list(walk(tree)):
        tree = put(tree, path, "0" * 32) if isinstance(value, Unknown) else tree
    return item.__class__(item.address, item.kind, tree, item.written)


# ---- what a kind says of itself


def test_every_pattern_leads_to_a_field(kind):
    rules = kind.fields
    patterns = [
        *rules.writable, *rules.keyed, *rules.identity, *rules.create_only, *rules.late, *rules.clearable,
        *rules.write_only, *rules.sensitive, *rules.moved, *rules.moved.values(),
        *(f"{pattern}.*.{key}" for pattern, key in rules.keyed.items()),
    ]  # fmt: skip
    wrong = [pattern for pattern in patterns if not names_a_field(pattern, kind.message.DESCRIPTOR)]
    assert set(wrong) <= set(rules.files), "what names a file is a field of our own"


def test_every_rule_is_about_something_that_can_be_written(kind):
    rules = kind.fields
    ruled = [*rules.identity, *rules.create_only, *rules.late, *rules.clearable, *rules.write_only, *rules.sensitive]
    writable = [tuple(pattern.split(".")) for pattern in (*rules.writable, *rules.files)]
    for path in (tuple(pattern.split(".")) for pattern in ruled):
        assert any(matches(path, one) or matches(one, path) for one in writable), path


def test_the_sample_writes_every_field(kind, sample):
    leaves = dict(walk(canonical(sample, kind.message, kind.fields.shape)))
    older = [tuple(name.split(".")) for name in kind.fields.moved]
    for pattern in set(kind.fields.writable) - UNTRIED:
        path = tuple(pattern.split("."))
        if not any(matches(old, path) for old in older):
            assert any(covers(path, leaf, value) for leaf, value in leaves.items()), pattern


def covers(pattern: tuple[str, ...], leaf: tuple[str, ...], value: Any) -> bool:
    """Whether a leaf is what a pattern speaks of; what stands in a plain list is one leaf."""
    return matches(pattern, leaf) or (isinstance(value, list) and matches(pattern[: len(leaf)], leaf))


def test_every_rpc_exists_and_answers_with_what_is_read(kind):
    for crud in [kind.crud, *([kind.versions.crud] if kind.versions else [])]:
        for rpc in filter(None, (crud.get, crud.list, crud.post, crud.patch, crud.delete)):
            assert method(rpc).name == rpc
        for rpc, name in ((crud.get, crud.item), (crud.list, crud.items)):
            assert rpc is None or name in reply_class(rpc).DESCRIPTOR.fields_by_name
    assert kind.full_read is None or kind.crud.item in reply_class(kind.full_read).DESCRIPTOR.fields_by_name


def test_every_request_takes_what_we_send(kind, desired):
    subject = Subject(desired.address, desired.tree, {"reconciler": "x"}, service_id="x")
    calls = [post_call(kind, subject)]
    calls += [patch_call(kind, subject)] if kind.crud.patch else []
    calls += delete_calls(kind, subject) if kind.crud.delete else []
    for call in calls:
        request = build_request(call.rpc, call.fields)
        assert type(request).FromString(request.SerializeToString()) == request


def test_what_the_service_cannot_do_is_not_offered(kind, desired):
    subject = Subject(desired.address, {})
    if kind.crud.patch is None:
        with pytest.raises(ValueError, match="cannot patch"):
            patch_call(kind, subject)
    if kind.crud.delete is None:
        with pytest.raises(ValueError, match="cannot delete"):
            delete_calls(kind, subject)
    assert kind.deletable == (kind.crud.delete is not None)


# ---- messages and trees


def test_a_tree_survives_the_way_through_the_message(kind, desired):
    shape = kind.fields.shape
    message = message_from(data_from(desired.tree, shape), kind.message)
    tree = tree_from(message, shape)
    assert same(tree, desired.tree)
    assert message_from(data_from(tree, shape), kind.message) == message


def test_the_canonical_form_of_the_canonical_form_is_itself(kind, sample):
    shape = kind.fields.shape
    once = kind.fold(canonical(sample, kind.message, shape))
    assert same(kind.fold(once), once)
    assert same(kind.fold(canonical(data_from(once, shape), kind.message, shape)), once)


def test_a_tree_is_equal_to_itself(kind, desired):
    assert same(kind.align(desired.tree, desired.tree), desired.tree)
    assert same(kind.arrange(desired.tree), desired.tree)
    assert same(kind.complete(desired.tree), desired.tree)


# ---- against the emulator


def test_what_is_created_reads_as_it_was_written(kind, desired, documents_of_all, world):
    world.apply(*documents_of_all)
    live = pipeline.observe.observe(world.api, world.scope, "app", KINDS)
    listed = live.observed[desired.address]
    found = pipeline.observe.read_one(world.api, desired.address, live, manifests.by_plural())
    have = found.tree if found.newest is None else found.tree | {"model_version": found.newest.tree}
    versioned = kind.versions.path if kind.versions else ("",)
    for path in desired.written - {p for p in desired.written if kind.fields.any(kind.fields.write_only, p)}:
        wanted = value_at(desired.tree, path, kind)
        if wanted != "0" * 32:
            assert same(value_at(have, path, kind), wanted), path
            assert path[:1] == versioned or same(value_at(listed.tree, path, kind), wanted), path


def test_the_samples_are_made_and_then_there_is_nothing_to_do(documents_of_all, world):
    world.apply(*documents_of_all)
    for refresh in ("stamp", "full"):
        assert world.plan(*documents_of_all, refresh=refresh).plan.changes == ()
    world.forget_calls()
    world.apply(*documents_of_all)
    assert world.writes == []


def test_there_is_nothing_to_do_after_each_kind_is_made_by_itself(kind, samples, documents_of_all, world):
    """Each kind with the documents that it cannot do without."""
    bare = {
        "App": {"App"},
        "Concept": {"App", "Concept"},
        "ConceptRelation": {"App", "Concept", "ConceptRelation"},
        "Model": {"App", "Concept", "Model"},
        "Input": {"App", "Concept", "Input"},
    }
    kept = [d for d in documents_of_all if d["kind"] in bare.get(kind.name, {d["kind"]})]
    if kind.name in bare:
        kept[0] = kept[0] | {"spec": {k: v for k, v in kept[0]["spec"].items() if k != "default_workflow"}}
    world.apply(*kept)
    for refresh in ("stamp", "full"):
        assert world.plan(*kept, refresh=refresh).plan.changes == ()
