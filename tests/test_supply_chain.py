"""What is shipped: locked by hashes, built to the same bytes, listed whole; and workflows whose actions are pinned."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.report.formats import names

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
WORKFLOWS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    ROOT / "action.yml",
    ROOT / "reconciler" / "cli" / "scaffold" / "github-actions.yml",
]
Figures = Callable[[str, float], None]
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


# -- locks


@pytest.mark.parametrize("file", LOCKS, ids=name_of)
def test_every_locked_package_has_a_version_and_a_hash_and_no_address(file: Path, figures: Figures) -> None:
    text = file.read_text(encoding="utf-8")
    wanted = re.findall(r"(?m)^[^#\s-].*?(?<!\\)$", text.replace("\\\n", ""))
    assert wanted
    pinned = re.compile(r"[\w.-]+(\[[\w,-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}")
    assert not [line for line in wanted if not pinned.match(line)]
    assert "://" not in text
    figures(f"packages locked in {file.name}", len(wanted))


# -- building


def build(out: Path, umask: int) -> dict[str, bytes]:
    environ = {**os.environ, "TZ": "Asia/Tokyo" if umask else "UTC"}
    done = subprocess.run(
        [ROOT / ".ci" / "build", sys.executable, out],
        env=environ, umask=umask, capture_output=True, check=False, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {file.name: file.read_bytes() for file in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("not a git checkout, and what is built is a commit")
    out = tmp_path_factory.mktemp("dist")
    build(out, 0o022)
    return out


def test_a_commit_is_built_to_the_same_bytes_in_another_place_zone_and_umask(built: Path, tmp_path: Path) -> None:
    first = {file.name: file.read_bytes() for file in sorted(built.iterdir())}
    assert [Path(name).suffix for name in first] == ["", ".whl", ".gz"]
    assert first == build(tmp_path, 0o077)


def test_the_wheel_holds_the_package_its_types_its_licences_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert {"reconciler/py.typed", "reconciler/emulator/prediction/LICENSES.md"} <= held
    assert {name.split("/")[0] for name in held} == {"reconciler", wheel.name.rsplit("-py3", 1)[0] + ".dist-info"}
    assert [name for name in held if name.endswith("/licenses/LICENSE")]


def test_the_source_archive_can_be_tested_by_whoever_has_it(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"Makefile", ".ci/run", "requirements/dev.txt", "tests/test_house.py", "LICENSE"} <= held
    assert not [name for name in held if name.startswith((".cache", ".venv", ".git/"))]


# -- the bill of materials


def bill() -> Any:
    """A bill of this very interpreter, as CycloneDX writes it."""
    parts = [{"name": d.name, "version": d.version, "licenses": [{"license": {"id": "MIT"}}]} for d in distributions()]
    first, *others = parts
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": first}, "components": others}


def verdict(made: Any, folder: Path) -> tuple[int, str]:
    file = folder / "sbom.json"
    file.write_text(json.dumps(made))
    words = [sys.executable, ROOT / ".ci" / "sbom_complete.py", file]
    done = subprocess.run(words, capture_output=True, check=False, text=True, timeout=60)
    return done.returncode, done.stdout


def test_a_bill_that_lists_everything_installed_is_complete(tmp_path: Path) -> None:
    code, said = verdict(bill(), tmp_path)
    assert code == 0, said


def without_one(made: Any) -> str:
    gone = made["components"].pop()
    return f"{re.sub('[-_.]+', '-', gone['name']).lower()} {gone['version']} is installed and not listed"


def with_one_more(made: Any) -> str:
    made["components"].append({"name": "Left_Pad", "version": "1", "licenses": [{}]})
    return "left-pad 1 is listed and not installed"


def with_a_silent_one(made: Any) -> str:
    made["components"][0]["licenses"] = []
    return "states no licence"


def of_another_version(made: Any) -> str:
    made["specVersion"] = "1.4"
    return "not CycloneDX 1.6"


@pytest.mark.parametrize("spoil", [without_one, with_one_more, with_a_silent_one, of_another_version])
def test_a_bill_that_lacks_or_invents_something_is_refused(spoil: Callable[[Any], str], tmp_path: Path) -> None:
    made = bill()
    complaint = spoil(made)
    code, said = verdict(made, tmp_path)
    assert code == 1
    assert complaint in said


# -- workflows


def steps(file: Path) -> Iterator[dict[str, Any]]:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    for job in content.get("jobs", {"": content.get("runs")}).values():
        yield from job["steps"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=name_of)
def test_every_action_is_pinned_by_commit_and_says_its_version(file: Path, figures: Figures) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert used
    assert not [name for name in used if not PINNED.match(name)]
    lines = re.findall(r"uses: .*", file.read_text(encoding="utf-8"))
    assert not [line for line in lines if not re.search(r"@[0-9a-f]{40}  # v[\dXYZ.]+$", line)]
    figures("uses of actions pinned", len(used))


def test_an_action_has_one_commit_everywhere() -> None:
    commits = {tuple(step["uses"].split("@")) for file in WORKFLOWS for step in steps(file) if "uses" in step}
    assert len(commits) == len({name for name, _ in commits})


@pytest.mark.parametrize("file", [file for file in WORKFLOWS if file.name != "action.yml"], ids=name_of)
def test_a_workflow_may_do_nothing_unless_a_job_says_so_and_keeps_no_credentials(file: Path) -> None:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert content["permissions"] == {}
    assert content["concurrency"]["group"]
    assert all("permissions" in job and "timeout-minutes" in job for job in content["jobs"].values())
    checkouts = [step for step in steps(file) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_examples_let_one_run_at_a_time_reach_an_app(name: str) -> None:
    text = (ROOT / "reconciler" / "cli" / "scaffold" / name).read_text(encoding="utf-8")
    (group,) = set(re.findall(r"(?m)^ +(?:group|resource_group): (.*)$", text))
    assert "CLARIFAI_USER_ID" in group
    assert "CLARIFAI_APP_ID" in group
    assert "cancel-in-progress: true" not in text


def test_the_example_for_gitlab_runs_commands_and_reports_that_exist() -> None:
    jobs = yaml.safe_load((ROOT / "reconciler" / "cli" / "scaffold" / "gitlab-ci.yml").read_text(encoding="utf-8"))
    said = {name: " ".join(job["script"]) for name, job in jobs.items() if "script" in job}
    assert set(said) == {"plan", "apply", "drift"}
    assert all(text.startswith(f"reconciler {name} manifests") for name, text in said.items())
    assert set(re.findall(r"--report (\w+)=", said["plan"])) <= set(names("plan"))
    assert set(re.findall(r"--report (\w+)=", said["drift"])) <= set(names("drift"))
