"""Files in, declarations and problems out."""

import io
import json
import os
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declaration import Mapping, Scalar, Sequence
from reconciler.core.diagnostics import Location, Severity
from reconciler.stages import load as loader
from reconciler.stages.load import parse

CONCEPT = """\
apiVersion: clarifai.reconciler/v1
kind: Concept
metadata:
  name: person
spec:
  name: no
"""


def only(text, file="a.yaml"):
    """The one declaration of a text that has no problems."""
    declarations, problems = parse(text.encode(), file)
    assert not problems
    [declaration] = declarations
    return declaration


def complaint(text, file="a.yaml"):
    """The one problem of a text, as it is printed."""
    _, [problem] = parse(text.encode(), file)
    assert problem.severity is Severity.ERROR
    return str(problem)


def plain_value(node):
    """A node as Python values, every scalar its text."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain_value(item) for item in node]
    return {key.text: plain_value(value) for key, value in node}


def envelope(**parts):
    return json.dumps({"apiVersion": "clarifai.reconciler/v1", "kind": "Concept", **parts})


# ---- what a document says


def test_a_document_becomes_a_declaration():
    declaration = only(CONCEPT)
    assert (declaration.kind, declaration.name, declaration.namespace) == ("Concept", "person", None)
    assert plain_value(declaration.spec) == {"name": "no"}


def test_positions_count_from_one():
    declaration = only("# comment\n" + CONCEPT)
    assert declaration.location == Location("a.yaml", 2, 1)
    assert declaration.name_location == Location("a.yaml", 5, 9)
    assert declaration.spec.get("name").location == Location("a.yaml", 7, 9)
    assert declaration.spec.key("name").location == Location("a.yaml", 7, 3)


def test_columns_count_characters_not_bytes():
    assert only(CONCEPT.replace("name: no", "{é: ü, b: c}")).spec.get("b").location.column == 13


@pytest.mark.parametrize("text", ["no", "0123", "12:30", "1e3", "2020-01-01", "~", "0x1F", "1_000", ".inf"])
def test_plain_scalars_keep_their_source_text(text):
    scalar = only(CONCEPT.replace("name: no", f"name: {text}")).spec.get("name")
    assert (scalar.text, scalar.plain) == (text, True)


@pytest.mark.parametrize("written", ["'no'", '"no"', "!!str no", "! no", "|-\n    no", ">-\n    no"])
def test_quoted_scalars_are_not_plain(written):
    scalar = only(CONCEPT.replace("name: no", f"name: {written}")).spec.get("name")
    assert (scalar.text, scalar.plain) == ("no", False)


def test_several_documents_and_empty_ones():
    text = f"---\n# nothing\n---\n{CONCEPT}---\n---\n{CONCEPT}...\n"
    declarations, problems = parse(text.encode(), "a.yaml")
    assert [d.location.line for d in declarations] == [4, 12]
    assert not problems


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n", "\ufeff"])
def test_an_empty_file_is_nothing(text):
    assert parse(text.encode(), "a.yaml") == ([], [])


def test_a_byte_order_mark_is_accepted():
    assert only("\ufeff" + CONCEPT).location.column == 1


def test_windows_line_ends():
    assert only(CONCEPT.replace("\n", "\r\n")).spec.get("name").location.line == 6


def test_json_is_yaml_and_its_surrogate_pairs_are_characters():
    text = envelope(metadata={"name": "smile"}, spec={"name": "\U0001f600 \\ud83d", "a/b": 1})
    assert only(text.replace("/", "\\/"), "a.json").spec.get("name").text == "\U0001f600 \\ud83d"


def test_json_indented_with_tabs():
    assert only(json.dumps(json.loads(envelope(spec={"a": [1]})), indent="\t")).spec.get("a").items[0].text == "1"


def test_an_alias_stands_for_its_node():
    spec = only(CONCEPT.replace("name: no", "a: &x {b: c}\n  d: *x\n  e: &y f\n  *y : g")).spec
    assert plain_value(spec) == {"a": {"b": "c"}, "d": {"b": "c"}, "e": "f", "f": "g"}


def test_an_inner_anchor_wins_over_the_outer_of_the_same_name():
    spec = only(CONCEPT.replace("name: no", "a: &x [&x b]\n  c: *x")).spec
    assert plain_value(spec.get("c")) == "b"


def test_anchors_end_with_their_document():
    assert "no anchor" in complaint(CONCEPT.replace("no", "&x no") + "---\n" + CONCEPT.replace("no", "*x"))


def test_a_list_is_expanded():
    text = f"apiVersion: v1\nkind: List\nitems:\n- {envelope(metadata={'name': 'a'})}\n- {envelope()}\n"
    declarations, problems = parse(text.encode(), "a.yaml")
    assert [d.name for d in declarations] == ["a", None]
    assert not problems


def test_kustomize_labels_are_ignored():
    declaration = only(envelope(metadata={"name": "a", "namespace": "app", "labels": {"b": "c"}, "annotations": None}))
    assert (declaration.name, declaration.namespace) == ("a", "app")


def test_lifecycle():
    lifecycle = only(
        envelope(kind="App", lifecycle={"protect": True, "ignore": ["description"], "owner": "us"})
    ).lifecycle
    assert (lifecycle.protect, lifecycle.ignore, lifecycle.owner) == (True, ("description",), "us")


@pytest.mark.parametrize("text", [envelope(), envelope(spec=None, metadata=None, lifecycle=None)])
def test_what_is_absent_or_null_is_empty(text):
    declaration = only(text)
    assert (declaration.name, list(declaration.spec), declaration.lifecycle.protect) == (None, [], False)


# ---- what is wrong with it


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CONCEPT.replace("apiVersion", "apiversion"),
            "1:1: error: a document has no key 'apiversion' (did you mean 'apiVersion'?)",
        ),
        (CONCEPT.replace("reconciler/v1", "reconcilr/v1"), "1:13: error: apiVersion is 'clarifai.reconcilr/v1', not"),
        (
            "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n",
            "1:13: error: apiVersion is 'v1', not 'clarifai.reconciler/v1'",
        ),
        (CONCEPT.replace("apiVersion: clarifai.reconciler/v1\n", ""), "1:1: error: apiVersion is missing"),
        (CONCEPT.replace("kind: Concept\n", ""), "1:1: error: kind is missing"),
        (CONCEPT.replace("kind: Concept", "kind: [a]"), "2:7: error: kind: expected text, found a list"),
        (CONCEPT.replace("spec:", "sepc:"), "5:1: error: a document has no key 'sepc' (did you mean 'spec'?)"),
        (
            CONCEPT.replace("  name: person", "  nmae: person"),
            "4:3: error: metadata has no key 'nmae' (did you mean 'name'?)",
        ),
        (CONCEPT.replace("\n  name: person", " [a]"), "3:11: error: metadata: expected a mapping, found a list"),
        (CONCEPT.replace("\n  name: no", " 5"), "5:7: error: spec: expected a mapping, found the text '5'"),
        (CONCEPT.replace("name: person", "name: {a: b}"), "4:9: error: metadata.name: expected text, found a mapping"),
        (CONCEPT + "lifecycle: {owner: a}", "7:20: error: lifecycle.owner belongs to an App, not to a Concept"),
        (
            CONCEPT + "lifecycle: {protect: yes}",
            "7:22: error: lifecycle.protect: 'yes' is not true or false; write true",
        ),
        (CONCEPT + "lifecycle: {protect: }", "7:22: error: lifecycle.protect: an empty value is not true or false"),
        (CONCEPT + "lifecycle: {protect: [a]}", "7:22: error: lifecycle.protect: expected true or false, found a list"),
        (CONCEPT + "lifecycle: {ignore: name}", "7:21: error: lifecycle.ignore: expected a list of field names"),
        (CONCEPT + "lifecycle: {ignore: [[a]]}", "7:22: error: lifecycle.ignore: expected text, found a list"),
        (
            CONCEPT + "lifecycle: {protected: true}",
            "7:13: error: lifecycle has no key 'protected' (did you mean 'protect'?)",
        ),
        (CONCEPT + "spec: {}", "7:1: error: the key 'spec' stands twice in one mapping (first at a.yaml:5:1)"),
        (CONCEPT + "<<: {a: b}", "7:1: error: merge keys (<<) are not read"),
        ("workflow: {id: a, nodes: []}", "1:26: error: workflow.nodes must be a list of at least one node"),
        ("id: a\nnodes: []", "2:8: error: workflow.nodes must be a list of at least one node"),
        ("services: {a: b}", "1:1: error: not a manifest: apiVersion and kind are missing"),
        ("- a\n- b", "1:1: error: a manifest is a mapping, this document is a list"),
        ("just text", "1:1: error: a manifest is a mapping, this document is the text 'just text'"),
        ("apiVersion: v1\nkind: List\nitems: {}", "3:8: error: a List needs items"),
    ],
)
def test_a_problem_has_a_place_and_a_sentence(text, message):
    assert complaint(text).startswith(f"a.yaml:{message}")


def test_all_problems_at_once():
    _, problems = parse(f"{CONCEPT}status: 1\n---\na: b\n---\n{CONCEPT}lifecycle: {{protect: on}}\n".encode(), "a.yaml")
    assert [p.location.line for p in problems] == [7, 9, 17]


def test_after_a_syntax_error_reading_goes_on_at_the_next_document():
    declarations, problems = parse(f"a: [\n---\n{CONCEPT}---\nb: {{\n---\n{CONCEPT}".encode(), "a.yaml")
    assert [d.location.line for d in declarations] == [3, 12]
    assert [p.location.line for p in problems] == [2, 11]


@pytest.mark.parametrize(
    ("text", "hint"),
    [("a:\n\tb: c", "spaces"), ("a: b: c", "quote"), ("a: @b", "begins with @"), ("a: 'b", "not closed")],
)
def test_a_syntax_error_gives_advice(text, hint):
    assert hint in complaint(text)


def test_a_declaration_with_a_local_problem_is_kept_for_its_referents():
    declarations, problems = parse((CONCEPT + "status: 1").encode(), "a.yaml")
    assert len(declarations) == len(problems) == 1


# ---- files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def load(paths, **more):
    """(the files that declare something, the problems)."""
    files, problems = loader.manifest_files(paths)
    return [d.location.file for d in loader.load(files, problems, **more)], problems


def test_a_folder_is_read_with_all_beneath_it_in_order(folder):
    write(folder, m__b_dot_yaml=CONCEPT, m__a__z_dot_yml=CONCEPT, m__c_dot_json=envelope(), m__d_dot_txt="{")
    assert load(["m"]) == (["m/a/z.yml", "m/b.yaml", "m/c.json"], [])


def test_hidden_files_and_those_of_other_tools_are_skipped(folder):
    write(folder, reconciler_dot_yaml="{", kustomization_dot_yaml="{", a_dot_yaml=CONCEPT)
    write(folder, **{"_dot_hidden_dot_yaml": "{", "_dot_git__x_dot_yaml": "{"})
    assert load(["."]) == (["a.yaml"], [])


def test_a_path_is_shown_as_it_was_given(folder):
    write(folder, m__a_dot_yaml=CONCEPT)
    assert load(["m/a.yaml"]) == (["m/a.yaml"], [])
    assert load([folder / "m"]) == ([str(folder / "m/a.yaml")], [])


def test_a_file_reached_twice_is_read_once(folder):
    write(folder, m__a_dot_yaml=CONCEPT)
    (folder / "m/b.yaml").symlink_to("a.yaml")
    assert load(["m", "m/a.yaml", "./m"]) == (["m/a.yaml"], [])


@pytest.mark.parametrize(
    "stdin", [io.BytesIO(CONCEPT.encode()), io.TextIOWrapper(io.BytesIO(CONCEPT.encode())), io.StringIO(CONCEPT)]
)
def test_standard_input(stdin):
    assert load(["-", "-"], stdin=stdin) == (["<stdin>"], [])


def test_a_path_that_leads_nowhere_is_a_problem(folder):
    (folder / "empty").mkdir()
    (folder / "link.yaml").symlink_to("nowhere")
    _, problems = load(["missing.yaml", "empty", "link.yaml", "", "a\0b"])
    assert [str(d).split(": error: ")[1].split(" (")[0] for d in problems] == [
        "the folder holds no manifests",
        "no such file or folder",
        "no such file or folder",
        "no such file or folder",
        "cannot be read: embedded null byte",
    ]
    assert all(d.location for d in problems)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_a_problem(folder):
    write(folder, a_dot_yaml=CONCEPT)
    (folder / "a.yaml").chmod(0)
    assert "Permission denied" in str(load(["a.yaml"])[1][0])


def test_loops_and_pipes_do_not_hang(folder):
    write(folder, m__a_dot_yaml=CONCEPT)
    (folder / "m/up").symlink_to("..")
    (folder / "m/self.yaml").symlink_to("self.yaml")
    os.mkfifo(folder / "m/pipe.yaml")
    found, problems = load(["m"])
    assert found == ["m/a.yaml"]
    assert [d.location.file for d in problems] == ["m/self.yaml"]


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are always UTF-8 there")
def test_a_name_that_is_no_text_still_prints(folder):
    with open(os.fsencode(folder) + b"/\xff.yaml", "w") as file:
        file.write(CONCEPT)
    assert load(["."])[0] == ["\\udcff.yaml"]


def test_a_file_beyond_the_cap(folder, monkeypatch):
    monkeypatch.setattr(loader, "FILE_BYTES", 10)
    write(folder, a_dot_yaml=CONCEPT)
    assert "larger than" in str(load(["a.yaml"])[1][0])


def test_without_libyaml_the_result_is_the_same(monkeypatch):
    text = f"{CONCEPT}---\na: [\n---\n{CONCEPT}status: &x '1'\n".encode()
    expected, problems = parse(text, "a.yaml")
    monkeypatch.setattr(loader, "_PARSER", yaml.BaseLoader)
    found, others = parse(text, "a.yaml")
    assert found == expected
    assert [p.location for p in others] == [p.location for p in problems]


# ---- for all inputs


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
VALUES = st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)
FRAGMENTS = [
    "apiVersion: clarifai.reconciler/v1\n",
    "kind: Concept\n",
    "metadata:",
    "name: a\n",
    "\n",
    "---\n",
    "...\n",
]
FRAGMENTS += [
    "- ",
    "? ",
    ": ",
    "  ",
    "&a ",
    "*a ",
    "!!str ",
    "!x ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    "|\n",
    ">\n",
    "<<",
]
FRAGMENTS += ["#", "%TAG", "\t", "\\", "é", "\x85"]
YAMLISH = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)


@given(st.binary(max_size=300) | YAMLISH.map(str.encode))
def test_no_content_raises(content):
    declarations, problems = parse(content, "a.yaml")
    assert all(p.location.file == "a.yaml" and p.location.line > 0 and p.location.column > 0 for p in problems)
    assert all(d.kind for d in declarations)


@given(VALUES, st.sampled_from([None, "'", '"']), st.booleans())
def test_text_in_is_text_out(value, style, unicode):
    document = {**json.loads(envelope()), "spec": {"value": value}}
    text = yaml.safe_dump(document, default_style=style, allow_unicode=unicode, width=1000)
    assert plain_value(only(text).spec) == {"value": value}


@given(VALUES)
def test_json_in_is_text_out(value):
    assert plain_value(only(envelope(spec={"value": value}), "a.json").spec) == {"value": value}


def test_the_nodes_are_what_the_rest_expects():
    spec = only(CONCEPT.replace("name: no", "a: [b, {c: d}]")).spec
    assert isinstance(spec, Mapping)
    assert isinstance(spec.get("a"), Sequence)


@pytest.mark.parametrize(
    "spec",
    [
        "a: ${V}",
        "a: [[{b: '${V}'}]]",
        'a: {b: {c: "x\\u0024{V}"}}',
        "a: &x ${V}\n  b: [*x]",
        "a: &x {c: ['${V}']}\n  b: *x",
    ],
)
def test_a_mapping_with_a_variable_anywhere_in_it_is_not_constant(spec):
    text = f"apiVersion: clarifai.reconciler/v1\nkind: Concept\nspec:\n  {spec}\n  z: {{y: [plain]}}\n"
    found = only(text).spec
    assert not any(node.constant for node in (found, found.get("b") or found) if not isinstance(node, Scalar))
    assert found.get("z").constant


def test_what_is_misspelt_outside_hides_nothing_inside():
    text = "apiVersion: clarifai.reconciler/v1\nkind: Concept\nmetdata: {nmae: cat}\nspce: {a: b}\n"
    [declaration], problems = parse(text.encode(), "a.yaml")
    assert len(problems) == 3
    assert (declaration.name, list(declaration.spec.pairs)) == ("cat", ["a"])


def test_a_saved_plan_is_no_manifest_and_is_told_apart():
    assert "`show` and `apply` take saved plans" in complaint('{"format_version": "1.1"}', "plan.json")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a:\n  b: 1\n c: 2\n", "indent this line like those it belongs to; the block begins in line 1"),
        ("a:\n  b: 1\n   c: 2\n", "or indent this line like those it belongs to"),
        ("x: 1\n---\na: {b: 1\nc: 2\n", "the brace or bracket of line 3 is not closed"),
        ("a: [b, c\n", "the brace or bracket of line 1 is not closed"),
        ("a:\n\tb: 1\n", "indent with spaces"),
    ],
)
def test_a_syntax_error_comes_with_advice(text, advice):
    _, problems = parse(text.encode(), "a.yaml")
    assert advice in str(problems)
