"""Pages: facts 3.0, 14.1.3, U19."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2


@pytest.fixture
def many(api):
    api.concepts(*[f"c{i:03}" for i in range(130)])
    return api


def listed(api, **fields):
    return [c.id for c in api.ok("ListConcepts", **fields).concepts]


def test_a_page_holds_128_unless_told(many):
    assert len(listed(many)) == 128
    assert listed(many, page=2) == ["c128", "c129"]


def test_page_zero_is_the_first(many):
    assert listed(many, page=0, per_page=2) == listed(many, page=1, per_page=2) == ["c000", "c001"]


def test_pages_do_not_overlap(many):
    pages = [listed(many, page=page, per_page=50) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 30]
    assert len({i for page in pages for i in page}) == 130


def test_a_page_past_the_end_is_a_bare_success(many):
    reply = many.ok("ListConcepts", page=1000, per_page=500)
    assert [field.name for field, _ in reply.ListFields()] == ["status"]


def test_more_than_1000_a_page_is_refused(many):
    assert many.code("ListConcepts", per_page=1000) == 10000
    assert many.code("ListConcepts", per_page=1001) == 11102


def test_filters_come_before_pages(many):
    assert listed(many, id="c12", page=2, per_page=4) == ["c124", "c125", "c126", "c127"]


def test_lists_inside_one_message_are_cut_too(api):
    info = resources_pb2.OutputInfo()
    for number in range(130):
        info.data.concepts.add(id=f"c{number:03}")
    api.model("m", "concept-thresholder", output_info=info)
    assert len(api.ok("ListModelConcepts", model_id="m").concepts) == 128
    assert len(api.ok("ListModelConcepts", model_id="m", page=2).concepts) == 2


def test_relevance_needs_a_search(api):
    assert api.code("ListModels", sort_by_relevance=True) == 11102
    assert api.code("ListModels", sort_by_relevance=True, search="x") == 10000


def test_ten_thousand_models_list_quickly(api):
    scope_models = [resources_pb2.Model(id=f"m{i:05}", model_type_id="prompter") for i in range(10_000)]
    for at in range(0, 10_000, 2_500):
        api.ok("PostModels", models=scope_models[at : at + 2_500])
    seen = set()
    for page in range(1, 11):
        seen |= {m.id for m in api.ok("ListModels", page=page, per_page=1000, timeout=5).models}
    assert len(seen) == 10_000
