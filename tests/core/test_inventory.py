"""The inventory when a run begins and when it ends, whatever became of each object."""

from functools import partial

import pytest

from reconciler.core.address import Address, Scope
from reconciler.core.change import Action, ResourceChange
from reconciler.core.inventory import closing_inventory, opening_inventory, without
from reconciler.core.plan import Plan
from reconciler.core.state import Desired, DesiredState, Entry, Inventory, LiveState, Observed, Record

HERE = Scope("me", "app")
MODEL, CONCEPT, APP, INPUT = (
    Address(HERE, *a) for a in (("models", "m"), ("concepts", "c"), ("apps", "app"), ("inputs", "i"))
)
RECORD = {"name": "1"}
STATE = DesiredState(HERE, "us", {a: Desired(a, "", {}, frozenset()) for a in (MODEL, CONCEPT, APP, INPUT)})
THERE, PENDING = Entry(), Entry(pending=True)
KEPT = Entry(fields=RECORD)


def entries(phase, action, address, before=None, **more):
    """What the inventory says of an object; None if nothing."""
    plan = Plan(HERE, "us", "", (ResourceChange(address, "", action),), ())
    live = LiveState(HERE, True, {}, Inventory("us", {str(address): before} if before else {}))
    return phase(plan, STATE, live, lambda a: RECORD, **more).entries.get(str(address))


@pytest.mark.parametrize(
    ("action", "before", "opened"),
    [
        (Action.CREATE, None, PENDING),
        (Action.CREATE, THERE, PENDING),
        (Action.REPLACE, THERE, PENDING),
        (Action.DELETE, THERE, PENDING),
        (Action.FORGET, THERE, PENDING),
        (Action.DELETE, None, PENDING),
        (Action.UPDATE, THERE, THERE),
        (Action.ADOPT, None, None),
    ],
)
def test_when_a_run_begins_what_comes_and_goes_is_pending(action, before, opened):
    assert entries(opening_inventory, action, MODEL, before) == opened


@pytest.mark.parametrize(
    ("action", "before", "done", "failed"),
    [
        (Action.CREATE, None, THERE, PENDING),
        (Action.REPLACE, THERE, THERE, PENDING),
        (Action.UPDATE, THERE, THERE, THERE),
        (Action.ADOPT, None, THERE, None),
        (Action.DELETE, THERE, None, THERE),
        (Action.FORGET, THERE, None, THERE),
    ],
)
def test_when_a_run_ends_what_got_done_is_entered_and_the_rest_as_it_was(action, before, done, failed):
    assert entries(closing_inventory, action, MODEL, before, done={MODEL}) == done
    assert entries(closing_inventory, action, MODEL, before, done=set()) == failed


@pytest.mark.parametrize("action", [Action.ADOPT, Action.UPDATE])
@pytest.mark.parametrize("phase", [opening_inventory, partial(closing_inventory, done=())])
def test_an_input_that_is_taken_over_is_listed_first_since_only_listed_ones_are_ever_looked_at(action, phase):
    assert entries(phase, action, INPUT) == PENDING
    assert entries(phase, action, INPUT, THERE) == THERE


def test_a_concept_is_entered_with_its_record():
    assert entries(opening_inventory, Action.CREATE, CONCEPT) == Entry(pending=True, fields=RECORD)
    assert entries(closing_inventory, Action.UPDATE, CONCEPT, THERE, done={CONCEPT}) == KEPT


def test_a_concept_whose_update_failed_keeps_its_old_record():
    old = Entry(fields={"name": "0"})
    assert entries(closing_inventory, Action.UPDATE, CONCEPT, old, done=set()) == old


@pytest.mark.parametrize("action", [Action.CREATE, Action.FORGET, Action.UPDATE])
def test_an_app_is_not_listed_in_itself(action):
    assert entries(opening_inventory, action, APP) is None
    assert entries(closing_inventory, action, APP, done={APP}) is None


def test_what_did_not_change_is_entered_if_it_was_missing():
    plan = Plan(HERE, "us", "", (), (), unchanged=(MODEL, CONCEPT, APP))
    live = LiveState(HERE, True, {}, Inventory("us", {"concepts/c": Entry(fields={"name": "0"})}))
    closed = closing_inventory(plan, STATE, live, lambda a: RECORD, ())
    assert closed.entries == {"models/m": THERE, "concepts/c": Entry(fields={"name": "0"})}


@pytest.mark.parametrize("entry", [PENDING, THERE])
def test_what_is_neither_wanted_nor_there_is_struck(entry):
    live = LiveState(HERE, True, {}, Inventory("us", {"models/gone": entry}))
    closed = closing_inventory(Plan(HERE, "us", "", (), ()), STATE, live, lambda a: RECORD, ())
    assert closed.entries == {}


@pytest.mark.parametrize(("owner", "kept"), [("us", True), ("them", False), (None, False)])
def test_what_is_no_longer_declared_stays_listed_as_long_as_it_is_ours(owner, kept):
    old = Address(HERE, "models", "old")
    record = Record(owner, old.qualified, {}) if owner else None
    live = LiveState(HERE, True, {old: Observed(old, "Model", {}, record)}, Inventory("us", {"models/old": THERE}))
    closed = closing_inventory(Plan(HERE, "us", "", (), ()), STATE, live, lambda a: RECORD, ())
    assert ("models/old" in closed.entries) is kept


@pytest.mark.parametrize("entry", [PENDING, THERE])
@pytest.mark.parametrize(("destroying", "kept"), [(False, True), (True, False)])
def test_what_is_declared_and_not_there_stays_listed_unless_all_is_destroyed(entry, destroying, kept):
    live = LiveState(HERE, True, {}, Inventory("us", {"models/m": entry}))
    closed = closing_inventory(Plan(HERE, "us", "", (), (), destroying=destroying), STATE, live, lambda a: RECORD, ())
    assert ("models/m" in closed.entries) is kept


def test_what_was_taken_over_is_struck_from_the_inventory_of_others():
    theirs = Inventory("them", {"concepts/c": KEPT, "concepts/d": KEPT})
    assert without(theirs, [CONCEPT]).entries == {"concepts/d": KEPT}


EDGE = Address(HERE, "relations", "p.hyponym.q")


def doomed(phase, action, found, **more):
    """The entry of a relation that was listed and observed."""
    plan = Plan(HERE, "us", "", (ResourceChange(EDGE, "", action),), ())
    observed = {EDGE: Observed(EDGE, "", {}, Record("us", EDGE.qualified, RECORD), service_id=found)}
    live = LiveState(HERE, True, observed, Inventory("us", {str(EDGE): KEPT}))
    return phase(plan, STATE, live, lambda a: RECORD, **more).entries.get(str(EDGE))


def test_of_a_relation_that_is_to_be_deleted_the_inventory_says_which_one_it_is():
    assert doomed(opening_inventory, Action.DELETE, "1") == Entry(pending=True, fields=RECORD, service_id="1")
    assert doomed(closing_inventory, Action.DELETE, "1", done=()) == Entry(fields=RECORD, service_id="1")
    assert doomed(closing_inventory, Action.DELETE, "1", done={EDGE}) is None


def test_of_what_is_only_forgotten_it_does_not_matter():
    assert doomed(opening_inventory, Action.FORGET, "1") == Entry(pending=True, fields=RECORD)
