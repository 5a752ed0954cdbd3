"""The action for GitHub: its scripts are run as a runner would run them, with GitHub's files, against an emulator.

What only GitHub can show is not tested: that the runner hands the environment of the calling step on, that `gh` finds
and writes comments, and the installation, which would fetch packages.
"""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.emulator.server import Emulator

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name", step.get("id")): step for step in ACTION["runs"]["steps"]}
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")

MANIFEST = """\
apiVersion: clarifai.reconciler/v1
kind: App
metadata: {name: shop}
spec: {description: "%s"}
---
apiVersion: clarifai.reconciler/v1
kind: Concept
metadata: {name: dog}
spec: {name: dog}
"""

GH = """\
#!/bin/sh
# gh, as far as the action uses it: says nothing but the comments there are, and notes what it was asked.
printf '%s\\n' "$*" >>"$GH_LOG"
case "$*" in
*PATCH* | *POST*) ;;
*) [ -z "$GH_COMMENT" ] || echo "$GH_COMMENT" ;;
esac
exit "${GH_EXIT:-0}"
"""


class Runner:
    """A job on a runner: its files, and the steps of the action."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base, self.inputs = folder, base, {n: i["default"] for n, i in ACTION["inputs"].items()}
        self.manifests = folder / "work" / "manifests"
        self.manifests.mkdir(parents=True)
        self.inputs["path"] = "manifests"
        for name in ("temp/reconciler/bin", "bin"):
            (folder / name).mkdir(parents=True)
        self.script("temp/reconciler/bin/reconciler", f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
        self.script("bin/gh", GH)
        self.outputs: dict[str, str] = {}
        self.summary = ""

    def script(self, name: str, text: str) -> None:
        file = self.folder / name
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def write(self, description: str) -> None:
        (self.manifests / "app.yaml").write_text(MANIFEST % description)

    def run(self, name: str, event: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        """One step, as `shell: bash` runs it."""
        step, files = STEPS[name], {n: self.folder / n for n in ("output", "summary")}
        for file in files.values():
            file.write_text("")
        values = {f"inputs.{name}": value for name, value in self.inputs.items()}
        values |= {f"steps.run.outputs.{name}": value for name, value in self.outputs.items()}
        values |= {"github.token": "a-token", "github.event.pull_request.number": "7"}
        environ = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_REPOSITORY": "me/shop",
            "GITHUB_WORKFLOW": "Clarifai",
            "GITHUB_JOB": "plan",
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GH_LOG": str(self.folder / "gh.log"),
            "GH_COMMENT": "",
            "CLARIFAI_API_BASE": self.base,
            "CLARIFAI_USER_ID": "me-local",
            "CLARIFAI_PAT": "a-pat-that-nobody-may-see",
            **{name: EXPRESSION.sub(lambda f: values[f[1]], text) for name, text in step["env"].items()},
            **extra,
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / "work", env=environ, capture_output=True, check=False, text=True, timeout=60,
        )  # fmt: skip
        if name == "Run":
            lines = files["output"].read_text().splitlines()
            self.outputs = dict(line.split("=", 1) for line in lines if "=" in line)
            self.summary = files["summary"].read_text()
        assert "a-pat-that-nobody-may-see" not in done.stdout + done.stderr + self.summary
        return done


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def runners(tmp_path: Path, emulator: Emulator) -> Callable[[], Runner]:
    return lambda: Runner(tmp_path, emulator.base)


def test_a_pull_request_plans_and_comments_a_merge_applies_and_the_morning_finds_what_somebody_changed(
    runners: Callable[[], Runner], emulator: Emulator
) -> None:
    job = runners()
    job.write("first")
    job.inputs["plan-file"] = "saved.plan"

    planned = job.run("Run", "pull_request")
    assert planned.returncode == 0, planned.stderr
    assert (job.outputs["command"], job.outputs["code"], job.outputs["changes"]) == ("plan", "2", "true")
    assert job.outputs["add"] == "2"
    assert "2 to add" in job.summary
    report = Path(job.outputs["report"])
    assert report.read_text().startswith("<!-- reconciler plan ")
    assert (job.folder / "work" / "saved.plan").exists()

    assert job.run("Comment", "pull_request").returncode == 0
    asked = (job.folder / "gh.log").read_text().splitlines()
    assert [line.split()[2] for line in asked if "--method" in line] == ["POST"]
    assert f"body=@{report}.comment" in asked[-1]
    assert Path(f"{report}.comment").read_text().partition("\n")[2] == report.read_text()
    assert "repos/me/shop/issues/7/comments" in asked[-1]
    assert job.run("Comment", "pull_request", GH_COMMENT="42").returncode == 0
    assert "--method PATCH repos/me/shop/issues/comments/42" in (job.folder / "gh.log").read_text()

    applied = job.run("Run", "push")  # the very plan that was approved
    assert applied.returncode == 0, applied.stderr
    assert (job.outputs["command"], job.outputs["code"], job.outputs["add"]) == ("apply", "0", "2")
    job.inputs["plan-file"] = ""

    assert job.run("Run", "schedule").returncode == 0
    assert (job.outputs["command"], job.outputs["drift"]) == ("drift", "false")

    somebody_edits(emulator)
    drifted = job.run("Run", "schedule")
    assert (drifted.returncode, job.outputs["code"], job.outputs["drift"]) == (2, "2", "true")
    assert "::" in drifted.stdout  # an annotation names the object
    job.inputs["fail-on-drift"] = "false"
    assert (job.run("Run", "schedule").returncode, job.outputs["code"]) == (0, "2")


def somebody_edits(emulator: Emulator) -> None:
    from reconciler.client.channel import open_channel, parse_base
    from tests.recordings.session import Wire

    ids = {"user_id": "me-local", "app_id": "shop"}
    wire = Wire(open_channel(parse_base(emulator.base)), "any")
    edit = {"user_app_id": ids, "concepts": [{"id": "dog", "name": "wolf"}], "action": "overwrite"}
    assert wire.call("PatchConcepts", edit)["status"]["code"] == "SUCCESS"


def test_a_broken_manifest_fails_with_an_annotation_and_the_summary_says_why(runners: Callable[[], Runner]) -> None:
    job = runners()
    (job.manifests / "app.yaml").write_text("kind: Nothing\n")
    done = job.run("Run", "pull_request")
    assert (done.returncode, job.outputs["code"]) == (3, "3")
    assert "::error file=manifests/app.yaml" in done.stdout
    assert job.summary


def test_an_error_takes_the_place_of_the_plan_in_the_comment(runners: Callable[[], Runner]) -> None:
    """The first line, by which the comment is found, is that of these paths and no others, whatever came of them."""
    job, first = runners(), []
    good, bad = MANIFEST % "x", "kind: Nothing\n"
    for text, path in ((good, "manifests"), (bad, "manifests"), (good, "./manifests")):
        (job.manifests / "app.yaml").write_text(text)
        job.inputs["path"] = path
        done = job.run("Run", "pull_request")
        assert Path(job.outputs["report"]).exists(), done.stderr
        assert job.run("Comment", "pull_request").returncode == 0
        first.append(Path(f"{job.outputs['report']}.comment").read_text().splitlines()[0])
    plan, error, other = first
    assert plan == error != other
    assert plan.startswith("<!-- reconciler ")


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment"])
def test_it_refuses_events_that_hand_a_strangers_files_our_secrets(runners: Callable[[], Runner], event: str) -> None:
    job = runners()
    done = job.run("Run", event)
    assert done.returncode == 1
    assert "use pull_request" in done.stdout
    assert not job.outputs


def test_what_a_caller_writes_is_data_and_never_a_script(runners: Callable[[], Runner]) -> None:
    job = runners()
    job.write("x")
    job.inputs |= {"args": "--var A=$(touch${IFS}owned) ;\ntouch owned", "command": "validate"}
    assert job.run("Run", "push").returncode != 0
    job.inputs |= {"args": "", "command": "$(touch owned)"}
    assert job.run("Run", "push").returncode == 1
    assert not list(job.folder.rglob("owned"))


def test_a_comment_that_cannot_be_written_does_not_fail_the_plan(runners: Callable[[], Runner]) -> None:
    job = runners()
    report = job.folder / "report.md"
    report.write_text("<!-- reconciler plan -->\n")
    job.outputs = {"report": str(report)}
    done = job.run("Comment", "pull_request", GH_EXIT="1")
    assert done.returncode == 0
    assert "::warning::" in done.stdout


def test_nothing_is_put_into_a_script_before_bash_reads_it_and_the_token_is_no_input() -> None:
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
    assert not [name for name in ACTION["inputs"] if re.search("token|pat$|secret", name)]


def test_the_page_on_ci_lists_all_inputs_and_outputs() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for name, about in {**ACTION["inputs"], **ACTION["outputs"]}.items():
        assert f"| `{name}` | {about['description']}" in page
