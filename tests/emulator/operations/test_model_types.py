"""Model types: facts 3.7, 4.4, 4.5."""

import pytest


def test_types_are_listed_with_their_fields(api):
    types = {t.id: t for t in api.ok("ListModelTypes").model_types}
    fields = {f.path: f for f in types["concept-thresholder"].model_type_fields}
    options = fields["output_info.params.concept_threshold_type"].model_type_enum_options
    assert [(o.id, o.aliases[0].id_int) for o in options] == [
        ("GREATER_THAN", 1), ("GREATER_THAN_OR_EQUAL", 2), ("LESS_THAN", 3), ("LESS_THAN_OR_EQUAL", 4), ("EQUAL", 5),
    ]  # fmt: skip
    assert "output_info.data.concepts" in fields
    assert types["embedding-classifier"].trainable
    assert not types["annotation-writer"].trainable


@pytest.mark.parametrize("wanted", ["concept-thresholder", "concept-threshold"])
def test_a_type_is_found_by_both_spellings(api, wanted):
    assert api.ok("GetModelType", model_type_id=wanted).model_type.id == "concept-thresholder"


def test_an_unknown_type_is_11101(api):
    assert api.code("GetModelType", model_type_id="nope") == 11101


def test_types_come_in_pages(api):
    everything = api.ok("ListModelTypes").model_types
    first = api.ok("ListModelTypes", per_page=5).model_types
    second = api.ok("ListModelTypes", per_page=5, page=2).model_types
    assert [*first, *second] == list(everything)[:10]


def test_the_types_auto_annotation_needs_are_there(api):
    listed = {t.id for t in api.ok("ListModelTypes").model_types}
    assert listed >= {"concept-thresholder", "region-thresholder", "annotation-writer", "concept-synonym-mapper"}
