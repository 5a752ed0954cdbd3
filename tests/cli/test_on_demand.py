"""The table of commands: all there, made once, and only when one is asked for."""

import pytest
from typer.main import get_group

from reconciler.cli.main import COMMANDS, HIDDEN, app
from reconciler.cli.on_demand import OnDemand


def test_the_tree_has_every_command_of_the_table_by_its_name():
    commands = get_group(app).commands
    assert {name: command.name for name, command in commands.items()} == {name: name for name in COMMANDS}
    assert {name for name, command in commands.items() if command.hidden} == HIDDEN


def test_a_command_is_made_once():
    commands = OnDemand({"version": "reconciler.cli.version:version"})
    assert commands["version"] is commands["version"]


def test_nothing_is_looked_for_before_it_is_asked_for():
    commands = OnDemand({"lost": "reconciler.cli.nowhere:at_all"})
    assert list(commands) == ["lost"]
    assert commands.get("other") is None
    with pytest.raises(ModuleNotFoundError):
        commands["lost"]


@pytest.mark.parametrize("words", [["show"], ["fmt"], ["inputs", "add"], ["emulator"]])
def test_help_names_arguments_without_types(shell, words):
    shown = shell(*words, "--help").out
    assert "<str" not in shown
    assert "<list" not in shown
    assert "[[" not in shown


def test_help_has_room_for_every_summary(shell):
    for words in [], ["inputs"], ["annotations"], ["lock"]:
        assert "..." not in shell(*words, "--help", COLUMNS="80").out.partition("Commands:")[2]
