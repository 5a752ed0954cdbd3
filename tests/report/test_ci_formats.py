"""What CI systems read: exact forms, and laws that hold for every value."""

import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import Diagnostic, Location, ReconcilerError, Severity
from reconciler.core.drift import DriftReport, DriftStatus
from reconciler.core.outcome import ApplyResult
from reconciler.core.plan import Plan
from reconciler.report import as_github, as_gitlab, as_junit, as_sarif
from reconciler.report.formats import ALIASES, Circumstances, Value, all_names, names, render, renderer
from reconciler.report.lines import printable
from tests.report.rich_plan import SECRET as RICH_SECRET
from tests.report.rich_plan import empty_plan, rich_plan
from tests.report.rich_reports import drifted, reviewed_plan
from tests.report.rich_result import applied, partly_applied, problems
from tests.report.strategies import NOTES, PLANS, REPORTS, RESULTS, SECRET

COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:\r\n]*))?::([^\r\n]*)")
WEIRD = st.text(st.sampled_from("%:,=\r\n|ab\x1b\u2028 "), max_size=20)


def decoded(text: str, *, property_: bool = False) -> str:
    """What the runner makes of it."""
    if property_:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


# ---- annotations


@given(st.lists(NOTES, max_size=40))
@settings(max_examples=20, deadline=None)
def test_every_annotation_is_one_command_and_no_kind_has_more_than_ten(some: list[Diagnostic]) -> None:
    lines = as_github.diagnostics_annotations(some).splitlines()
    kinds = [match[1] for line in lines if (match := COMMAND.fullmatch(line))]
    assert len(kinds) == len(lines)
    assert all(kinds.count(kind) <= 10 for kind in kinds)


@given(WEIRD, WEIRD.filter(bool), WEIRD.filter(bool))
@settings(max_examples=100, deadline=None)
def test_an_annotation_says_what_was_meant(summary: str, file: str, title: str) -> None:
    problem = Diagnostic(Severity.ERROR, summary, Location(file, 3, 5), title)
    match = COMMAND.fullmatch(as_github.diagnostics_annotations([problem]).removesuffix("\n"))
    assert match is not None
    properties = dict(part.split("=", 1) for part in match[2].split(","))
    assert set(properties) == {"file", "line", "col", "title"}
    shown = "\n".join(printable(line) for line in file.replace("\r\n", "\n").split("\n"))
    assert decoded(properties["file"], property_=True) == shown
    lines = summary.replace("\r\n", "\n").split("\n")
    assert decoded(match[3]) == "\n".join(printable(line) for line in lines)


def test_the_tenth_annotation_counts_the_others() -> None:
    some = [Diagnostic(Severity.ERROR, f"e{i:02}", Location("a.yaml", i, 1)) for i in range(1, 24)]
    lines = as_github.diagnostics_annotations(some).splitlines()
    assert len(lines) == 10
    assert lines[-1] == "::error::14 more errors, see the log or the report of this step"
    assert lines[-2] == "::error file=a.yaml,line=9,col=1::e09"


def test_a_plan_annotates_refusals_drift_and_remarks() -> None:
    text = as_github.plan_annotations(reviewed_plan())
    assert "::error title=workflows/old::refused (foreign): owned by the manifest set 'search'%0Ano flag" in text
    assert "title=models/greater-than::1 field changed in the live app by someone else" in text
    assert "title=relations/adult.hyponym.people::deleted in the live app by someone else" in text
    assert "::notice file=manifests/models.yaml,line=23,col=1::2 old versions" in text


# ---- outputs


@pytest.mark.parametrize(("plan", "changes"), [(rich_plan(), "true"), (empty_plan(), "false")])
def test_outputs_are_names_and_values(plan: Plan, changes: str) -> None:
    text = as_github.plan_outputs(plan, plan_path="a\nb=c", exit_code=2)
    values = dict(line.split("=", 1) for line in text.splitlines())
    assert values["changes"] == changes
    assert values["plan_path"] == "a\\nb=c"
    assert values["exitcode"] == "2"
    assert {"add", "change", "destroy", "adopt", "forget"} <= set(values)


def test_outputs_of_an_apply_count_what_got_done() -> None:
    assert "changes=true\nadd=2\nchange=3\ndestroy=1\nadopt=1\n" in as_github.result_outputs(applied())
    assert "exitcode=6\n" in as_github.result_outputs(partly_applied())


# ---- GitLab


def test_gitlab_gets_three_numbers_and_nothing_else() -> None:
    assert as_gitlab.plan_report(rich_plan()) == '{"create": 8, "update": 6, "delete": 2}\n'


@given(st.lists(NOTES, max_size=6))
@settings(max_examples=20, deadline=None)
def test_code_quality_has_all_that_gitlab_demands(some: list[Diagnostic]) -> None:
    found = json.loads(as_gitlab.codequality(some))
    assert len(found) == len(some)
    assert len({each["fingerprint"] for each in found}) == len(found)
    for each in found:
        assert set(each) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert each["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert each["location"]["lines"]["begin"] >= 1
        assert not each["location"]["path"].startswith("./")


def test_a_finding_that_moves_stays_the_same() -> None:
    there, here = (Diagnostic(Severity.ERROR, "x", Location("./a.yaml", line, 1)) for line in (3, 40))
    first, second = (json.loads(as_gitlab.codequality([each]))[0] for each in (there, here))
    assert first["fingerprint"] == second["fingerprint"]
    assert first["location"]["path"] == "a.yaml"


# ---- SARIF


@given(st.lists(NOTES, max_size=6))
@settings(max_examples=20, deadline=None)
def test_sarif_has_all_that_code_scanning_demands(some: list[Diagnostic]) -> None:
    document = json.loads(as_sarif.diagnostics_sarif(some, version="1.2.3"))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"] is not None
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"].isascii()
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1
        assert result["partialFingerprints"]
    assert len(run["results"]) == len(some)


def test_sarif_names_files_as_addresses() -> None:
    problem = Diagnostic(Severity.ERROR, "x", Location("my app/männer.yaml", 1, 1))
    (run,) = json.loads(as_sarif.diagnostics_sarif([problem]))["runs"]
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert unquote(artifact["uri"]) == "my app/männer.yaml"
    assert artifact["uriBaseId"] == "%SRCROOT%"


# ---- JUnit


@given(REPORTS)
@settings(max_examples=30, deadline=None)
def test_junit_counts_its_cases(report: DriftReport) -> None:
    text = as_junit.drift_junit(report)
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    for element in (root, suite):
        assert int(element.attrib["tests"]) == len(cases) == len(report.entries)
        assert int(element.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(element.attrib["errors"]) == len(suite.findall("testcase/error"))
        assert int(element.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    assert all({"name", "classname"} <= set(case.attrib) for case in cases)
    assert all(len([c for c in case if c.tag in {"failure", "error", "skipped"}]) <= 1 for case in cases)
    assert SECRET not in text


@pytest.mark.parametrize(
    ("status", "tag"),
    [
        (DriftStatus.IN_SYNC, None),
        (DriftStatus.DRIFTED, "failure"),
        (DriftStatus.MISSING, "failure"),
        (DriftStatus.UNKNOWN, "error"),
        (DriftStatus.EXCLUDED, "skipped"),
    ],
)
def test_each_status_has_its_element(status: DriftStatus, tag: str | None) -> None:
    root = ElementTree.fromstring(as_junit.drift_junit(drifted()))
    names_ = {str(entry.address) for entry in drifted().with_status(status)}
    for case in root.iter("testcase"):
        if case.attrib["name"] in names_:
            verdicts = [child.tag for child in case if child.tag != "system-out"]
            assert verdicts == ([tag] if tag else [])


# ---- the table of formats


def every(value: Value, what: object) -> list[str]:
    return [render(name, value, what, Circumstances()) for name in names(value)]


@given(PLANS)
@settings(max_examples=12, deadline=None)
def test_no_format_of_a_plan_shows_a_secret(plan: Plan) -> None:
    assert not any(SECRET in text for text in every(Value.PLAN, plan))


def test_no_format_of_the_rich_values_shows_a_secret() -> None:
    texts = every(Value.PLAN, reviewed_plan()) + every(Value.RESULT, partly_applied()) + every(Value.DRIFT, drifted())
    assert not any(RICH_SECRET in text for text in texts)


@given(RESULTS)
@settings(max_examples=12, deadline=None)
def test_every_format_of_any_result_ends_its_last_line(result: ApplyResult) -> None:
    assert all(not text or text.endswith("\n") for text in every(Value.RESULT, result))


@given(REPORTS)
@settings(max_examples=12, deadline=None)
def test_every_format_of_any_drift_can_be_told(report: DriftReport) -> None:
    texts = every(Value.DRIFT, report)
    assert not any(SECRET in text for text in texts)
    assert json.loads(render("json", Value.DRIFT, report, Circumstances()))["exit_code"] == report.exit_code


def test_short_names_mean_the_long_ones() -> None:
    assert renderer("md", Value.PLAN) is renderer("markdown", Value.PLAN)
    assert set(ALIASES.values()) <= set(all_names())
    assert not set(ALIASES) & set(all_names())


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("junit", "a plan has no format 'junit'", "it is one of: text, json"),
        ("markdwon", "unknown format 'markdwon'", "did you mean 'markdown'?"),
    ],
)
def test_an_unknown_format_names_the_known_ones(name: str, message: str, hint: str) -> None:
    with pytest.raises(ReconcilerError, match=re.escape(message)) as caught:
        renderer(name, Value.PLAN)
    assert hint in (caught.value.hint or "")


def test_problems_of_an_error_are_told_in_every_format() -> None:
    assert all(every(Value.ERROR, ReconcilerError("it broke", hint="look")))
    assert len(json.loads(as_sarif.diagnostics_sarif(problems()))["runs"][0]["results"]) == len(problems())
