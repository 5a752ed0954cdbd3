"""A saved plan does exactly what it shows or nothing: edits of the file, and a world that moved."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler import pipeline, saving
from reconciler.client.api import ReadOnlyApi
from reconciler.core.diagnostics import ReconcilerError, StalePlan
from reconciler.core.plan import Limit
from reconciler.core.plan_document import plan_digest
from reconciler.core.saved_plan import check_same
from reconciler.core.selection import Selection

HOST = "somewhere"
DIGESTS = ("desired_sha256", "manifests_sha256", "plan_sha256")
RANDOM_EDITS = 1000
Step = str | int


@pytest.fixture
def rich(world: Any, documents: Any) -> Any:
    """An app in which everything happens at once, and the saved text of what is planned for it."""
    old = [documents.concept("old"), documents.thresholder("idle", p=0.5), documents.thresholder("doomed", p=0.5)]
    kept = [documents.app(default_workflow={"id": "w"}), documents.concept("p"), documents.concept("q")]
    model, flow = documents.thresholder("m", p=0.5), documents.workflow("w", n="m", o="m")
    world.apply(*kept, *old, model, flow)
    world.ask("PatchWorkflows", workflows=[{"id": "w", "notes": "not ours"}], action="overwrite")
    world.ask("PatchConcepts", concepts=[{"id": "q", "name": "theirs"}], action="overwrite")
    world.ask("PostConcepts", concepts=[{"id": "taken", "name": "taken"}])
    model["spec"] |= {"description": "new ☂", "metadata": {"a.b": [1, 2.5, None, True], "deep": {"er": "x"}}}
    model["spec"]["model_version"]["output_info"]["data"]["concepts"][0]["value"] = 0.75
    new = [documents.concept("taken"), documents.thresholder("fresh", p=0.25), documents.relation("p", "synonym", "q")]
    world.manifests = [*kept, model, flow, *new]
    world.options = {
        "prune": True,
        "host": HOST,
        "selection": Selection(exclude=("models/idle",)),
        "rails": pipeline.guard.Rails(
            allowed=frozenset({("delete", "models/doomed")}), limit=Limit(9, 0.3), kinds={"Model": Limit(5, 0.0)}
        ),
    }
    planned = world.plan(*world.manifests, **world.options)
    assert not planned.plan.refusals
    world.text = saving.saved(planned).text()
    world.forget_calls()
    return world


def perform(world: Any, text: str, **options: Any) -> Any:
    """What `apply FILE` does: make the plan again with a handle that cannot write, then apply it."""
    planned = saving.replan(ReadOnlyApi(world.api), text, HOST, **options)
    return world.carry_out(planned)


def refused(world: Any, text: str) -> bool:
    try:
        saving.replan(ReadOnlyApi(world.api), text, HOST)
    except ReconcilerError:
        return True
    return False


# ---- edits


def leaves(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inside or not value:
        yield path
    for name, inner in inside:
        yield from leaves(inner, (*path, name))


def other(value: Any) -> Any:
    """Another value of the same type, where there is one."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case dict():
            return {"x": "x"}
        case list():
            return ["x"]
    return "x"


def edited(raw: Any, path: tuple[Step, ...], change: Callable[[Any], Any] = other) -> Any:
    raw = copy.deepcopy(raw)
    place = raw
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = change(place[path[-1]])
    return raw


def sealed(raw: Any) -> str:
    """As somebody would write it who knows of the digest over all."""
    return json.dumps(raw | {"plan_sha256": plan_digest(raw)})


def test_the_plan_itself_is_carried_out(rich: Any) -> None:
    assert perform(rich, rich.text).complete
    assert "PostModels" in rich.writes
    assert "DeleteModels" in " ".join(rich.writes) or "DeleteModel" in rich.writes
    with pytest.raises(StalePlan, match="no longer changes"):
        perform(rich, rich.text)


def test_white_space_is_no_edit(rich: Any) -> None:
    assert not refused(rich, json.dumps(json.loads(rich.text)))


def test_no_leaf_can_be_edited(rich: Any, figures: Any) -> None:
    """Whatever leaf it is, and `desired` with it: the digest over all does not fit, and nothing is even read."""
    raw = json.loads(rich.text)
    paths = list(leaves(raw))
    assert len(paths) > 400
    for path in paths:
        assert refused(rich, json.dumps(edited(raw, path))), path
    assert not rich.emulator.calls.counts
    figures("leaves of a saved plan edited", len(paths))


def test_nor_with_the_digest_made_to_fit(rich: Any) -> None:
    """Then the plan made again shows it: what an edit changes is refused, and what it does not change is the same."""
    raw = json.loads(rich.text)
    original = saving.replan(ReadOnlyApi(rich.api), rich.text, HOST).plan
    paths = list(leaves({name: value for name, value in raw.items() if name not in (*DIGESTS, "desired")}))
    assert len(paths) > 200
    for path in [*paths[::3], *(p for p in paths if p[0] == "options")]:
        text = sealed(edited(raw, path))
        if path[0] == "options":
            try:
                again = saving.replan(ReadOnlyApi(rich.api), text, HOST).plan
            except ReconcilerError:
                continue
            assert (again.steps, again.changes) == (original.steps, original.changes), path
        else:
            assert refused(rich, text), path
    assert rich.writes == []


def test_a_plan_of_an_earlier_minor_version_is_applied(rich: Any) -> None:
    assert perform(rich, sealed(json.loads(rich.text) | {"format_version": "1.0"})).complete


@pytest.mark.parametrize("version", ["1.9", "1", "1.1x", "1.-1", "0.9", "", None, 1.1])
def test_one_of_a_later_version_is_not(rich: Any, version: Any) -> None:
    """It may hold limits that this program does not know."""
    assert refused(rich, sealed(json.loads(rich.text) | {"format_version": version}))
    assert rich.writes == []


def test_nor_desired_without_its_digest(rich: Any) -> None:
    raw = json.loads(rich.text)
    for path in leaves(raw["desired"], ("desired",)):
        assert refused(rich, sealed(edited(raw, path))), path
    assert not rich.emulator.calls.counts


def test_no_random_edit_is_carried_out(rich: Any, figures: Any) -> None:
    raw, dice = json.loads(rich.text), random.Random(20260301)
    paths = list(leaves(raw))
    for _ in range(RANDOM_EDITS):
        text = json.dumps(randomly(dice, raw, dice.choice(paths)))
        with pytest.raises(ReconcilerError):
            perform(rich, text)
    assert rich.writes == []
    figures("random edits of a saved plan", RANDOM_EDITS)


def test_nor_a_random_one_with_a_fitting_digest(rich: Any) -> None:
    raw, dice = json.loads(rich.text), random.Random(20260302)
    paths = [path for path in leaves(raw) if path[0] not in (*DIGESTS, "options")]
    for _ in range(100):
        with pytest.raises(ReconcilerError):
            perform(rich, sealed(randomly(dice, raw, dice.choice(paths))))
    assert rich.writes == []


def randomly(dice: random.Random, raw: Any, leaf: tuple[Step, ...]) -> Any:
    """Something else at the leaf or at one of the places above it: changed, gone, doubled, or new beside it."""
    path = leaf[: dice.randint(1, len(leaf))]
    how = dice.choice(("change", "drop", "double", "add"))
    holder = edited(raw, path)
    place = holder
    for name in path[:-1]:
        place = place[name]
    if how == "drop":
        del place[path[-1]]
    elif how == "double" and isinstance(place, list):
        place.append(place[int(path[-1])])
    elif how == "add" and isinstance(place, dict):
        place[f"x{dice.random()}"] = dice.choice((None, 1, "x", [], {}))
    return holder


def test_bytes_that_are_no_plan_are_refused_in_a_sentence(rich: Any) -> None:
    dice, text = random.Random(3), rich.text
    for _ in range(100):
        start = dice.randrange(len(text))
        broken = text[:start] + text[start + dice.randint(1, 40) :]
        assert refused(rich, broken) or json.loads(broken) == json.loads(text)
    for bomb in ("[" * 100_000, "{" * 5, "null", "1e400", '{"format_version": "1.0"}', "\x00"):
        assert refused(rich, bomb)
    assert rich.writes == []


# ---- a world that moved


@pytest.mark.parametrize(
    ("rpc", "fields", "named"),
    [
        ("PatchConcepts", {"concepts": [{"id": "q", "name": "other"}]}, "concepts/q: name"),
        ("PatchModels", {"models": [{"id": "m", "description": "theirs"}]}, "models/m"),
        ("PatchApps", {"apps": [{"id": "app", "default_workflow": {"id": "v"}}]}, "apps/app"),
    ],
)
def test_an_owned_field_that_moved_stops_it(rich: Any, rpc: str, fields: Any, named: str) -> None:
    if rpc == "PatchApps":
        rich.ask("PostWorkflows", workflows=[{"id": "v", "nodes": [{"id": "n", "model": {"id": "m"}}]}])
        fields = {**fields, "user_app_id": {"user_id": "me-local"}}
    rich.ask(rpc, action="overwrite", **fields)
    rich.forget_calls()
    with pytest.raises(StalePlan, match=named):
        perform(rich, rich.text)
    assert rich.writes == []


def somebody_uses_the_doomed(rich: Any) -> None:
    nodes = [{"id": "n", "model": {"id": "doomed"}}]
    rich.ask("PostWorkflows", workflows=[{"id": "theirs", "nodes": nodes}])


def somebody_edits_the_excluded(rich: Any) -> None:
    rich.ask("DeleteModelVersion", model_id="idle", version_id=rich.versions("idle")[0].id)


@pytest.mark.parametrize(
    ("edit", "excluded", "said"),
    [
        (somebody_uses_the_doomed, "models/idle", "refused now: models/doomed is used by workflows/theirs"),
        (somebody_edits_the_excluded, "models/m+", "models/idle would change as well, though it is not selected"),
    ],
)
def test_what_moved_is_named_though_the_same_objects_change(
    rich: Any, documents: Any, edit: Callable[[Any], None], excluded: str, said: str
) -> None:
    rich.manifests.append(documents.thresholder("idle", p=0.5))
    options = rich.options | {"selection": Selection(exclude=("models/idle", excluded))}
    text = saving.saved(rich.plan(*rich.manifests, **options)).text()
    edit(rich)
    rich.forget_calls()
    with pytest.raises(StalePlan) as stale:
        perform(rich, text)
    assert str(stale.value) == f"the plan is no longer true: {said}"
    assert rich.writes == []


def test_of_very_much_that_moved_eight_objects_are_named() -> None:
    changes = [{"address": f"models/m{number:02}"} for number in range(12)]
    plans = [json.dumps({"format_version": "1.1", "resource_changes": some}) for some in (changes, [])]
    with pytest.raises(StalePlan) as stale:
        check_same(*plans)
    named = "; ".join(f"models/m{number:02} no longer changes" for number in range(8))
    assert str(stale.value) == f"the plan is no longer true: {named} and 4 more"


def test_what_is_not_ours_may_move(rich: Any) -> None:
    rich.ask("PatchModels", models=[{"id": "m", "notes": "theirs"}], action="overwrite")
    rich.ask("PostConcepts", concepts=[{"id": "more", "name": "more"}])
    assert perform(rich, rich.text).complete
    assert rich.ask("GetModel", model_id="m").model.notes == "theirs"


def test_a_plan_applied_half_way_is_stale(rich: Any) -> None:
    rich.emulator.faults.add("PostModelVersions", code=10020, details="not today", times=-1)
    assert not perform(rich, rich.text).complete
    rich.emulator.faults.clear()
    rich.forget_calls()
    with pytest.raises(StalePlan):
        perform(rich, rich.text)
    assert rich.writes == []


def test_pins_are_those_of_the_plan(world: Any, documents: Any) -> None:
    """A newer version of somebody's model, between plan and apply, is nobody's wish."""
    world.ask("PostApps", apps=[{"id": "lib"}], user_app_id={"user_id": "me-local"})
    lib = {"user_id": "me-local", "app_id": "lib"}
    info = {"params": {"concept_threshold_type": "LESS_THAN"}, "data": {"concepts": [{"id": "c", "value": 0.5}]}}
    world.ask("PostConcepts", user_app_id=lib, concepts=[{"id": "c"}])
    world.ask("PostModels", user_app_id=lib, models=[{"id": "theirs", "model_type_id": "concept-thresholder"}])
    world.ask("PostModelVersions", user_app_id=lib, model_id="theirs", model_versions=[{"output_info": info}])
    flow = documents.workflow("w", n={**lib, "id": "theirs"})
    planned = world.plan(documents.app(), flow, host=HOST)
    (pin,) = planned.plan.pins
    world.ask("PostModelVersions", user_app_id=lib, model_id="theirs", model_versions=[{"output_info": info}])
    assert perform(world, saving.saved(planned).text()).complete
    assert world.pins("w") == {"n": ("theirs", pin.value)}


def test_the_same_manifests_elsewhere_are_the_same(rich: Any, tmp_path: Any) -> None:
    (tmp_path / "manifests.yaml").rename(tmp_path / "moved.yaml")
    same = rich.desired(str(tmp_path / "moved.yaml"))
    other_ones = rich.desired(*rich.manifests[:-1])
    with pytest.raises(StalePlan, match="the manifests are not the ones"):
        perform(rich, rich.text, manifests=other_ones)
    assert rich.writes == []
    assert perform(rich, rich.text, manifests=same).complete


def test_replaying_on_another_app_or_account(rich: Any) -> None:
    raw = json.loads(rich.text)
    for name, value in (("app_id", "elsewhere"), ("user_id", "somebody")):
        moved = copy.deepcopy(raw)
        moved["scope"][name] = moved["desired"][name] = value
        assert refused(rich, sealed(moved))
    with pytest.raises(StalePlan, match="host"):
        saving.replan(ReadOnlyApi(rich.api), rich.text, "elsewhere")
    assert rich.writes == []
