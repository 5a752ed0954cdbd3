"""No text of a manifest or of the service becomes a command of a GitHub Actions runner that reads the log."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.runner_commands import inert, inert_json
from reconciler.emulator.server import Emulator

EVIL = ["::error::x", "  ::set-output name=a::b", "##[add-mask]x", "\n::stop-commands::t", "::"]
LONG = " ::error::x" * 40
"""So long that it is wrapped, and lines begin with it."""
FORMATS = ["text", "json", "events", "markdown", "gitlab", "codequality", "sarif", "github-summary", "github-outputs"]
COMMAND = re.compile(r"^\s*::|##\[")


def commands(text: str) -> list[str]:
    """The lines that the runner would obey; it ends lines at either sign."""
    return [line for line in re.split(r"[\r\n]", text) if COMMAND.search(line)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\::error::x"),
        ("a\n  ::error::x\r\t::x", "a\n  \\::error::x\r\t\\::x"),
        ("a ::error::x", "a ::error::x"),
        ("a ##[error]x", "a #\\#[error]x"),
        ("###[x", "##\\#[x"),
        ("plain: text\n", "plain: text\n"),
    ],
)
def test_a_backslash_stands_before_a_command(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(st.text(st.sampled_from(list(":#[ \t\r\n\v\u00a0a"))))
def test_nothing_remains_that_is_a_command(text: str) -> None:
    assert not commands(inert(text))
    assert re.sub(r"\\", "", inert(text)) == text


@given(st.text(st.sampled_from(list(":#[a\\"))))
def test_json_says_the_same(text: str) -> None:
    document = json.dumps({"a": text})
    assert json.loads(inert_json(document)) == {"a": text}
    assert not commands(inert_json(document))


@pytest.fixture
def hostile(shell: Any, emulator: Emulator) -> Any:
    """Values that are commands, wherever text of others is shown."""
    evil = json.dumps("\n".join(EVIL))
    shell.write(
        "shop.yaml",
        f"apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {{name: shop}}\nspec: {{description: {evil}}}\n"
        "---\napiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m}\n"
        f"spec: {{model_type_id: prompter, description: {evil}, notes: '##[error]x'}}\n",
    )
    return shell


@pytest.mark.parametrize("form", FORMATS)
def test_no_value_of_a_manifest_is_a_command(hostile: Any, form: str) -> None:
    ended = hostile("plan", "--format", form, GITHUB_ACTIONS="true")
    assert ended.code == 0
    assert not commands(ended.out + "\n" + ended.err)


def test_annotations_are_commands_still(hostile: Any, emulator: Emulator) -> None:
    hostile.write("shop.yaml", "kind: ::error\n")
    ended = hostile("validate", "--format", "github", GITHUB_ACTIONS="true")
    assert all(line.startswith("::error ") for line in commands(ended.out))
    assert commands(ended.out)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_word_of_the_service_is_a_command(hostile: Any, emulator: Emulator, form: str) -> None:
    emulator.faults.add("PostApps", code=10020, details=f"no\n::error::x\n##[error]x{LONG}", times=-1)
    ended = hostile("apply", "-y", "--format", form, GITHUB_ACTIONS="true")
    assert ended.code == 1
    assert not commands(ended.out + "\n" + ended.err)


def test_elsewhere_nothing_is_changed(hostile: Any, emulator: Emulator) -> None:
    """And there the same words would be commands, so the tests above can fail."""
    assert "##[error]x" in hostile("plan").out
    emulator.faults.add("PostApps", code=10020, details=LONG, times=-1)
    assert commands(hostile("apply", "-y").out)


def test_files_are_not_changed(hostile: Any) -> None:
    hostile("plan", "--report", "json=plan.json", "--out", "saved.json", GITHUB_ACTIONS="true")
    assert "##[error]x" in (hostile.folder / "plan.json").read_text()
    assert hostile("show", "saved.json").code == 0
