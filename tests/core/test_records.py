"""Whose an object is that bears no record of ours: what the inventories of an App say of it."""

import pytest

from reconciler.core.address import Address, Scope
from reconciler.core.records import inventories_in, with_records
from reconciler.core.state import Entry, Inventory, Observed, Record
from tests.stages.comparing import KINDS

HERE = Scope("me", "app")
EDGE, MODEL = Address(HERE, "relations", "p.hyponym.q"), Address(HERE, "models", "m")
THEIR_OWN = Record("them", MODEL.qualified, {})
DONE, ANNOUNCED = Entry(fields={}), Entry(pending=True, fields={})


def owner(found, **entries):
    """Who has it, given each owner's entry of the relation; ours comes first."""
    inventories = [Inventory(name, {str(EDGE): entry}) for name, entry in entries.items()]
    record = with_records({found.address: found}, inventories, KINDS.values())[found.address].record
    return record.owner if record else None


def edge(service_id="1"):
    return Observed(EDGE, "ConceptRelation", {}, service_id=service_id)


@pytest.mark.parametrize(
    ("us", "them", "whose"),
    [
        (DONE, None, "us"),
        (None, DONE, "them"),
        (None, None, None),
        (DONE, DONE, "us"),
        (ANNOUNCED, ANNOUNCED, "us"),
        (ANNOUNCED, DONE, "them"),
        (Entry(), DONE, "them"),
    ],
)
def test_it_is_ours_unless_another_owner_has_done_what_we_only_announced(us, them, whose):
    assert owner(edge(), **{name: entry for name, entry in {"us": us, "them": them}.items() if entry}) == whose


@pytest.mark.parametrize(("listed", "whose"), [("", "us"), ("1", "us"), ("2", None)])
def test_another_one_than_that_which_we_set_out_to_delete_is_nobodys(listed, whose):
    assert owner(edge("1"), us=Entry(pending=True, fields={}, service_id=listed)) == whose


def test_what_bears_its_own_record_is_whose_that_says():
    inventories = [Inventory("us", {str(MODEL): DONE})]
    model = Observed(MODEL, "Model", {}, THEIR_OWN)
    assert with_records({MODEL: model}, inventories, KINDS.values()) == {MODEL: model}


def test_the_inventories_of_an_app_are_told_by_their_keys():
    texts = {name: Inventory(name, {str(EDGE): DONE}).text() for name in ("us", "them")}
    metadata = {f"reconciler_{name}": text for name, text in texts.items()}
    others = {"reconciler": texts["us"], "reconciler_broken": "{", "team": "x"}
    assert {n: i.text() for n, i in inventories_in({**metadata, **others}).items()} == texts
