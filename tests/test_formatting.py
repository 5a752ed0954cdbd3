"""One layout: blanks change and nothing else, and what has the layout keeps it."""

import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import ReconcilerError
from reconciler.formatting import formatted

SHIPPED = sorted(Path(__file__).parents[1].glob("manifests/**/*.yaml"))


def lines(text):
    return textwrap.dedent(text).lstrip("\n")


def becomes(before, after):
    assert formatted(lines(before)) == lines(after)
    assert formatted(lines(after)) == lines(after)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_the_manifests_we_ship_have_the_layout(file):
    assert formatted(file.read_text()) == file.read_text()


def test_two_blanks_a_level_and_lists_at_the_level_of_their_key():
    becomes(
        """
        spec:
            nodes:
                -   id: a
                    model:   {id: x,   user_id: y}
                - id: b
            empty:
            last: 1
        """,
        """
        spec:
          nodes:
          - id: a
            model: {id: x,   user_id: y}
          - id: b
          empty:
          last: 1
        """,
    )


def test_lists_in_lists():
    becomes(
        """
        a:
          -   - x
              - y
          -
              k: v
          - - z
        """,
        """
        a:
        - - x
          - y
        -
          k: v
        - - z
        """,
    )


def test_comments_go_with_what_they_stood_beside():
    becomes(
        """
        # of the file
        a:   1     # behind
        b:
            # of c
            c:
                d: 1
                # ends c
            # ends b

        # of e
        e: 2
        # ends the file
        """,
        """
        # of the file
        a: 1     # behind
        b:
          # of c
          c:
            d: 1
            # ends c
          # ends b

        # of e
        e: 2
        # ends the file
        """,
    )


def test_what_a_value_goes_on_with_keeps_its_distance():
    becomes(
        """
        spec:
            text: |
                first

                  # no comment
                last
            words: one
                two
            "quoted": "a
              b"
            flow:
                {a: 1,
                 # inside
                 b: [2,
                     3]}
            end: x
        """,
        """
        spec:
          text: |
              first

                # no comment
              last
          words: one
              two
          "quoted": "a
            b"
          flow:
            {a: 1,
             # inside
             b: [2,
                 3]}
          end: x
        """,
    )


def test_what_yaml_might_take_for_something_else_is_left_alone():
    becomes("k:   0123\nn:   no\nt:   12:30\nd:  2020-01-01\ne: 1e3\nu: ~\nq:  'it''s'\n",
            "k: 0123\nn: no\nt: 12:30\nd: 2020-01-01\ne: 1e3\nu: ~\nq: 'it''s'\n")  # fmt: skip


def test_anchors_and_aliases_keep_their_names():
    becomes("a:   &one\n    k: v\nb:   *one\nc:  &two x\n", "a: &one\n  k: v\nb: *one\nc: &two x\n")


def test_empty_lines_come_one_at_a_time_and_blanks_do_not_end_a_line():
    becomes("\n\na: 1   \n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n")


def test_documents_stay_apart_and_so_do_their_comments():
    becomes(
        """
        a:   1
        # ends a
        ---
        # begins b
        b:   2
        ---
        # nothing else
        """,
        """
        a: 1
        # ends a
        ---
        # begins b
        b: 2
        ---
        # nothing else
        """,
    )


def test_line_ends_of_windows_become_plain():
    assert formatted("a: 1\r\nb: |\r\n  x\r\n  y\r\n") == "a: 1\nb: |\n  x\n  y\n"


def test_a_key_that_is_a_mapping_is_left_to_its_author():
    with pytest.raises(ReconcilerError, match=r"line 1: a key that is more than a word"):
        formatted("? {a: 1}\n: b\n")


plain = st.sampled_from(
    ["a", "0123", "no", "x y", "'q # q'", '"d: d"', "~", "*", "{k: v}", "[1,   2]", "|\n{}first\n{}  last"]
)
trees = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def texts(draw):
    """Manifests as people lay them out: any indentation, blanks and comments anywhere."""

    def laid(value, column):
        noise = draw(st.sampled_from(["", "", "", "\n", f"{' ' * column}# c\n", f"{' ' * (column + 1)}# odd\n"]))
        if isinstance(value, str):
            return value.replace("*", "&x y").format(*[" " * (column + draw(st.integers(1, 3)))] * 2)\
                if value.startswith("|") else value.replace("*", "star")  # fmt: skip
        deeper = column + draw(st.integers(2, 4))
        rows = []
        for key in value:
            item = value[key] if isinstance(value, dict) else key
            head = f"{' ' * column}{key}:" if isinstance(value, dict) else f"{' ' * column}-"
            if isinstance(item, str):
                rows.append(f"{noise}{head}{' ' * draw(st.integers(1, 3))}{laid(item, column)}\n")
            else:
                rows.append(f"{noise}{head}\n{laid(item, deeper)}")
        return "".join(rows)

    return laid(draw(trees.filter(lambda tree: not isinstance(tree, str))), 0)


@settings(max_examples=400)
@given(texts())
def test_any_manifest_says_the_same_afterwards_and_is_settled(text):
    found = formatted(text)
    assert yaml.load(found, yaml.BaseLoader) == yaml.load(text, yaml.BaseLoader)
    assert formatted(found) == found
    assert [row.strip() for row in found.splitlines() if row.lstrip().startswith("#")] == [
        row.strip() for row in text.splitlines() if row.lstrip().startswith("#")
    ]
