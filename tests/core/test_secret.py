import copy
import json
import logging
import pickle

import pytest

from reconciler.core.secret import Secret


def test_only_reveal_gives_the_text():
    secret = Secret("canary")
    assert secret.reveal() == "canary"
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", "%s" % (secret,), repr([secret])]  # noqa: UP031
    assert not [text for text in shown if "canary" in text]


def test_a_secret_is_logged_as_stars(caplog):
    logging.getLogger("x").warning("token %s", Secret("canary"))
    assert caplog.messages == ["token ***"]


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy, json.dumps, vars])
def test_a_secret_is_not_written_anywhere(write):
    with pytest.raises(TypeError):
        write(Secret("canary"))


def test_equal_secrets_are_equal():
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"
