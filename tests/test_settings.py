"""Where settings come from: the order, the limits, and files that are wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.core.diagnostics import AuthenticationFailed, InvalidManifest, ReconcilerError
from reconciler.core.secret import Secret
from reconciler.settings import CONTEXT_FILE, VARIABLES, Rails, Settings, load_settings, seconds
from reconciler.settings_file import Limits

NOWHERE = Path("/nonexistent")
ITS_KEYS = (
    "its keys are: owner, refresh, format, lock, lock_timeout, rails.max_deletes, rails.max_delete_percent, "
    "rails.kinds, drift.ignore"
)
CONTEXTS = """\
current_context: local
contexts:
  local:
    CLARIFAI_API_BASE: http://127.0.0.1:18080
    CLARIFAI_USER_ID: me-test
    CLARIFAI_PAT: dummy
  staging:
    CLARIFAI_USER_ID: stage
    CLARIFAI_APP_ID: people
    CLARIFAI_PAT: ENVVAR
"""


@pytest.fixture
def home(tmp_path):
    file = tmp_path / CONTEXT_FILE
    file.parent.mkdir(parents=True)
    file.write_text(CONTEXTS)
    return tmp_path


@pytest.fixture
def write_settings(tmp_path):
    """Write `reconciler.yaml`; the settings of a run beside it."""

    def written(text, flags=(), environ=()):
        (tmp_path / "reconciler.yaml").write_text(text)
        return load_settings(dict(flags), dict(environ), NOWHERE, tmp_path, kinds=lambda: ("Model", "Workflow"))

    return written


def test_defaults():
    settings = load_settings({}, {}, NOWHERE)
    assert settings == Settings()
    assert (settings.base, settings.parallelism, settings.rps, settings.timeout) == (
        "https://api.clarifai.com",
        10,
        10.0,
        30.0,
    )
    assert settings.origins == {}


@pytest.mark.parametrize(("name", "variable"), VARIABLES.items())
def test_every_variable_is_read(name, variable):
    value = getattr(load_settings({}, {variable: "x"}, NOWHERE), name)
    assert value == {"root_certificates": Path("x"), "pat": Secret("x"), "session_token": Secret("x")}.get(name, "x")


# ---- who wins


def test_a_flag_beats_the_environment_beats_the_context(home):
    assert load_settings({}, {}, home).user_id == "me-test"
    assert load_settings({}, {"CLARIFAI_USER_ID": "env"}, home).user_id == "env"
    assert load_settings({"user_id": "flag"}, {"CLARIFAI_USER_ID": "env"}, home).user_id == "flag"


@pytest.mark.parametrize("nothing", ["", "  "])
def test_an_empty_variable_is_none(home, nothing):
    settings = load_settings({"user_id": None}, {"CLARIFAI_USER_ID": nothing, "CLARIFAI_PAT": nothing}, home)
    assert (settings.user_id, settings.pat) == ("me-test", Secret("dummy"))


def test_settings_know_who_named_them(home):
    settings = load_settings({"user_id": "flag", "rps": 5}, {"CLARIFAI_APP_ID": "env"}, home)
    assert settings.origins == {
        "base": "context 'local'",
        "pat": "context 'local'",
        "user_id": "--user-id",
        "app_id": "CLARIFAI_APP_ID",
        "rps": "--rps",
    }
    assert settings.by_flag("user_id")
    assert not settings.by_flag("app_id")
    assert not settings.by_flag("owner")


# ---- credentials


def credential(environ, home=NOWHERE):
    key, value = load_settings({}, environ, home).require_token()
    return key, value.reveal()


def test_a_pat_beats_a_session_token(home):
    both = {"CLARIFAI_PAT": "pat\n", "CLARIFAI_SESSION_TOKEN": "session"}
    assert credential(both) == ("authorization", "Key pat")
    assert credential({"CLARIFAI_SESSION_TOKEN": "session"}) == ("x-clarifai-session-token", "session")
    assert credential({"CLARIFAI_SESSION_TOKEN": "session"}, home) == ("authorization", "Key dummy")


def test_no_credentials_matter_only_when_they_are_needed():
    settings = load_settings({}, {}, NOWHERE)
    with pytest.raises(AuthenticationFailed) as failed:
        settings.require_token()
    assert failed.value.exit_code == 7
    assert "CLARIFAI_PAT" in str(failed.value)
    assert "--local" in str(failed.value)


def test_a_token_is_no_flag():
    assert load_settings({"pat": "x", "session_token": "y"}, {}, NOWHERE) == Settings()


def test_settings_do_not_show_the_token():
    settings = load_settings({}, {"CLARIFAI_PAT": "canary", "CLARIFAI_SESSION_TOKEN": "canary"}, NOWHERE)
    assert "canary" not in f"{settings} {settings!r} {settings.require_token()!r}"


# ---- the context file


def test_a_context_can_be_chosen(home):
    settings = load_settings({"context": "staging"}, {"CLARIFAI_PAT": "env"}, home)
    assert (settings.user_id, settings.app_id, settings.pat) == ("stage", "people", Secret("env"))


def test_envvar_means_the_environment(home):
    assert load_settings({"context": "staging"}, {}, home).pat is None


def test_a_context_that_is_not_there(home):
    with pytest.raises(ReconcilerError, match="no context 'stagign'") as failed:
        load_settings({"context": "stagign"}, {}, home)
    assert failed.value.hint == "did you mean 'staging'?"
    with pytest.raises(ReconcilerError, match="no context"):
        load_settings({"context": "local"}, {}, NOWHERE)


@pytest.mark.parametrize("pat", ["00000000000000000000000000000012", "1234567890", "0x10", "1e5", "yes"])
def test_a_token_is_text_whatever_it_looks_like(home, pat):
    (home / CONTEXT_FILE).write_text(f"current_context: a\ncontexts: {{a: {{CLARIFAI_PAT: {pat}}}}}\n")
    assert load_settings({}, {}, home).pat == Secret(pat)


@pytest.mark.parametrize(
    "text", ["", "current_context: gone\ncontexts: {}\n", "- a\n", "contexts: [1]\n", "contexts: {a: b}"]
)
def test_a_context_file_that_names_nothing_is_none(home, text):
    (home / CONTEXT_FILE).write_text(text)
    assert load_settings({}, {}, home) == Settings()


@pytest.mark.parametrize("text", ["a: b\nCLARIFAI_PAT: canary: x", "a: *canary", "canary: [\n", "[" * 5000])
def test_a_broken_context_file_is_named_but_not_quoted(home, text):
    (home / CONTEXT_FILE).write_text(text)
    with pytest.raises(ReconcilerError, match=r"config.*not valid YAML") as failed:
        load_settings({}, {}, home)
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(("content", "complaint"), [(b"\xff\xfe", "UTF-8"), (b"#" * 70_000, "larger than 64 KB")])
def test_a_context_file_that_is_no_text(home, content, complaint):
    (home / CONTEXT_FILE).write_bytes(content)
    with pytest.raises(ReconcilerError, match=complaint):
        load_settings({}, {}, home)


# ---- reconciler.yaml


def test_the_settings_file(write_settings):
    settings = write_settings(
        "owner: people\nrefresh: full\nformat: json\nrails:\n  max_deletes: 3\n  max_delete_percent: 12.5\n"
    )
    assert (settings.owner, settings.refresh, settings.format) == ("people", "full", "json")
    assert settings.rails == Rails(max_deletes=3, max_delete_percent=12.5)
    assert settings.origins["owner"] == "reconciler.yaml"


def test_limits_of_single_kinds(write_settings):
    settings = write_settings(
        "rails:\n  max_deletes: 9\n  kinds:\n    Model: {max_deletes: 0}\n"
        "    Workflow: {max_deletes: 1, max_delete_percent: 20}\n"
    )
    kinds = {"Model": Limits(0), "Workflow": Limits(1, 20.0)}
    assert settings.rails == Rails(max_deletes=9, kinds=kinds)


def test_a_kind_that_nobody_knows_has_no_limits(tmp_path):
    (tmp_path / "reconciler.yaml").write_text("rails: {kinds: {Model: {max_deletes: 0}}}\n")
    with pytest.raises(InvalidManifest) as failed:
        load_settings({}, {}, NOWHERE, tmp_path)
    assert [problem.summary for problem in failed.value.diagnostics] == ["rails.kinds: unknown kind 'Model'"]


def test_flag_and_environment_beat_the_settings_file(write_settings):
    text = "owner: file\nrefresh: full\n"
    assert write_settings(text, environ={"RECONCILER_OWNER": "env"}).owner == "env"
    settings = write_settings(text, flags={"owner": "flag", "refresh": "stamp"}, environ={"RECONCILER_OWNER": "env"})
    assert (settings.owner, settings.refresh) == ("flag", "stamp")


@pytest.mark.parametrize("text", ["", "# nothing\n", "owner:\n", "{}", "rails: {}", "rails:", "rails: {kinds: }"])
def test_a_settings_file_that_sets_nothing(write_settings, text):
    assert write_settings(text) == Settings()


def test_a_name_stays_a_name(write_settings):
    assert write_settings("owner: no\n").owner == "no"


@pytest.mark.parametrize(
    ("text", "place", "complaint", "hint"),
    [
        ("onwer: a\n", "1:1", "unknown key 'onwer'", "did you mean 'owner'?"),
        ("rails:\n  max_delets: 1\n", "2:3", "unknown key 'rails.max_delets'", "did you mean 'rails.max_deletes'?"),
        ("pat: canary\n", "1:1", "unknown key 'pat'", ITS_KEYS),
        ("owner: a\nowner: b\n", "2:1", "'owner' is written twice", None),
        ("owner: [a]\n", "1:8", "owner: a single value is needed", None),
        ("rails: 3\n", "1:1", "rails: a mapping is needed", None),
        ("rails: [1]\n", "1:1", "rails: a mapping is needed", None),
        ("rails: {kinds: 3}\n", "1:16", "rails.kinds: a mapping is needed", None),
        (
            "rails:\n  kinds:\n    Modle: {max_deletes: 1}\n",
            "3:5",
            "rails.kinds: unknown kind 'Modle'",
            "did you mean 'Model'?",
        ),
        ("rails: {kinds: {x: {}}}\n", "1:17", "rails.kinds: unknown kind 'x'", "it is one of: Model, Workflow"),
        (
            "rails: {kinds: {Model: 1}}\n",
            "1:24",
            "rails.kinds.Model: a mapping is needed",
            "its keys are: max_deletes, max_delete_percent",
        ),
        ("rails: {kinds: {Model: {}}}\n", "1:24", "rails.kinds.Model: a mapping is needed", None),
        (
            "rails:\n  kinds:\n    Model:\n      max_delets: 1\n",
            "4:7",
            "rails.kinds.Model: unknown key 'max_delets'",
            "did you mean 'max_deletes'?",
        ),
        (
            "rails: {kinds: {Model: {max_delete_percent: -1}}}\n",
            "1:45",
            "rails.kinds.Model.max_delete_percent: a percentage from 0 to 100 is needed",
            None,
        ),
        (
            "rails: {kinds: {Model: {max_deletes: 1, max_deletes: 2}}}\n",
            "1:41",
            "rails.kinds.Model: 'max_deletes' is written twice",
            None,
        ),
        (
            "rails: {kinds: {Model: {max_deletes: 1}, Model: {max_deletes: 2}}}\n",
            "1:42",
            "rails.kinds: 'Model' is written twice",
            None,
        ),
        ("refresh: fast\n", "1:10", "refresh: it is one of: stamp, full", None),
        ("rails: {max_deletes: -1}\n", "1:22", "rails.max_deletes: a whole number from 0 to 1000000 is needed", None),
        (
            "rails: {max_delete_percent: few}\n",
            "1:29",
            "rails.max_delete_percent: a percentage from 0 to 100 is needed",
            None,
        ),
        (
            "rails: {max_delete_percent: 300}\n",
            "1:29",
            "rails.max_delete_percent: a percentage from 0 to 100 is needed",
            None,
        ),
        ("- a\n", "1:1", "a mapping is needed", None),
        ("a: [\n", "2:1", "not valid YAML", None),
        ("a: &a {b: *a}\n", "1:1", "unknown key 'a'", ITS_KEYS),
        ("? [a, b]\n: c\n", "1:3", "a key must be a single word", None),
        ("owner: a\ndrift: {ignore: [{{a: b}: c}]}\n", "2:19", "a key must be a single word", None),
        ("[" * 5000, "1:1", "not valid YAML", None),
    ],
)
def test_what_is_wrong_in_the_settings_file(write_settings, text, place, complaint, hint):
    with pytest.raises(InvalidManifest) as failed:
        write_settings(text)
    (problem,) = failed.value.diagnostics
    assert f"{problem.location.line}:{problem.location.column}" == place
    assert problem.summary == complaint
    assert "canary" not in str(problem)
    if hint:
        assert problem.hint == hint


def test_all_problems_of_the_settings_file_come_at_once(write_settings):
    with pytest.raises(InvalidManifest, match="2 problems"):
        write_settings("onwer: a\nrefresh: fast\n")


# ---- limits


@pytest.mark.parametrize(
    ("text", "duration"), [(30, 30), ("30", 30), ("30s", 30), ("2m", 120), ("1.5 h", 5400), ("500ms", 0.5), (0.2, 0.2)]
)
def test_durations(text, duration):
    assert seconds(text) == pytest.approx(duration)
    assert load_settings({"timeout": text}, {}, NOWHERE).timeout == pytest.approx(duration)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        *[({"timeout": wrong}, "--timeout: .* duration") for wrong in (0, "0s", "-1", "30 parsecs", "inf", "nan")],
        *[({"parallelism": wrong}, "--parallelism: .* from 1 to 64") for wrong in (0, 65, -1, "many", "1.5", "٣")],
        *[({"rps": wrong}, "--rps: ") for wrong in (-1, "nan", "inf", "fast")],
        ({"refresh": "fast"}, "--refresh: .* stamp, full"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_the_name_it_came_under(flags, complaint):
    with pytest.raises(ReconcilerError, match=complaint):
        load_settings(flags, {}, NOWHERE)


@pytest.mark.parametrize("flags", [{"parallelism": 64}, {"parallelism": 1}, {"rps": 0}, {"rps": 0.5}])
def test_the_bounds_themselves_are_allowed(flags):
    settings = load_settings(flags, {}, NOWHERE)
    assert {name: getattr(settings, name) for name in flags} == flags


def test_importing_the_settings_loads_nothing_heavy():
    code = "import sys, reconciler.settings; print(*{'yaml', 'grpc', 'pydantic', 'google.protobuf'} & set(sys.modules))"
    root = Path(__file__).parents[1]
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True, text=True)
    assert not loaded.stdout.split()
