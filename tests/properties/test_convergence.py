"""Apply, then plan, is empty, and a second apply writes nothing: for the walkthrough and for random manifest sets.

Each switch of the emulator is tried by itself, and every pair of them in the rows of a covering array. Where a service
cannot keep what was sent, the apply must say so, naming the call.
"""

import struct
from typing import Any

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.secret import Secret
from tests.canary import CANARY

OF_EACH_SWITCH, OF_EACH_ROW = 3, 8


def converges(world: Any, path: str) -> None:
    """From nothing to what is declared, and then there is nothing left to do, however closely one looks."""
    world.apply(path)
    again, closely = world.plan(path), world.plan(path, refresh="full")
    assert (again.plan.changes, closely.plan.changes) == ((), ())
    world.forget_calls()
    world.carry_out(again)
    world.apply(path)
    assert world.writes == []


def fails(world: Any, path: str, message: str) -> None:
    """The apply says what the service did not keep, and does not try twice."""
    result = world.carry_out(world.plan(path))
    failures = [outcome.message for outcome in result.outcomes if outcome.status == "failed"]
    assert any(message in failure for failure in failures), failures
    assert not result.complete


def broken_promise(switches: dict[str, Any], manifests: Any) -> str | None:
    """The words of the failure in which these manifests must end with such a service; None if they can be kept."""
    if switches.get("unknown_types") == "refused" and _of_unknown_type(manifests):
        return "PostModels [21202]"
    if switches.get("concept_metadata") == "dropped" and _concept_metadata(manifests):
        return "PostConcepts was accepted, but"
    if switches.get("omitted_threshold") == "one" and _zero_thresholds(manifests):
        return "PostModelVersions made version"
    return None


def _specs(manifests: Any, kind: str) -> list[Any]:
    return [document["spec"] for document in manifests.documents if document["kind"] == kind]


def _of_unknown_type(manifests: Any) -> bool:
    return any(spec["model_type_id"] == "own-type" for spec in _specs(manifests, "Model"))


def _concept_metadata(manifests: Any) -> bool:
    return any(spec.get("metadata") for spec in _specs(manifests, "Concept"))


def _zero_thresholds(manifests: Any) -> bool:
    """A zero is the same as no value on the wire."""
    specs = _specs(manifests, "Model")
    infos = [spec.get("output_info") or spec.get("model_version", {}).get("output_info", {}) for spec in specs]
    values = [concept["value"] for info in infos for concept in info.get("data", {}).get("concepts", ())]
    return any(struct.unpack("<f", struct.pack("<f", value))[0] == 0 for value in values)


# ---- the walkthrough


def test_the_walkthrough_converges_with_each_switch_alone(worlds, walkthrough, alone, figures):
    converges(worlds(**alone), walkthrough)
    figures("settings of one switch", 1)


def test_the_walkthrough_converges_with_every_pair_of_switches(worlds, walkthrough, row, figures):
    converges(worlds(**row), walkthrough)
    figures("rows that cover all pairs of settings", 1)


# ---- random manifests


def test_random_manifests_converge_with_each_switch_alone(worlds, examples, manifests, alone, tmp_path, figures):
    def holds(drawn: Any) -> None:
        message = broken_promise(alone, drawn)
        world, path = worlds(**alone), drawn.file(tmp_path)
        fails(world, path, message) if message else converges(world, path)

    examples.check(manifests, holds, OF_EACH_SWITCH)
    figures("random manifest sets", examples.tried)


def test_random_manifests_converge_with_every_pair_of_switches(worlds, examples, manifests, row, tmp_path, figures):
    def holds(drawn: Any) -> None:
        message = broken_promise(row, drawn)
        world, path = worlds(**row), drawn.file(tmp_path)
        fails(world, path, message) if message else converges(world, path)

    examples.check(manifests, holds, OF_EACH_ROW)
    figures("random manifest sets", examples.tried)


def test_random_manifests_converge_however_small_the_pages_are(worlds, examples, manifests, tmp_path):
    def holds(drawn: Any) -> None:
        world = worlds()
        channel, secret = open_channel(parse_base(world.emulator.base)), Secret(f"Key {CANARY}")
        world.api = GrpcApi(channel, ("authorization", secret), limiter=Limiter(0), per_page=1)
        converges(world, drawn.file(tmp_path))

    examples.check(manifests, holds, 5)


def test_nodes_are_sent_after_the_nodes_they_read(worlds, examples, manifests, tmp_path):
    def holds(drawn: Any) -> None:
        world = worlds()
        world.apply(drawn.file(tmp_path))
        for call in world.emulator.calls.writes:
            for workflow in getattr(call.request, "workflows", ()):
                names = [node.id for node in workflow.nodes]
                for place, node in enumerate(workflow.nodes):
                    assert {source.node_id for source in node.node_inputs} <= set(names[:place])

    examples.check(manifests, holds, 15)


def test_the_random_manifests_are_many(switches):
    assert len(switches.alone) * OF_EACH_SWITCH + len(switches.rows) * OF_EACH_ROW >= 200


def test_every_pair_of_settings_stands_in_a_row(switches):
    each = [(name, value) for name, values in switches.sound.items() for value in values]
    wanted = {switches.pair(one, other) for one in each for other in each if one[0] != other[0]}
    assert wanted <= set().union(*map(switches.pairs_of, switches.rows))


# ---- services that cannot keep a promise


def test_a_service_that_ignores_metadata_action_fails_at_the_inventory(worlds, walkthrough):
    fails(worlds(metadata_action="ignored"), walkthrough, "PatchApps was accepted, but the app does not show")


def test_a_service_that_drops_the_metadata_of_versions_fails_at_the_first_version(worlds, walkthrough):
    fails(worlds(version_metadata="dropped"), walkthrough, "does not show the mark that was sent with it")


def test_a_threshold_of_zero_fails_where_the_service_takes_it_for_one(worlds, documents, tmp_path):
    world = worlds(omitted_threshold="one")
    planned = world.plan(documents.app(), documents.concept("p"), documents.thresholder("m", p=0))
    failed = [o.message for o in world.carry_out(planned).outcomes if o.status == "failed"]
    assert len(failed) == 1
    assert failed[0].startswith("PostModelVersions made version")
    assert failed[0].endswith("the service shows other values: model_version.output_info.data.concepts.p.value")


def test_lists_that_lag_far_behind_make_nothing_twice(worlds, documents):
    world = worlds(list_delay_reads=9)
    manifests = [
        documents.app(), documents.concept("p"), documents.concept("q"), documents.relation("p", "synonym", "q"),
        documents.thresholder("m"), documents.workflow("w", n="m"),
    ]  # fmt: skip
    for _ in range(5):
        world.apply(*manifests)
    assert world.plan(*manifests).plan.changes == ()
    for rpc, number in {"ListConcepts": 2, "ListConceptRelations": 1, "ListModels": 1, "ListWorkflows": 1}.items():
        assert len([world.listed(rpc) for _ in range(10)][-1]) == number
    assert len([world.versions("m") for _ in range(10)][-1]) == 1
