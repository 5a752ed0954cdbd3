"""All operations by RPC name.

Belongs here: nothing but the merge of the resources' own tables. A new resource is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.emulator.context import Operation
from reconciler.emulator.operations import (
    annotation_reviews,
    apps,
    concept_counts,
    concept_languages,
    concepts,
    dataset_inputs,
    dataset_versions,
    datasets,
    input_jobs,
    inputs,
    knowledge_graphs,
    model_outputs,
    model_tags,
    model_types,
    model_versions,
    models,
    relations,
    renames,
    searches,
    status_codes,
    users,
    workflow_results,
    workflow_versions,
    workflows,
)
from reconciler.emulator.operations import annotations as annotation_calls

OPERATIONS: Mapping[str, Operation] = {
    **status_codes.OPERATIONS,
    **users.OPERATIONS,
    **apps.OPERATIONS,
    **concepts.OPERATIONS,
    **concept_languages.OPERATIONS,
    **relations.OPERATIONS,
    **knowledge_graphs.OPERATIONS,
    **model_types.OPERATIONS,
    **models.OPERATIONS,
    **model_tags.OPERATIONS,
    **model_versions.OPERATIONS,
    **model_outputs.OPERATIONS,
    **workflows.OPERATIONS,
    **workflow_versions.OPERATIONS,
    **workflow_results.OPERATIONS,
    **renames.OPERATIONS,
    **inputs.OPERATIONS,
    **input_jobs.OPERATIONS,
    **annotation_calls.OPERATIONS,
    **annotation_reviews.OPERATIONS,
    **concept_counts.OPERATIONS,
    **searches.OPERATIONS,
    **datasets.OPERATIONS,
    **dataset_inputs.OPERATIONS,
    **dataset_versions.OPERATIONS,
}

LONG: frozenset[str] = frozenset(
    {"PostModelOutputs", "PostWorkflowResults", *models.POLLS, *model_versions.POLLS, *searches.LONG}
)
"""Operations that may download, predict or train: they open transactions of their own, each a short one."""
