"""Write the same estate of N models in every tool's own language.

An estate is N threshold models over 20 concepts, and one workflow of four nodes for every 20 models. Terraform gets
one `terraform_data` resource for each model with the same attributes, octoDNS one record for each model.
`python -m benchmarks.fleet TOOL FOLDER N [CHANGED]` writes one; CHANGED models have another threshold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

CONCEPTS = 20
NODES = 4
MODELS_A_WORKFLOW = 20
DOCUMENTS_A_FILE = 250

_HEAD = "apiVersion: clarifai.reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"


def model_name(number: int) -> str:
    """The id of one model."""
    return f"threshold-{number:05d}"


def nodes_of(workflow: int) -> list[str]:
    """The models that one workflow uses."""
    first = workflow * MODELS_A_WORKFLOW
    return [model_name(first + node) for node in range(NODES)]


def values_of(number: int, changed: int) -> list[tuple[str, float]]:
    """The two thresholds of one model."""
    value = 0.75 if number < changed else 0.5 + number % 20 / 100
    return [(f"concept-{number % CONCEPTS:02d}", value), (f"concept-{(number + 1) % CONCEPTS:02d}", 0.9)]


# --- our manifests ---------------------------------------------------------------------------------------------------


def manifests(folder: Path, models: int, changed: int = 0) -> None:
    """An App, its concepts, and files of 250 documents."""
    folder.mkdir(parents=True)
    documents = [*map(_model, range(models), [changed] * models), *map(_workflow, range(models // MODELS_A_WORKFLOW))]
    first = _HEAD.format(kind="App", name="bench") + "spec: {description: What is measured}\n"
    (folder / "app.yaml").write_text("---\n".join([first, *map(_concept, range(CONCEPTS))]))
    for start in range(0, len(documents), DOCUMENTS_A_FILE):
        text = "---\n".join(documents[start : start + DOCUMENTS_A_FILE])
        (folder / f"objects-{start:05d}.yaml").write_text(text)


def _concept(number: int) -> str:
    return _HEAD.format(kind="Concept", name=f"concept-{number:02d}") + f"spec: {{name: Concept {number}}}\n"


def _model(number: int, changed: int) -> str:
    concepts = "".join(f"        - {{id: {name}, value: {value}}}\n" for name, value in values_of(number, changed))
    return _HEAD.format(kind="Model", name=model_name(number)) + (
        "spec:\n"
        "  model_type_id: concept-thresholder\n"
        f"  description: Lets confident predictions through, number {number}\n"
        "  model_version:\n"
        "    output_info:\n"
        "      params: {concept_threshold_type: GREATER_THAN}\n"
        f"      data:\n        concepts:\n{concepts}"
    )


def _workflow(number: int) -> str:
    text = _HEAD.format(kind="Workflow", name=f"workflow-{number:05d}") + "spec:\n  nodes:\n"
    for place, model in enumerate(nodes_of(number)):
        after = f", node_inputs: [{{node_id: node-{place - 1}}}]" if place else ""
        text += f"  - {{id: node-{place}, model: {{id: {model}}}{after}}}\n"
    return text


# --- the others ------------------------------------------------------------------------------------------------------


def terraform(folder: Path, models: int, changed: int = 0) -> None:
    """One resource for each model, and the state of an apply of them, since a real one takes minutes.

    No workflows: references between resources make Terraform three times slower, and it is to be seen at its best.
    """
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text("\n".join(_terraform_block(number, changed) for number in range(models)))
    state = {"version": 4, "terraform_version": "1.0.0", "serial": 1, "lineage": str(UUID(int=1)), "outputs": {}}
    state["resources"] = [_terraform_resource(number) for number in range(models)]
    (folder / "terraform.tfstate").write_text(json.dumps(state))


def _terraform_block(number: int, changed: int) -> str:
    concepts = "".join(f'      {{ id = "{name}", value = {value} }},\n' for name, value in values_of(number, changed))
    return (
        f'resource "terraform_data" "{model_name(number)}" {{\n  input = {{\n'
        '    model_type_id = "concept-thresholder"\n'
        f'    description = "Lets confident predictions through, number {number}"\n'
        '    concept_threshold_type = "GREATER_THAN"\n'
        f"    concepts = [\n{concepts}    ]\n  }}\n}}\n"
    )


def _terraform_resource(number: int) -> dict[str, Any]:
    """One resource as `terraform apply` writes it into its state."""
    concept = ["object", {"id": "string", "value": "number"}]
    texts = ("concept_threshold_type", "description", "model_type_id")
    held = {
        "value": {
            "concept_threshold_type": "GREATER_THAN",
            "concepts": [{"id": name, "value": value} for name, value in values_of(number, 0)],
            "description": f"Lets confident predictions through, number {number}",
            "model_type_id": "concept-thresholder",
        },
        "type": ["object", {**dict.fromkeys(texts, "string"), "concepts": ["tuple", [concept, concept]]}],
    }
    attributes = {"id": str(UUID(int=number + 2)), "input": held, "output": held, "triggers_replace": None}
    instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": [], "identity_schema_version": 0}
    provider = 'provider["terraform.io/builtin/terraform"]'
    head = {"mode": "managed", "type": "terraform_data", "name": model_name(number), "provider": provider}
    return {**head, "instances": [instance]}


def octodns(folder: Path, models: int, changed: int = 0) -> None:
    """One A record for each model; `config` is what is wanted, `live` what is there, both YAML."""
    for name, moved in (("config", changed), ("live", 0)):
        zone = folder / name
        zone.mkdir(parents=True)
        records = (
            f"record-{number:05d}:\n  ttl: {3600 if number >= moved else 60}\n  type: A\n"
            f"  value: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\n"
            for number in range(models)
        )
        (zone / "bench.test.yaml").write_text("---\n" + "".join(records))
    (folder / "octodns.yaml").write_text(
        "providers:\n"
        f"  config: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/config}}\n"
        f"  live: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/live, supports_root_ns: false}}\n"
        "zones:\n  bench.test.: {sources: [config], targets: [live]}\n"
    )


TOOLS: dict[str, Callable[[Path, int, int], None]] = {
    "manifests": manifests,
    "terraform": terraform,
    "octodns": octodns,
}

if __name__ == "__main__":
    tool, place, number, *rest = sys.argv[1:]
    TOOLS[tool](Path(place), int(number), int(rest[0]) if rest else 0)
