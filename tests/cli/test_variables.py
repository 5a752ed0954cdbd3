"""Values of variables: who wins, and what a file may look like."""

from pathlib import Path

import pytest

from reconciler.cli.variables import from_file, variables
from reconciler.core.diagnostics import InvalidManifest, ReconcilerError


def write(tmp_path: Path, text: str, name: str = "vars") -> str:
    file = tmp_path / name
    file.write_text(text)
    return str(file)


def test_flags_beat_files_and_files_beat_the_environment(tmp_path: Path) -> None:
    first = write(tmp_path, "A=file\nB=file\nC=file\n")
    second = write(tmp_path, "C=later\n", "second")
    found = variables(["A=flag"], [first, second], {"A": "env", "B": "env", "D": "env"})
    assert found == {"A": "flag", "B": "file", "C": "later", "D": "env"}


@pytest.mark.parametrize("name", ["CLARIFAI_PAT", "CLARIFAI_SESSION_TOKEN"])
def test_no_manifest_gets_the_access_token(name: str) -> None:
    assert variables([], [], {name: "canary"}) == {}


@pytest.mark.parametrize(("word", "value"), [("A=", ""), ("A=b=c", "b=c"), ("A= b ", " b ")])
def test_what_stands_behind_the_first_equals_sign_is_the_value(word: str, value: str) -> None:
    assert variables([word], [], {}) == {"A": value}


@pytest.mark.parametrize("word", ["A", "=b", "a-b=c", "1=2", ""])
def test_a_word_that_is_no_variable_is_refused(word: str) -> None:
    with pytest.raises(ReconcilerError, match="not of the form NAME=VALUE"):
        variables([word], [], {})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("A=1\n\n# two\nexport B = two words \n", {"A": "1", "B": "two words"}),
        ("A='quoted'\nB=\"x=y\"\nC=don't\n", {"A": "quoted", "B": "x=y", "C": "don't"}),
        ("A: 0123\nB: no\nC: 12:30\nD: ''\n", {"A": "0123", "B": "no", "C": "12:30", "D": ""}),
        ('{"A": "x", "B": 1.0}', {"A": "x", "B": "1.0"}),
    ],
)
def test_a_file_is_lines_or_a_mapping_and_keeps_its_text(tmp_path: Path, text: str, values: dict[str, str]) -> None:
    assert from_file(write(tmp_path, text)) == values


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A=1\nwhat is this\n", ":2:1: error: not of the form NAME=VALUE"),
        ("A=1\nB=2\nA=3\n", ":3:1: error: variable A is written twice (first on line 1)"),
        ("A: [1]\n", ":1:1: error: variable A needs a plain value"),
        ("a-b: 1\n", ":1:1: error: 'a-b' is no name"),
        ("- A\n", ":1:1: error: NAME=VALUE lines or a YAML mapping is needed"),
        ("A: [\n", ":2:1: error: not valid YAML"),
    ],
)
def test_a_wrong_file_is_told_by_its_line(tmp_path: Path, text: str, problem: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(InvalidManifest) as caught:
        from_file(file)
    assert str(caught.value.diagnostics[0]).startswith(file + problem)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReconcilerError, match=r"--var-file .*: No such file"):
        from_file(str(tmp_path / "absent"))
    (tmp_path / "latin").write_bytes(b"A=\xe9")
    with pytest.raises(ReconcilerError, match="not UTF-8"):
        from_file(str(tmp_path / "latin"))
    (tmp_path / "big").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ReconcilerError, match="larger than 1 MB"):
        from_file(str(tmp_path / "big"))
