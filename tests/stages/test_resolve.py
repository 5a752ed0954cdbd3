"""Declarations as desired state: scope, owner, variables, references, and every problem with its place."""

import gc
from dataclasses import replace

import pytest

from reconciler.core.declaration import Declaration, Mapping
from reconciler.core.tree import Unknown, get
from reconciler.manifests import kinds, read_manifests
from reconciler.stages.load import parse
from reconciler.stages.resolve import Options, resolve

HEAD = "apiVersion: clarifai.reconciler/v1\n"


def read(*documents, **options):
    """Each document is text without its first line and starts at a line of its own file: f0.yaml, f1.yaml, ..."""
    declarations = []
    for number, document in enumerate(documents):
        found, problems = parse((HEAD + document).encode(), f"f{number}.yaml")
        assert not problems
        declarations += found
    return resolve(declarations, kinds(), Options(**{"user_id": "me", **options}))


def state(*documents, **options):
    resolved = read(*documents, **options)
    assert resolved.ok, [str(d) for d in resolved.diagnostics]
    return resolved.state


def problems(*documents, **options):
    return [str(d) for d in read(*documents, **options).diagnostics]


def app(name="app", more=""):
    return f"kind: App\nmetadata: {{name: {name}}}\n{more}"


def concept(name, more=""):
    return f"kind: Concept\nmetadata: {{name: {name}}}\n{more}"


def model(name, spec="model_type_id: prompter"):
    return f"kind: Model\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


THRESHOLDER = (
    "model_type_id: concept-thresholder, model_version: {output_info: {params: {concept_threshold_type: LESS_THAN}, "
    "data: {concepts: [{id: people, value: 0.5}]}}}"
)


def flow(name, *models):
    listed = ", ".join(f"{{id: n{i}, model: {{id: {m}}}}}" for i, m in enumerate(models))
    return f"kind: Workflow\nmetadata: {{name: {name}}}\nspec: {{nodes: [{listed}]}}\n"


# ---- scope and owner


def test_the_app_document_names_app_and_owner():
    found = state(app("shop"))
    assert (str(found.scope), found.owner) == ("me/shop", "shop")


def test_a_namespace_names_the_app_where_no_document_does():
    namespaced = "kind: Concept\nmetadata: {name: c, namespace: shop}\n"
    assert str(state(namespaced, owner="us").scope) == "me/shop"


def test_flags_fill_what_documents_leave_open():
    assert str(state(concept("c"), owner="us", app_id="shop").scope) == "me/shop"


def test_an_owner_can_be_written_in_the_app():
    assert state(app(more="lifecycle: {owner: platform}")).owner == "platform"


@pytest.mark.parametrize(
    ("documents", "options", "problem"),
    [
        ([concept("c")], {"owner": "us"}, "error: no app is named (declare an App, set metadata.namespace, or"),
        ([app()], {"user_id": None}, "error: no user is named (set CLARIFAI_USER_ID or give --user-id)"),
        ([concept("c")], {"app_id": "app"}, "f0.yaml:1:1: error: the manifest set has no owner (a set without"),
        ([app(), app("b")], {}, "f1.yaml:1:1: error: a manifest set declares one App (the first one is at f0.y"),
        ([app(), "kind: Concept\nmetadata: {name: c, namespace: b}"], {}, "f1.yaml:1:1: error: namespace 'b' is not"),
        ([app()], {"explicit_app_id": "b"}, "f0.yaml:3:18: error: --app-id b contradicts the manifests, which"),
        ([app(more="lifecycle: {owner: x}")], {"owner": "y"},
         "f0.yaml:1:1: error: --owner y contradicts lifecycle.owner 'x'"),
        ([app()], {"owner": "a b"}, "f0.yaml:1:1: error: owner 'a b' must be letters and digits with inner - or _"),
    ],
)  # fmt: skip
def test_contradictions_and_gaps_are_named(documents, options, problem):
    found = problems(*documents, **options)
    assert any(line.startswith(problem) for line in found), found


def test_an_environment_that_differs_only_fills_gaps():
    assert str(state(app("shop"), app_id="elsewhere").scope) == "me/shop"


def test_offline_neither_user_nor_app_nor_owner_is_needed():
    assert state(concept("c"), user_id=None, offline=True).documents == 1


# ---- names


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("kind: Concept\nmetadata: {}\n", "metadata.name is missing: it is the id of the Concept"),
        (concept("x" * 49), "has 49 characters; the service takes at most 48"),
        (model("m-"), "'m-' is no id for kind Model: letters and digits with inner - or _"),
        (model("a.b"), "'a.b' is no id for kind Model"),
        (concept("a/b"), "'a/b' is no id for kind Concept: no blanks, slashes or control characters"),
        ("kind: Modell\nmetadata: {name: m}\n", "f1.yaml:2:7: error: unknown kind 'Modell' (did you mean 'Model'?)"),
        ("kind: Zebra\nmetadata: {name: m}\n", "unknown kind 'Zebra' (kinds: App, Concept"),
    ],
)
def test_ids_and_kinds_that_cannot_be(document, problem):
    assert any(problem in line for line in problems(app(), document))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (model("x" * 33), "is longer than the 32 characters that are sure to be accepted"),
        (flow("General", "x"), "'General' is also the id of a public workflow"),
        (model("m", "model_type_id: a.b"), "a model type id has no dots"),
        (model("m", "model_type_id: visual-clasifier"), "'visual-clasifier' is not a known one (did you mean"),
        (concept("c", "lifecycle: {ignore: [definition]}\n"), "lifecycle.ignore 'definition' covers no written field"),
    ],
)
def test_what_may_go_wrong_is_a_warning(document, problem):
    resolved = read(app(), document)
    assert resolved.ok
    assert any(f"warning: {problem}" in str(d) or problem in str(d) for d in resolved.diagnostics)


def test_an_id_declared_twice_names_both_places():
    [problem] = problems(app(), concept("c"), concept("c"))
    assert problem == "f2.yaml:1:1: error: concepts/c is declared twice (first at f1.yaml:1:1)"


def relation(subject, predicate, target):
    return (
        f"kind: ConceptRelation\nspec: {{subject_concept: {{id: {subject}}}, predicate: {predicate}, "
        f"object_concept: {{id: {target}}}}}\n"
    )


def test_two_relations_with_one_key_are_a_duplicate():
    concepts = [concept("a"), concept("b")]
    found = problems(app(), *concepts, relation("a", "hypernym", "b"), relation("b", "hyponym", "a"))
    assert any("is declared twice" in problem for problem in found)


# ---- variables


def test_a_variable_can_name_the_app():
    found = state(app("'${APP}'"), variables={"APP": "staging"})
    assert (str(found.scope), found.owner) == ("me/staging", "staging")


def test_the_runs_scope_is_always_defined():
    spec = "spec: {definition: '${CLARIFAI_USER_ID}/${CLARIFAI_APP_ID}'}\n"
    [found] = [d for d in state(app(), concept("c", spec)).resources.values() if d.kind == "Concept"]
    assert found.tree == {"definition": "me/app"}


def test_a_variable_is_typed_after_it_is_replaced():
    found = state(app(more="spec:\n  sample_ms: ${MS}\n"), variables={"MS": "500"})
    assert [d.tree for d in found.resources.values()] == [{"sample_ms": 500}]


def test_an_undefined_variable_is_an_error_with_its_place():
    found = problems(app(), concept("c", "spec: {definition: '${NOPE}'}\n"))
    assert any(line.startswith("f1.yaml:4:20: error: variable NOPE is not defined") for line in found), found


# ---- references


def test_a_node_pins_the_version_this_set_manages():
    found = state(app(), concept("people"), model("m", THRESHOLDER), flow("w", "m"))
    [workflow] = [d for d in found.resources.values() if d.kind == "Workflow"]
    path = ("nodes", "n0", "model", "model_version", "id")
    assert get(workflow.tree, path) == Unknown("models/m", "version_id")
    assert path in workflow.written


def test_a_reference_to_nothing_declared_is_a_warning_with_a_suggestion():
    resolved = read(app(), concept("people"), model("greater", THRESHOLDER), flow("w", "graeter"))
    assert resolved.ok
    [problem] = map(str, resolved.diagnostics)
    assert "workflows/w refers to models/graeter, which is not declared here (did you mean 'greater'?)" in problem
    assert problem.startswith("f3.yaml:4:")


def test_strict_makes_it_an_error():
    resolved = read(app(), flow("w", "nowhere"), strict=True)
    assert not resolved.ok
    assert "it must exist in the app or in clarifai/main" in str(resolved.diagnostics[0])


def test_a_reference_to_a_document_that_is_itself_wrong_is_no_further_problem():
    found = problems(app(), model("m", "model_type_id: []"), flow("w", "m"))
    assert len(found) == 1


def test_a_concept_of_another_app_need_not_be_declared():
    foreign = relation("a", "synonym", "ai_1, app_id: main, user_id: clarifai")
    assert problems(app(), concept("a"), foreign) == []


def test_a_cycle_is_a_chain_with_places():
    def based(name, on):
        return model(name, f"model_type_id: embedding-classifier, model_version: {{input_info: {{base_embed_model: "
                           f"{{id: {on}, user_id: me, app_id: app}}}}}}")  # fmt: skip

    [problem] = problems(app(), based("a", "b"), based("b", "a"))
    assert "refer to each other in a circle" in problem
    assert (
        "models/a (f1.yaml:1:1) -> models/b (f2.yaml:1:1)" in problem or "models/b (f2.yaml:1:1) -> models/a" in problem
    )


# ---- what a kind's own check finds


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (flow("w"), "a workflow needs at least one node"),
        (flow("w", *"abcdefghijklmnopqrstu"), "21 nodes; the service takes at most 20"),
        ("kind: Workflow\nmetadata: {name: w}\nspec: {nodes: [{id: n}]}\n", "4:16: error: node 'n' names no model"),
        (
            "kind: Workflow\nmetadata: {name: w}\nspec: {nodes: [{id: first, model: {id: m}}, "
            "{id: n, model: {id: m}, node_inputs: [{node_id: frist}]}]}\n",
            "node 'n' reads from unknown node 'frist' (did you mean 'first'?)",
        ),
        (
            "kind: Workflow\nmetadata: {name: w}\nspec: {nodes: [{id: a, model: {id: m}, node_inputs: [{node_id: b}]}, "
            "{id: b, model: {id: m}, node_inputs: [{node_id: a}]}]}\n",
            "nodes feed each other in a circle",
        ),
        (model("m", THRESHOLDER.replace("0.5", "1.5")), "threshold 1.5 of 'people' is not between 0 and 1"),
        (model("m", THRESHOLDER.replace("LESS_THAN", "LESS")), "concept_threshold_type: 'LESS' is not one of"),
        (model("m", "model_type_id: concept-thresholder"), "needs the param 'concept_threshold_type'"),
        (relation("a", "sibling", "b"), "predicate 'sibling' is unknown (one of hyponym, hypernym, synonym)"),
        (relation("a", "synonym", "a"), "a concept cannot be related to itself"),
    ],
)  # fmt: skip
def test_what_the_service_would_refuse_is_found_here(document, problem):
    found = problems(app(), concept("people"), document)
    assert any(problem in line for line in found), found


def test_every_problem_of_every_document_is_found_at_once_and_sorted_by_place():
    found = problems(app(more="spec: {nope: 1}\n"), model("m-"), concept("c", "spec: {zip: 1}\n"), flow("w"))
    assert [line.split(":")[0] for line in found] == ["f0.yaml", "f1.yaml", "f2.yaml", "f3.yaml"]


def test_a_field_that_cannot_be_read_hides_no_problem_of_another():
    wrong = THRESHOLDER.replace("LESS_THAN", "LESS").replace("0.5", "1.5")
    found = problems(app(), concept("people"), model("m", f"descripton: x, {wrong}"))
    assert [word for word in ("descripton", "'LESS'", "threshold 1.5") if any(word in line for line in found)] == [
        "descripton", "'LESS'", "threshold 1.5",
    ]  # fmt: skip


def test_what_may_stand_in_an_unread_field_is_not_called_missing():
    found = problems(app(), "kind: Workflow\nmetadata: {name: w}\nspec: {nodes: 3, description: {}}\n")
    assert not any("needs at least one node" in line for line in found)


def test_no_document_at_all_is_a_set_too():
    resolved = read(owner="us", app_id="app")
    assert (resolved.ok, resolved.state.documents) == (True, 0)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_document_is_let_go_once_it_is_resolved(tmp_path, monkeypatch):
    count = 8
    (tmp_path / "all.yaml").write_text("---\n".join(HEAD + concept(f"c{number}") for number in range(count)))
    living = []

    def look(tree, scope):
        living.append(sum(isinstance(thing, Declaration) for thing in gc.get_objects()) - before)
        return []

    watched = {name: replace(kind, check=look) for name, kind in kinds().items()}
    monkeypatch.setattr("reconciler.manifests.kinds", lambda: watched)
    gc.collect()
    before = sum(isinstance(thing, Declaration) for thing in gc.get_objects())
    read_manifests([str(tmp_path)], Options(offline=True))
    assert living == [*range(count, 0, -1)]


def test_the_nodes_of_a_file_are_let_go_before_the_next_is_read(tmp_path, monkeypatch):
    for number in range(8):
        (tmp_path / f"{number}.yaml").write_text(HEAD + concept(f"c{number}", "spec: {name: x}\n"))
    (tmp_path / "a.yaml").write_text(HEAD + concept("c8", "spec: {name: '${N:-x}'}\n"))
    living = []

    def look(tree):
        living.append(sum(isinstance(thing, Mapping) for thing in gc.get_objects()) - before)
        return tree

    watched = {name: replace(kind, normalise=look) for name, kind in kinds().items()}
    monkeypatch.setattr("reconciler.manifests.kinds", lambda: watched)
    gc.collect()
    before = sum(isinstance(thing, Mapping) for thing in gc.get_objects())
    read_manifests([str(tmp_path)], Options(offline=True))
    assert len(living) == 9
    assert len(set(living[:8])) == 1, "the one with a variable waits for its value, after all others"


def test_objects_with_the_same_written_paths_share_one_set():
    found = [*state(app(), model("a"), model("b")).resources.values()]
    assert found[1].written
    assert found[1].written is found[2].written
