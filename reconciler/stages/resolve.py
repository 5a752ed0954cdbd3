"""Declarations -> desired state: variables, types, scope, references. Offline: the network is never asked.

Belongs here: turning what was written into canonical trees with owned paths, and every problem that needs no live app.
Does not belong here: reading YAML (`load`) or looking up what is not declared (`observe`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.address import Address, Scope
from reconciler.core.declaration import Declaration, Spec, let_go, substitute
from reconciler.core.diagnostics import Diagnostic, Location, Severity, did_you_mean, error, warning
from reconciler.core.graph import CycleFound, dependency_order
from reconciler.core.kind import WORD_IDS, Kind, Problem, matches
from reconciler.core.positions import Positions
from reconciler.core.spec import has_errors, read_spec
from reconciler.core.state import Desired, DesiredState, Reference
from reconciler.core.tree import ABSENT, Path, Unknown, get, put
from reconciler.core.variables import Variables

MAX_ID = 48
SAFE_ID = 32
PLACEHOLDER = "me"
"""Stands for a user or app that an offline check does not know."""
_NO_APP, _NO_USER, _NO_OWNER = "no app is named", "no user is named", "the manifest set has no owner"
UNNAMED = frozenset({_NO_APP, _NO_USER, _NO_OWNER})
"""Problems that a document which could not be read may have solved."""


@dataclass(frozen=True, slots=True)
class Options:
    """What flags and environment say about the scope, the owner, and variables."""

    user_id: str | None = None
    app_id: str | None = None
    explicit_user_id: str | None = None
    """From a flag: must not contradict a document; the others only fill gaps."""
    explicit_app_id: str | None = None
    owner: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """The desired state as far as it could be made, and every problem. `app` tells whether an App is declared."""

    state: DesiredState | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether there is a state without errors."""
        return self.state is not None and not any(d.severity is Severity.ERROR for d in self.diagnostics)


def resolve(declarations: Iterable[Declaration], kinds: Mapping[str, Kind], options: Options) -> Resolved:
    """The desired state of one manifest set; never raises on bad input."""
    problems: list[Diagnostic] = []
    known = list(_known_kinds(declarations, kinds, problems))
    if problems:  # one of them may be the App
        options = replace(options, offline=True)
    named = _substitute_names(known, options, problems)
    del known  # `let_go` frees each document when it is built
    scope = _scope(named, options, problems)
    owner = _owner(named, scope, options, problems)
    names = [(kinds[d.kind].plural, d.name) for d in named]
    variables = _variables(options, scope)
    built = [
        _build(d, d.read or _late(d, kinds[d.kind], variables), kinds[d.kind], scope, problems) for d in let_go(named)
    ]
    problems += variables.problems
    resources = _unique((d for d in built if d is not None), problems)
    faulty = {name for name, b in zip(names, built, strict=True) if b is None}
    resources = _link(resources, kinds, options, problems, faulty)
    problems += _cycles(resources)
    state = DesiredState(scope, owner, resources, len(names))
    return Resolved(state, tuple(sorted(dict.fromkeys(problems), key=_place)))


def _place(problem: Diagnostic) -> tuple[str, int, int]:
    at = problem.location
    return (at.file, at.line, at.column) if at else ("", 0, 0)


def _known_kinds(
    declarations: Iterable[Declaration], kinds: Mapping[str, Kind], problems: list[Diagnostic]
) -> Iterator[Declaration]:
    for declaration in declarations:
        if declaration.kind in kinds:
            yield declaration
        else:
            hint = did_you_mean(declaration.kind, kinds) or f"kinds: {', '.join(kinds)}"
            place = declaration.kind_location or declaration.location
            problems.append(error(f"unknown kind {declaration.kind!r}", place, hint=hint))


# --- scope and owner -------------------------------------------------------------------------------------------------


def _substitute_names(
    declarations: list[Declaration], options: Options, problems: list[Diagnostic]
) -> list[Declaration]:
    """Names and namespaces first: they decide the scope that `${CLARIFAI_APP_ID}` in a spec stands for."""
    values = dict(options.variables)
    if options.user_id or options.offline:
        values["CLARIFAI_USER_ID"] = options.user_id or PLACEHOLDER
    if options.app_id:
        values["CLARIFAI_APP_ID"] = options.app_id
    variables = Variables(values)
    named = [_named(declaration, variables) for declaration in declarations]
    problems += variables.problems
    return named


def _named(declaration: Declaration, variables: Variables) -> Declaration:
    name = declaration.name and variables.text(declaration.name, declaration.name_location)
    namespace = declaration.namespace and variables.text(declaration.namespace, declaration.location)
    if name is declaration.name and namespace is declaration.namespace:
        return declaration
    return replace(declaration, name=name, namespace=namespace)


def _scope(declarations: list[Declaration], options: Options, problems: list[Diagnostic]) -> Scope:
    apps = [d for d in declarations if d.kind == "App"]
    for extra in apps[1:]:
        problems.append(
            error("a manifest set declares one App", extra.location, hint=f"the first one is at {apps[0].location}")
        )
    claims = [(d.name, d.name_location) for d in apps[:1] if d.name]
    claims += [(d.namespace, d.location) for d in declarations if d.namespace]
    app_id = claims[0][0] if claims else options.app_id
    for claim, location in claims:
        if claim != app_id:
            problems.append(error(f"namespace {claim!r} is not the app {app_id!r} of {claims[0][1]}", location))
    if options.explicit_app_id and claims and options.explicit_app_id != app_id:
        problems.append(
            error(
                f"--app-id {options.explicit_app_id} contradicts the manifests, which name {app_id!r}",
                claims[0][1],
                hint="drop the flag, or use a variable for the name",
            )
        )
    if not app_id and not options.offline:
        problems.append(error(_NO_APP, hint="declare an App, set metadata.namespace, or give --app-id"))
    if not options.user_id and not options.offline:
        problems.append(error(_NO_USER, hint="set CLARIFAI_USER_ID or give --user-id"))
    return Scope(options.user_id or PLACEHOLDER, app_id or PLACEHOLDER)


def _owner(declarations: list[Declaration], scope: Scope, options: Options, problems: list[Diagnostic]) -> str:
    app = next((d for d in declarations if d.kind == "App"), None)
    written = app.lifecycle.owner if app else None
    if written and options.owner and written != options.owner:
        problems.append(
            error(f"--owner {options.owner} contradicts lifecycle.owner {written!r}", app.location if app else None)
        )
    owner = written or options.owner or (scope.app_id if app else None)
    if owner is None and not options.offline:
        where = declarations[0].location if declarations else None
        problems.append(
            error(
                _NO_OWNER,
                where,
                hint="a set without an App document needs --owner NAME (or RECONCILER_OWNER)",
            )
        )
    elif owner and not re.fullmatch(WORD_IDS, owner):
        problems.append(
            error(f"owner {owner!r} must be letters and digits with inner - or _", app.location if app else None)
        )
    return owner or PLACEHOLDER


def _variables(options: Options, scope: Scope) -> Variables:
    scoped = {"CLARIFAI_USER_ID": scope.user_id, "CLARIFAI_APP_ID": scope.app_id}
    return Variables({**options.variables, **scoped})


# --- one document ----------------------------------------------------------------------------------------------------


def _late(declaration: Declaration, kind: Kind, variables: Variables) -> Spec:
    spec = substitute(declaration.spec, variables.scalar)
    return read_spec(declaration.with_spec(spec), kind)  # type: ignore[arg-type]


def _build(
    declaration: Declaration, spec: Spec, kind: Kind, scope: Scope, problems: list[Diagnostic]
) -> Desired | None:
    tree = spec.tree
    found = [*spec.problems, *_checked(kind, spec, scope, declaration)]
    if kind.identify_declared is None and declaration.name is not None:
        found += _check_id(kind, declaration.name, declaration)
    problems += found
    if has_errors(found):
        return None
    name = kind.identify_declared(tree, scope) if kind.identify_declared else declaration.name
    if name is None:
        problems.append(error(f"metadata.name is missing: it is the id of the {kind.name}", declaration.location))
        return None
    return Desired(
        address=Address(scope, kind.plural, name),
        kind=kind.name,
        tree=tree,
        written=spec.written,
        lifecycle=declaration.lifecycle,
        location=declaration.location,
        positions=spec.positions,
        references=tuple(kind.references(tree, scope)),
        ignored=_ignored(declaration, spec.written, problems) if declaration.lifecycle.ignore else _NOTHING,
    )


_NOTHING: frozenset[Path] = frozenset()
"""One for all: Python makes a new one each time."""


def _checked(kind: Kind, spec: Spec, scope: Scope, declaration: Declaration) -> Iterator[Diagnostic]:
    """What the kind finds wrong in what was written.

    Where some fields could not be read, only what it says of the others: what it misses may be among the unread.
    """
    partial = has_errors(spec.problems)
    for problem in kind.check(spec.tree, scope):
        if not partial or problem.path in spec.written or _holds_written(problem.path, spec.written):
            yield _locate(problem, declaration, spec.positions)


def _holds_written(path: Path, written: Container[Path]) -> bool:
    """Whether a path leads to an element of a list: those are checked one by one."""
    return len(path) > 1 and path[:-1] in written


def _ignored(declaration: Declaration, written: frozenset[Path], problems: list[Diagnostic]) -> frozenset[Path]:
    ignored: set[Path] = set()
    for text in declaration.lifecycle.ignore:
        covered = {path for path in written if matches(tuple(text.split(".")), path)}
        if not covered:
            problems.append(warning(f"lifecycle.ignore {text!r} covers no written field", declaration.location))
        ignored |= covered
    return frozenset(ignored)


def _locate(problem: Problem, declaration: Declaration, positions: Positions) -> Diagnostic:
    """Join a kind's problem with the nearest position above its path."""
    path = problem.path
    while path and path not in positions:
        path = path[:-1]
    location = positions.get(path, declaration.location)
    return Diagnostic(problem.severity, problem.summary, location, hint=problem.hint)


def _check_id(kind: Kind, name: str, declaration: Declaration) -> Iterator[Diagnostic]:
    at = declaration.name_location
    if len(name) > MAX_ID:
        yield error(f"id {name!r} has {len(name)} characters; the service takes at most {MAX_ID}", at)
    elif len(name) > SAFE_ID and kind.short_ids:
        yield warning(f"id {name!r} is longer than the {SAFE_ID} characters that are sure to be accepted", at)
    if not re.fullmatch(kind.id_rule, name):
        word = kind.id_rule == WORD_IDS
        rule = "letters and digits with inner - or _" if word else "no blanks, slashes or control characters"
        yield error(f"{name!r} is no id for kind {kind.name}: {rule}", at)
    if name in kind.reserved_ids:
        summary = f"{name!r} is also the id of a public {kind.name.lower()}, which the service may find first"
        yield warning(summary, at, hint="choose another id")


def _unique(built: Iterable[Desired], problems: list[Diagnostic]) -> dict[Address, Desired]:
    resources: dict[Address, Desired] = {}
    for desired in built:
        first = resources.setdefault(desired.address, desired)
        if first is not desired:
            problems.append(
                error(f"{desired.address} is declared twice", desired.location, hint=f"first at {first.location}")
            )
    return resources


# --- references ------------------------------------------------------------------------------------------------------


def _link(
    resources: dict[Address, Desired],
    kinds: Mapping[str, Kind],
    options: Options,
    problems: list[Diagnostic],
    faulty: Container[tuple[str, str | None]],
) -> dict[Address, Desired]:
    """Join references with their targets; one to a document that is itself faulty is no further problem."""
    linked = {}
    for address, desired in resources.items():
        references = tuple([_declared(reference, resources, kinds) for reference in desired.references])
        missing = [r for r in references if not (r.declared or r.foreign or (r.target.kind, r.target.id) in faulty)]
        problems += _undeclared(desired, missing, resources, options)
        same = all(map(operator.is_, references, desired.references))
        linked[address] = _fill(desired if same else replace(desired, references=references))
    return linked


def _declared(reference: Reference, resources: Mapping[Address, Desired], kinds: Mapping[str, Kind]) -> Reference:
    target = resources.get(reference.target)
    if target is None:
        return replace(reference, declared=False)
    versions = kinds[target.kind].versions
    managed = versions is not None and get(target.tree, versions.path) is not ABSENT
    return reference if managed or reference.output is None else replace(reference, output=None)


def _fill(desired: Desired) -> Desired:
    """Put the Unknown where a declared target's output belongs; the path is then ours like any written one."""
    tree, filled = desired.tree, set[Path]()
    for reference in desired.references:
        if reference.declared and reference.output:
            tree = put(tree, reference.path, Unknown(str(reference.target), reference.output))
            filled.add(reference.path)
    return replace(desired, tree=tree, written=desired.written | filled) if filled else desired


def _undeclared(
    desired: Desired, references: Iterable[Reference], resources: Mapping[Address, Desired], options: Options
) -> Iterator[Diagnostic]:
    for reference in references:
        same_kind = [a.id for a in resources if a.kind == reference.target.kind]
        hint = did_you_mean(reference.target.id, same_kind) or "it must exist in the app or in clarifai/main"
        yield Diagnostic(
            Severity.ERROR if options.strict else Severity.WARNING,
            f"{desired.address} refers to {reference.target}, which is not declared here",
            position(desired, reference.path),
            hint=hint,
        )


def position(desired: Desired, path: Path) -> Location | None:
    """The place in the manifest nearest to a path."""
    while path and path not in desired.positions:
        path = path[:-1]
    return desired.positions.get(path, desired.location)


def _cycles(resources: Mapping[Address, Desired]) -> list[Diagnostic]:
    try:
        dependency_order({a: [r.target for r in d.references] for a, d in resources.items()})
    except CycleFound as cycle:
        chain = " -> ".join(f"{node} ({resources[node].location})" for node in cycle.chain)  # type: ignore[index]
        first = resources[cycle.chain[0]]  # type: ignore[index]
        return [error(f"these refer to each other in a circle: {chain}", first.location)]
    return []
