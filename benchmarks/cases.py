"""What is measured: each case runs some subjects in turns and gives figures by name.

Belongs here: which processes are compared with which. Does not belong here: what the ratios must be (`targets`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ground import Ground, process, server
from benchmarks.measuring import Figure, Subject, compare, run
from benchmarks.profiles import profile


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: the sizes, and how often."""

    sizes: tuple[int, ...] = (100, 1_000, 5_000, 10_000)
    main: int = 5_000
    """The size at which tools are compared."""
    runs: int = 5
    first_apply: int = 500
    """Terraform writes its whole state after each resource, so this grows with the square."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How far the growth is followed."""

    models: int = 47_600
    """With their workflows 49,980 objects."""
    runs: int = 3
    apps: int = 10
    app_size: int = 1_000


SCALE = Scale()
QUICK = Effort(sizes=(100, 1_000), main=1_000, runs=3, first_apply=100)


@dataclass
class Results:
    """Figures by `case/subject/size`, counts of RPCs by the same, and single numbers by name."""

    figures: dict[str, Figure] = field(default_factory=dict)
    rpcs: dict[str, dict[str, int]] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    """By the name of the figure, of one more run."""

    def add(self, case: str, size: int, figures: dict[str, Figure]) -> None:
        """Keep what one comparison gave."""
        self.figures |= {f"{case}/{name}/{size}": figure for name, figure in figures.items()}

    def profile(self, case: str, size: int, subject: Subject, folder: Path) -> None:
        """Keep where the time of one of our own commands goes."""
        self.profiles[f"{case}/{subject.name}/{size}"] = profile(subject, folder)


Case = Callable[[Ground, Effort, Results], None]


def noop_plan(ground: Ground, effort: Effort, results: Results) -> None:
    """A plan that finds nothing to do, beside the bare list, Terraform and octoDNS."""
    for size in effort.sizes:
        with server(ground.database(size)) as running:
            ours = ground.plan("reconciler", size, running.base)
            floor = ground.module("bare list", "bare_list", running.base)
            others = _others(ground, size) if size == effort.main else []
            results.add("noop-plan", size, compare([ours, floor, *others], effort.runs))
            running.counts()
            run(ours)
            results.rpcs[f"noop-plan/reconciler/{size}"] = running.counts()
            results.profile("noop-plan", size, ours, ground.folder)
    if max(effort.sizes) > effort.main:
        # Of the largest only the memory is asked for, and its runs hardly differ in it.
        results.add("noop-plan", max(effort.sizes), compare(_others(ground, max(effort.sizes))[:1], 1, warm_ups=0))


def _others(ground: Ground, size: int) -> list[Subject]:
    config = ground.estate("octodns", size) / "octodns.yaml"
    return [
        ground.module("terraform", "terraform", "plan", str(ground.estate("terraform", size))),
        Subject("octodns", [*ground.launcher("octodns.cmds.sync"), "--config-file", str(config), "--quiet"],
                ground.environment, ground.folder),
    ]  # fmt: skip


def changed_plan(ground: Ground, effort: Effort, results: Results) -> None:
    """A plan in which one model in a hundred changed, beside the plan in which none did."""
    size = effort.main
    with server(ground.database(size)) as running:
        same = ground.plan("no-op", size, running.base)
        moved = ground.plan("1 % changed", size, running.base, changed=size // 100)
        results.add("changed-plan", size, compare([same, moved], effort.runs))
        running.counts()
        run(moved)
        results.rpcs[f"changed-plan/1 % changed/{size}"] = running.counts()
        results.profile("changed-plan", size, moved, ground.folder)


def validate(ground: Ground, effort: Effort, results: Results) -> None:
    """Offline validation beside `terraform validate`."""
    size = effort.main
    ours = ground.tool("reconciler", "validate", str(ground.estate("manifests", size)))
    theirs = ground.module("terraform", "terraform", "validate", str(ground.estate("terraform", size)))
    results.add("validate", size, compare([ours, theirs], effort.runs))
    results.profile("validate", size, ours, ground.folder)


def first_apply(ground: Ground, effort: Effort, results: Results) -> None:
    """Everything is made from nothing; nobody limits the rate."""
    size = effort.first_apply
    manifests, terraform = ground.estate("manifests", size), ground.estate("terraform", size)
    state = terraform / "terraform.tfstate"
    held = state.read_bytes()
    theirs = ground.module("terraform", "terraform", "apply", str(terraform))
    theirs = Subject(theirs.name, theirs.command, theirs.environment, theirs.cwd, before=lambda: _forget(state))
    for number in range(1, effort.runs + 1):
        database = ground.folder / f"first-{number}.db"
        with server(database) as running:
            ours = ground.tool("reconciler", "apply", str(manifests), "--auto-approve", base=running.base)
            pair = compare([ours, theirs] if number <= 3 else [ours], 1, warm_ups=0)
            results.rpcs[f"first-apply/reconciler/{size}"] = running.counts()
        for name, figure in pair.items():
            key = f"first-apply/{name}/{size}"
            before = results.figures[key].runs if key in results.figures else ()
            results.figures[key] = Figure(name, (*before, *figure.runs))
    state.write_bytes(held)


def _forget(state: Path) -> None:
    for file in state.parent.glob("terraform.tfstate*"):
        file.unlink()


def start(ground: Ground, effort: Effort, results: Results) -> None:
    """The commands that do nothing, beside a typer program with the same commands and empty bodies."""
    run(ground.module("bare program", "bare_program", str(ground.folder / "empty_program.py")))
    bare = ground.launcher("empty_program")
    environment = ground.environment | {"PYTHONPATH": f"{ground.environment['PYTHONPATH']}:{ground.folder}"}
    for words in (("--help",), ("plan", "--help"), ("version",)):
        name = " ".join(words)
        ours = ground.tool(name, *words)
        floor = Subject(f"{name} of the empty program", [*bare, *words], environment, ground.folder)
        results.add("start", 0, compare([ours, floor], effort.runs * 3))
        results.profile("start", 0, ours, ground.folder)


def one_document(ground: Ground, effort: Effort, results: Results) -> None:
    """`validate` and `plan` of one document, beside a process that imports the same foreign modules and ends."""
    folder = ground.folder / "one"
    folder.mkdir(exist_ok=True)
    document = "apiVersion: clarifai.reconciler/v1\nkind: App\nmetadata: {name: bench}\nspec: {description: One}\n"
    (folder / "app.yaml").write_text(document)
    with server(":memory:") as running:
        for command in ("validate", "plan"):
            ours = ground.tool(command, command, str(folder), base=running.base)
            imports = _imports_of(ground, ours)
            floor = Subject(f"imports of {command}", imports, ours.environment, ground.folder)
            results.add("one-document", 1, compare([ours, floor], effort.runs * 3))
            results.profile("one-document", 1, ours, ground.folder)


_IMPORTER = """from importlib import import_module
for name in {names}:
    try:
        import_module(name)
    except ImportError:  # a circle that only closes when it is entered elsewhere: its other end comes later in the list
        pass
"""


def _imports_of(ground: Ground, subject: Subject) -> list[str]:
    """A command that imports what a command of ours loads from others, and nothing of ours."""
    listing = ground.folder / f"{subject.name}.imports.json"
    script = ground.folder / f"{subject.name}.imports.py"
    words = [subject.command[0], "-m", "benchmarks.imports", str(listing), *subject.command[2:]]
    run(Subject(subject.name, words, subject.environment, ground.folder))
    script.write_text(_IMPORTER.format(names=json.loads(listing.read_text())))
    return [subject.command[0], str(script)]


def latency(ground: Ground, effort: Effort, results: Results) -> None:
    """A plan of the largest estate when every page takes 50 ms, beside one when it takes none."""
    size = max(effort.sizes)
    database = ground.database(size)
    with server(database) as quick:
        near = ground.plan("0 ms", size, quick.base)
        run(near)
        with server(ground.copy(database, "slow"), latency=0.05) as slow:
            far = ground.plan("50 ms", size, slow.base)
            results.add("latency", size, compare([near, far], effort.runs))
            results.profile("latency", size, far, ground.folder)


LATENCY, RATE = 0.05, 20


def emulator(ground: Ground, effort: Effort, results: Results) -> None:
    """Lists beside a server that only holds the same models in memory; writes a second; latency and rate."""
    size = max(effort.sizes)
    database = ground.database(size)
    copies = [ground.copy(database, name) for name in ("slow", "limited")]
    with (
        server(database) as quick,
        server(copies[0], latency=LATENCY) as slow,
        server(copies[1], rps=RATE) as limited,
        process("bare_server", quick.base) as bare,
    ):
        listing = ground.folder / "emulator.json"
        bases = (quick.base, bare.base, slow.base, limited.base)
        run(ground.module("emulator speed", "emulator_speed", str(listing), *bases))
    results.numbers |= {f"emulator/{name}": value for name, value in json.loads(listing.read_text()).items()}


def limiter(ground: Ground, effort: Effort, results: Results) -> None:
    """Applies under a rate and without one, beside the time that their requests need at least."""
    found = ground.folder / "limiter.json"
    run(ground.module("limiter", "limiter", str(found)))
    results.numbers |= {f"limiter/{name}": value for name, value in json.loads(found.read_text()).items()}


def scale(ground: Ground, effort: Effort, results: Results) -> None:
    """A plan of 50,000 objects, and plans of many Apps."""
    size = SCALE.app_size if effort == QUICK else SCALE.models
    with server(ground.database(size)) as running:
        ours = ground.plan("reconciler", size, running.base)
        results.add("scale", size, compare([ours], SCALE.runs))
        running.counts()
        run(ours)
        results.rpcs[f"scale/reconciler/{size}"] = running.counts()
    with server(ground.database(SCALE.app_size)) as running:
        one = ground.plan("one", SCALE.app_size, running.base)
        name = f"{SCALE.apps} apps one after another"
        many = Subject(name, ["sh", "-c", f'for i in $(seq {SCALE.apps}); do "$@" || exit; done', "sh", *one.command],
                       one.environment, one.cwd)  # fmt: skip
        results.add("scale", SCALE.app_size, compare([many], 1, warm_ups=0))


CASES: dict[str, Case] = {
    "noop-plan": noop_plan,
    "changed-plan": changed_plan,
    "validate": validate,
    "start": start,
    "one-document": one_document,
    "latency": latency,
    "first-apply": first_apply,
    "limiter": limiter,
    "emulator": emulator,
    "scale": scale,
}
