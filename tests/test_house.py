"""The house rules that no linter knows: what a file may be called, hold, mention and load."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "reconciler"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

NAMES_THAT_SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

NEVER_WRITTEN = {
    "the host of a package registry": r"pypi\.org|files\.python[h]osted|registry\.npmjs|https?://[^\s\"]+/simple\b",
    "a folder of somebody's machine": r"(?<![\w.~$}])/(home|root|Users)/[a-z]",
    "the number of an issue": r"(?i)\b(issue|pull request|ticket)s? #?\d+\b",
}

# The modules of Clarifai's client each package may load. import-linter sees third-party packages only as a whole.
RESOURCES = "clarifai_grpc.grpc.api.resources_pb2"
CLARIFAI_MODULES = {"kinds": {RESOURCES}}


def modules(folder: Path = HOUSE) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def syntax(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything that a tree imports, at any depth; `from a import b` is `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_every_module_says_what_it_owns(file: Path) -> None:
    tree = syntax(file)
    assert ast.get_docstring(tree), f"{name_of(file)} has no docstring"
    if file.name == "__init__.py":
        assert len(tree.body) == 1, f"{name_of(file)} holds more than its docstring"


def test_names_say_what_is_inside() -> None:
    parts = {part for file in modules() for part in file.relative_to(HOUSE).with_suffix("").parts}
    assert not parts & NAMES_THAT_SAY_NOTHING


def test_tests_are_no_packages() -> None:
    assert not [name_of(file) for file in (ROOT / "tests").rglob("__init__.py")]


def test_no_tracked_file_mentions_what_is_nobody_elses_business() -> None:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True)
    if listing.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listing.stdout.split("\0")):
        file = ROOT / name
        if not file.is_file() or b"\0" in (content := file.read_bytes()):
            continue
        text = content.decode("utf-8", errors="replace")
        for what, pattern in NEVER_WRITTEN.items():
            found += [f"{name}: {what}: {match[0]}" for match in re.finditer(pattern, text)]
    assert not found


@pytest.mark.parametrize(("package", "allowed"), CLARIFAI_MODULES.items())
def test_a_package_loads_only_its_modules_of_the_clarifai_client(package: str, allowed: set[str]) -> None:
    names = {name for file in modules(HOUSE / package) for name in imported(syntax(file))}
    seen = {name for name in names if name.startswith("clarifai_grpc")}
    assert not {name for name in seen if not any(f"{name}.".startswith(f"{module}.") for module in allowed)}


def loads_emulator(tree: ast.AST) -> bool:
    return any(f"{name}.".startswith("reconciler.emulator.") for name in imported(tree))


def test_the_emulator_is_loaded_inside_one_function() -> None:
    trees = [syntax(file) for file in modules() if HOUSE / "emulator" not in file.parents]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert len(places := [function.name for function in functions if loads_emulator(function)]) <= 1, places
    at_import_time = [node for tree in trees for node in tree.body if not isinstance(node, ast.FunctionDef)]
    assert not any(loads_emulator(node) for node in at_import_time)


def test_help_does_not_load_what_only_the_network_needs() -> None:
    heavy = {"grpc", "google.protobuf", "clarifai_grpc", "deepdiff", "pydantic", "rich", "yaml"}
    heavy.add("reconciler.emulator")
    code = f"import sys, reconciler.cli.main; print(*sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert not loaded.stdout.split()


def locked_versions(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, flags=re.MULTILINE))


def test_the_lock_answers_the_project() -> None:
    runtime, dev = locked_versions("runtime"), locked_versions("dev")
    assert runtime.items() <= dev.items(), "one venv serves `make demo` and `make test`"
    extras = PROJECT["optional-dependencies"]
    # The tests use the libraries of every lock; nobody needs them to try the program.
    answers = [(extra, dev if name.startswith(("dev", "lock-")) else runtime) for name, extra in extras.items()]
    for wanted, locked in (PROJECT["dependencies"], runtime), *answers:
        for requirement in map(Requirement, wanted):
            version = locked.get(canonicalize_name(requirement.name))
            assert version, f"{requirement} is not locked: run `make lock`"
            assert requirement.specifier.contains(version), f"{requirement}, locked at {version}: run `make lock`"
