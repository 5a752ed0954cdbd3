"""All operations by RPC name.

Belongs here: nothing but the merge of the resources' own tables. A new resource is one file and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.emulator.context import Operation
from reconciler.emulator.operations import (
    apps,
    concept_languages,
    concepts,
    knowledge_graphs,
    model_tags,
    model_types,
    model_versions,
    models,
    relations,
    renames,
    status_codes,
    users,
    workflow_versions,
    workflows,
)

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
    **workflows.OPERATIONS,
    **workflow_versions.OPERATIONS,
    **renames.OPERATIONS,
}
