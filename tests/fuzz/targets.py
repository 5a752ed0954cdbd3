"""What is fuzzed: functions of bytes that may refuse them, but only in the ways that users are told of.

Belongs here: the targets with the property that each must have, and the seeds. Does not belong here: the fuzzer
(`fuzz_load`), or a corpus (`make fuzz` keeps one in `.cache/fuzz`).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.cli.variables import from_file
from reconciler.core.diagnostics import Diagnostic, ReconcilerError
from reconciler.core.plan_document import plan_digest
from reconciler.core.saved_plan import embedded, looks_like_a_plan, parse
from reconciler.manifests import kinds
from reconciler.settings_file import settings_in
from reconciler.stages import load, resolve

ROOT = Path(__file__).parents[2]
OPTIONS = resolve.Options(user_id="me", app_id="app", variables={"A": "b"}, offline=True)
_SCRATCH = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))


def manifests(data: bytes) -> None:
    """load -> resolve: never an exception; every problem has a place and can be printed; the same each time."""
    loaded = load.parse(data, "x.yaml")
    resolved = resolve.resolve(loaded[0], kinds(), OPTIONS)
    problems = [*loaded[1], *resolved.diagnostics]
    _can_be_told(problems)
    assert all(problem.location for problem in loaded[1])
    assert [str(problem) for problem in load.parse(data, "x.yaml")[1]] == [str(problem) for problem in loaded[1]]


def plans(data: bytes) -> None:
    """A saved plan is one, or is refused in a sentence; also one whose author made its digest fit."""
    text = data.decode("utf-8", "ignore")
    for candidate in (text, *_sealed(text)):
        try:
            looks_like_a_plan(candidate)
            embedded(parse(candidate))
        except ReconcilerError as problem:
            _one_sentence(problem)


def _sealed(text: str) -> Iterator[str]:
    """The same plan with the digest of what it now says, if it can have one."""
    try:
        plan = json.loads(text)
        yield json.dumps({**plan, "plan_sha256": plan_digest(plan)})
    except (ValueError, TypeError, RecursionError):
        return


def settings(data: bytes) -> None:
    """`reconciler.yaml` gives settings, or is refused with the places."""
    _read(data, "reconciler.yaml", lambda file: settings_in(file, lambda: kinds()))


def variables(data: bytes) -> None:
    """A file of variables gives texts, or is refused with the lines."""
    _read(data, "values.env", lambda file: from_file(str(file)))


def _read(data: bytes, name: str, read: Callable[[Path], object]) -> None:
    file = _SCRATCH / name
    file.write_bytes(data)
    try:
        read(file)
    except ReconcilerError as problem:
        _one_sentence(problem)


def _one_sentence(problem: ReconcilerError) -> None:
    assert problem.exit_code in (1, 3, 5)
    found: Sequence[Diagnostic] = getattr(problem, "diagnostics", ())
    _can_be_told(found)
    assert found or (problem.message.isprintable() and len(problem.message) < 2_000), problem.message[:100]


def _can_be_told(problems: Sequence[Diagnostic]) -> None:
    for problem in problems:
        text = str(problem)
        assert text.isprintable(), repr(text)
        text.encode("utf-8")
        assert len(text) < 2_000, text[:100]


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "manifests": manifests,
    "plans": plans,
    "settings": settings,
    "variables": variables,
}


def seeds(target: str) -> Iterator[bytes]:
    """What the fuzzer begins with: good files, and the small ones of those that are meant to hurt."""
    if target == "plans":
        yield from (file.read_bytes() for file in sorted((ROOT / "tests").rglob("*plan*.json")))
        yield b'{"format_version": "1\\u001b[2J.1", "resource_changes": []}'
        return
    from tests.stages.test_load_hostile import HONEST, REFUSED

    hostile = [*(content for content, _ in REFUSED.values()), *HONEST.values()]
    yield from (content for content in hostile if len(content) < 2_000)
    if target == "manifests":
        yield from (file.read_bytes() for file in sorted((ROOT / "manifests").rglob("*.yaml")))
    elif target == "settings":
        yield b"owner: a\nrefresh: full\nformat: json\nrails: {max_deletes: 3, max_delete_percent: 10}\n"
        yield b"drift: {ignore: [{address: models/*, field: description, owner: me, until: 2030-01-01}]}\n"
        yield b"drift: {ignore: [{address: models/m, {a: b}: c}]}\nowner: a\n"
        yield b"? [a, {b: c}]\n: d\n"
        yield b"lock: app\nlock_timeout: 10m\nrails: {kinds: {Model: {max_deletes: 1}}}\n"
    else:
        yield b"A=b\nexport C='d'\n# e\n"
        yield b"A: b\nC: 0123\n"
