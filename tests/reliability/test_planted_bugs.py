"""The programme is itself tested: many small breakages of the tool make it fail, the tool as it is does not.

Most are noticed by a few of the random programmes of `test_stateful`; a directed programme stands for what these meet
too seldom.
"""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler import pipeline
from reconciler.client.api import ReadOnlyApi
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.remote import WriteAttempted
from reconciler.manifests import desired_state, read_manifests
from reconciler.stages.resolve import Options
from tests.reliability import strangers
from tests.reliability.bursts import Burst
from tests.reliability.in_process import PER_PAGE, InProcess, without_threads
from tests.reliability.manifest_sets import FIRST, SECOND, document
from tests.reliability.planted_bugs import BUGS, Bug, planted
from tests.reliability.programme import How, Programme
from tests.reliability.test_stateful import programmes, training_at_once

FEW, SEEDS = 15, (500, 501, 502)
"""Programmes of one seed, and the seeds that are tried until one fails."""


def random_programmes() -> None:
    for number in SEEDS:
        programmes(FEW, number)


def a_programme(**switches: Any) -> Programme:
    programme = Programme(InProcess(**switches))
    for slot in ("concept:a", "concept:b", "relation:1", "thresholder:cut", "operator:op", "workflow:flow", "input:i1"):
        programme.edit(FIRST.name, FIRST.slots.index(slot), 1)
    return programme


def an_object_that_somebody_made_meanwhile() -> None:
    """Between plan and apply; ours must not be told as made."""
    edit = strangers.EDITS.index(strangers.make_model)
    programme = a_programme()
    programme.run(FIRST.name, How())
    programme.edit(FIRST.name, FIRST.slots.index("thresholder:both"), 1)
    run = programme.run(FIRST.name, How(meddling=(edit, strangers.NAMES.index("both"))))
    assert run is not None
    assert not run.result.complete


def applied() -> Programme:
    programme = a_programme()
    run = programme.run(FIRST.name, How())
    assert run is not None
    assert run.result.complete
    return programme


def deletes_that_are_done_by_half() -> None:
    applied().run(FIRST.name, How(destroy=True, prune=True, bursts=[Burst(["half a batch"] * 6, "Delete*", 0)]))


def a_delete_that_fails() -> None:
    """The first of several; the others are not even begun."""
    for shuffle in range(1, 6):
        weather = [Burst(["exhausted"] * 4, "Delete*", 0)]
        applied().run(FIRST.name, How(destroy=True, prune=True, bursts=weather, shuffle=shuffle))


def a_workflow_that_is_no_longer_declared() -> None:
    programme = applied()
    programme.slots[FIRST.name].pop("workflow:flow")
    programme.run(FIRST.name, How(prune=True))


def a_destroy_of_what_others_deleted() -> None:
    programme, delete = applied(), strangers.EDITS.index(strangers.delete)
    programme.slots[FIRST.name].pop("input:i1")
    deletable = [address for address in sorted(programme.dump().addresses()) if not address.startswith("concepts/")]
    assert programme.meddle(delete, deletable.index("inputs/i1"))
    programme.run(FIRST.name, How(destroy=True, prune=True))


def deletes_to_which_a_list_lies() -> None:
    """It lacks once what is about to be deleted, and only our inventory says whose that is."""
    for rpc in ("ListConceptRelations", "ListInputs"):
        for skip in range(4):
            how = How(destroy=True, prune=True, bursts=[Burst(["empty page"], rpc, skip)])
            applied().run_through_haze(FIRST.name, how)


AT_THE_LAST_WRITE = [Burst(["exhausted"] * 8, "PatchApps", 1)]


def a_destroy_that_breaks_at_its_last_write() -> None:
    """Of a set without an App, so that nothing but a list of what is gone is left."""
    programme = applied()
    for slot in ("operator:their-op", "input:j1"):
        programme.edit(SECOND.name, SECOND.slots.index(slot), 1)
    programme.run(SECOND.name, How())
    broken = programme.run(SECOND.name, How(destroy=True, prune=True, bursts=AT_THE_LAST_WRITE))
    assert broken is not None
    assert len(broken.after.inventory(SECOND.name)) == 2
    programme.run(SECOND.name, How(destroy=True, prune=True))


def a_relation_that_somebody_makes_after_ours_was_deleted() -> None:
    """And before our inventory says so."""
    programme = applied()
    [ours] = [address for address in programme.dump().addresses() if address.startswith("relations/")]
    subject, predicate, target = ours.partition("/")[2].split("@")[0].split(".")
    programme.slots[FIRST.name].pop("relation:1")
    programme.run(FIRST.name, How(prune=True, bursts=AT_THE_LAST_WRITE))
    assert ours not in programme.dump().addresses()
    relation = {"object_concept": {"id": target, **_place(ours)}, "predicate": predicate}
    programme.calm.call("PostConceptRelations", **strangers.SCOPE, concept_id=subject, concept_relations=[relation])
    programme.run(FIRST.name, How(prune=True))
    assert ours in programme.dump().addresses()


def _place(relation: str) -> dict[str, str]:
    """Where the other end of a relation is, if it is in another app."""
    user, _, app = relation.partition("@")[2].partition("/")
    return {"user_id": user, "app_id": app} if user else {}


def an_edit_between_plan_and_apply() -> None:
    programme, describe = applied(), strangers.EDITS.index(strangers.describe_model)
    for form in (2, 3):
        programme.edit(FIRST.name, FIRST.slots.index("thresholder:cut"), form)
        programme.run(FIRST.name, How(meddling=(describe, 0)))


def versions_on_another_page() -> None:
    """Ours serves still, though others have posted more versions of the same since than a page holds."""
    programme = applied()
    info = programme.dump().versions("cut")[-1].output_info
    for _ in range(PER_PAGE + 1):
        programme.calm.call(
            "PostModelVersions", **strangers.SCOPE, model_id="cut", model_versions=[{"output_info": info}]
        )
    assert programme.plan(FIRST.name, How(refresh="full")).plan.changes == ()


def a_look_through_a_bad_network() -> None:
    """On the models, of which somebody has turned the thresholds: no list shows that."""
    programme = applied()
    assert programme.meddle(strangers.EDITS.index(strangers.post_version), 0)
    for skip in range(4):
        programme.look(FIRST.name, [Burst(["unavailable"] * 6, "GetModelOutputInfo", skip)])


def a_model_of_others_that_moves_on() -> None:
    """A node that names no version keeps the one it was given."""
    service = InProcess()
    api, other = service.client(), {"user_id": "me-local", "app_id": "lib"}
    api.call("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "lib", "default_workflow_id": "Empty"}])
    model = {"id": "theirs", "model_type_id": "concept-synonym-mapper"}
    api.call("PostModels", user_app_id=other, models=[model])
    api.call("PostModelVersions", user_app_id=other, model_id="theirs", model_versions=[{"description": "1"}])
    nodes = [{"id": "n", "model": {"id": "theirs", **other}}]
    made = [("App", "app", {}), ("Workflow", "w", {"nodes": nodes})]
    wanted = _desired(made)
    _applied(service, wanted)
    api.call("PostModelVersions", user_app_id=other, model_id="theirs", model_versions=[{"description": "2"}])
    assert pipeline.make_plan(ReadOnlyApi(api), wanted, pipeline.PlanOptions(workers=1)).plan.changes == ()


def _desired(made: list[tuple[str, str, Any]]) -> Any:
    text = "\n---\n".join(json.dumps(document(*each)) for each in made)
    return desired_state(read_manifests(["-"], Options(user_id="me-local"), stdin=io.StringIO(text)))


def _applied(service: InProcess, wanted: Any) -> None:
    api, clock = service.client(), pipeline.Clock(service.now, service.sleep)
    planned = pipeline.make_plan(ReadOnlyApi(api), wanted, pipeline.PlanOptions(workers=1))
    assert pipeline.apply_plan(api, planned, lambda event: None, clock=clock).complete


def a_write_through_the_reading_handle() -> None:
    service = InProcess()
    with pytest.raises(WriteAttempted):
        ReadOnlyApi(service.client()).call("PostApps", user_app_id={"user_id": "me-local"}, apps=[{"id": "app"}])
    assert not service.emulator.calls.writes


DIRECTED: dict[str, Callable[[], None]] = {
    each.__name__.replace("_", " "): each
    for each in (
        random_programmes, an_object_that_somebody_made_meanwhile,
        a_model_of_others_that_moves_on, a_write_through_the_reading_handle, deletes_that_are_done_by_half,
        a_delete_that_fails, a_workflow_that_is_no_longer_declared, a_destroy_of_what_others_deleted,
        deletes_to_which_a_list_lies, a_destroy_that_breaks_at_its_last_write,
        a_relation_that_somebody_makes_after_ours_was_deleted, an_edit_between_plan_and_apply,
        versions_on_another_page, a_look_through_a_bad_network,
    )
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick() -> Any:
    with without_threads(), training_at_once():
        yield


@pytest.mark.parametrize("directed", DIRECTED)
def test_the_tool_as_it_is_passes(directed: str) -> None:
    DIRECTED[directed]()


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_a_planted_bug_is_noticed(bug: Bug, figures: Callable[[str, float], None]) -> None:
    with planted(bug):
        assert notices(DIRECTED[bug.noticed_by]), f"{bug.name}: nothing noticed it"
    figures("planted bugs noticed", 1)


def notices(programme: Callable[[], None]) -> bool:
    try:
        programme()
    except (AssertionError, ReconcilerError, pytest.fail.Exception):
        return True
    return False


def test_there_are_many_planted_bugs() -> None:
    assert len(BUGS) >= 20
    assert len({bug.name for bug in BUGS}) == len(BUGS)
