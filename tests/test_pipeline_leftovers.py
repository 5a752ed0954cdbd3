"""Entries of an inventory whose object is gone: they prove nothing, and the next run strikes them out."""

from typing import Any

import pytest

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.core.leftovers import GONE

EDGE = "relations/p.hyponym.q"


@pytest.fixture
def shop(world: Any, documents: Any) -> Any:
    """An app with a relation, a model and an input, none of which is declared any more."""
    world.rest = [documents.app(), *(documents.concept(name) for name in "pq")]
    text = documents.document("Input", "i", {"data": {"text": {"raw": "x"}}})
    world.gone = [documents.relation("p", "hyponym", "q"), documents.thresholder("m"), text]
    world.apply(*world.rest, *world.gone)
    return world


@pytest.fixture
def broken_off(shop: Any) -> Any:
    """The same, after a prune that ended between its last delete and its last write."""
    planned = shop.plan(*shop.rest, prune=True, rails=shop.everything)
    shop.emulator.faults.add("PatchApps", code=11102, skip=1, times=-1)
    assert not shop.carry_out(planned).complete
    shop.emulator.faults.clear()
    assert shop.listed("ListConceptRelations") == shop.listed("ListModels") == []
    return shop


def relate(world: Any) -> None:
    """Somebody else makes the relation."""
    edge = {"object_concept": {"id": "q"}, "predicate": "hyponym"}
    world.ask("PostConceptRelations", concept_id="p", concept_relations=[edge])


def entries(world: Any, owner: str = "app") -> Any:
    text = world.ask("GetApp").app.metadata.fields[f"reconciler_{owner}"].string_value
    found = pipeline.observe.inventories_in({f"reconciler_{owner}": text})
    return found[owner].entries if text else {}


FORGOTTEN = {EDGE: "forget", "inputs/i": "forget", "models/m": "forget"}


@pytest.mark.parametrize("prune", [True, False])
def test_the_next_plan_strikes_out_what_a_prune_that_broke_off_has_deleted(broken_off: Any, prune: bool) -> None:
    assert set(entries(broken_off)) > set(FORGOTTEN)
    planned = broken_off.plan(*broken_off.rest, prune=prune)
    assert broken_off.actions(planned) == FORGOTTEN
    assert {change.reasons for change in planned.plan.changes} == {(GONE,)}
    broken_off.forget_calls()
    assert broken_off.carry_out(planned).complete
    assert broken_off.writes == ["PatchApps"]
    assert set(entries(broken_off)) == {"concepts/p", "concepts/q"}
    assert broken_off.plan(*broken_off.rest, prune=prune).plan.summary.empty


def test_what_others_deleted_and_is_no_longer_declared_is_struck_out_too(shop: Any) -> None:
    shop.ask("DeleteModel", model_id="m")
    assert shop.actions(shop.plan(*shop.rest)) == {"models/m": "forget"}
    shop.apply(*shop.rest)
    assert "models/m" not in entries(shop)
    assert shop.actions(shop.plan(*shop.rest, prune=True, rails=shop.everything)) == {
        EDGE: "delete", "inputs/i": "delete"
    }  # fmt: skip


def test_what_is_gone_and_declared_is_made_again(broken_off: Any) -> None:
    planned = broken_off.plan(*broken_off.rest, *broken_off.gone)
    assert set(broken_off.actions(planned).values()) == {"create"}


def test_what_a_list_does_not_show_yet_stays_listed(worlds: Any, documents: Any) -> None:
    world = worlds(list_delay_reads=1)
    world.apply(documents.app(), documents.concept("p"), documents.thresholder("m"))
    assert world.actions(world.plan(documents.app(), documents.concept("p"))) == {}


def test_a_relation_that_others_made_after_ours_was_deleted_is_theirs(broken_off: Any) -> None:
    relate(broken_off)
    planned = broken_off.plan(*broken_off.rest, prune=True, rails=broken_off.everything)
    assert broken_off.actions(planned) == {name: "forget" for name in FORGOTTEN if name != EDGE}
    broken_off.carry_out(planned)
    assert len(broken_off.listed("ListConceptRelations")) == 1
    assert EDGE not in entries(broken_off)


def test_and_drift_does_not_take_it_for_ours_either(broken_off: Any) -> None:
    relate(broken_off)
    report = pipeline.find_drift(
        ReadOnlyApi(broken_off.api), broken_off.desired(*broken_off.rest), pipeline.PlanOptions(refresh="full")
    )
    assert EDGE in {str(one.address) for one in report.unmanaged}
    assert report.exit_code == 0


def test_a_relation_that_was_not_deleted_after_all_is_still_ours(shop: Any) -> None:
    shop.emulator.faults.add("DeleteConceptRelations", code=11102, times=-1)
    shop.emulator.faults.add("PatchApps", code=11102, skip=1, times=-1)
    assert not shop.carry_out(shop.plan(*shop.rest, prune=True, rails=shop.everything)).complete
    shop.emulator.faults.clear()
    planned = shop.plan(*shop.rest, prune=True, rails=shop.everything)
    assert shop.actions(planned)[EDGE] == "delete"
    assert shop.carry_out(planned).complete
    assert shop.listed("ListConceptRelations") == []


def test_of_a_delete_with_an_unknown_end_it_is_remembered_which_relation_it_was_about(shop: Any) -> None:
    """The request arrives, its reply does not, and nothing can be read any more until the run has ended."""
    shop.emulator.faults.add("DeleteConceptRelations", "unavailable", when="after", times=-1)
    shop.emulator.faults.add("ListConceptRelations", "unavailable", skip=4, times=-1)
    planned = shop.plan(*shop.rest, prune=True, rails=shop.everything)
    assert not shop.carry_out(planned).complete
    shop.emulator.faults.clear()
    assert EDGE in entries(shop)
    relate(shop)
    assert EDGE not in shop.actions(shop.plan(*shop.rest, prune=True, rails=shop.everything))


@pytest.mark.parametrize(("rpc", "address"), [("ListConceptRelations", EDGE), ("ListInputs", "inputs/i")])
def test_what_one_answer_lacks_is_not_told_as_deleted(shop: Any, rpc: str, address: str) -> None:
    """Else it would be there for good: nothing but the list of what we made says that it is ours."""
    planned = shop.plan(*shop.rest, prune=True, rails=shop.everything)
    assert shop.actions(planned)[address] == "delete"
    shop.emulator.faults.add(rpc, "truncated", keep=0)
    assert shop.carry_out(planned).complete
    assert [strike.rpc for strike in shop.emulator.faults.journal] == [rpc]
    assert shop.listed(rpc) == []


# ---- a set without an App document


@pytest.fixture
def destroyed(world: Any, documents: Any) -> Any:
    """Such a set, whose destroy ended before its last write."""
    world.apply(documents.app("app"), *(documents.concept(name) for name in "pq"))
    world.set = [documents.relation("p", "hyponym", "q"), documents.thresholder("m"), documents.workflow("w", n="m")]
    world.here = {"owner": "guests", "app_id": "app"}
    world.apply(*world.set, **world.here)
    planned = world.plan(*world.set, **world.here, destroying=True)
    world.emulator.faults.add("PatchApps", code=11102, skip=1, times=-1)
    assert not world.carry_out(planned).complete
    world.emulator.faults.clear()
    assert set(entries(world, "guests")) == {EDGE, "models/m", "workflows/w"}
    return world


def test_the_next_destroy_finishes_it(destroyed: Any) -> None:
    destroyed.apply(*destroyed.set, **destroyed.here, destroying=True)
    assert entries(destroyed, "guests") == {}
    assert destroyed.plan(*destroyed.set, **destroyed.here, destroying=True).plan.summary.empty


def test_so_does_an_apply_in_which_nothing_is_left_to_declare(destroyed: Any) -> None:
    nothing = destroyed.nothing("guests")
    destroyed.apply(nothing, prune=True, rails=destroyed.everything)
    assert entries(destroyed, "guests") == {}
    assert destroyed.plan(nothing, prune=True, rails=destroyed.everything).plan.summary.empty


def test_a_destroy_all_of_whose_objects_are_gone_still_has_its_list_to_strike_out(world: Any, documents: Any) -> None:
    world.apply(documents.app("app"))
    models = [documents.thresholder("m"), documents.concept("p")]
    world.apply(*models, owner="guests", app_id="app")
    world.ask("DeleteModel", model_id="m")
    world.apply(models[0], owner="guests", app_id="app", destroying=True)
    assert set(entries(world, "guests")) == {"concepts/p"}
