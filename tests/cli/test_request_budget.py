"""What each command asks of the service: the table of docs/requests.md, held to what arrives at the emulator.

`pytest --update-golden` writes the table anew.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.secret import Secret
from reconciler.emulator.rpcs import RPCS

PAGE = Path(__file__).parents[2] / "docs" / "requests.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"

SET = "auto-annotation"


def edited(shell: Any, name: str, old: str, new: str) -> None:
    file = shell.folder / SET / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def another_threshold(shell: Any) -> None:
    edited(shell, "models.yaml", "value: 0.95", "value: 0.9")


def other_names(shell: Any) -> None:
    for name in ("people", "man"):
        edited(shell, "concepts.yaml", f"spec: {{name: {name}", f"spec: {{name: {name} too")


def a_file(shell: Any) -> None:
    shell.write("text.txt", "a text")


WHERE = ("--user-id", "me-local", "--app-id", "people-app")
YES = "--auto-approve"

COMMANDS: list[tuple[str, tuple[str, ...], Callable[[Any], None] | None]] = [
    ("`validate`", ("validate", SET), None),
    ("`plan` of an app that is not there yet", ("plan", SET), None),
    ("the first `apply`", ("apply", SET, YES), None),
    ("`plan` with nothing to do", ("plan", SET), None),
    ("`apply` with nothing to do", ("apply", SET, YES), None),
    ("`plan --refresh full` with nothing to do", ("plan", SET, "--refresh", "full"), None),
    ("`drift`, in sync", ("drift", SET), None),
    ("`plan` of another threshold in one model", ("plan", SET), another_threshold),
    ("`apply` of it: a new version, one workflow repointed", ("apply", SET, YES), None),
    ("`apply` of other names for two concepts", ("apply", SET, YES), other_names),
    ("`inputs add` of one file, `--no-wait`", ("inputs", "add", "text.txt", "--no-wait", *WHERE), a_file),
    ("`annotations list` of one input", ("annotations", "list", *WHERE), None),
    ("`export`", ("export", "me-local/people-app", "--single-file"), None),
    ("`destroy`", ("destroy", SET, YES), None),
]
"""(what happens, the words of the command, what is done before)."""


def row(what: str, counts: Counter[str]) -> str:
    writes = sum(count for rpc, count in counts.items() if not RPCS[rpc].reads)
    listed = ", ".join(f"{rpc} {count}" if count > 1 else rpc for rpc, count in sorted(counts.items()))
    return f"| {what} | {counts.total()} | {writes} | {listed or 'none'} |\n"


def test_each_command_costs_what_the_table_says(
    shell: Any, emulator: Any, walkthrough: str, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(walkthrough, shell.folder / SET)
    rows = ["| command | requests | writes | which |\n", "|---|--:|--:|---|\n"]
    for what, words, before in COMMANDS:
        if before is not None:
            before(shell)
        emulator.calls.reset()
        ran = shell(*words)
        assert ran.code == 0, (words, ran.out, ran.err)
        rows.append(row(what, emulator.calls.counts))
    head, _, rest = PAGE.read_text().partition(BEGIN)
    table, _, tail = rest.partition(END)
    if request.config.getoption("--update-golden"):
        table = "".join(rows)
        PAGE.write_text(head + BEGIN + table + END + tail)
    assert table == "".join(rows), "docs/requests.md has other figures; if these are better: pytest --update-golden"


# ---- what grows, and what does not

A_PAGE = 10


@pytest.fixture
def paged(world: Any) -> Any:
    """A world whose client asks for ten objects a page, so that few objects fill many pages."""
    channel = open_channel(parse_base(world.emulator.base))
    secret = ("authorization", Secret("Key any"))
    world.api = GrpcApi(channel, secret, limiter=Limiter(0), timeout=5, sleep=lambda seconds: None, per_page=A_PAGE)
    return world


def estate(documents: Any, models: int, **first: float) -> list[Any]:
    """Models, and a workflow for every ten of them; `first` are the thresholds of the first model."""
    names = [f"m{n:02d}" for n in range(models)]
    made = [documents.thresholder(name, **(first if name == "m00" and first else {"p": 0.5})) for name in names]
    flows = [documents.workflow(f"w{n:02d}", a=names[n * 10], b=names[n * 10 + 1]) for n in range(models // 10)]
    return [documents.app(), documents.concept("p"), *made, *flows]


def cost_of(world: Any, act: Callable[[], Any]) -> Counter[str]:
    world.emulator.calls.reset()
    act()
    return world.emulator.calls.counts


def pages(objects: int) -> int:
    """Full and half pages, and the empty one that ends every list (facts 3.0)."""
    return -(-objects // A_PAGE) + 1


@pytest.mark.parametrize("models", [10, 60])
def test_a_plan_with_nothing_to_do_costs_its_pages_and_one_call(paged: Any, documents: Any, models: int) -> None:
    manifests = estate(documents, models)
    paged.apply(*manifests)
    assert cost_of(paged, lambda: paged.plan(*manifests)) == {
        "GetApp": 1,
        "ListConcepts": 2,
        "ListConceptRelations": 1,
        "ListModels": pages(models),
        "ListWorkflows": pages(models // 10),
    }


def test_one_changed_model_costs_its_own_calls_whatever_else_there_is(paged: Any, documents: Any) -> None:
    costs = []
    for models in (10, 60):
        as_it_is, changed = estate(documents, models), estate(documents, models, p=0.9)
        paged.apply(*as_it_is)
        still = cost_of(paged, lambda as_it_is=as_it_is: paged.plan(*as_it_is))
        planning = cost_of(paged, lambda changed=changed: paged.plan(*changed))
        both = cost_of(paged, lambda changed=changed: paged.apply(*changed))
        costs.append((planning - still, both - planning))
    assert costs[0] == costs[1]
    looks, writes = costs[0]
    assert looks == {"GetModelOutputInfo": 1, "GetWorkflow": 1}
    assert {rpc: n for rpc, n in writes.items() if not RPCS[rpc].reads} == {"PostModelVersions": 1, "PatchWorkflows": 1}
    assert writes.total() <= 8
