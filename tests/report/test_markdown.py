"""Laws of the reports in Markdown: always well-formed, never too long, never more than was meant to be said."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.diagnostics import Diagnostic
from reconciler.core.drift import DriftReport
from reconciler.core.outcome import ApplyResult
from reconciler.core.plan import Plan, Refusal
from reconciler.core.tree import ABSENT
from reconciler.report.as_markdown import diagnostics_markdown, plan_markdown, result_markdown
from reconciler.report.changes import grouping
from reconciler.report.drift_markdown import drift_markdown
from reconciler.report.fitting import COMMENT, STEP_SUMMARY, Limit, utf8_bytes, utf16_units
from reconciler.report.mermaid import workflow_graph
from tests.report.rich_plan import SCOPE, SECRET, at, empty_plan
from tests.report.rich_reports import drifted, reviewed_plan
from tests.report.rich_result import partly_applied, problems
from tests.report.strategies import NOTES, PLANS, REPORTS, RESULTS
from tests.report.strategies import SECRET as OTHER_SECRET

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = re.compile(r"<!-- [^<>]* -->|</?details>|</?summary>|</?code>|</?sub>|<br>")


def tokens_of(text: str) -> list[Token]:
    """Everything a reader makes of a text; HTML that is not ours, links and pictures fail."""
    flat: list[Token] = []
    for token in READER.parse(text):
        flat += [token, *(token.children or ())]
    for token in flat:
        assert token.type not in {"link_open", "image", "code_block"}, token.content
        if token.type.startswith("html"):
            assert not re.search(r"<[a-zA-Z/!?]", OURS.sub("", token.content)), token.content
    return flat


def well_formed(text: str) -> None:
    tokens = tokens_of(text)
    outside = "".join(token.content for token in tokens if token.type.startswith("html"))
    assert outside.count("<details>") == outside.count("</details>") == outside.count("<summary>")
    assert sum(token.type == "heading_open" for token in tokens) == 1
    assert SECRET not in text
    assert OTHER_SECRET not in text


@given(PLANS)
@settings(max_examples=25, deadline=None)
def test_any_plan_is_well_formed(plan: Plan) -> None:
    well_formed(plan_markdown(plan))


@given(RESULTS)
@settings(max_examples=20, deadline=None)
def test_any_result_is_well_formed(result: ApplyResult) -> None:
    well_formed(result_markdown(result))


@given(REPORTS)
@settings(max_examples=20, deadline=None)
def test_any_drift_is_well_formed(report: DriftReport) -> None:
    well_formed(drift_markdown(report))


@given(st.lists(NOTES, max_size=5))
@settings(max_examples=20, deadline=None)
def test_any_problems_are_well_formed(some: list[Diagnostic]) -> None:
    well_formed(diagnostics_markdown(some))


@given(PLANS, st.integers(1_500, 6_000), st.sampled_from([utf16_units, utf8_bytes]))
@settings(max_examples=25, deadline=None)
def test_a_cut_plan_is_well_formed_and_short_enough(plan: Plan, most: int, size: object) -> None:
    limit = Limit(most, size, "a test")  # type: ignore[arg-type]
    text = plan_markdown(plan, limit=limit)
    assert limit.fits(text)
    well_formed(text)
    assert ("**Left out" in text) == (text != plan_markdown(plan, limit=replace(limit, most=10**9)))


# ---- huge plans

WORST = FieldChange(("a|b`c", "d\n"), "x" * 300 + "@all <b>", "`" * 40 + "|" * 40, Cause.DRIFT, Effect.IN_PLACE)


def huge(number: int, *, text: str = "") -> Plan:
    changes = [
        ResourceChange(at(f"models/m{i}{text}"), "Model", Action.UPDATE, (WORST, replace(WORST, cause=Cause.EDIT)))
        for i in range(number)
    ]
    changes += [ResourceChange(at(f"concepts/c{i}{text}"), "Concept", Action.CREATE, after={}) for i in range(number)]
    refusals = tuple(Refusal("delete", at(f"models/m{i}"), "in use | `now`", None) for i in range(number // 10))
    return Plan(SCOPE, "people-app", "api.clarifai.com", tuple(changes), (), refusals=refusals)


def left_out(text: str) -> dict[str, int]:
    found = re.search(r"\*\*Left out, because [a-z ]+ holds no more: (.*?)\.\*\*", text)
    parts = found[1].split(", ") if found else []
    return {what.removesuffix("s"): int(number) for number, what in (part.split(" ", 1) for part in parts)}


@pytest.mark.parametrize("text", ["", "男" * 30, "\U0001f600" * 20])
def test_a_huge_plan_is_cut_between_its_parts(text: str) -> None:
    plan = huge(400, text=text)
    said = plan_markdown(plan)
    assert utf16_units(said) <= COMMENT.most < 65_536
    assert len(said) <= COMMENT.most
    well_formed(said)
    assert said.count("\n") > 100, "what fits is shown"


def test_what_is_left_out_is_counted() -> None:
    plan = huge(400)
    missing = left_out(plan_markdown(plan))
    shown = len(re.findall(r"<summary><code>~ |^- `\+ ", plan_markdown(plan), flags=re.MULTILINE))
    assert missing["change"] + shown == 800
    assert "refusal" not in missing


def test_the_step_summary_holds_more() -> None:
    plan = huge(1500)
    said = plan_markdown(plan, limit=STEP_SUMMARY)
    assert COMMENT.most < utf8_bytes(said) <= 2**20
    well_formed(said)
    assert left_out(said)


def test_a_cut_text_says_where_the_rest_is() -> None:
    assert "[the log](https://x.test)" in plan_markdown(huge(400), more="All of it: [the log](https://x.test).")
    assert "https://x.test" not in plan_markdown(empty_plan(), more="All of it: [the log](https://x.test).")


def test_a_part_that_can_never_fit_does_not_hide_the_others() -> None:
    big = {"nodes": {f"n{i}": {"note": "y" * 90} for i in range(2000)}}
    plan = replace(
        huge(3),
        changes=(
            ResourceChange(at("workflows/big"), "Workflow", Action.CREATE, after=big),
            ResourceChange(at("models/small"), "Model", Action.DELETE),
        ),
    )
    said = plan_markdown(plan)
    assert left_out(said) == {"change": 1}
    assert "`- models/small`" in said


# ---- what must be found


def test_the_numbers_come_first() -> None:
    lines = plan_markdown(reviewed_plan()).splitlines()
    assert lines[0] == "<!-- reconciler plan alice/people-app people-app -->"
    assert lines[1] == "### Plan: 2 to adopt, 8 to add, 6 to change, 2 to destroy, 1 to forget."


@pytest.mark.parametrize(
    "text",
    [plan_markdown(reviewed_plan()), result_markdown(partly_applied()), diagnostics_markdown(problems())],
    ids=["plan", "result", "diagnostics"],
)
def test_no_emoji(text: str) -> None:
    assert not re.search(r":[a-z_]+:|[\u2600-\u27bf\U0001f000-\U0001faff]", text)


def test_refusals_and_drift_stand_before_the_changes() -> None:
    text = plan_markdown(reviewed_plan())
    assert text.index("[!CAUTION]") < text.index("[!WARNING]") < text.index("**warning:**") < text.index("<details>")


def test_the_same_app_and_owner_have_the_same_mark() -> None:
    marks = {plan_markdown(plan).splitlines()[0] for plan in (empty_plan(), reviewed_plan())}
    assert len(marks) == 1
    other = replace(empty_plan(), owner="search")
    assert plan_markdown(other).splitlines()[0] not in marks


def test_what_could_not_be_read_stands_before_drift() -> None:
    text = drift_markdown(drifted())
    assert text.index("Could not be read") < text.index("Changed in the live app")


# ---- pictures


def graph(action: Action = Action.UPDATE, *fields: FieldChange, **trees: object) -> str | None:
    return workflow_graph(ResourceChange(at("workflows/w"), "Workflow", action, fields, **trees))  # type: ignore[arg-type]


def test_a_picture_marks_what_changes() -> None:
    before = {"nodes": {"a": {"model": {"id": "x"}}, "old": {"node_inputs": [{"node_id": "a"}]}}}
    after = {"nodes": {"a": {"model": {"id": "y"}}, "new": {"node_inputs": {"a": {}}}}}
    edit = FieldChange(("nodes", "a", "model", "id"), "x", "y", Cause.EDIT, Effect.IN_PLACE)
    new = FieldChange(("nodes", "new"), ABSENT, after["nodes"]["new"], Cause.EDIT, Effect.IN_PLACE)
    old = FieldChange(("nodes", "old"), before["nodes"]["old"], ABSENT, Cause.DRIFT, Effect.IN_PLACE)
    drawn = graph(Action.UPDATE, edit, new, old, before=before, after=after) or ""
    assert '  n1["a<br/>models/y<br/>changed"]\n  n2["new<br/>added"]\n  n3["old<br/>moved by someone else"]\n' in drawn
    assert "  n1 --> n2\n" in drawn
    assert "  class n1 changed\n" in drawn
    assert "  class n3 moved\n" in drawn


@pytest.mark.parametrize("nodes", [None, "x", [], {}, {"a": 1}, {"a": {"node_inputs": 5}}, {"a": {"model": "x"}}])
def test_a_strange_tree_draws_what_it_can(nodes: object) -> None:
    drawn = graph(Action.CREATE, after={"nodes": nodes})
    assert drawn is None or drawn.startswith("flowchart LR\n  n1[")


def test_a_picture_needs_nodes_of_a_sane_number() -> None:
    nodes = {f"n{i}": {"model": {"id": "x"}} for i in range(51)}
    assert graph(Action.CREATE, after={"nodes": nodes}) is None
    assert graph(Action.DELETE, before={"nodes": {"a": {"model": {"id": "x"}}}}) is None


def test_every_change_is_told_in_linear_time() -> None:
    assert len(grouping(huge(3000).changes).roots) == 6000
