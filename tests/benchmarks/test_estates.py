"""What is measured is what it is said to be: the estates of all tools hold the same, and ours is valid and complete."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from benchmarks import fleet


def test_our_manifests_are_valid_and_hold_what_is_said(world: Any, tmp_path: Path) -> None:
    fleet.manifests(tmp_path / "estate", 40)
    desired = world.desired(str(tmp_path / "estate"))
    kinds = Counter(address.kind for address in desired.resources)
    assert kinds == {"apps": 1, "concepts": fleet.CONCEPTS, "models": 40, "workflows": 2}


def test_an_estate_that_is_applied_is_planned_as_empty_and_one_that_changed_is_not(world: Any, tmp_path: Path) -> None:
    for name, changed in (("same", 0), ("moved", 2)):
        fleet.manifests(tmp_path / name, 40, changed)
    world.enter("bench")
    world.apply(str(tmp_path / "same"))
    assert world.actions(world.plan(str(tmp_path / "same"))) == {}
    moved = world.actions(world.plan(str(tmp_path / "moved")))
    assert [name for name in moved if name.startswith("models/")] == [f"models/{fleet.model_name(n)}" for n in (0, 1)]


def test_terraform_has_a_resource_and_its_state_for_each_model(tmp_path: Path) -> None:
    fleet.terraform(tmp_path / "tf", 40, 2)
    text = (tmp_path / "tf" / "main.tf").read_text()
    state = json.loads((tmp_path / "tf" / "terraform.tfstate").read_text())
    named = [resource["name"] for resource in state["resources"]]
    assert named == [fleet.model_name(number) for number in range(40)]
    assert all(f'resource "terraform_data" "{name}"' in text for name in named)


def test_octodns_has_a_record_for_each_model_on_both_sides(tmp_path: Path) -> None:
    fleet.octodns(tmp_path / "dns", 40, 2)
    zones = [yaml.safe_load((tmp_path / "dns" / side / "bench.test.yaml").read_text()) for side in ("config", "live")]
    assert [len(zone) for zone in zones] == [40, 40]
    assert sum(zones[0][name] != zones[1][name] for name in zones[0]) == 2
