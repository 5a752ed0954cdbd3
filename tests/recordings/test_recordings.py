"""Recorded answers are replayed against the emulator; a difference is listed in the recording, or fails."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from reconciler.client.channel import open_channel, parse_base
from reconciler.emulator.server import Emulator
from tests.recordings.probes import PROBES, Probe
from tests.recordings.record import FOLDER, NEVER, document, main, record_emulator
from tests.recordings.session import Difference, Wire, differences, run

RECORDINGS = sorted(FOLDER.glob("*.json"))
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def answers() -> Any:
    """What the emulator of today answers."""
    with Emulator() as emulator:
        return run(Wire(open_channel(parse_base(emulator.base)), "any"), "me-local")


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_the_emulator_answers_as_recorded(
    file: Path, answers: Any, request: pytest.FixtureRequest, figures: Any
) -> None:
    recording = json.loads(file.read_text(encoding="utf-8"))
    if recording["validated"] == NEVER and request.config.getoption("--update-golden"):
        record_emulator(FOLDER)
        return
    known = {(each["probe"], each["path"]) for each in recording["known_differences"]}
    found = differences(recording["exchanges"], answers)
    unknown = [str(each) for each in found if (each.probe, each.path) not in known]
    assert not unknown, "\n".join(["correct the emulator, or list them as known_differences:", *unknown])
    gone = known - {(each.probe, each.path) for each in found}
    assert not gone, f"these differences are no more: take them out of {file.name}: {gone}"
    whose = "of the emulator itself" if recording["validated"] == NEVER else "of the live service"
    figures(f"recorded answers {whose} replayed", len(answers))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_a_recording_says_whether_the_service_gave_it(file: Path) -> None:
    recording = json.loads(file.read_text(encoding="utf-8"))
    by_emulator = "emulator" in recording["target"]
    assert (recording["validated"] == NEVER) == by_emulator
    assert all(each["why"] for each in recording["known_differences"])


def test_probes_have_names_of_their_own_and_ask_what_is_open() -> None:
    assert len({each.name for each in PROBES}) == len(PROBES)
    table = (ROOT / "docs" / "unverified.md").read_text(encoding="utf-8")
    assert all(f"| {row} |" in table for each in PROBES for row in each.asks)


def test_a_difference_is_named_by_its_place() -> None:
    before = [{"probe": "p", "reply": {"model": {"id": "a", "versions": [{"v": 1}, {"v": 2}]}, "gone": 1}}]
    after = [{"probe": "p", "reply": {"model": {"id": "a", "versions": [{"v": 1}, {"v": 3}]}}}]
    assert differences(before, after) == [
        Difference("p", "$.gone", 1, "<absent>"),
        Difference("p", "$.model.versions[1].v", 2, 3),
    ]
    assert differences(before, before) == []


# -- safe with somebody's account


def listed(emulator: Emulator) -> list[str]:
    apps = wire(emulator).call("ListApps", {"user_app_id": {"user_id": "me-local"}}).get("apps", [])
    return [app["id"] for app in apps]


def wire(emulator: Emulator) -> Wire:
    return Wire(open_channel(parse_base(emulator.base)), "any")


@pytest.fixture
def emulator() -> Any:
    with Emulator() as running:
        mine = {"user_app_id": {"user_id": "me-local"}, "apps": [{"id": "precious"}]}
        assert wire(running).call("PostApps", mine)["status"]["code"] == "SUCCESS"
        yield running


def test_only_its_own_app_is_touched_and_it_is_deleted(emulator: Emulator) -> None:
    emulator.calls.reset()
    run(wire(emulator), "me-local")
    assert listed(emulator) == ["precious"]
    assert "DeleteApp" in [entry.rpc for entry in emulator.calls.writes]


class Breaks(Wire):
    """A wire over which one RPC does not go."""

    broken: tuple[str, Exception] = ("", Exception())

    def call(self, rpc: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = super().call(rpc, request)
        if rpc == self.broken[0]:
            raise self.broken[1]
        return answer


def breaks(emulator: Emulator, rpc: str, error: Exception) -> Wire:
    made = Breaks(open_channel(parse_base(emulator.base)), "any")
    made.broken = (rpc, error)
    return made


def test_its_app_is_deleted_when_a_probe_blows_up(emulator: Emulator) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(breaks(emulator, "PostModels", KeyboardInterrupt()), "me-local")  # type: ignore[arg-type]
    assert listed(emulator) == ["precious"]


class Lost(grpc.RpcError):
    """A reply that never came."""

    @staticmethod
    def code() -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE


def test_an_app_whose_making_is_in_doubt_is_deleted_and_nothing_else_is_sent(emulator: Emulator) -> None:
    emulator.calls.reset()
    with pytest.raises(RuntimeError, match="not known whether"):
        run(breaks(emulator, "PostApps", Lost()), "me-local")
    assert [entry.rpc for entry in emulator.calls.writes] == ["PostApps", "DeleteApp"]
    assert listed(emulator) == ["precious"]


def test_an_app_that_is_taken_ends_it_before_anything_is_written(emulator: Emulator) -> None:
    taken = Probe("taken", "PostApps", {"user_app_id": {"user_id": "me-local"}, "apps": [{"id": "precious"}]})
    with pytest.raises(RuntimeError, match="nothing more is sent"):
        run(wire(emulator), "me-local", [taken, *PROBES])
    assert listed(emulator) == ["precious"]


def test_a_token_in_an_answer_is_never_written() -> None:
    with pytest.raises(ValueError, match="nothing was written"):
        document("2026-11-24", "x", [{"reply": "…s3cret…"}], "s3cret", "somebody")


def test_a_person_with_an_account_can_record(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLARIFAI_PAT", "pat-of-somebody")
    monkeypatch.setenv("CLARIFAI_USER_ID", "me-local")
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(SystemExit, match="nothing was sent"):
        main(["--base", emulator.base, "--folder", str(tmp_path)])
    main(["--base", emulator.base, "--folder", str(tmp_path), "--yes"])
    text = (tmp_path / "service.json").read_text(encoding="utf-8")
    assert json.loads(text)["validated"] != NEVER
    assert "pat-of-somebody" not in text + capsys.readouterr().out
    assert "me-local" not in text


def test_it_needs_an_account_and_a_connection_that_hides_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLARIFAI_PAT", raising=False)
    with pytest.raises(SystemExit, match="CLARIFAI_PAT"):
        main(["--folder", str(tmp_path)])
    monkeypatch.setenv("CLARIFAI_PAT", "x")
    monkeypatch.setenv("CLARIFAI_USER_ID", "y")
    with pytest.raises(SystemExit, match="plain text"):
        main(["--base", "http://example.com", "--folder", str(tmp_path), "--yes"])
