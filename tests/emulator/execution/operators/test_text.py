"""Operators on text: prompter and regex-based-classifier."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.execution.values import NotRun, RunFailed


def text(raw):
    return r.Data(text=r.Text(raw=raw))


@pytest.mark.parametrize(
    ("template", "expected"),
    [("Say: {data.text.raw}!", "Say: hi!"), ("{data.text.raw}{data.text.raw}", "hihi"), ("nothing", "nothing"),
     ("{other} {data.text.raw}", "{other} hi")],
)  # fmt: skip
def test_a_prompter_fills_its_template(bench, template, expected):
    assert answer(bench.task("prompter", prompt_template=template), text("hi")).text.raw == expected


def test_text_behind_a_url_is_fetched(bench):
    bench.web["https://x.invalid/t"] = "grüß".encode()
    data = r.Data(text=r.Text(url="https://x.invalid/t"))
    assert answer(bench.task("prompter", prompt_template="<{data.text.raw}>"), data).text.raw == "<grüß>"


def test_a_prompter_without_a_template_has_no_answer(bench):
    with pytest.raises(NotRun, match="prompt_template"):
        answer(bench.task("prompter"), text("hi"))


@pytest.mark.parametrize(("regex", "said", "matches"), [("cat|dog", "a dog", True), ("^dog", "a dog", False)])
def test_text_in_which_the_pattern_is_found_has_the_concepts(bench, values, regex, said, matches):
    task = bench.task("regex-based-classifier", {"pet": 0, "animal": 0}, regex=regex)
    assert values(answer(task, text(said))) == ({"pet": 1.0, "animal": 1.0} if matches else {})


def test_a_broken_pattern_has_no_answer(bench):
    with pytest.raises(NotRun, match="regex"):
        answer(bench.task("regex-based-classifier", regex="("), text("x"))


@pytest.mark.parametrize("kind", ["prompter", "regex-based-classifier"])
def test_a_picture_is_unsupported(bench, kind):
    with pytest.raises(RunFailed) as failure:
        answer(bench.task(kind, prompt_template="x", regex="x"), r.Data(image=r.Image(url="u")))
    assert failure.value.status_code == 30101
