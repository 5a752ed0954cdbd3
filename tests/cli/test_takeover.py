"""`export`, `adopt`, `graph`, `schema`: what they print and write, and their codes."""

import json
from typing import Any

import pytest

from reconciler.emulator.server import Emulator


@pytest.fixture
def shop(shell: Any, emulator: Emulator) -> Any:
    """An app with two concepts, made from manifests that are gone."""
    shell.manifests("hat", "no")
    assert shell("apply", "--auto-approve").code == 0
    (shell.folder / "shop.yaml").unlink()
    return shell


def test_export_prints_manifests(shop: Any) -> None:
    ended = shop("export", "me-local/shop")
    assert ended.code == 0
    assert ended.out.startswith("# Exported from me-local/shop\napiVersion: clarifai.reconciler/v1\nkind: App\n")
    assert "metadata: {name: 'no'}\nspec:\n  name: 'no'\n" in ended.out


@pytest.mark.parametrize("name", ["me/shop", "shop"])
def test_the_account_may_be_left_to_the_token(shop: Any, name: str) -> None:
    assert shop("export", name).out == shop("export", "me-local/shop").out


def test_export_into_files_that_can_be_planned(shop: Any) -> None:
    ended = shop("export", "shop", "--out", "app")
    assert ended.out.startswith("Wrote app/app.yaml, app/concepts.yaml.\n")
    assert sorted(file.name for file in (shop.folder / "app").iterdir()) == ["app.yaml", "concepts.yaml"]
    assert shop("plan", "app", "--detailed-exitcode").code == 0


def test_export_into_one_file(shop: Any) -> None:
    shop("export", "shop", "--out", ".", "--single-file")
    assert shop("plan", "shop.yaml", "--detailed-exitcode").code == 0


def test_files_that_are_there_stay_without_force(shop: Any) -> None:
    shop.write("app/concepts.yaml", "mine")
    ended = shop("export", "shop", "--out", "app")
    assert ended.code == 1
    assert "there is already: app/concepts.yaml" in ended.err
    assert not (shop.folder / "app" / "app.yaml").exists()
    assert shop("export", "shop", "--out", "app", "--force").code == 0


def test_export_as_json_is_a_list_that_is_read_again(shop: Any) -> None:
    ended = shop("export", "shop", "--format", "json")
    assert [item["kind"] for item in ended.json["items"]] == ["App", "Concept", "Concept"]
    shop.write("list.json", ended.out)
    assert shop("plan", "list.json", "--detailed-exitcode").code == 0


def test_export_writes_nothing_to_the_app(shop: Any, emulator: Emulator) -> None:
    emulator.calls.reset()
    shop("export", "shop")
    assert emulator.calls.writes == []


@pytest.mark.parametrize(("name", "said"), [("nope", "there is no app me-local/nope"), ("a/b/c", "USER/APP")])
def test_what_is_no_app(shop: Any, name: str, said: str) -> None:
    ended = shop("export", name)
    assert ended.code == 1
    assert said in ended.err


def test_adopt_takes_over_what_is_the_same(shop: Any) -> None:
    shop("export", "shop", "--out", "app")
    (shop.folder / "app" / "app.yaml").unlink()
    scope = ("--app-id", "shop", "--owner", "hats")
    ended = shop("adopt", "app", "--auto-approve", "--allow", "takeover=*", *scope)
    assert ended.code == 0, ended.err
    assert "2 adopted" in ended.out
    assert shop("adopt", "app", "--auto-approve", *scope).code == 0


def test_what_differs_is_a_refusal_that_names_it(shop: Any, emulator: Emulator) -> None:
    shop.write(
        "other.yaml", "apiVersion: clarifai.reconciler/v1\nkind: Concept\nmetadata: {name: hat}\nspec: {name: x}\n"
    )
    emulator.calls.reset()
    ended = shop("adopt", "other.yaml", "--auto-approve", "--app-id", "shop", "--owner", "shop")
    assert ended.code == 4
    assert "concepts/hat is not adopted: it differs in name" in ended.out + ended.err
    assert emulator.calls.writes == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_left_alone_is_in_every_account(shop: Any, emulator: Emulator, form: str) -> None:
    shop("export", "shop", "--out", "app")
    (shop.folder / "app" / "app.yaml").unlink()
    concepts = shop.folder / "app" / "concepts.yaml"
    concepts.write_text(concepts.read_text().replace("  name: hat", "  name: x"))
    scope = ("--app-id", "shop", "--owner", "hats", "--allow", "takeover=*")
    wishes = [f"--report={name}=told.{name}" for name in ("json", "markdown", "github", "github-outputs")]
    ended = shop("adopt", "app", "--auto-approve", "--format", form, *scope, *wishes)
    assert ended.code == 4, ended.err
    assert "1 not adopted" in ended.err
    told = {name: (shop.folder / f"told.{name}").read_text() for name in ("json", "markdown", "github")}
    assert all("concepts/hat is not adopted: it differs in name" in text.replace("\\", "") for text in told.values())
    account = json.loads(told["json"])
    assert (account["exit_code"], account["done"]["adopt"]) == (4, 1)
    assert "exitcode=4\n" in (shop.folder / "told.github-outputs").read_text()
    if form == "json":
        assert ended.json["diagnostics"] == account["diagnostics"]


def test_adopt_asks(shop: Any, answering: Any) -> None:
    shop("export", "shop", "--out", "app")
    (shop.folder / "app" / "app.yaml").unlink()
    words = ("adopt", "app", "--allow", "takeover=*", "--app-id", "shop", "--owner", "hats")
    asked = answering("no")
    assert shop(*words).code == 1
    assert len(asked) == 1


def test_adopt_without_a_terminal_needs_approval(shop: Any) -> None:
    assert shop("adopt", ".").code == 1


def test_graph_needs_no_account(shell: Any) -> None:
    shell.manifests("hat")
    ended = shell("graph")
    assert ended.code == 0
    assert "apps/shop" in ended.out
    assert shell("graph", "--format", "dot").out.startswith("digraph ")
    assert shell("graph", "--format", "mermaid").out.startswith("flowchart LR\n")
    assert json.loads(shell("graph", "--format", "json").out)["declared"] == 2


def test_graph_of_what_is_wrong_says_what(shell: Any) -> None:
    shell.manifests("hat", "hat")
    ended = shell("graph")
    assert ended.code == 3
    assert "declared twice" in ended.err


def test_schema_of_all_kinds_or_one(shell: Any) -> None:
    assert "Workflow" in shell("schema").json["$defs"]
    one = shell("schema", "workflow").json
    assert one["properties"]["kind"] == {"enum": ["Workflow"]}
    ended = shell("schema", "Modle")
    assert ended.code == 1
    assert "did you mean 'Model'?" in ended.err
