"""Annotations: facts 3.10, 7.5, 7.7, 7.8, 14.3."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2
from clarifai_grpc.grpc.api.status import status_pb2

Annotation, Data = resources_pb2.Annotation, resources_pb2.Data


@pytest.fixture
def labelled(api):
    """An app with the inputs a (labelled p) and b."""
    api.posted(api.text("a", concepts=[api.concept("p")]), api.text("b"))
    return api


def made(api, *concepts, input_id="a", **fields):
    data = fields.pop("data", None) or Data(concepts=[api.concept(each) for each in concepts])
    return Annotation(input_id=input_id, data=data, **fields)


def post(api, *annotations):
    return list(api.ok("PostAnnotations", annotations=annotations).annotations)


def listed(api, **fields):
    return [each.id for each in api.ok("ListAnnotations", **fields).annotations]


def status(code):
    return status_pb2.Status(code=code)


def box(*concepts, number=1):
    data = Data()
    for _ in range(number):
        region = data.regions.add()
        region.region_info.bounding_box.bottom_row = region.region_info.bounding_box.right_col = 0.5
        for concept in concepts:
            region.data.concepts.add(id=concept)
    return data


# -- the annotation every input has -----------------------------------------------------------------------------


def test_an_input_has_one_annotation_with_its_data(labelled):
    (first,) = labelled.ok("ListAnnotations", input_ids=["a"]).annotations
    assert (first.input_level, first.trusted, first.status.code) == (True, True, 24150)
    assert (first.user_id, first.worker.user.id) == ("me-local", "me-local")
    assert [c.id for c in first.data.concepts] == ["p"]
    assert first.data == labelled.ok("GetInput", input_id="a").input.data


def test_patching_the_input_patches_it_and_the_other_way_round(labelled):
    (first,) = labelled.ok("ListAnnotations", input_ids=["a"]).annotations
    sent = Annotation(id=first.id, input_id="a", data=Data(concepts=[labelled.concept("q")]))
    labelled.ok("PatchAnnotations", annotations=[sent], action="merge")
    assert [c.id for c in labelled.ok("GetInput", input_id="a").input.data.concepts] == ["p", "q"]


def test_deleting_all_of_an_input_leaves_it_deleting_it_takes_the_labels(labelled):
    (post(labelled, made(labelled, "q")))
    labelled.ok("DeleteAnnotations", input_ids=["a"])
    (first,) = labelled.ok("ListAnnotations", input_ids=["a"]).annotations
    assert first.input_level
    labelled.ok("DeleteAnnotation", input_id="a", annotation_id=first.id)
    assert not labelled.ok("GetInput", input_id="a").input.data.concepts
    assert listed(labelled, input_ids=["a"]) == []


# -- posting ----------------------------------------------------------------------------------------------------


def test_a_posted_annotation_is_completed(labelled):
    (annotation,) = post(labelled, made(labelled, "dog"))
    assert len(annotation.id) == 32
    assert (annotation.status.code, annotation.trusted, annotation.input_level) == (24150, True, False)
    concept = annotation.data.concepts[0]
    assert (concept.name, concept.value, concept.app_id) == ("dog", 1.0, "app")
    assert annotation == labelled.ok("GetAnnotation", input_id="a", annotation_id=annotation.id).annotation
    assert labelled.ok("GetConcept", concept_id="dog").concept.id == "dog"


def test_a_status_of_pending_is_kept_and_not_trusted(labelled):
    (annotation,) = post(labelled, made(labelled, "dog", status=status(24151), task_id="t", annotation_info={"k": 1}))
    assert (annotation.status.code, annotation.trusted, annotation.task_id) == (24151, False, "t")
    assert dict(annotation.annotation_info) == {"k": 1}


def test_the_owner_may_post_for_somebody_else(labelled):
    (annotation,) = post(labelled, made(labelled, "dog", user_id="jane"))
    assert (annotation.user_id, annotation.worker.user.id) == ("jane", "jane")


def test_a_region_gets_an_id_and_its_concepts_are_made(labelled):
    (annotation,) = post(labelled, made(labelled, data=box("cat")))
    assert annotation.data.regions[0].id
    assert annotation.data.regions[0].data.concepts[0].app_id == "app"


def test_two_regions_in_one_annotation_are_24155(labelled):
    reply = labelled("PostAnnotations", annotations=[made(labelled, data=box("cat", number=2)), made(labelled, "p")])
    assert [each.status.code for each in reply.annotations] == [24155, 24150]
    assert reply.status.code == 10010


@pytest.mark.parametrize(
    ("fields", "code"), [({"input_id": "nope"}, 11101), ({"status": status(30000)}, 24155), ({"id": "a b"}, 11102)]
)
def test_a_refused_annotation_says_why(labelled, fields, code):
    reply = labelled("PostAnnotations", annotations=[made(labelled, "p", **fields)])
    assert (reply.status.code, reply.annotations[0].status.code) == (10020, code)


def test_a_taken_id_is_refused(labelled):
    post(labelled, made(labelled, "p", id="x"))
    assert labelled("PostAnnotations", annotations=[made(labelled, "p", id="x")]).annotations[0].status.code == 24155
    assert post(labelled, made(labelled, "p", id="x", input_id="b"))


def test_129_annotations_are_refused(labelled):
    assert labelled.code("PostAnnotations", annotations=[made(labelled, "p")] * 129) == 24155
    assert labelled.code("PostAnnotations", annotations=[made(labelled, "p")] * 128) == 10000


# -- listing ----------------------------------------------------------------------------------------------------


def test_newest_first_or_oldest_first(start):
    for order, expected in (("newest-first", ["y", "x"]), ("oldest-first", ["x", "y"])):
        api = start(annotation_order=order)
        api.posted(api.text("a"))
        post(api, made(api, "p", id="x"), made(api, "p", id="y"))
        found = [each for each in listed(api) if len(each) == 1]
        assert found == expected
        assert [each for each in listed(api, input_ids=["a"]) if len(each) == 1] == expected


def test_only_trusted_ones_unless_asked(labelled):
    post(labelled, made(labelled, "p", id="yes"), made(labelled, "p", id="no", status=status(24151)))
    assert "no" not in listed(labelled)
    assert "no" in listed(labelled, list_all_annotations=True)


def test_by_pairs_of_ids(labelled):
    post(labelled, made(labelled, "p", id="x"), made(labelled, "p", id="x", input_id="b"), made(labelled, "p", id="y"))
    found = labelled.ok("ListAnnotations", ids=["x", "y", "x"], input_ids=["b", "a", "a"]).annotations
    assert [(each.id, each.input_id) for each in found] == [("x", "b"), ("y", "a"), ("x", "a")]
    assert labelled.code("ListAnnotations", ids=["x", "y"], input_ids=["a"]) == 24155


def test_by_inputs(labelled):
    post(labelled, made(labelled, "p", id="x"), made(labelled, "p", id="y", input_id="b"))
    assert "y" not in listed(labelled, input_ids=["a"])
    assert {"x", "y"} <= set(listed(labelled, input_ids=["a", "b"]))


def test_naming_a_user_lists_what_is_not_trusted_too(labelled):
    post(
        labelled,
        made(labelled, "p", id="x", user_id="jane", status=status(24151)),
        made(labelled, "p", id="y", user_id="joe"),
    )
    assert listed(labelled, user_ids=["jane"]) == ["x"]
    assert listed(labelled, user_ids=["jane", "joe"]) == ["y", "x"]
    assert len(listed(labelled, user_ids=["me"])) == 2


def test_by_status_and_task(labelled):
    post(
        labelled,
        made(labelled, "p", id="x", status=status(24151), task_id="t"),
        made(labelled, "p", id="y", status=status(24157), task_id="t"),
        made(labelled, "p", id="z", task_id="u"),
    )
    assert listed(labelled, list_all_annotations=True, statuses=[status(24151), status(24157)]) == ["y", "x"]
    assert listed(labelled, list_all_annotations=True, task_id="t") == ["y", "x"]
    assert listed(labelled, task_id="t") == []


def test_in_pages(labelled):
    post(labelled, *[made(labelled, "p", id=f"x{number}") for number in range(5)])
    assert listed(labelled, user_ids=["me"], per_page=2, page=2) == ["x2", "x1"]
    assert listed(labelled, page=9) == []


# -- changing ---------------------------------------------------------------------------------------------------


def patched(api, action, **fields):
    reply = api.ok("PatchAnnotations", annotations=[Annotation(id="x", input_id="a", **fields)], action=action)
    return reply.annotations[0]


def test_merge_overwrite_and_remove(labelled):
    post(labelled, made(labelled, "p", "q", id="x", annotation_info={"k": 1}))

    def concepts(annotation):
        return [c.id for c in annotation.data.concepts]

    def data(*concepts):
        return Data(concepts=[labelled.concept(each) for each in concepts])

    assert concepts(patched(labelled, "merge", data=data("r"))) == ["p", "q", "r"]
    assert concepts(patched(labelled, "remove", data=data("q"))) == ["p", "r"]
    assert concepts(patched(labelled, "overwrite", data=data("s"))) == ["s"]
    assert dict(patched(labelled, "merge", annotation_info={"l": 2}).annotation_info) == {"k": 1, "l": 2}


def test_a_patched_status_moves_trust(labelled):
    post(labelled, made(labelled, "p", id="x", status=status(24151)))
    annotation = patched(labelled, "overwrite", status=status(24150))
    assert (annotation.status.code, annotation.trusted) == (24150, True)
    assert [c.id for c in annotation.data.concepts] == ["p"]


def test_an_annotation_left_empty_can_be_deleted(labelled):
    post(labelled, made(labelled, "p", id="x"))
    sent = Annotation(id="x", input_id="a", data=Data(concepts=[labelled.concept("p")]))
    labelled.ok("PatchAnnotations", annotations=[sent], action="remove", delete_if_empty_data=True)
    assert labelled.code("GetAnnotation", input_id="a", annotation_id="x") == 11101


def test_a_stranger_among_patches_changes_nothing(labelled):
    post(labelled, made(labelled, "p", id="x"))
    sent = [Annotation(id="x", input_id="a", task_id="t"), Annotation(id="nope", input_id="a")]
    assert labelled.code("PatchAnnotations", annotations=sent, action="merge") == 11101
    assert labelled.ok("GetAnnotation", input_id="a", annotation_id="x").annotation.task_id == ""


def test_reviewing_by_user_task_and_status(labelled):
    pending = status(24151)
    post(
        labelled,
        made(labelled, "p", id="x", user_id="jane", task_id="t", status=pending),
        made(labelled, "p", id="y", user_id="jane", status=pending),
        made(labelled, "p", id="z", user_id="joe", task_id="t", status=pending),
    )
    reply = labelled.ok(
        "PatchAnnotationsStatus", user_ids=["jane"], task_id="t", status_codes=[24151], action="overwrite",
        status_code=24150,
    )  # fmt: skip
    assert (list(reply.user_ids), reply.updated_count) == (["jane"], 1)
    assert listed(labelled, list_all_annotations=True, statuses=[pending]) == ["z", "y"]
    assert labelled.code("PatchAnnotationsStatus", action="merge", status_code=24150) == 11102
    assert labelled.code("PatchAnnotationsStatus", action="overwrite", status_code=10000) == 24155


def test_workers(labelled):
    post(labelled, made(labelled, "p", user_id="jane", status=status(24151)))
    assert [each.user.id for each in labelled.ok("ListAnnotationWorkers").workers] == ["me-local", "jane"]
    assert [each.user.id for each in labelled.ok("ListAnnotationWorkers", trusted_only=True).workers] == ["me-local"]


# -- deleting ---------------------------------------------------------------------------------------------------


def test_deleting_pairs(labelled):
    post(labelled, made(labelled, "p", id="x"), made(labelled, "p", id="y", input_id="b"), made(labelled, "p", id="z"))
    labelled.ok("DeleteAnnotations", ids=["x", "y"], input_ids=["a", "b"])
    assert listed(labelled, user_ids=["me"])[0] == "z"
    assert labelled.code("DeleteAnnotations", ids=["z"], input_ids=["b"]) == 11101
    assert labelled.code("DeleteAnnotations", ids=["z"]) == 24155
    labelled.ok("DeleteAnnotation", annotation_id="z", input_id="a")
    assert labelled.code("DeleteAnnotation", annotation_id="z", input_id="a") == 11101
