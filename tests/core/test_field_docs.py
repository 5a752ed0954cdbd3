"""What is known of a field is what the schema for editors says, whatever the path is written like."""

import pytest

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.field_docs import FieldDoc, field_doc
from reconciler.core.json_schema import manifest_schema
from reconciler.core.model_types import MODEL_TYPES
from reconciler.manifests import kinds

SCHEMA = manifest_schema(kinds().values())


def names(doc):
    return [field.path[-1] for field in doc.fields]


def every_field(kind, path=()):
    doc = field_doc(SCHEMA, kind, path)
    yield doc
    for field in doc.fields:
        yield from every_field(kind, field.path)


def test_the_document_itself_shows_its_parts():
    doc = field_doc(SCHEMA, "Concept", ())
    assert names(doc) == ["apiVersion", "kind", "metadata", "lifecycle", "spec"]
    assert [f.required for f in doc.fields] == [True, True, True, False, False]


def test_spec_may_be_left_out():
    assert field_doc(SCHEMA, "Workflow", ["nodes"]) == field_doc(SCHEMA, "Workflow", ["spec", "nodes"])


def test_metadata_means_the_envelope_though_spec_has_one_too():
    assert names(field_doc(SCHEMA, "Model", ["metadata"])) == ["name", "namespace", "labels", "annotations"]
    assert field_doc(SCHEMA, "Model", ["spec", "metadata"]).type == "map of anything"


def test_a_path_goes_into_the_elements_of_a_list():
    nodes = field_doc(SCHEMA, "Workflow", ["nodes"])
    assert nodes.type == "list of map"
    assert [f.path[-1] for f in nodes.fields if f.required] == ["id"]
    assert "user_id" in names(field_doc(SCHEMA, "Workflow", ["nodes", "model"]))


def test_an_enum_shows_its_words_and_not_its_numbers():
    predicate = field_doc(SCHEMA, "ConceptRelation", ["predicate"])
    assert predicate.values == ("hyponym", "hypernym", "synonym")
    assert "10" not in field_doc(SCHEMA, "App", ["visibility", "gettable"]).values


def test_examples_are_not_taken_for_the_only_values():
    model_type = field_doc(SCHEMA, "Model", ["model_type_id"])
    assert not model_type.values
    assert set(model_type.examples) == set(MODEL_TYPES)


def test_params_are_told_for_each_known_model_type():
    params = field_doc(SCHEMA, "Model", ["model_version", "output_info", "params"]).by_model_type
    assert set(params) == set(MODEL_TYPES)
    assert {f.path[-1]: f.required for f in params["annotation-writer"]}["annotation_user_id"]
    learnt = field_doc(SCHEMA, "Model", ["model_version", "train_info", "params"]).by_model_type
    assert [(f.path[-1], f.examples) for f in learnt["embedding-classifier"]][2:] == [
        ("enrich_dataset", ("Automatic", "Disabled"))
    ]
    assert field_doc(SCHEMA, "Model", ["model_version"]).type == "map or null"


@pytest.mark.parametrize("kind", kinds())
def test_every_field_of_every_kind_can_be_explained(kind):
    docs = list(every_field(kind))
    assert len(docs) > 12
    for doc in docs:
        assert isinstance(doc, FieldDoc)
        assert doc.type


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        (["descriptio"], "Model has no field 'descriptio'", "did you mean 'description'?"),
        (["spec", "zzz"], "Model.spec has no field 'zzz'", "fields: model_type_id"),
        (["description", "x"], "Model.spec.description has no fields that are known here", "it holds one value"),
        (["spec", "metadata", "team"], "Model.spec.metadata has no fields that are known here", "or anything"),
        ([""], "Model has no field ''", "fields: apiVersion"),
    ],
)
def test_a_field_that_is_not_there(path, message, hint):
    with pytest.raises(ReconcilerError) as caught:
        field_doc(SCHEMA, "Model", path)
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_the_words_of_the_api_stand_at_their_fields():
    doc = field_doc(SCHEMA, "Concept", ["spec"], lambda path: f"about {'/'.join(path)}")
    assert doc.description == "about spec"
    assert {f.path[-1]: f.description for f in doc.fields}["name"] == "about spec/name"
