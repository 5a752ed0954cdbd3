"""Drift as JUnit XML, the form that every CI system shows as a list of tests.

One test case an object: a failure is drift, an error could not be read, skipped was not looked at. So a read that
failed is never a test that passed.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.drift import DriftEntry, DriftReport, DriftStatus
from reconciler.report.drift_words import entry_details, entry_summary, since_text, summary_text, unmanaged_text
from reconciler.report.lines import printable
from reconciler.report.problems import by_place

FAILURES = (DriftStatus.DRIFTED, DriftStatus.MISSING)


def drift_junit(report: DriftReport) -> str:
    """The whole report as one test suite."""
    count = report.counts
    numbers = {
        "tests": str(len(report.entries)),
        "failures": str(count.drifted + count.missing),
        "errors": str(count.unknown),
        "skipped": str(count.excluded + count.ignored),
    }
    root = Element("testsuites", {"name": "reconciler drift"} | numbers)
    suite = SubElement(root, "testsuite", {"name": _clean(f"drift of {report.scope}")} | numbers)
    suite.append(_properties(report))
    suite.extend(_case(entry, report) for entry in report.entries)
    said = [
        summary_text(report),
        *(str(note) for note in by_place(report.notes)),
        *map(unmanaged_text, report.unmanaged),
        *([] if report.since is None else [since_text(report.since)]),
    ]
    SubElement(suite, "system-out").text = _clean("\n".join(said))
    return _document(root)


def error_junit(error: ReconcilerError) -> str:
    """An error that ended the run before there was a report: one test case that could not be run."""
    numbers = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}
    root = Element("testsuites", {"name": "reconciler drift"} | numbers)
    suite = SubElement(root, "testsuite", {"name": "drift"} | numbers)
    case = SubElement(suite, "testcase", name="drift", classname="reconciler")
    ended = SubElement(case, "error", message=_clean(" ".join(str(error).split())), type=type(error).__name__)
    ended.text = _clean(f"{error}\n{error.hint or ''}".strip())
    return _document(root)


def _document(root: Element) -> str:
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _properties(report: DriftReport) -> Element:
    properties = Element("properties")
    for name, value in ("owner", report.owner), ("host", report.host), ("refresh", report.refresh):
        SubElement(properties, "property", name=name, value=_clean(value))
    return properties


def _case(entry: DriftEntry, report: DriftReport) -> Element:
    named = {"name": _clean(str(entry.address)), "classname": _clean(_class(entry, report))}
    if entry.location:
        named |= {"file": _clean(entry.location.file), "line": str(entry.location.line)}
    case = Element("testcase", named)
    summary = _clean(entry_summary(entry))
    if entry.status in FAILURES:
        failure = SubElement(case, "failure", message=summary, type=str(entry.status))
        failure.text = _clean("\n".join(entry_details(entry)))
    elif entry.status is DriftStatus.UNKNOWN:
        SubElement(case, "error", message=summary, type="unknown").text = _clean(entry.message)
    elif entry.status in (DriftStatus.EXCLUDED, DriftStatus.IGNORED):
        because = "; ".join(dict.fromkeys(i.because for i in entry.ignored))
        SubElement(case, "skipped", message=_clean(f"{entry_summary(entry)}; {because}") if because else summary)
    elif entry.waiting:
        SubElement(case, "system-out").text = _clean("\n".join(entry_details(entry)))
    return case


def _class(entry: DriftEntry, report: DriftReport) -> str:
    """Dots make the packages by which CI systems group tests."""
    return ".".join([report.scope.user_id, report.scope.app_id, entry.address.kind])


def _clean(text: str) -> str:
    """XML has no form at all for most control characters, not even an escaped one."""
    return "\n".join(printable(line) for line in text.split("\n"))
