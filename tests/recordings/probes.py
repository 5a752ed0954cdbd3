"""What is asked of a service to learn how it behaves: a fixed list of calls inside one app of their own.

Belongs here: the calls, in order, as data. Not here: sending them (`session.py`), asking a person first and writing
files (`record.py`). Nothing here trains, predicts or uploads, and everything happens in the app `{app}`, which the
first call makes and `session.py` deletes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]

APP: JSON = {"user_id": "{user}", "app_id": "{app}"}
EMPTY: JSON = {"id": "Empty", "user_id": "clarifai", "app_id": "main"}
RECOGNITION: JSON = {
    "id": "general-image-recognition",
    "user_id": "clarifai",
    "app_id": "main",
    "model_version": {"id": "aa7f35c01e0642fda5cf400f543e7c40"},
}
"""A public model and a version of it that Clarifai's own samples name (facts 14.2)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One call: its name in recordings, the RPC, the request as JSON, and what it teaches.

    `{user}` and `{app}` stand for the run's own; `saves` names values of the reply for later probes, by their path.
    """

    name: str
    rpc: str
    request: JSON
    asks: tuple[str, ...] = ()
    """The rows of docs/unverified.md that the reply answers."""
    saves: dict[str, str] = field(default_factory=dict)


def probe(name: str, rpc: str, asks: str = "", saves: dict[str, str] | None = None, **request: Any) -> Probe:
    """A probe in the app; `asks` is words such as `U1 U5`."""
    return Probe(name, rpc, {"user_app_id": APP, **request}, tuple(asks.split()), saves or {})


def concept(name: str, **fields: Any) -> JSON:
    return {"id": name, "name": name, **fields}


def thresholder(comparator: str | int, *values: JSON) -> JSON:
    return {"output_info": {"params": {"concept_threshold_type": comparator}, "data": {"concepts": list(values)}}}


def node(name: str, model: JSON, *after: str) -> JSON:
    return {"id": name, "model": model, "node_inputs": [{"node_id": source} for source in after]}


THRESHOLD = node("threshold", {"id": "plain", "model_version": {"id": "{first}"}}, "general")
GENERAL = node("general", RECOGNITION)

APPS = (
    Probe(
        "an app",
        "PostApps",
        {
            "user_app_id": {"user_id": "{user}"},
            "apps": [{"id": "{app}", "description": "a probe", "default_workflow": EMPTY}],
        },
    ),
    Probe("the same app again", "PostApps", {"user_app_id": {"user_id": "{user}"}, "apps": [{"id": "{app}"}]}, ("U5",)),
    probe("the app", "GetApp"),
    probe(
        "metadata of an app, with its action",
        "PatchApps",
        "U31 U27",
        apps=[{"id": "{app}", "metadata": {"a": 1, "b": {"c": "d"}}}],
        action="overwrite",
        metadata_action={"op": "merge", "merge_conflict_resolution": "overwrite"},
    ),
    probe(
        "metadata of an app, without an action",
        "PatchApps",
        "U31",
        apps=[{"id": "{app}", "metadata": {"e": 1}}],
        action="overwrite",
    ),
    probe("the app after both", "GetApp", "U31"),
    probe("an empty description", "PatchApps", "U12", apps=[{"id": "{app}", "description": ""}], action="overwrite"),
    probe("the app after that", "GetApp", "U12"),
    probe("the workflows of a new app", "ListWorkflows", "U16"),
    probe("what is counted in a new app", "GetResourceCounts"),
    Probe(
        "an app that does not exist", "GetApp", {"user_app_id": {"user_id": "{user}", "app_id": "{app}-x"}}, ("U17",)
    ),
    Probe(
        "a model of an app that does not exist",
        "GetModel",
        {"user_app_id": {"user_id": "{user}", "app_id": "{app}-x"}, "model_id": "x"},
        ("U17",),
    ),
)

CONCEPTS = (
    probe(
        "two concepts",
        "PostConcepts",
        concepts=[concept("one", metadata={"mark": "1"}), concept("two", definition="the second")],
    ),
    probe("a concept that exists", "PostConcepts", "U5", concepts=[concept("one")]),
    probe("a concept with its metadata", "GetConcept", "U8", concept_id="one"),
    probe("a concept that does not exist", "GetConcept", "U18", concept_id="none"),
    probe("all concepts", "ListConcepts", "U8 U20"),
    probe(
        "another definition",
        "PatchConcepts",
        "U27",
        concepts=[{"id": "two", "definition": "other"}],
        action="overwrite",
    ),
    probe("a page that is too large", "ListConcepts", "U19", page=1, per_page=1001),
    probe("a page past the end", "ListConcepts", page=50, per_page=128),
)

RELATIONS = (
    probe(
        "a hypernym",
        "PostConceptRelations",
        "U13",
        concept_id="one",
        concept_relations=[{"object_concept": {"id": "two"}, "predicate": "hypernym"}],
        saves={"hypernym": "concept_relations.0.id"},
    ),
    probe(
        "a synonym of a public concept",
        "PostConceptRelations",
        "U14",
        concept_id="one",
        concept_relations=[{"object_concept": {"id": "ai_8S2Vq3cR", "app_id": "main"}, "predicate": "synonym"}],
        saves={"synonym": "concept_relations.0.id"},
    ),
    probe("all relations", "ListConceptRelations", "U13 U14"),
    probe("the relations of one side", "ListConceptRelations", "U13", concept_id="one"),
    probe("the relations of the other side", "ListConceptRelations", "U13", concept_id="two"),
    probe(
        "the same relation again",
        "PostConceptRelations",
        "U5",
        concept_id="one",
        concept_relations=[{"object_concept": {"id": "two"}, "predicate": "hypernym"}],
    ),
    probe("a relation deleted by its object", "DeleteConceptRelations", "U13", concept_id="two", ids=["{hypernym}"]),
)

MODELS = (
    probe(
        "a model without a version",
        "PostModels",
        "U1",
        models=[{"id": "plain", "model_type_id": "concept-thresholder"}],
    ),
    probe("its versions", "ListModelVersions", "U1", model_id="plain"),
    probe("the same model again", "PostModels", "U5", models=[{"id": "plain", "model_type_id": "concept-thresholder"}]),
    probe("a model of the old type", "PostModels", "U2", models=[{"id": "old", "model_type_id": "concept-threshold"}]),
    probe("that model", "GetModel", "U2", model_id="old"),
    probe(
        "a version by a comparator's name",
        "PostModelVersions",
        "U3 U22 U23",
        model_id="plain",
        model_versions=[
            {
                **thresholder(
                    "GREATER_THAN", concept("one", value=0.5), {"id": "two"}, {"id": "nobody", "value": 0.25}
                ),
                "metadata": {"mark": "first"},
            }
        ],
        saves={"first": "model.model_version.id"},
    ),
    probe(
        "a version by a comparator's number",
        "PostModelVersions",
        "U3",
        model_id="plain",
        model_versions=[thresholder(3, concept("one", value=0.5))],
        saves={"second": "model.model_version.id"},
    ),
    probe("a version as it is read", "GetModelVersion", "U3 U4 U32", model_id="plain", version_id="{first}"),
    probe("the model as it is read", "GetModel", "U4", model_id="plain"),
    probe("the model with its output info", "GetModelOutputInfo", "U4 U23", model_id="plain", version_id="{first}"),
    probe("all versions of it", "ListModelVersions", "U4 U32", model_id="plain"),
    probe("all models", "ListModels", "U4 U8 U32", dont_fetch_from_main=True),
    probe("whether a concept was made for it", "GetConcept", "U22", concept_id="nobody"),
    probe(
        "a version's metadata patched",
        "PatchModelVersions",
        "U32",
        model_id="plain",
        model_versions=[{"id": "{second}", "metadata": {"mark": "second"}}],
        action="overwrite",
    ),
    probe(
        "a version's params patched",
        "PatchModelVersions",
        "U21",
        model_id="plain",
        model_versions=[{"id": "{second}", **thresholder("EQUAL")}],
        action="overwrite",
    ),
    probe("that version afterwards", "GetModelOutputInfo", "U21", model_id="plain", version_id="{second}"),
    probe(
        "a model described", "PatchModels", "U27", models=[{"id": "plain", "description": "told"}], action="overwrite"
    ),
    probe("a model that does not exist", "GetModel", model_id="none"),
)

WORKFLOWS = (
    probe("a workflow", "PostWorkflows", workflows=[{"id": "flow", "nodes": [GENERAL, THRESHOLD]}]),
    probe("the same workflow again", "PostWorkflows", "U5", workflows=[{"id": "flow", "nodes": [GENERAL]}]),
    probe("it", "GetWorkflow", workflow_id="flow"),
    probe(
        "a description only",
        "PatchWorkflows",
        "U10 U27",
        workflows=[{"id": "flow", "description": "told"}],
        action="overwrite",
    ),
    probe("its versions after that", "ListWorkflowVersions", "U10", workflow_id="flow"),
    probe(
        "the same nodes again",
        "PatchWorkflows",
        "U10",
        workflows=[{"id": "flow", "nodes": [GENERAL, THRESHOLD]}],
        action="overwrite",
    ),
    probe("its versions after the same nodes", "ListWorkflowVersions", "U10", workflow_id="flow"),
    probe(
        "fewer nodes, merged", "PatchWorkflows", "U9", workflows=[{"id": "flow", "nodes": [GENERAL]}], action="merge"
    ),
    probe("it after the merge", "GetWorkflow", "U9", workflow_id="flow"),
    probe(
        "fewer nodes, overwritten",
        "PatchWorkflows",
        "U9",
        workflows=[{"id": "flow", "nodes": [GENERAL]}],
        action="overwrite",
    ),
    probe("it after the overwrite", "GetWorkflow", "U9", workflow_id="flow"),
    probe(
        "a node without a version",
        "PostWorkflows",
        "U11",
        workflows=[{"id": "unpinned", "nodes": [GENERAL, node("threshold", {"id": "plain"}, "general")]}],
    ),
    probe(
        "nodes that do not fit",
        "PostWorkflows",
        "U24",
        workflows=[{"id": "misfit", "nodes": [GENERAL, THRESHOLD, node("again", RECOGNITION, "threshold")]}],
    ),
    probe(
        "a default workflow",
        "PatchApps",
        "U15",
        apps=[{"id": "{app}", "default_workflow_id": "flow"}],
        action="overwrite",
    ),
    probe("the default workflow deleted", "DeleteWorkflow", "U7", workflow_id="flow"),
    probe("back to none", "PatchApps", "U7", apps=[{"id": "{app}", "default_workflow": EMPTY}], action="overwrite"),
    probe("a model in use deleted", "DeleteModel", "U6", model_id="plain"),
    probe("what used it", "GetWorkflow", "U6", workflow_id="unpinned"),
    probe("a workflow that does not exist", "GetWorkflow", workflow_id="none"),
)

LEASE: JSON = {"id": "lease-000001", "metadata": {"holder": "first"}}

DATASETS = (
    probe("a dataset", "PostDatasets", datasets=[LEASE]),
    probe("the same dataset again", "PostDatasets", "U5", datasets=[{**LEASE, "metadata": {"holder": "second"}}]),
    probe("whose it is", "GetDataset", dataset_id="lease-000001"),
    probe(
        "its metadata patched",
        "PatchDatasets",
        "U27",
        datasets=[{"id": "lease-000001", "metadata": {"holder": "third"}}],
        action="overwrite",
    ),
    probe("all datasets", "ListDatasets"),
    probe("a dataset deleted", "DeleteDatasets", dataset_ids=["lease-000001"]),
    probe("a dataset that does not exist", "GetDataset", dataset_id="lease-000001"),
)
"""What the lock relies on: a taken id is refused, and metadata is read as it was written."""

PROBES: tuple[Probe, ...] = (*APPS, *CONCEPTS, *RELATIONS, *MODELS, *WORKFLOWS, *DATASETS)
