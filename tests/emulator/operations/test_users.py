"""Users: facts 1.5, 14.1.2."""

import pytest


@pytest.mark.parametrize("name", ["me", "", "me-local"])
def test_the_caller_has_many_names(api, name):
    assert api.ok("GetUser", user_app_id=api.here("", name)).user.id == "me-local"


def test_clarifai_is_public_and_others_are_not(api):
    assert api.ok("GetUser", user_app_id=api.here("", "clarifai")).user.id == "clarifai"
    assert api.code("GetUser", user_app_id=api.here("", "stranger")) == 11101
