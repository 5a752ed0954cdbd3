"""Files that are meant to hurt, through the command line: a code, a place and a sentence, soon and in little memory.

The manifests are those of `stages/test_load_hostile.py`, and some that only a folder can hold. Each run is a process
of its own; time is its own CPU time, since the machine may be busy, and memory the peak of the whole process.
"""

import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.canary import CANARY
from tests.conftest import World
from tests.reliability.crash_scenarios import everything
from tests.reliability.zygote import Ended, Zygote
from tests.stages.test_load_hostile import HONEST, REFUSED, aliases

SECONDS, BYTES = 1.0, 200_000_000
LIMIT = ("take_no_more_than", 1 << 30)
AT_LEAST = 60
HEAD = "apiVersion: clarifai.reconciler/v1\n"
MANIFESTS = {f"{name}.yaml": content for name, (content, _) in REFUSED.items()} | {
    # Well-formed, and wrong for another reason: a Concept has no field `a`.
    f"{name}.yaml": content for name, content in HONEST.items() if b"  a" in content or b"  ?" in content
}  # fmt: skip


@pytest.fixture
def tool(zygote: Zygote, tmp_path: Path) -> Callable[..., Ended]:
    """Runs `reconciler` in a folder of its own, and holds it to the limits."""
    (tmp_path / "work").mkdir()

    def run(*words: str, stdin: bytes = b"", seconds: float = SECONDS, **environ: str) -> Ended:
        run = zygote.run(
            *words, folder=tmp_path / "work", environ=environ, stdin=stdin, before=("take_no_more_than", 1 << 30)
        )
        ended = run.ended
        assert "Traceback" not in ended.err
        assert "internal error" not in ended.err
        assert ended.cpu_seconds < seconds
        assert ended.peak_bytes < BYTES
        assert len(ended.err) < 60_000
        return ended

    return run


@pytest.fixture
def work(tool: Any, tmp_path: Path) -> Path:
    return tmp_path / "work"


# ---- manifests


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_refused_with_its_place(tool: Any, work: Path, name: str) -> None:
    (work / name).write_bytes(MANIFESTS[name])
    ended = tool("validate", name)
    assert ended.code == 3
    assert re.search(rf"^{re.escape(name)}:\d+:\d+: error: ", ended.out + ended.err, re.MULTILINE)


def test_the_manifests_are_as_many_as_we_promise(figures: Any) -> None:
    assert len(MANIFESTS) >= AT_LEAST
    figures("hostile manifests refused by the command line", len(MANIFESTS))


def test_all_of_them_at_once(tool: Any, work: Path) -> None:
    small = {name: content for name, content in MANIFESTS.items() if len(content) < 100_000}
    for name, content in small.items():
        (work / name).write_bytes(content)
    ended = tool("validate")
    assert ended.code == 3
    said = set(re.findall(r"^(\w+\.yaml):\d+:\d+: error: ", ended.out + ended.err, re.MULTILINE))
    assert said == set(small)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/urandom"])
def test_a_file_without_end(tool: Any, name: str) -> None:
    assert tool("validate", name).code == 3
    assert tool("validate", "--var-file", name).code in (1, 3)


def test_standard_input_without_end(tool: Any) -> None:
    ended = tool("validate", "-", stdin=b"a: b\n" * 4_000_000)
    assert ended.code == 3
    assert "larger than" in ended.err + ended.out


def test_a_folder_may_hold_anything(tool: Any, work: Path) -> None:
    (work / "good.yaml").write_text(HEAD + "kind: App\nmetadata: {name: shop}\nspec: {}\n")
    os.mkfifo(work / "pipe.yaml")
    (work / "self").symlink_to(".")
    (work / "zero.yaml").symlink_to("/dev/zero")
    (work / "tty.yaml").symlink_to("/dev/tty")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(work / "socket.yaml"))
        assert tool("validate").code == 0


def test_a_name_that_draws_on_the_terminal(tool: Any, work: Path) -> None:
    (work / "a\x1b[2J\n::error::b.yaml").write_text("[")
    ended = tool("validate", "--user-id", "alice")
    assert ended.code == 3
    assert "\x1b" not in ended.out + ended.err


# ---- settings, contexts, variables, taught scores

YAML = {
    "nested": b"[" * 50_000,
    "nested mappings": b"{a: " * 50_000,
    "alias bomb": aliases(9, 9),
    "alias to itself": b"rails: &a [*a]\nowner: *a\n",
    "alias without anchor": b"owner: *a\n",
    "duplicate key": b"owner: a\nowner: b\n",
    "unknown tag": b"owner: !!python/object/apply:os.system [ls]\n",
    "list as key": b"[a]: b\n",
    "mapping as key": b"? {a: b}\n: c\n",
    "null key": b"? \n: c\n",
    "not UTF-8": b"owner: caf\xe9\n",
    "UTF-16": "owner: a\n".encode("utf-16"),
    "NUL": b"owner: a\0b\n",
    "binary": b"\x7fELF" + bytes(range(256)),
    "scalar": b"hello",
    "list": b"- a\n- b\n",
    "open quote": b"owner: 'a\n",
    "tabs": b"rails:\n\tmax_deletes: 1\n",
    "long line": b"k" * 60_000 + b": v\n",
    "many keys": b"".join(b"k%d: v\n" % n for n in range(8_000)),
    "large": b"# x\n" * 1_000_000,
    "numbers": b"rails: {max_deletes: " + b"9" * 5_000 + b"}\n",
    "not a number": b"rails: {max_deletes: .nan, max_delete_percent: .inf}\n",
}  # fmt: skip


@pytest.mark.parametrize("name", YAML)
def test_a_settings_file(tool: Any, work: Path, name: str) -> None:
    (work / "good.yml").write_text(HEAD + "kind: App\nmetadata: {name: shop}\nspec: {}\n")
    (work / "reconciler.yaml").write_bytes(YAML[name])
    ended = tool("validate", ".")
    assert ended.code in (1, 3), ended.out + ended.err
    assert "reconciler.yaml:" in ended.err


@pytest.mark.parametrize("name", YAML)
def test_a_context_file(tool: Any, work: Path, name: str) -> None:
    file = work.parent / "work-streams" / ".config" / "clarifai" / "config"
    file.parent.mkdir(parents=True)
    file.write_bytes(YAML[name])
    ended = tool("plan", ".", "--context", "default")
    assert ended.code in (1, 3)
    assert str(file) in ended.err


@pytest.mark.parametrize("name", sorted(set(YAML) - {"large"}))
def test_a_file_of_variables(tool: Any, work: Path, name: str) -> None:
    (work / "good.yaml").write_text(HEAD + "kind: App\nmetadata: {name: shop}\nspec: {}\n")
    (work / "values.env").write_bytes(YAML[name])
    ended = tool("validate", "good.yaml", "--var-file", "values.env")
    # Some of these are fine as variables: what is not asked for is not looked at.
    assert ended.code in (0, 1, 3), ended.out + ended.err
    assert ended.code == 0 or "values.env" in ended.err + ended.out


def test_a_line_that_is_no_variable_is_not_repeated(tool: Any, work: Path) -> None:
    (work / "good.yaml").write_text(HEAD + "kind: App\nmetadata: {name: shop}\nspec: {}\n")
    (work / "values.env").write_text("A=b\nDATABASE PASSWORD=hunter2\nhunter2 again\n")
    ended = tool("validate", "good.yaml", "--var-file", "values.env")
    assert ended.code == 3
    assert "values.env:2" in ended.err
    assert "values.env:3" in ended.err
    assert "hunter2" not in ended.err


@pytest.mark.parametrize("name", YAML)
def test_taught_scores(tool: Any, work: Path, name: str) -> None:
    (work / "taught.yaml").write_bytes(YAML[name])
    # Somebody's own file, read by the slower parser, which knows the place of everything.
    ended = tool("emulator", "teach", "taught.yaml", "--database", "emulator.db", seconds=5)
    assert ended.code in (0, 1) if name in ("large",) else ended.code == 1, ended.out + ended.err
    assert ended.code == 0 or "taught.yaml" in ended.err


# ---- saved plans


@pytest.fixture(scope="module")
def saved(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The text of a plan that could be applied, and the environment in which it could."""
    from reconciler.emulator.server import Emulator

    folder = tmp_path_factory.mktemp("saved") / "work"
    folder.mkdir()
    (folder / "set.yaml").write_text("\n---\n".join(map(json.dumps, everything())))
    with Emulator() as emulator:
        world = World(emulator, folder)
        environ = {"CLARIFAI_API_BASE": emulator.base, "CLARIFAI_PAT": CANARY, "CLARIFAI_USER_ID": "me-local"}
        ended = zygote.run("plan", "set.yaml", "--out", "plan.json", folder=folder, environ=environ).ended
        assert ended.code == 0, ended.err
        yield (folder / "plan.json").read_text(), environ, world


def _with(**changes: Any) -> Callable[[str], str | bytes]:
    return lambda text: json.dumps({**json.loads(text), **changes})


NAMED = '{"format_version": "1.0", "resource_changes": '
PLANS: dict[str, Callable[[str], str | bytes]] = {
    "nested lists": lambda text: text[:-2].rstrip()[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "nested objects": lambda text: NAMED + '{"a":' * 100_000,
    "nested lists and closed": lambda text: NAMED + "[" * 900 + "]" * 900 + "}",
    "huge integer": lambda text: text.replace("{", '{"n": ' + "9" * 100_000 + ", ", 1),
    "huge exponent": lambda text: text.replace('"format_version"', '"n": 1e999999, "format_version"', 1),
    "not a number": lambda text: text.replace('"format_version"', '"n": NaN, "format_version"', 1),
    "not a number where one is": _with(options={"rps": float("nan"), "owner": "a", "scope": "a/b", "host": "h"}),
    "duplicate key": lambda text: text.replace("{", '{"format_version": "1.0", ', 1),
    "duplicate key inside": lambda text: text.replace('"options": {', '"options": {"owner": "other", ', 1),
    "next major": _with(format_version="2.0"),
    "no version": _with(format_version=None),
    "version of a megabyte": _with(format_version="1." + "9" * 1_000_000),
    "version that is none": _with(format_version=[1, 0]),
    "cut off": lambda text: text[: len(text) // 2],
    "last brace gone": lambda text: text.rstrip()[:-1],
    "more behind it": lambda text: text + text,
    "binary": lambda text: NAMED.encode() + bytes(range(256)) * 100,
    "surrogates": lambda text: text.replace('"owner": "', '"owner": "\\ud800', 1),
    "NUL": lambda text: text.replace('"owner": "', '"owner": "\\u0000', 1),
    "terminal sequence": lambda text: text.replace('"owner": "', '"owner": "\\u001b[2J', 1),
    "byte order mark": lambda text: "\ufeff" + text,
    "UTF-16": lambda text: text.encode("utf-16"),
    "desired is a list": _with(desired=[]),
    "desired is gone": _with(desired=None),
    "changes are a number": _with(resource_changes=7),
    "changes are nothing": _with(resource_changes=None),
    "a million changes": lambda text: json.dumps({**json.loads(text), "resource_changes": [{}] * 1_000_000}),
    "steps are a text": _with(steps="all"),
    "digest of another": _with(plan_sha256="0" * 64),
    "digest is an object": _with(plan_sha256={"a": 1}),
    "a list": lambda text: f"[{text}]",
    "nothing": lambda text: "",
    "empty object": lambda text: "{}",
    "only a name": lambda text: '{"format_version": "1.0", "resource_changes": []}',
    "twenty megabytes": lambda text: text.replace("{", '{"x": "' + "x" * 20_000_000 + '", ', 1),
}  # fmt: skip


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_file(tool: Any, work: Path, saved: Any, name: str, command: str) -> None:
    text, environ, world = saved
    content = PLANS[name](text)
    (work / "plan.json").write_bytes(
        content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    )
    world.forget_calls()
    ended = tool(command, "plan.json", *(["-y"] if command == "apply" else []), **environ)
    assert ended.code in (1, 3, 5), ended.out + ended.err
    assert "plan" in ended.err or not content  # an empty file is a manifest set without documents
    assert "\x1b" not in ended.out + ended.err
    assert world.writes == []


def test_the_plan_itself_can_be_applied(tool: Any, work: Path, saved: Any) -> None:
    text, environ, _ = saved
    (work / "plan.json").write_text(text)
    assert tool("show", "plan.json").code == 0
    assert tool("apply", "plan.json", **environ).code == 0


def test_a_plan_without_end(tool: Any) -> None:
    assert tool("show", "/dev/zero").code == 1
