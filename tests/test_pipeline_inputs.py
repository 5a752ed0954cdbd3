"""Inputs in git: made, labelled, drifted, replaced, deleted; only those that are ours are ever looked at."""

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.change import Action, Cause
from reconciler.core.diagnostics import StalePlan
from reconciler.core.outcome import Status
from reconciler.core.remote import ApiRefused, NotFound, OutcomeUnknown

PICTURES = Path(__file__).parents[1] / "manifests" / "custom-model" / "pictures"


def example(name: str, file: str = "a.jpg", *labels: Any, lifecycle: Any = None, **metadata: Any) -> Any:
    concepts = [each if isinstance(each, dict) else {"id": each} for each in labels]
    data = ({"concepts": concepts} if concepts else {}) | ({"metadata": metadata} if metadata else {})
    spec = {"file": file} | ({"data": data} if data else {})
    body = {"apiVersion": "clarifai.reconciler/v1", "kind": "Input", "metadata": {"name": name}, "spec": spec}
    return body | ({"lifecycle": lifecycle} if lifecycle else {})


@pytest.fixture
def manifests(documents: Any, tmp_path: Path) -> Any:
    """An app with two concepts and two pictures, the second one unlabelled."""
    for name, picture in (("a", "brick-1"), ("b", "grass-1"), ("c", "gravel-1")):
        (tmp_path / f"{name}.jpg").write_bytes((PICTURES / f"{picture}.jpg").read_bytes())
    concepts = [documents.concept("brick"), documents.concept("grass")]
    return [documents.app(), *concepts, example("one", "a.jpg", "brick", source="ours"), example("two", "b.jpg")]


def labels(world: Any, name: str) -> dict[str, float]:
    found = world.ask("GetInput", input_id=name).input
    return {concept.id: round(concept.value, 4) for concept in found.data.concepts}


def patch(world: Any, name: str, action: str, **data: Any) -> None:
    world.ask("PatchInputs", inputs=[{"id": name, "data": data}], action=action)


# ---- promises


def test_apply_then_plan_is_empty_and_a_second_apply_writes_nothing(world, manifests):
    world.apply(*manifests)
    for refresh in ("stamp", "full"):
        assert world.plan(*manifests, refresh=refresh).plan.changes == ()
    world.forget_calls()
    world.apply(*manifests)
    assert world.writes == []


def test_all_inputs_are_posted_together_and_processed_when_the_run_ends(world, manifests):
    world.apply(*manifests)
    assert world.writes.count("PostInputs") <= 2, "the unlabelled one need not wait for a concept"
    assert [i.status.code for i in world.listed("ListInputs")] == [30000, 30000]
    assert labels(world, "one") == {"brick": 1.0}


def test_pictures_that_fill_more_than_four_megabytes_are_sent_apart(worlds, documents, tmp_path):
    world = worlds(max_message_mb=4)
    picture = (PICTURES / "brick-1.jpg").read_bytes()
    for number in range(6):
        # What follows the end of a JPEG is no part of the picture.
        (tmp_path / f"{number}.jpg").write_bytes(picture + bytes([number]) * (1_500_000 - len(picture)))
    world.apply(documents.app(), *(example(f"i{number}", f"{number}.jpg") for number in range(6)))
    assert [i.status.code for i in world.listed("ListInputs")] == [30000] * 6
    assert world.writes.count("PostInputs") == 3


def test_a_plan_of_an_unchanged_app_asks_for_its_inputs_with_one_call(world, manifests):
    world.apply(*manifests)
    patch(world, "one", "merge", metadata={"theirs": 1})
    world.forget_calls()
    world.plan(*manifests)
    assert world.emulator.calls.counts["ListInputs"] == 1


def test_inputs_of_others_are_neither_listed_nor_touched(world, manifests):
    world.apply(*manifests)
    world.ask("PostInputs", inputs=[{"id": "theirs", "data": {"text": {"raw": "hello"}}}])
    planned = world.plan(*manifests, prune=True)
    assert planned.plan.changes == ()
    assert "inputs/theirs" not in {str(a) for a in planned.live.observed}


# ---- labels and metadata


def test_a_label_somebody_added_is_drift_and_goes(world, manifests):
    world.apply(*manifests)
    patch(world, "one", "merge", concepts=[{"id": "grass", "value": 1.0}])
    planned = world.plan(*manifests)
    assert world.actions(planned) == {"inputs/one": "update"}
    assert {f.cause for c in planned.plan.changes for f in c.fields} == {Cause.DRIFT}
    world.apply(*manifests)
    assert labels(world, "one") == {"brick": 1.0}
    assert world.plan(*manifests).plan.changes == ()


def test_a_label_somebody_took_away_or_changed_comes_back(world, manifests):
    world.apply(*manifests)
    for action, value in (("remove", 1.0), ("merge", 0.25)):
        patch(world, "one", action, concepts=[{"id": "brick", "value": value}])
        assert world.actions(world.plan(*manifests)) == {"inputs/one": "update"}
        world.apply(*manifests)
        assert labels(world, "one") == {"brick": 1.0}


def test_undeclared_metadata_stays_as_it_is(world, manifests):
    world.apply(*manifests)
    patch(world, "one", "merge", metadata={"theirs": {"deep": 1}})
    assert world.plan(*manifests).plan.changes == ()
    manifests[3] = example("one", "a.jpg", "brick", {"id": "grass", "value": 0.001}, source="new")
    world.apply(*manifests)
    metadata = world.ask("GetInput", input_id="one").input.data.metadata
    assert (metadata["theirs"]["deep"], metadata["source"]) == (1, "new")
    assert labels(world, "one") == {"brick": 1.0, "grass": 0.001}
    assert world.plan(*manifests).plan.changes == ()


def test_labels_that_nobody_declared_are_not_ours(world, manifests):
    world.apply(*manifests)
    patch(world, "two", "merge", concepts=[{"id": "grass", "value": 1.0}])
    assert world.plan(*manifests).plan.changes == ()


def test_the_last_label_can_be_taken_away(world, manifests):
    world.apply(*manifests)
    manifests[3]["spec"]["data"]["concepts"] = []
    world.apply(*manifests)
    assert labels(world, "one") == {}
    assert world.plan(*manifests).plan.changes == ()


def test_drift_reports_a_moved_label(world, manifests):
    from reconciler import pipeline

    world.apply(*manifests)
    patch(world, "one", "merge", concepts=[{"id": "grass", "value": 1.0}])
    report = pipeline.find_drift(world.api, world.desired(*manifests), pipeline.PlanOptions(refresh="full"))
    assert [str(e.address) for e in report.entries if e.status == "drifted"] == ["inputs/one"]


# ---- content


def test_another_content_is_a_replacement_that_has_to_be_allowed(world, manifests, tmp_path):
    world.apply(*manifests)
    (tmp_path / "a.jpg").write_bytes((tmp_path / "c.jpg").read_bytes())
    planned = world.plan(*manifests)
    (refusal,) = planned.plan.refusals
    assert refusal.flag == "--allow replace=inputs/one"
    assert "with its annotations, those that people made included" in refusal.message
    world.ask("PostAnnotations", annotations=[{"input_id": "one", "data": {"concepts": [{"id": "grass"}]}}])
    world.apply(*manifests, rails=world.everything)
    assert len(world.listed("ListAnnotations", input_ids=["one"], list_all_annotations=True)) == 1
    assert world.plan(*manifests).plan.changes == ()


def test_the_same_content_under_another_name_is_no_change(world, manifests, tmp_path):
    world.apply(*manifests)
    (tmp_path / "moved").mkdir()
    (tmp_path / "a.jpg").rename(tmp_path / "moved" / "z.jpg")
    manifests[3] = example("one", "moved/z.jpg", "brick", source="ours")
    assert world.plan(*manifests).plan.changes == ()


def test_a_file_that_changes_after_the_plan_is_not_sent(world, manifests, tmp_path):
    planned = world.plan(*manifests)
    (tmp_path / "a.jpg").write_bytes(b"something else")
    result = world.carry_out(planned)
    failed = {str(o.step.address): o.message for o in result.outcomes if o.status is Status.FAILED}
    assert failed == {"inputs/one": f"{tmp_path / 'a.jpg'} changed since the plan (plan again)"}
    assert [i.id for i in world.listed("ListInputs")] == ["two"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "is no file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"x" * 20_000_000), "is too large: 20,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_sent_is_a_problem_with_a_place(world, documents, tmp_path, make, said):
    make(tmp_path / "x.jpg")
    resolved = world.resolve(documents.app(), example("x", "x.jpg"))
    (problem,) = resolved.diagnostics
    assert said in problem.summary
    assert (problem.location.line, problem.location.column > 1) == (3, True)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "an input needs content"),
        ({"file": "a.jpg", "data": {"image": {"url": "https://x/a.jpg"}}}, "an input has one content"),
        ({"file": "a.doc"}, "what is 'a.doc'?"),
        ({"file": ["a.jpg"]}, "file must be the name of a file, not a list"),
        ({"data": {"text": {"raw": "t"}, "concepts": [{"id": "p", "value": 0}]}}, "value 0 of 'p' cannot be sent"),
        ({"data": {"text": {"raw": "t"}, "concepts": [{"id": "p", "value": 1.5}]}}, "is not between 0 and 1"),
    ],
)
def test_what_the_service_would_refuse_is_said_offline(world, documents, spec, said):
    document = {"apiVersion": "clarifai.reconciler/v1", "kind": "Input", "metadata": {"name": "x"}, "spec": spec}
    problems = [p.summary for p in world.resolve(documents.app(), documents.concept("p"), document).diagnostics]
    assert any(said in problem for problem in problems), problems


# ---- ends of a step


def test_an_input_that_cannot_be_processed_fails_alone_and_is_made_anew_next_time(world, manifests, tmp_path):
    good = (tmp_path / "b.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(b"no picture at all")
    result = world.carry_out(world.plan(*manifests))
    failed = {str(o.step.address): o.message for o in result.outcomes if o.status is Status.FAILED}
    assert [*failed] == ["inputs/two"]
    assert "its processing failed: 30" in failed["inputs/two"]
    (tmp_path / "b.jpg").write_bytes(good)
    planned = world.plan(*manifests)
    assert (world.actions(planned), planned.plan.refusals) == ({"inputs/two": "replace"}, ())
    world.apply(*manifests)
    assert world.plan(*manifests).plan.changes == ()


def test_an_input_that_is_still_being_processed_is_waited_for(worlds, manifests):
    world = worlds(input_delay=0.5)
    world.apply(*manifests)
    assert {i.status.code for i in world.listed("ListInputs")} == {30000}


def test_one_that_was_processing_when_the_last_run_ended_is_waited_for(worlds, manifests):
    world = worlds(input_delay=1.0)
    world.apply(*manifests)
    record = world.ask("GetInput", input_id="two").input.data.metadata["reconciler"]
    world.ask("DeleteInputs", ids=["two"])
    content = (PICTURES / "grass-1.jpg").read_bytes()
    data = {"image": {"base64": content}, "metadata": {"reconciler": record}}
    world.ask("PostInputs", inputs=[{"id": "two", "data": data}])
    planned = world.plan(*manifests)
    assert world.actions(planned) == {"inputs/two": "update"}
    assert [s.verb.value for s in planned.plan.steps] == ["wait-for-version"]
    assert planned.plan.steps[0].title == "wait until it is processed"
    assert world.carry_out(planned).complete
    assert world.plan(*manifests).plan.changes == ()


def test_a_lost_reply_makes_no_input_twice(world, manifests):
    lost = Losing(world.api, "PostInputs")
    assert world.carry_out(world.plan(*manifests), api=lost).complete
    assert sorted(i.id for i in world.listed("ListInputs")) == ["one", "two"]
    assert world.plan(*manifests).plan.changes == ()


def test_a_call_that_never_arrived_is_sent_once_more(world, manifests):
    lost = Losing(world.api, "PostInputs", arrives=False)
    assert world.carry_out(world.plan(*manifests), api=lost).complete
    assert world.plan(*manifests).plan.changes == ()


def test_a_lost_reply_to_a_deletion_is_no_failure(world, manifests):
    world.apply(*manifests)
    lost = Losing(world.api, "DeleteInputs")
    assert world.carry_out(world.plan(*manifests[:3], prune=True, rails=world.everything), api=lost).complete
    assert world.listed("ListInputs") == []


def test_a_batch_that_is_refused_as_a_whole_is_tried_one_by_one(world, documents):
    many = [text(f"n{number}", f"text {number}") for number in range(5)]
    manifests = [documents.app(), documents.concept("brick")]
    world.apply(*manifests)
    planned = world.plan(*manifests, *many)
    result = world.carry_out(planned, api=Picky(world.api, "n3"))
    assert {str(o.step.address) for o in result.outcomes if o.status is Status.FAILED} == {"inputs/n3"}
    assert sorted(i.id for i in world.listed("ListInputs")) == ["n0", "n1", "n2", "n4"]
    world.apply(*manifests, *many)
    assert world.plan(*manifests, *many).plan.changes == ()


class Picky:
    """Refuses every batch that holds a certain input, without a word about the others."""

    def __init__(self, api: Any, hated: str) -> None:
        self._api, self._hated = api, hated

    def call(self, rpc: str, /, **fields: Any) -> Any:
        if rpc == "PostInputs" and any(each["id"] == self._hated for each in fields["inputs"]):
            raise ApiRefused(rpc, "no", code=39999)
        return self._api.call(rpc, **fields)

    def pages(self, rpc: str, /, **fields: Any) -> Any:
        return self._api.pages(rpc, **fields)


class Losing:
    """Does a call, or not, and then says that nobody knows."""

    def __init__(self, api: Any, rpc: str, *, arrives: bool = True) -> None:
        self._api, self._rpc, self._arrives = api, rpc, arrives

    def call(self, rpc: str, /, **fields: Any) -> Any:
        reply = self._api.call(rpc, **fields) if rpc != self._rpc or self._arrives else None
        if rpc == self._rpc:
            self._rpc = ""
            raise OutcomeUnknown(rpc, "the reply was lost")
        return reply

    def pages(self, rpc: str, /, **fields: Any) -> Any:
        return self._api.pages(rpc, **fields)


def test_an_input_of_somebody_else_with_that_id_is_refused(world, manifests):
    world.apply(*manifests[:3])
    world.ask("PostInputs", inputs=[{"id": "one", "data": {"text": {"raw": "hello"}}}])
    rules = {refusal.rule for refusal in world.plan(*manifests).plan.refusals}
    assert rules == {"adopt", "replace"}


def test_one_that_appears_after_the_plan_is_not_taken_over(world, manifests):
    world.apply(*manifests[:3])
    planned = world.plan(*manifests)
    world.ask("PostInputs", inputs=[{"id": "one", "data": {"text": {"raw": "hello"}}}])
    result = world.carry_out(planned)
    failed = {str(o.step.address): o.message for o in result.outcomes if o.status is Status.FAILED}
    assert [*failed] == ["inputs/one"]
    assert "is not the one this run creates" in failed["inputs/one"]


# ---- deleting


def test_one_that_is_no_longer_declared_is_pruned_with_a_word_about_its_annotations(worlds, manifests):
    world = worlds(delete_delay=0.3)
    world.apply(*manifests)
    planned = world.plan(*manifests[:4], prune=True)
    (change,) = planned.plan.changes
    assert (change.action, str(change.address)) == (Action.DELETE, "inputs/two")
    assert "with its annotations, those that people made included" in change.reasons
    assert world.carry_out(planned).complete
    with pytest.raises(NotFound):
        world.ask("GetInput", input_id="two")
    assert world.plan(*manifests[:4], prune=True).plan.changes == ()


def test_an_input_that_moved_since_the_plan_is_not_deleted(world, manifests):
    world.apply(*manifests)
    planned = world.plan(*manifests[:4], prune=True)
    patch(world, "two", "merge", concepts=[{"id": "grass", "value": 1.0}])
    result = world.carry_out(planned)
    assert [o.message for o in result.outcomes if o.status is Status.FAILED] == [
        "inputs/two changed since the plan (plan again)"
    ]
    assert StalePlan.exit_code in {o.exit_code for o in result.outcomes}


def test_destroy_deletes_ours_and_then_the_app(world, manifests):
    world.apply(*manifests)
    planned = world.plan(*manifests, destroying=True, delete_app=True)
    assert planned.plan.refusals == ()
    assert world.carry_out(planned).complete
    assert world.writes.count("DeleteInputs") == 1
    with pytest.raises(NotFound):
        world.ask("GetApp")


def test_an_input_that_is_not_ours_keeps_the_app(world, manifests):
    world.apply(*manifests)
    theirs = {"id": "theirs", "data": {"text": {"raw": "hello"}}}
    late = world.plan(*manifests, destroying=True, delete_app=True)
    world.ask("PostInputs", inputs=[theirs])
    planned = world.plan(*manifests, destroying=True, delete_app=True)
    assert [r.message for r in planned.plan.refusals] == ["the app is not deleted: it holds 1 input"]
    result = world.carry_out(late)
    failed = {str(o.step.address): o.message for o in result.outcomes if o.status is Status.FAILED}
    assert [*failed] == ["apps/app"]
    assert [i.id for i in world.listed("ListInputs")] == ["theirs"]


# ---- many


def test_three_hundred_take_three_requests(world, documents, tmp_path):
    many = [text(f"n{number}", f"text {number}") for number in range(300)]
    world.apply(documents.app(), documents.concept("brick"), *many)
    assert world.writes.count("PostInputs") == 3
    assert world.plan(documents.app(), documents.concept("brick"), *many).plan.changes == ()
    planned = world.plan(documents.app(), documents.concept("brick"), prune=True, rails=world.everything)
    assert world.carry_out(planned).complete
    assert world.writes.count("DeleteInputs") == 3
    assert world.emulator.calls.counts["GetInput"] == 0
    assert world.listed("ListInputs") == []


def text(name: str, raw: str) -> Any:
    spec = {"data": {"text": {"raw": raw}, "concepts": [{"id": "brick"}]}}
    return {"apiVersion": "clarifai.reconciler/v1", "kind": "Input", "metadata": {"name": name}, "spec": spec}


def test_a_saved_plan_carries_fingerprints_and_names_of_files_not_their_bytes(world, manifests, tmp_path):
    from reconciler import saving

    document = saving.saved(world.plan(*manifests)).text()
    kept = {r["id"]: r for r in json.loads(document)["desired"]["resources"] if r["kind"] == "Input"}
    assert kept["one"]["files"] == {"file": str(tmp_path / "a.jpg")}
    assert kept["one"]["tree"]["file"].startswith("sha256:")
    planned = saving.replan(world.api, document, "")
    assert world.carry_out(planned).complete
    assert world.plan(*manifests).plan.changes == ()


def test_an_input_that_one_answer_lacked_is_pruned_all_the_same(world, manifests):
    world.apply(*manifests)
    world.emulator.faults.add("ListInputs", "truncated", keep=0)
    world.apply(*manifests[:-2], prune=True, rails=world.everything)
    assert world.listed("ListInputs") == []
