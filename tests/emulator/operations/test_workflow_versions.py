"""Workflow versions: facts 3.8, U7."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

Version = resources_pb2.WorkflowVersion


@pytest.fixture
def versions(api):
    """Two versions of workflow w, newest first."""
    first = api.workflow("w", api.node("a", "general-image-recognition")).version.id
    nodes = [api.node("b", "general-image-recognition")]
    workflow = resources_pb2.Workflow(id="w", nodes=nodes)
    second = api.ok("PatchWorkflows", workflows=[workflow], action="overwrite").workflows[0].version.id
    return [second, first]


def test_versions_are_listed_newest_first(api, versions):
    listed = api.ok("ListWorkflowVersions", workflow_id="w").workflow_versions
    assert [v.id for v in listed] == versions
    assert [[n.id for n in v.nodes] for v in listed] == [["b"], ["a"]]
    assert [v.workflow_id for v in listed] == ["w", "w"]


def test_an_old_version_stays_readable(api, versions):
    version = api.ok("GetWorkflowVersion", workflow_id="w", workflow_version_id=versions[1]).workflow_version
    assert [n.id for n in version.nodes] == ["a"]
    assert api.code("GetWorkflowVersion", workflow_id="w", workflow_version_id="0" * 32) == 11101


def test_patch_changes_words_but_never_nodes(api, versions):
    sent = Version(id=versions[1], description="d", metadata={"k": 1}, nodes=[api.node("z", "m")])
    patched = api.ok(
        "PatchWorkflowVersions", workflow_id="w", workflow_versions=[sent], action="overwrite"
    ).workflow_versions[0]
    assert (patched.description, dict(patched.metadata)) == ("d", {"k": 1})
    assert [n.id for n in patched.nodes] == ["a"]
    assert [v.id for v in api.ok("ListWorkflowVersions", workflow_id="w").workflow_versions] == versions


def test_deleting_the_newest_brings_the_older_back(api, versions):
    api.ok("DeleteWorkflowVersions", workflow_id="w", workflow_version_ids=[versions[0]])
    assert api.ok("GetWorkflow", workflow_id="w").workflow.version.id == versions[1]


def test_the_last_version_stays(api, versions):
    assert api.code("DeleteWorkflowVersions", workflow_id="w", workflow_version_ids=versions) == 22999
    assert len(api.ok("ListWorkflowVersions", workflow_id="w").workflow_versions) == 2
