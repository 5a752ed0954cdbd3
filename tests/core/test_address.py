"""Names of apps and objects, and their text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.address import Address, Scope

HERE = Scope("me", "app")
IDS = st.text("aZ09-_", min_size=1, max_size=6)


def test_a_scope_reads_its_own_text_back():
    assert Scope.parse(str(HERE)) == HERE


@pytest.mark.parametrize("text", ["", "app", "/app", "me/", "a/b/c", "a b/c"])
def test_what_is_no_scope_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="is not of the form USER/APP"):
        Scope.parse(text)


@given(IDS, IDS, IDS)
def test_an_address_reads_both_its_texts_back(user, app, name):
    address = Address(Scope(user, app), "models", name)
    assert Address.parse(str(address), address.scope) == address
    assert Address.parse(address.qualified, HERE) == address


@pytest.mark.parametrize("name", ["a.synonym.b", "a.hyponym.b@clarifai/main", "a.synonym.b@clarifai/main#graph"])
def test_a_relation_keeps_the_slashes_of_its_own_id(name):
    address = Address(HERE, "relations", name)
    assert Address.parse(str(address), HERE) == address
    assert Address.parse(address.qualified, Scope("other", "x")) == address


@pytest.mark.parametrize("text", ["", "models", "models/", "/m", "me/app/models/"])
def test_what_is_no_address_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="workflows/auto-annotation"):
        Address.parse(text, HERE)


def test_addresses_sort_by_scope_kind_and_id():
    names = ["models/b", "concepts/z", "models/a"]
    assert [str(a) for a in sorted(Address.parse(n, HERE) for n in names)] == ["concepts/z", "models/a", "models/b"]
