"""Params of types that only the service knows: remarks at their place, and one question a type that is made."""

from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from google.protobuf import json_format

from reconciler.core.address import Scope
from reconciler.core.remote import NotFound
from reconciler.stages.vet import described

FIELDS = [
    {"path": "output_info.params.size", "fieldType": "NUMBER", "required": True},
    {"path": "output_info.params.share", "fieldType": "RANGE", "modelTypeRangeInfo": {"min": 0, "max": 0.9}},
    {"path": "output_info.params.loud", "fieldType": "BOOLEAN"},
    {"path": "output_info.params.anything", "fieldType": "JSON"},
    {
        "path": "output_info.params.mode",
        "fieldType": "ENUM",
        "modelTypeEnumOptions": [{"id": "FAST", "aliases": [{"idInt": 1}]}, {"id": "SLOW"}],
    },
    {
        "path": "train_info.params.template",
        "fieldType": "RECURSIVE_ENUM",
        "modelTypeEnumOptions": [
            {"id": "t1", "modelTypeFields": [{"path": "train_info.params.num_epochs", "fieldType": "NUMBER"}]},
            {
                "id": "t2",
                "modelTypeFields": [{"path": "train_info.params.rate", "fieldType": "NUMBER", "required": True}],
            },
        ],
    },
]


def tracker(documents: Any, params: Any = None, train: Any = None, kind: str = "byte-tracker") -> Any:
    version: Any = {"output_info": {"params": {"size": 1} if params is None else params}}
    version |= {"train_info": {"params": train}} if train else {}
    return documents.document("Model", "m", {"model_type_id": kind, "model_version": version})


@pytest.fixture
def told(world: Any, documents: Any, monkeypatch: Any) -> Any:
    """What a plan remarks on a tracker, of which the service says these fields."""
    call = type(world.api).call

    def answered(api: Any, rpc: str, /, **fields: Any) -> Any:
        if rpc != "GetModelType":
            return call(api, rpc, **fields)
        asked.append(fields["model_type_id"])
        known = json_format.ParseDict({"id": "byte-tracker", "modelTypeFields": FIELDS}, resources_pb2.ModelType())
        return service_pb2.SingleModelTypeResponse(model_type=known)

    asked: list[str] = []
    monkeypatch.setattr(type(world.api), "call", answered)

    def plan(**model: Any) -> list[str]:
        notes = world.plan(documents.app(), tracker(documents, **model)).plan.notes
        world.asked = list(asked)
        assert {str(note.severity) for note in notes} <= {"warning"}
        assert all(note.location is not None for note in notes)
        return [f"{note.summary} ({note.hint})" if note.hint else note.summary for note in notes]

    world.told = plan
    return world


AS = ", as the service describes this type"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"size": 1, "share": 0.9, "loud": True, "mode": "FAST", "anything": [1]}, []),
        ({"size": 1, "mode": 1}, []),
        ({"size": 1, "szie": 2}, [f"models/m: unknown param 'szie' of byte-tracker{AS} (did you mean 'size'?)"]),
        ({}, [f"models/m: a byte-tracker needs the param 'size'{AS}"]),
        ({"size": "1"}, [f"models/m: size: must be a number, not '1'{AS}"]),
        ({"size": 1, "share": 0.95}, [f"models/m: share: 0.95 is above 0.9{AS}"]),
        ({"size": 1, "loud": "yes"}, [f"models/m: loud: must be true or false, not 'yes'{AS}"]),
        (
            {"size": 1, "mode": "FST"},
            [f"models/m: mode: 'FST' is none of the values that are documented{AS} (did you mean 'FAST'?)"],
        ),
    ],
)
def test_params_against_what_the_service_says(told: Any, params: Any, said: list[str]) -> None:
    train = {"template": "t1"}  # so that the type is asked about without any other param, too
    assert told.told(params=params, train=train) == said


def test_params_of_templates_are_known_by_the_templates(told: Any) -> None:
    assert told.told(train={"template": "t1", "num_epochs": 3}) == []
    (unknown,) = told.told(train={"template": "t1", "num_epoch": 3})
    assert unknown.endswith("(did you mean 'num_epochs'?)")


def test_one_question_a_type_and_only_for_what_is_made(told: Any, documents: Any) -> None:
    told.told()
    assert told.asked == ["byte-tracker"]
    told.apply(documents.app(), tracker(documents))
    told.told()
    assert told.asked.count("byte-tracker") == 2  # for the plan above and for the one that was applied
    told.told(params={"size": 2})
    assert told.asked.count("byte-tracker") == 3
    told.told(params={"prompt_template": "x"}, kind="prompter")
    assert told.asked.count("prompter") == 0


def test_a_type_nobody_knows_and_one_whose_templates_are_not_listed_are_open(world: Any, documents: Any) -> None:
    for kind in ("a-type-of-our-own", "byte-tracker"):
        assert world.plan(documents.app(), tracker(documents, {"x": 1}, kind=kind)).plan.notes == ()
    train = {"template": "t", "num_epochs": 3}
    model = tracker(documents, {"max_concept": 3}, train, kind="visual-classifier")
    (note,) = world.plan(documents.app(), model).plan.notes
    assert "unknown param 'max_concept' of visual-classifier" in note.summary


def test_what_cannot_be_described_is_open() -> None:
    class Refusing:
        def call(self, rpc: str, /, **fields: Any) -> Any:
            raise NotFound(rpc, "no such type")

        pages: Any = None

    assert described(Refusing(), Scope("me", "app"), "x") == {}
