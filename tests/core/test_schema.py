"""Nodes as typed data by the message's descriptor: what was written, and every problem with its place."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.canonical import Shape
from reconciler.core.declaration import Mapping
from reconciler.core.diagnostics import Location
from reconciler.core.schema import decode
from reconciler.kinds.app import KIND as APP
from reconciler.kinds.concept import KIND as CONCEPT
from reconciler.kinds.model import KIND as MODEL
from reconciler.kinds.workflow import KIND as WORKFLOW
from reconciler.stages.load import parse

HEAD = "apiVersion: clarifai.reconciler/v1\nkind: Model\nmetadata: {name: m}\nspec:\n"


def read(kind, spec):
    """Decode the text of a spec; its lines are indented by two and start at line 5."""
    text = HEAD + "".join(f"  {line}\n" for line in spec.splitlines())
    [declaration], problems = parse(text.encode(), "m.yaml")
    assert not problems
    return decode(declaration.spec, kind.message, kind.fields.shape)


def problems(kind, spec):
    return [str(p) for p in read(kind, spec).problems]


def written(kind, spec):
    decoded = read(kind, spec)
    assert not decoded.problems
    return {".".join(path) for path in decoded.written}


def value(kind, spec):
    decoded = read(kind, spec)
    assert not decoded.problems
    return decoded.data


# ---- types


@pytest.mark.parametrize("text", ["no", "0123", "12:30", "1e3", "2020-01-01", "true", "5", "0x1F", "'quoted'", "1_000"])
def test_a_text_field_keeps_what_its_author_wrote(text):
    assert value(MODEL, f"description: {text}") == {"description": text.strip("'")}


@pytest.mark.parametrize(("text", "number"), [("1e3", 1000), ("5", 5), ("0x10", 16)])
def test_an_integer_field_takes_every_spelling_of_one(text, number):
    assert value(APP, f"sample_ms: {text}") == {"sample_ms": number}


@pytest.mark.parametrize("text", ["PUBLIC", "50"])
def test_an_enum_takes_name_and_number(text):
    assert value(APP, f"visibility: {{gettable: {text}}}")["visibility"]["gettable"] in ("PUBLIC", 50)


def test_a_struct_takes_whatever_json_can_say():
    spec = "metadata:\n  int: 5\n  text: '5'\n  no: no\n  yes: true\n  nothing: null\n  list: [1, a, {b: 2}]\n  map: {}"
    assert value(MODEL, spec)["metadata"] == {
        "int": 5, "text": "5", "no": "no", "yes": True, "nothing": None, "list": [1, "a", {"b": 2}], "map": {},
    }  # fmt: skip


# ---- what was written


@pytest.mark.parametrize(
    ("kind", "spec", "paths"),
    [
        (MODEL, "description: d\nnotes: n", {"description", "notes"}),
        (MODEL, "toolkits: [a, b]", {"toolkits"}),
        (MODEL, "metadata: {a: {b: 1, c: [2]}, d: 3}", {"metadata.a.b", "metadata.a.c", "metadata.d"}),
        (MODEL, "metadata: {}", set()),
        (MODEL, "metadata: {a: {}}", {"metadata.a"}),
        (MODEL, "visibility: {gettable: PUBLIC}", {"visibility.gettable"}),
        (MODEL, "visibility: {}", set()),
        (
            MODEL,
            "model_version: {output_info: {data: {concepts: [{id: a, value: 0.5}, {id: b}]}}}",
            {
                "model_version.output_info.data.concepts",
                "model_version.output_info.data.concepts.a.value",
            },
        ),
        (WORKFLOW, "nodes: []", {"nodes"}),
        (
            WORKFLOW,
            "nodes: [{id: n, model: {id: m}, node_inputs: [{node_id: x}]}]",
            {"nodes", "nodes.n.model.id", "nodes.n.node_inputs"},
        ),
        (CONCEPT, "keypoint_info: {keypoint_names: [a], skeleton: [{k1: 0, k2: 1}]}",
         {"keypoint_info.keypoint_names", "keypoint_info.skeleton"}),
    ],
)  # fmt: skip
def test_written_paths_are_exactly_what_stands_there(kind, spec, paths):
    assert written(kind, spec) == paths


def test_a_zero_that_was_written_counts_as_written():
    assert "sample_ms" in written(APP, "sample_ms: 0")


def test_positions_lead_to_keys_and_elements():
    decoded = read(WORKFLOW, "nodes:\n- id: n\n  model: {id: m}")
    assert decoded.positions[("nodes", "n", "model", "id")].location == Location("m.yaml", 7, 13)
    assert decoded.positions[("nodes", "n")].line == 6
    assert decoded.positions[("nodes",)].location == Location("m.yaml", 5, 3)


# ---- problems


@pytest.mark.parametrize(
    ("kind", "spec", "problem"),
    [
        (MODEL, "descripton: d", "m.yaml:5:3: error: unknown field 'descripton' (did you mean 'description'?)"),
        (MODEL, "a: 1", "m.yaml:5:3: error: unknown field 'a' (can be declared: description, "),
        (MODEL, "user_id: me", "m.yaml:5:3: error: 'user_id' is filled in by the service and cannot be declared"),
        (MODEL, "visibility: {x: 1}", "m.yaml:5:16: error: unknown field 'x' in visibility"),
        (MODEL, "description:", "m.yaml:5:15: error: description has no value (give it a value, or remove the line)"),
        (MODEL, "description: [a]", "m.yaml:5:16: error: description must be text, not a list"),
        (MODEL, "description: ''", "m.yaml:5:16: warning: description is empty: the API cannot tell empty from absent"),
        (MODEL, "visibility: x", "m.yaml:5:15: error: visibility must be a mapping, not 'x'"),
        (MODEL, "visibility: {gettable: PUBLICK}", "m.yaml:5:26: error: visibility.gettable: 'PUBLICK' is no Gettable"),
        (MODEL, "visibility: {gettable: 51}", "m.yaml:5:26: error: visibility.gettable: '51' is no Gettable"),
        (MODEL, "visibility: {gettable: ²}", "m.yaml:5:26: error: visibility.gettable: '²' is no Gettable"),
        (MODEL, "toolkits: a", "m.yaml:5:13: error: toolkits must be a list, not 'a'"),
        (MODEL, "toolkits: [a, [b]]", "m.yaml:5:17: error: toolkits must be text, not a list"),
        (MODEL, "metadata: x", "m.yaml:5:13: error: metadata must be a mapping, not 'x'"),
        (MODEL, "metadata: {a: 9007199254740993}", "m.yaml:5:17: error: metadata.a: a double cannot hold"),
        (APP, "sample_ms: -1", "m.yaml:5:14: error: sample_ms: -1 is out of range (0 to 4294967295)"),
        (APP, "sample_ms: 4294967296", "m.yaml:5:14: error: sample_ms: 4294967296 is out of range"),
        (APP, "sample_ms: 0.5", "m.yaml:5:14: error: sample_ms: '0.5' is not a whole number"),
        (APP, "sample_ms: x", "m.yaml:5:14: error: sample_ms: 'x' is not a whole number"),
        (WORKFLOW, "nodes: {n: 1}", "m.yaml:5:10: error: nodes must be a list, not a mapping"),
        (WORKFLOW, "nodes: [x]", "m.yaml:5:11: error: an element of nodes must be a mapping with 'id'"),
        (WORKFLOW, "nodes: [{model: {id: m}}]", "m.yaml:5:11: error: an element of nodes must be a mapping with 'id'"),
        (WORKFLOW, "nodes: [{id: ''}]", "m.yaml:5:11: error: an element of nodes must be a mapping with 'id'"),
        (WORKFLOW, "nodes:\n- {id: n}\n- {id: n}",
         "m.yaml:7:10: error: id 'n' stands twice in nodes (first at m.yaml:6:10)"),
        (WORKFLOW, "nodes: [{id: n, node_inputs: [x]}]",
         "m.yaml:5:33: error: an element of nodes.n.node_inputs must be a mapping, not 'x'"),
        (WORKFLOW, "nodes: [{id: n, suppress_output: maybe}]", "m.yaml:5:36: error: nodes.n.suppress_output: "),
        (MODEL, "output_info: {data: {concepts: [{id: a, value: 1e39}]}}",
         "m.yaml:5:50: error: output_info.data.concepts.a.value: a float32 cannot hold 1e39"),
        (MODEL, "output_info: {data: {concepts: [{id: a, value: [1]}]}}",
         "m.yaml:5:50: error: output_info.data.concepts.a.value must be a number, not a list"),
    ],
)  # fmt: skip
def test_a_problem_names_field_and_place(kind, spec, problem):
    [found] = problems(kind, spec)
    assert found.startswith(problem)


def test_every_problem_of_a_spec_is_found_at_once():
    assert len(problems(MODEL, "a: 1\ndescription: []\ntoolkits: 5\nvisibility: {gettable: x}")) == 4


@pytest.mark.parametrize("spec", ["nodes: [{id: n, node_inputs: [[[[x]]]]}]", "nodes: [[], {}, null]"])
def test_odd_nesting_is_a_problem_and_no_crash(spec):
    assert problems(WORKFLOW, spec)


def test_an_empty_spec_is_an_empty_message():
    decoded = decode(Mapping.of((), Location("m.yaml", 1, 1)), resources_pb2.Model, Shape.of(["description"], {}))
    assert (decoded.data, decoded.written, decoded.problems) == ({}, set(), [])
