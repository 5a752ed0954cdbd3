"""What monitoring relies on: the names of the metrics, and the alerting rules that are shipped with them."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.client.api import Traffic
from reconciler.client.endings import End
from reconciler.client.retry import Step
from reconciler.emulator.server import Emulator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PREFIX = "clarifai_reconciler_"


@pytest.fixture
def promtool() -> Any:
    """Prometheus' own checker: `promtool(*words, text)`; what it says, and an error where it finds fault."""
    found = shutil.which("promtool", path=f"{os.environ.get('PATH', '')}:{ROOT / '.cache' / 'promtool'}")
    if found is None:
        pytest.skip("promtool is neither on PATH nor could `make test` fetch it: nobody has checked with it")

    def run(*words: str, text: str | None = None) -> str:
        done = subprocess.run(
            [found, *words], input=text, capture_output=True, text=True, cwd=EXAMPLES, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def told(shell: Any, emulator: Emulator) -> str:
    """All that a run tells, with every label that there is."""
    pytest.importorskip("prometheus_client")
    shell.manifests("hat")
    assert shell("apply", "-y").code == 0
    emulator.faults.add("GetApp", code=11005, times=1)
    assert shell("drift", "--textfile", "drift.prom").code == 0
    return (shell.folder / "drift.prom").read_text()


@pytest.fixture
def told_by_apply(shell: Any, emulator: Emulator) -> str:
    """The same of a run that writes, with a lock."""
    pytest.importorskip("prometheus_client")
    shell.manifests("hat")
    assert shell("apply", "-y").code == 0
    shell.manifests("hat", "shoe")
    assert shell("apply", "-y", "--lock", "app", "--textfile", "apply.prom").code == 0
    return (shell.folder / "apply.prom").read_text()


def families(text: str) -> dict[str, Any]:
    """The metrics by the names under which they are scraped, without the prefix and what a histogram adds."""
    from prometheus_client.parser import text_string_to_metric_families

    found = text_string_to_metric_families(text)
    return {f"{f.name.removeprefix(PREFIX)}{'_total' if f.type == 'counter' else ''}": f for f in found}


# ---- metrics


def test_names_and_forms_please_prometheus(told: str, told_by_apply: str, promtool: Any) -> None:
    promtool("check", "metrics", text=told)
    promtool("check", "metrics", text=told_by_apply)


def test_promtool_would_find_fault(promtool: Any) -> None:
    with pytest.raises(AssertionError):
        promtool("check", "metrics", text="# TYPE Bad_name_count counter\nBad_name_count 1\n")


def test_the_metrics_are_those_of_the_docs(told: str, told_by_apply: str) -> None:
    rows = re.findall(rf"^\| `{PREFIX}(\w+)` \| (.*?) \|", (ROOT / "docs" / "drift.md").read_text(), re.MULTILINE)
    documented = {name: {*re.findall(r"`(\w+)`", labels)} for name, labels in rows}
    emitted = series(told) | series(told_by_apply)
    assert documented == emitted
    assert series(told_by_apply) == {name: labels for name, labels in emitted.items() if "command" in labels}


def series(text: str) -> dict[str, set[str]]:
    """The metrics of which there is one, and their labels."""
    found = {name: {*family.samples[0].labels} - {"le"} for name, family in families(text).items() if family.samples}
    return {name: labels for name, labels in found.items() if not name.endswith("_created")}


def test_node_exporter_may_read_what_apply_and_drift_wrote_side_by_side(told: str, told_by_apply: str) -> None:
    """It takes no series twice, and no metric with two meanings."""
    one, other = families(told), families(told_by_apply)
    seen = [{(s.name, *sorted(s.labels.items())) for f in each.values() for s in f.samples} for each in (one, other)]
    assert not seen[0] & seen[1]
    common = one.keys() & other.keys()
    assert {name: one[name].documentation for name in common} == {name: other[name].documentation for name in common}


def told_of(text: str, name: str) -> dict[str, float]:
    """Command -> value of a metric that a run tells."""
    return {s.labels["command"]: s.value for s in families(text)[name].samples}


def test_an_apply_without_a_lock_has_not_waited(shell: Any, emulator: Emulator) -> None:
    pytest.importorskip("prometheus_client")
    shell.manifests("hat")
    assert shell("apply", "-y", "--textfile", "apply.prom").code == 0
    text = (shell.folder / "apply.prom").read_text()
    assert told_of(text, "lock_wait_seconds") == {}
    assert told_of(text, "last_success_timestamp_seconds") == told_of(text, "last_run_timestamp_seconds") != {}


def test_a_saved_plan_tells_the_same(shell: Any, emulator: Emulator, told_by_apply: str) -> None:
    shell.manifests("hat", "boot")
    assert shell("plan", "--out", "plan.json").code == 0
    assert shell("apply", "plan.json", "--lock", "app", "--textfile", "other.prom").code == 0
    assert series((shell.folder / "other.prom").read_text()) == series(told_by_apply)


def test_a_textfile_that_cannot_be_written_is_said_before_anything_is_done(shell: Any, emulator: Emulator) -> None:
    shell.manifests("hat")
    ended = shell("apply", "-y", "--textfile", "nowhere/apply.prom")
    assert (ended.code, "it cannot be written" in ended.err) == (1, True)
    assert emulator.calls.names == []


def test_every_request_has_a_duration_and_every_repetition_a_reason(told: str) -> None:
    samples = {
        (s.name.removeprefix(PREFIX), *(v for n, v in sorted(s.labels.items()) if n != "le")): s.value
        for family in families(told).values()
        for s in family.samples
    }
    assert samples["retries_total", "GetApp", "throttled"] == 1
    assert samples["rpc_total", "11005", "GetApp"] == 1
    asked = sum(value for name, value in samples.items() if name[0] == "rpc_total" and name[2] == "GetApp")
    assert samples["rpc_duration_seconds_count", "GetApp"] == asked >= 2
    assert 0 < samples["rpc_duration_seconds_sum", "GetApp"] < 60
    assert samples["throttled_seconds_total",] >= 0


def test_rounds_add_up(tmp_path: Path) -> None:
    metrics = pytest.importorskip("reconciler.cli.metrics").Metrics("drift", "0")
    for _ in range(2):
        traffic = Traffic()
        traffic.ended("GetApp", End(grpc="UNAVAILABLE"), 0.3)
        traffic.will_repeat("GetApp", End(grpc="UNAVAILABLE"), Step.REPEAT, 1.0)
        metrics.traffic(traffic)
    metrics.write(tmp_path / "drift.prom")
    text = (tmp_path / "drift.prom").read_text()
    assert f'{PREFIX}rpc_duration_seconds_bucket{{le="0.25",method="GetApp"}} 0.0' in text
    assert f'{PREFIX}rpc_duration_seconds_bucket{{le="0.5",method="GetApp"}} 2.0' in text
    assert f'{PREFIX}retries_total{{method="GetApp",reason="unavailable"}} 2.0' in text


# ---- alerts


def rules() -> dict[str, Any]:
    groups = yaml.safe_load((EXAMPLES / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_the_rules_are_what_prometheus_reads(promtool: Any) -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", "alerts.yml")


def test_the_rules_fire_when_they_should_and_only_then(promtool: Any) -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


def test_every_rule_has_a_test_that_makes_it_fire() -> None:
    tests = yaml.safe_load((EXAMPLES / "alerts_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    quiet = {case["alertname"] for test in tests for case in test["alert_rule_test"] if not case["exp_alerts"]}
    assert fired == quiet == set(rules())


def test_every_rule_is_over_metrics_and_labels_that_exist(told: str) -> None:
    """Without promtool nothing else would notice a metric that was renamed."""
    known = families(told)
    for rule in rules().values():
        uses = re.findall(rf"{PREFIX}(\w+)(?:{{([^}}]*)}})?", rule["expr"])
        assert uses, rule
        for name, matchers in uses:
            labels = known[name].samples[0].labels
            assert {label for label, _ in re.findall(r"(\w+)=~?\"([^\"]*)\"", matchers)} <= set(labels), rule
            for label, values in re.findall(r"(\w+)=~?\"([^\"]*)\"", matchers):
                assert set(values.split("|")) <= {s.labels[label] for s in known[name].samples}, rule
