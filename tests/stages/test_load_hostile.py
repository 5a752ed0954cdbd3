"""Files that are meant to hurt: each ends quickly, with a place and a sentence or with what it honestly says."""

import time

import pytest

from reconciler.core.assembly import Limits
from reconciler.core.diagnostics import Severity
from reconciler.stages.load import FILE_BYTES, parse

HEAD = b"apiVersion: clarifai.reconciler/v1\nkind: Concept\nmetadata: {name: a}\nspec:\n"
DEEP = 100_000
SLOW = 3  # a second here, on a machine that does nothing else


def aliases(width, height):
    """The "billion laughs": a few lines that stand for width ** height values."""
    lines = [b"  a0: &a0 [x]\n"]
    lines += [b"  a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * width)) for n in range(1, height)]
    return b"".join(lines)


def stairs(height):
    """Aliases that nest a little deeper with each line, so that no line itself is deep."""
    lines = [b"  a%d: &a%d [[[[[[[[*a%d]]]]]]]]\n" % (n, n, n - 1) for n in range(1, height)]
    return b"  a0: &a0 x\n" + b"".join(lines)


REFUSED = {
    "lists_nested": (b"[" * DEEP, "nested deeper than 64"),
    "lists_nested_and_closed": (HEAD + b"  a: " + b"[" * DEEP + b"]" * DEEP, "nested deeper than 64"),
    "mappings_nested": (b"{a: " * DEEP, "nested deeper than 64"),
    "dashes_nested": (b"- " * DEEP, "nested deeper than 64"),
    "questions_nested": (b"? " * DEEP, "nested deeper than 64"),
    "indents_nested": (b"".join(b" " * n + b"a:\n" for n in range(2_000)), "nested deeper than 64"),
    "json_nested": (b'{"a":[' * DEEP, "nested deeper than 64"),
    "one_level_too_deep": (HEAD + b"  a: " + b"[" * 63 + b"]" * 63, "nested deeper than 64"),
    "alias_bomb": (HEAD + aliases(9, 9), "a document may hold 100,000 values"),
    "alias_bomb_wide": (HEAD + aliases(5_000, 3), "a document may hold 100,000 values"),
    "alias_stairs": (HEAD + stairs(50), "nested deeper than 64"),
    "alias_to_itself": (HEAD + b"  a: &a [*a]\n", "the alias *a contains itself"),
    "alias_to_the_document": (b"&a\n" + HEAD + b"  a: *a\n", "the alias *a contains itself"),
    "alias_without_anchor": (HEAD + b"  a: *a\n", "the alias *a has no anchor before it"),
    "very_many_values": (HEAD + b"  a: [" + b"x," * 2_000_000 + b"]\n", "a document may hold 100,000 values"),
    "very_many_keys": (HEAD + b"".join(b"  a%d: x\n" % n for n in range(200_000)), "a document may hold 100,000"),
    "very_many_problems": (b"a: b\n---\n" * 500_000, "more than 100 problems"),
    "very_many_duplicates": (HEAD + b"  a: x\n" * 500_000, "more than 100 problems"),
    "very_many_syntax_errors": (b"---\n]\n" * 1_000_000, "not valid YAML"),
    "very_many_tag_directives": (b"".join(b"%%TAG !a%d! x\n" % n for n in range(500_000)), "64 lines begin with %"),
    "yaml_directives": (b"%YAML 1.1\n" * 10 + b"---\n", "not valid YAML"),
    "duplicate_key": (HEAD + b"  a: 1\n  'a': 2\n", "the key 'a' stands twice in one mapping (first at x.yaml:5:3)"),
    "duplicate_key_by_alias": (HEAD + b"  &k a: 1\n  *k : 2\n", "the key 'a' stands twice"),
    "duplicate_key_of_a_megabyte": (HEAD + b'  ? "%s"\n  ? "%s"\n' % ((b"k" * 1_000_000,) * 2), "stands twice"),
    "unknown_key_of_ten_megabytes": (HEAD + b'? "%s"\n' % (b"k" * 10_000_000), "a document has no key 'kkk"),
    "kind_of_ten_megabytes": (b"kind: a\napiVersion: " + b"x" * 10_000_000, "apiVersion is 'xxx"),
    "merge_key": (HEAD + b"  <<: {a: b}\n", "merge keys (<<) are not read"),
    "list_as_key": (HEAD + b"  [a]: b\n", "a key must be text, not a list"),
    "mapping_as_key": (HEAD + b"  ? {a: b}\n  : c\n", "a key must be text, not a mapping"),
    "template_unquoted": (HEAD + b"  a: {{ .Values.a }}\n", "a key must be text, not a mapping"),
    "null_key": (HEAD + b"  ~: b\n", "a key is missing"),
    "empty_key": (HEAD + b"  ? \n  : b\n", "a key is missing"),
    "tag_python": (HEAD + b"  a: !!python/object/apply:os.system [ls]\n", "the tag '!!python/object/apply"),
    "tag_binary": (HEAD + b"  a: !!binary aGk=\n", "the tag '!!binary'"),
    "tag_set": (HEAD + b"  a: !!set {b}\n", "the tag '!!set'"),
    "tag_int": (HEAD + b"  a: !!int '3'\n", "the tag '!!int'"),
    "tag_custom": (HEAD + b"  a: !Ref b\n", "the tag '!Ref'"),
    "tag_verbatim": (HEAD + b"  a: !<x:\x79> b\n", "the tag 'x:y'"),
    "tag_on_a_key": (HEAD + b"  !!binary a: b\n", "the tag '!!binary'"),
    "tag_handle_unknown": (HEAD + b"  a: !x!y b\n", "undefined tag handle"),
    "utf16_little": (("\ufeff" + HEAD.decode()).encode("utf-16-le"), "the file is UTF-16 or UTF-32"),
    "utf16_big": (("\ufeff" + HEAD.decode()).encode("utf-16-be"), "the file is UTF-16 or UTF-32"),
    "utf16_unmarked": (HEAD.decode().encode("utf-16-le"), "the file is UTF-16 or UTF-32"),
    "utf32": (HEAD.decode().encode("utf-32"), "the file is UTF-16 or UTF-32"),
    "latin1": (HEAD + b"  a: caf\xe9\n", "the file is not UTF-8"),
    "overlong_utf8": (HEAD + b"  a: \xc0\xaf\n", "the file is not UTF-8"),
    "surrogate_in_utf8": (HEAD + b"  a: \xed\xa0\x80\n", "the file is not UTF-8"),
    "surrogate_escaped": (HEAD + b'  a: "\\ud800"\n', "invalid Unicode character escape"),
    "nul": (HEAD + b"  a: x\0y\n", "the character U+0000 is not allowed"),
    "nul_escaped": (HEAD + b'  a: "\\0"\n', "the character U+0000 is not allowed"),
    "terminal_sequence": (HEAD + b"  a: \x1b[2J\n", "the character U+001B is not allowed"),
    "terminal_sequence_escaped": (HEAD + b'  a: "\\e[2J"\n', "the character U+001B is not allowed"),
    "c1_control": (HEAD + b"  a: \xc2\x9b2J\n", "the character U+009B is not allowed"),
    "executable": (b"\x7fELF" + bytes(range(1, 256)), "not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\x00\x00", "UTF-16"),
    "tab_indent": (HEAD + b"\ta: b\n", "indent with spaces"),
    "quote_open": (HEAD + b"  a: 'b\n", "not closed"),
    "anchor_of_a_megabyte": (HEAD + b"  a: *" + b"k" * 1_000_000 + b"\n", "has no anchor"),
    "list_in_list": (b"{apiVersion: v1, kind: List, items: [" * DEEP, "nested deeper than 64"),
}  # fmt: skip

HONEST = {
    "scalar_of_ten_megabytes": HEAD + b'  a: "' + b"x" * 10_000_000 + b'"\n',
    "block_of_ten_megabytes": HEAD + b"  a: |\n" + b"    x\n" * 1_600_000,
    "plain_of_a_million_lines": HEAD + b"  a: x\n" + b"    y\n" * 1_000_000,
    "number_of_5000_digits": HEAD + b"  a: " + b"9" * 5_000 + b"\n",
    "sixteen_megabytes_of_comment": HEAD + b"#" * (FILE_BYTES - len(HEAD)),
    "very_many_empty_documents": HEAD + b"---\n" * 200_000,
    "emoji_and_right_to_left": HEAD + "  a: 👩‍👩‍👧 שלום\n".encode(),
    "key_of_a_megabyte": HEAD + b'  ? "%s"\n' % (b"k" * 1_000_000),
    "as_deep_as_allowed": HEAD + b"  a: " + b"[" * 62 + b"]" * 62,
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_a_place_and_a_sentence(name, figures):
    content, sentence = REFUSED[name]
    start = time.process_time()
    _, problems = parse(content, "x.yaml")
    took = time.process_time() - start
    assert any(sentence in str(p) for p in problems), problems
    assert all(p.severity is Severity.ERROR and p.location and p.location.file == "x.yaml" for p in problems)
    assert all(len(str(p)) < 400 and str(p).isprintable() for p in problems)
    assert len(problems) <= Limits().problems + 1
    assert took < 1 * SLOW
    figures("hostile files", 1)


@pytest.mark.parametrize("name", HONEST)
def test_it_is_large_or_odd_but_right(name):
    start = time.process_time()
    declarations, problems = parse(HONEST[name], "x.yaml")
    took = time.process_time() - start
    assert (len(declarations), problems) == (1, [])
    assert took < 1 * SLOW


def test_the_documents_of_a_file_share_its_limit():
    declarations, problems = parse((HEAD + b"  a: [x, x, x]\n---\n") * 5, "x.yaml", Limits(nodes=40))
    assert len(declarations) == 2
    assert "a file may hold 40 values" in str(problems[0])


def test_an_alias_stands_where_it_is_used():
    [declaration], _ = parse(HEAD + b"  a: &a x\n  b: *a\n", "x.yaml")
    assert str(declaration.spec.get("b").location) == "x.yaml:6:6"
