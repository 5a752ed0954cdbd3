"""No request makes the emulator fail: random messages to every operation."""

import random

import pytest
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator.operations.table import OPERATIONS
from reconciler.emulator.rpcs import RPCS

WORDS = [
    "", "p", "q", "above", "app", "me", "clarifai", "main", "merge", "overwrite", "remove", "delete", "a b", "x" * 60,
    "é", "tag[0].x", "hyponym", "synonym", "concept-thresholder", "embedding-classifier", "0" * 32,
]  # fmt: skip
PARAMS = ["concept_threshold_type", "annotation_status", "margin", "a"]
VALUES = [1, "x", None, float("nan"), {"a": [1, {"id": "1"}]}, [1, 2], True]


def fill(chance, message, depth=0):
    """Set about half of a message's fields to something the type allows."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < (0.5 if depth else 0.15):
            continue
        if field.message_type is None:
            values = [scalar(chance, field) for _ in range(chance.randrange(3))]
            if field.is_repeated:
                getattr(message, field.name).extend(values)
            elif values:
                setattr(message, field.name, values[0])
        elif field.message_type.full_name == Struct.DESCRIPTOR.full_name and not field.is_repeated:
            getattr(message, field.name).update({chance.choice(PARAMS): chance.choice(VALUES)})
        elif depth < 4 and not field.message_type.full_name.startswith("google.") and not is_map(field):
            places = getattr(message, field.name)
            for place in [places.add() for _ in range(chance.randrange(3))] if field.is_repeated else [places]:
                fill(chance, place, depth + 1)


def is_map(field):
    return field.message_type.GetOptions().map_entry


def scalar(chance, field):
    if field.cpp_type == field.CPPTYPE_STRING:
        return b"x" if field.type == field.TYPE_BYTES else chance.choice(WORDS)
    if field.cpp_type == field.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return chance.choice([0.0, -1.0, 0.95, float("nan"), float("inf")])
    return chance.choice([0, 1, 2, 10, 50, 999, 2**31 - 1])


@pytest.mark.parametrize("seed", range(4))
def test_no_request_is_an_internal_error(api, seed):
    chance = random.Random(seed)
    api.concepts("p", "q")
    api.thresholder()
    api.workflow("w")
    names = sorted(set(OPERATIONS) - {"DeleteApp", "PatchAppsIds"})
    for _ in range(600):
        rpc = RPCS[chance.choice(names)]
        request = rpc.request()
        fill(chance, request)
        if "user_app_id" in rpc.request.DESCRIPTOR.fields_by_name and chance.random() < 0.8:
            request.user_app_id.CopyFrom(api.here())
        reply = api.send(rpc.name, request)
        assert reply.status.code not in (0, 99009), (rpc.name, request)
