"""docs/emulator-honesty.md: what each RPC is built on, and whether the live service was ever asked.

`pytest --update-golden` (`make golden`) writes its table anew from `honesty.toml`, the tags of the fact sheet, the
code and the recordings.
"""

import ast
import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.client.channel import open_channel, parse_base
from reconciler.emulator.operations.table import OPERATIONS
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.server import Emulator
from reconciler.emulator.switches import Switches
from reconciler.manifests import kinds
from tests.recordings.record import FOLDER, NEVER
from tests.recordings.session import Wire, run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "emulator-honesty.md"
SHEET = (ROOT / "docs" / "clarifai-api.md").read_text(encoding="utf-8")
UNVERIFIED = (ROOT / "docs" / "unverified.md").read_text(encoding="utf-8")
ROWS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("honesty.toml").read_text("utf-8"))
EVERYWHERE = ROWS.pop("everywhere")

SURENESS = ("test", "sdk", "docs", "issue", "proto", "inferred")
"""The tags of the fact sheet, the surest first."""


def sections() -> dict[str, str]:
    """The text of each section of the fact sheet by its number; numbered lines are sections too, as `14.1.5`."""
    found: dict[str, str] = {}
    for part in re.split(r"(?m)^(?=###? )", SHEET):
        if title := re.match(r"###? (\d+(?:\.\d+)?)", part):
            found[title[1]] = part
            found |= {f"{title[1]}.{line[1]}": line[0] for line in re.finditer(r"(?m)^(\d+)\. .*(?:\n   .*)*", part)}
    return found


def said_by(rpc: str) -> list[str]:
    """The tags on the lines of the sheet that name an RPC, the surest first. Its shape is always the proto's."""
    named = re.compile(rf"\b{rpc}\b")
    tags = {tag for line in SHEET.splitlines() if named.search(line) for tag in re.findall(r"\[(\w+)\]", line)}
    return [tag for tag in SURENESS if tag in tags | {"proto"}]


def used() -> set[str]:
    """The RPCs that the engine and its commands send: names in their code, and those that the kinds are made of."""
    house = ROOT / "reconciler"
    not_sent = {house / "client" / "rpcs.py"}  # what the service has, not what is sent
    files = [file for file in house.rglob("*.py") if house / "emulator" not in file.parents and file not in not_sent]
    texts = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    cruds = {value for kind in kinds().values() for value in dataclasses.asdict(kind.crud).values()}
    return (texts | cruds) & set(RPCS)


def validated(rpc: str) -> str:
    """The day of the newest recording of the live service that holds the RPC."""
    recordings = [json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.json")]
    days = [r["validated"] for r in recordings if rpc in {exchange["rpc"] for exchange in r["exchanges"]}]
    return max((day for day in days if day != NEVER), default=NEVER)


def switches_of(rpc: str) -> list[str]:
    return ROWS[rpc].get("switches", [])


def table() -> Iterator[str]:
    ours = used()
    done = sum(validated(rpc) != NEVER for rpc in ROWS)
    yield f"{len(ROWS)} RPCs are implemented, `reconciler` uses {len(ours)} of them."
    yield f"{done} were ever compared with the live service."
    yield ""
    yield "| RPC | used | built on facts | said by | played the other way by | checked live |"
    yield "|---|---|---|---|---|---|"
    for rpc, row in sorted(ROWS.items()):
        switches = ", ".join(f"`{name}`" for name in switches_of(rpc))
        facts, tags = ", ".join(row["facts"]), ", ".join(said_by(rpc))
        yield f"| {rpc} | {'×' if rpc in ours else ''} | {facts} | {tags} | {switches} | {validated(rpc)} |"


def everywhere() -> Iterator[str]:
    words = {"all": "every RPC", "List": "every list", "Post": "every create", "Patch": "every patch"}
    for prefix, names in EVERYWHERE.items():
        yield f"- {words[prefix]}: {', '.join(f'`{name}`' for name in names)}"


@pytest.mark.parametrize("made", [table, everywhere], ids=lambda made: made.__name__)
def test_the_page_is_that_of_the_code(made: Any, request: pytest.FixtureRequest) -> None:
    lines = "\n" + "\n".join(made()) + "\n"
    pattern = re.compile(rf"(<!-- {made.__name__} -->)(.*?)(<!-- end -->)", re.DOTALL)
    text = PAGE.read_text(encoding="utf-8")
    (shown,) = pattern.findall(text)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(pattern.sub(lambda found: found[1] + lines + found[3], text), encoding="utf-8")
        return
    assert shown[1] == lines, "docs/emulator-honesty.md is behind the code: `make golden` writes it anew"


def test_every_implemented_rpc_has_a_row_and_no_other_has() -> None:
    assert set(ROWS) == set(OPERATIONS)


def test_every_rpc_that_the_tool_uses_is_implemented() -> None:
    assert used() - set(OPERATIONS) == set()
    assert {"PostModelVersions", "PatchApps", "ListWorkflows", "DeleteConceptRelations", "GetUser"} <= used()


def test_every_row_stands_on_sections_of_the_fact_sheet(figures: Any) -> None:
    known = sections()
    assert not {(rpc, fact) for rpc, row in ROWS.items() for fact in row["facts"] if fact not in known}
    assert all(row["facts"] for row in ROWS.values())
    figures("RPCs with their sources", len(ROWS))


def test_every_switch_stands_somewhere_and_every_one_that_stands_there_exists() -> None:
    listed = {name for row in ROWS.values() for name in row.get("switches", [])}
    listed |= {name for names in EVERYWHERE.values() for name in names}
    assert listed == {each.name for each in Switches.listing()}


def test_every_open_question_that_has_a_switch_is_played_in_some_row() -> None:
    listed = {name for row in ROWS.values() for name in row.get("switches", [])} | {
        n for v in EVERYWHERE.values() for n in v
    }
    for row in re.findall(r"^\| U\d+ \|.*$", UNVERIFIED, re.MULTILINE):
        assert set(re.findall(r"`(\w+)`", row.split("|")[-2])) <= listed, row


class Spied(Switches):
    """Switches that know which of them were looked at."""

    seen: set[str]

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name in NAMES:
            Spied.seen.add(name)
        return super().__getattribute__(name)


NAMES = {each.name for each in Switches.listing()}


def test_a_switch_that_a_call_looks_at_stands_in_its_row() -> None:
    missing: set[tuple[str, str]] = set()

    class Watched(Wire):
        def call(self, rpc: str, request: dict[str, Any]) -> dict[str, Any]:
            Spied.seen = set()
            reply = super().call(rpc, request)
            general = {name for p, names in EVERYWHERE.items() if p == "all" or rpc.startswith(p) for name in names}
            missing.update((rpc, name) for name in Spied.seen - general - set(switches_of(rpc)))
            return reply

    Spied.seen = set()
    with Emulator(switches=Spied()) as emulator:
        run(Watched(open_channel(parse_base(emulator.base)), "any"), "me-local")
    assert not missing
