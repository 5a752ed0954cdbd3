"""Whatever is put into Markdown comes out of a Markdown reader as the same text, and as nothing but text."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.report import markup
from reconciler.report.lines import printable

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = st.text(st.sampled_from("`|\\*_[]<>&@#~$!-+=.:/() \n\tabe1"), max_size=30) | st.text(max_size=30)
UNSEEN = "\u200b"
AMONG = [
    "a",
    "a|b",
    "``x`",
    "\\|",
    "|\\",
    "`",
    "<b>",
    "&amp;",
    "@team",
    "#12",
    "[x](http://y)",
    "~~x~~",
    "a\nb",
    " x ",
    "",
]


def cells(cell: str) -> list[Token]:
    """The children of the only cell of a table around it."""
    head, rows = markup.table(("x", "y"), [(cell, "end")])
    tokens = READER.parse(head + "".join(rows))
    inline = [token for token in tokens if token.type == "inline"]
    assert [token.content for token in inline[:2]] == ["x", "y"]
    assert len(inline) == 4, "the cell broke the table"
    assert inline[3].content == "end"
    return inline[2].children or []


def seen(tokens: list[Token]) -> str:
    said = {"html_inline": lambda token: "\n" if token.content == "<br>" else "", "softbreak": lambda _: " "}
    return "".join(said.get(token.type, lambda token: token.content)(token) for token in tokens).replace(UNSEEN, "")


def squeezed(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text).strip()


@pytest.mark.parametrize("word", AMONG)
@given(more=NASTY)
@settings(max_examples=8, deadline=None)
def test_words_come_back_and_are_only_words(word: str, more: str) -> None:
    for value in (word, more, word + more):
        tokens = cells(markup.text(value))
        assert {token.type for token in tokens} <= {"text", "text_special", "html_inline"}
        assert all(token.content == "<br>" for token in tokens if token.type == "html_inline")
        lines = [printable(line.strip()) for line in value.splitlines()]
        assert squeezed(seen(tokens)) == squeezed("\n".join(lines))


@pytest.mark.parametrize("word", AMONG)
@given(more=NASTY)
@settings(max_examples=8, deadline=None)
def test_values_come_back_and_are_only_code(word: str, more: str) -> None:
    for value in (word, more, word + more):
        tokens = cells(markup.code(value))
        if len(tokens) == 1:
            assert tokens[0].type == "code_inline"
            assert tokens[0].content == printable(value)
        else:
            assert [tokens[0].content, tokens[-1].content] == ["<code>", "</code>"]
            assert {token.type for token in tokens[1:-1]} <= {"text", "text_special"}
            assert squeezed(seen(tokens[1:-1])) == squeezed(printable(value))


@given(NASTY)
@settings(max_examples=60, deadline=None)
def test_nobody_is_notified_and_nothing_linked(value: str) -> None:
    marked = markup.text(value).replace("&#8203;", UNSEEN)
    assert not re.search(f"[@#](?!{UNSEEN})", marked)
    assert "://" not in marked
    assert "@" not in markup.plain_html(value).replace("@&#8203;", "")


@given(NASTY, st.sampled_from(["diff", "mermaid"]))
@settings(max_examples=60, deadline=None)
def test_nothing_leaves_a_code_block(value: str, language: str) -> None:
    content = "".join(f"{printable(line)}\n" for line in value.split("\n"))
    tokens = READER.parse(markup.fence(content, language) + "\nafter\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content == content


@given(NASTY)
@settings(max_examples=60, deadline=None)
def test_the_title_of_a_fold_is_one_line_of_text(value: str) -> None:
    for title in (markup.plain_html(value), markup.html_code(value)):
        assert len(title.splitlines()) <= 1
        bare = title.removeprefix("<code>").removesuffix("</code>")
        assert not re.search(r"[<>\"']", bare)
        shown = html.unescape(bare).replace(UNSEEN, "")
        assert squeezed(shown) == squeezed(printable(" ".join(value.split()) if title == bare else value))


@given(st.lists(NASTY, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_hidden_comment_hides_all_of_it(words: list[str]) -> None:
    comment = markup.hidden(words)
    assert re.fullmatch(r"<!-- (?:(?!--)[^<>\n])* -->\n", comment)


@given(NASTY)
@settings(max_examples=60, deadline=None)
def test_a_label_of_a_picture_keeps_its_quotes(value: str) -> None:
    label = markup.label(value)
    assert not re.search(r"[\"\n`<>\[\]{}|;#](?!\d+;)", re.sub(r"#\d+;", "", label))
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label) == printable(value)
