"""What an annotation-writer wants written."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.execution.operators.annotation_writer import drafts
from reconciler.emulator.switches import Switches


def writer(bench, **params):
    return bench.task("annotation-writer", **params)


@pytest.mark.parametrize(
    ("sent", "code"),
    [(24150, 24150), (24151, 24151), ("24157", 24157), ("ANNOTATION_AWAITING_CONSENSUS_REVIEW", 24159),
     ("ANNOTATION_PENDING", 24151)],
)  # fmt: skip
def test_status_by_number_and_by_name(bench, sent, code):
    (draft,) = drafts(writer(bench, annotation_status=sent), bench.concepts("app", p=0.6))
    assert draft.status_code == code


def test_user_info_and_task(bench, values):
    (draft,) = drafts(
        writer(bench, annotation_user_id="me-local", annotation_info='{"by": "flow"}', task_id="t"),
        bench.concepts("app", p=0.6),
    )
    assert (draft.user_id, draft.task_id, dict(draft.info)) == ("me-local", "t", {"by": "flow"})
    assert values(draft.data) == {"p": 0.6}


@pytest.mark.parametrize("named", ["", "me"])
def test_nobody_in_particular_is_the_owner(bench, named):
    assert drafts(writer(bench, annotation_user_id=named), bench.concepts(p=1))[0].user_id == "me-local"


def test_what_comes_in_goes_on(bench):
    data = bench.concepts("main", p=0.5)
    assert answer(writer(bench), data) == data


def test_concepts_of_other_apps_are_not_written(bench, values):
    data = bench.concepts("app", p=0.5)
    data.concepts.extend(bench.concepts("main", x=0.9).concepts)
    assert values(drafts(writer(bench), data)[0].data) == {"p": 0.5}
    assert drafts(writer(bench), bench.concepts("main", x=0.9)) == []
    bench.switches = Switches(writer_concepts="all")
    assert values(drafts(writer(bench), data)[0].data) == {"p": 0.5, "x": 0.9}


def test_every_region_is_an_annotation_of_its_own(bench):
    data = r.Data(regions=[r.Region(id=i, data=bench.concepts("app", p=0.5)) for i in "ab"])
    data.regions.add(id="c").data.CopyFrom(bench.concepts("main", x=0.5))
    found = drafts(writer(bench), data)
    assert [[region.id for region in draft.data.regions] for draft in found] == [["a"], ["b"]]


def test_an_input_as_it_is_gets_an_annotation_without_data(bench):
    (draft,) = drafts(writer(bench, annotation_status=24151), r.Data(image=r.Image(base64=b"x")))
    assert (draft.status_code, draft.data) == (24151, r.Data())
