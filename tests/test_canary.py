"""The look for the access token finds it, wherever a test leaves it and however it is written."""

import base64
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canary import CANARY, seen

LEAKS = """
import logging, sys
import pytest
from reconciler.emulator.store import Key, Store
from tests.canary import CANARY

def test_prints_it(): print(CANARY)
def test_logs_it(): logging.getLogger("x").warning("Key %s", CANARY)
def test_fails_with_it(): raise ValueError(CANARY)
def test_writes_it(tmp_path): (tmp_path / "deep").mkdir(); (tmp_path / "deep" / "plan").write_text("x" + CANARY)
def test_stores_it():
    store = Store(":memory:")
    with store.transaction():
        store.insert(Key("u", "a", "app", "a"), CANARY.encode(), created=1)
    store.close()

@pytest.fixture
def untidy(tmp_path):
    yield
    (tmp_path / "late").write_text(CANARY)

def test_writes_it_on_the_way_out(untidy): pass
def test_is_discreet(tmp_path): (tmp_path / "plan").write_text("***"); print("***")
"""


@pytest.mark.parametrize(
    "text",
    [
        CANARY, f"Key {CANARY}", repr({"authorization": CANARY}), CANARY[:14], CANARY[-14:], quote(CANARY, safe=""),
        quote(CANARY), CANARY.encode().hex(), CANARY[::-1],
    ],
)  # fmt: skip
def test_it_is_known_in_every_form(text: str) -> None:
    assert seen(text)


@pytest.mark.parametrize("before", ["", "K", "Ke", "Key ", "authorization: Key "])
@pytest.mark.parametrize("after", ["", "\n", "xy", "xyz"])
def test_it_is_known_in_base64_wherever_it_stands(before: str, after: str) -> None:
    text = f"{before}{CANARY}{after}".encode()
    assert seen(base64.b64encode(text))
    assert seen(base64.urlsafe_b64encode(text).rstrip(b"="))


@pytest.mark.parametrize("text", ["", "canary", "Key ***", base64.b64encode(b"authorization: Key ***").decode()])
def test_what_is_not_it_is_not_taken_for_it(text: str) -> None:
    assert seen(text) is None


def test_every_test_that_leaves_it_somewhere_fails(tmp_path_factory: pytest.TempPathFactory) -> None:
    root, folder = Path(__file__).parents[1], tmp_path_factory.mktemp("leaks")
    (folder / "test_leaks.py").write_text(LEAKS)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.canary", "-p", "no:cacheprovider", "--rootdir", str(folder),
         "-rA", "--tb=line", f"--basetemp={folder / 'base'}", str(folder)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    results = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "PASSED"))]
    named = {line: line.partition("test_leaks.py::")[2].split(" ")[0] for line in results}
    well = {name for line, name in named.items() if line.startswith("PASSED")}
    ill = {name for line, name in named.items() if not line.startswith("PASSED")}
    assert ill == {
        "test_prints_it", "test_logs_it", "test_fails_with_it", "test_writes_it", "test_stores_it",
        "test_writes_it_on_the_way_out",
    }, ended.stdout  # fmt: skip
    assert "test_is_discreet" in well
    assert "the access token stands in the file deep/plan (plain)" in ended.stdout
    assert seen(ended.stdout + ended.stderr) is None
