"""`reconciler.yaml`, the settings file beside the manifests: its keys, their limits, and where it is wrong.

Belongs here: one small file as values, every problem with its position. Not here: what beats it (`settings`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.diagnostics import Diagnostic, InvalidManifest, Location, ReconcilerError, did_you_mean, error

if TYPE_CHECKING:
    import yaml

    from reconciler.core.drift_rules import IgnoreRule

SETTINGS_FILE = "reconciler.yaml"
MAX_FILE_BYTES = 64 * 1024
MOST_SHOWN = 80
"""Characters of what should have been the name of a setting."""
SECTIONS = ("rails", "drift")


@dataclass(frozen=True, slots=True)
class Limits:
    """What stops a plan that deletes more than anybody meant; None: not named."""

    max_deletes: int | None = None
    max_delete_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Rails(Limits):
    """The limits of a whole run, and those of the objects of single kinds by their names."""

    kinds: Mapping[str, Limits] = field(default_factory=dict)


# ---- one value


def whole(low: int, high: int) -> Callable[[Any], int]:
    """A whole number within bounds."""

    def convert(value: Any) -> int:
        text = str(value).strip()
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high} is needed")
        return int(text)

    return convert


def number(value: Any) -> float:
    """A number that is not negative."""
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        parsed = math.nan
    if not (math.isfinite(parsed) and parsed >= 0):
        raise ValueError("a number that is not negative is needed")
    return parsed


def percentage(value: Any) -> float:
    """A share of a hundred; more would be no limit at all, and is a slip."""
    try:
        parsed = number(value)
    except ValueError:
        parsed = math.inf
    if parsed > 100:
        raise ValueError("a percentage from 0 to 100 is needed")
    return parsed


_UNITS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: Any) -> float:
    """A duration as people write it: 30, "30s", "2m", "500ms"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)", str(value).strip())
    duration = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if duration <= 0:
        raise ValueError("a duration above zero is needed, such as 30, 30s or 2m")
    return duration


def patience(value: Any) -> float:
    """A duration that may be none at all."""
    return 0.0 if re.fullmatch(r"0(\.0+)?(ms|s|m|h|)", str(value).strip()) else seconds(value)


def refresh(value: Any) -> str:
    """How live models are read."""
    if value not in ("stamp", "full"):
        raise ValueError("it is one of: stamp, full")
    return str(value)


def word(value: Any) -> str:
    """A single value."""
    if not isinstance(value, str):
        raise ValueError("a single value is needed")
    return value


_LIMITS: dict[str, Callable[[Any], Any]] = {
    "max_deletes": whole(0, 1_000_000),
    "max_delete_percent": percentage,
}
_KEYS: dict[str, Callable[[Any], Any]] = {
    "owner": word,
    "refresh": refresh,
    "format": word,
    "lock": word,
    "lock_timeout": patience,
    **{f"rails.{name}": convert for name, convert in _LIMITS.items()},
}
_INSIDE = ("rails.kinds", "drift.ignore")
"""Keys whose value has an inside of its own."""
KEYS = (*_KEYS, *_INSIDE)


# ---- the file


def read(file: Path) -> str | None:
    """The text of a small file, or None when there is none."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)  # what a link leads to may have no end
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as reason:
        raise ReconcilerError(f"{file}: {reason.strerror}") from None
    try:
        if len(content) > MAX_FILE_BYTES:
            raise ReconcilerError(f"{file}: larger than {MAX_FILE_BYTES // 1024} KB")
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ReconcilerError(f"{file}: not UTF-8") from None


def settings_in(file: Path, kinds: Callable[[], Collection[str]]) -> dict[str, Any]:
    """The settings of `reconciler.yaml`, empty if there is none; InvalidManifest with all its problems at once.

    `kinds` tells the names of all kinds; it is asked only if the file has limits for some of them.
    """
    text = read(file)
    if text is None:
        return {}
    values, problems = dict[str, Any](), list[Diagnostic]()
    for key, value in _entries(file, text):
        problems += _enter(values, file, key, value, kinds)
    if problems:
        raise InvalidManifest(problems)
    rails = {name.removeprefix("rails."): values.pop(name) for name in list(values) if name.startswith("rails.")}
    return {**values, "rails": Rails(**rails), "ignore": tuple(values.pop("drift.ignore", ()))}


def _entries(file: Path, text: str) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of the file as nodes: they have positions, and `owner: no` keeps its text.

    Keys of a section come as `rails.…` and `drift.…`.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise InvalidManifest([error("not valid YAML", _place(file, getattr(problem, "problem_mark", None)))]) from None
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise InvalidManifest([error("a mapping is needed", _place(file, root.start_mark))])
    if odd := [error("a key must be a single word", _place(file, key.start_mark)) for key in _odd_keys(root)]:
        raise InvalidManifest(odd)
    for key, value in root.value:
        inside = value.value if key.value in SECTIONS and isinstance(value, yaml.MappingNode) else None
        for inner, _ in inside or ():
            inner.value = f"{key.value}.{inner.value}"
        yield from [(key, value)] if inside is None else inside


def _odd_keys(root: yaml.Node) -> Iterator[yaml.Node]:
    """The keys that are lists or mappings; what several aliases lead to is looked at once."""
    import yaml

    seen, waiting = set[int](), [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield from (key for key, _ in node.value if not isinstance(key, yaml.ScalarNode))
            waiting += [value for _, value in node.value]
        else:
            waiting += node.value


def _enter(
    values: dict[str, Any], file: Path, key: yaml.Node, value: yaml.Node, kinds: Callable[[], Collection[str]]
) -> list[Diagnostic]:
    """Put one entry among the values, or say what is wrong with it."""
    name, here = str(key.value)[:MOST_SHOWN], _place(file, key.start_mark)
    if name in SECTIONS:
        return [error(f"{name}: a mapping is needed", here)] if value.value else []
    if name not in _KEYS and name not in _INSIDE:
        hint = did_you_mean(name, KEYS) or f"its keys are: {', '.join(KEYS)}"
        return [error(f"unknown key {name!r}", here, hint=hint)]
    if name in values:
        return [error(f"{name!r} is written twice", here)]
    if name == "drift.ignore":
        values[name], problems = _rules(file, value)
        return problems
    if name == "rails.kinds":
        values[name], problems = _kind_limits(file, value, kinds)
        return problems
    try:
        values[name] = _KEYS[name](value.value if isinstance(value.value, str) else None)
    except (ValueError, TypeError) as reason:
        return [error(f"{name}: {reason}", _place(file, value.start_mark))]
    return []


def _kind_limits(
    file: Path, value: yaml.Node, kinds: Callable[[], Collection[str]]
) -> tuple[dict[str, Limits], list[Diagnostic]]:
    """The limits of `rails.kinds` by the kind's name, and all that is wrong with them."""
    import yaml

    if not value.value:
        return {}, []
    if not isinstance(value, yaml.MappingNode):
        return {}, [error("rails.kinds: a mapping is needed", _place(file, value.start_mark))]
    found, problems, known = dict[str, Limits](), list[Diagnostic](), list(kinds())
    for key, inside in value.value:
        name, here = str(key.value)[:MOST_SHOWN], _place(file, key.start_mark)
        if name not in known:
            hint = did_you_mean(name, known) or f"it is one of: {', '.join(known)}"
            problems.append(error(f"rails.kinds: unknown kind {name!r}", here, hint=hint))
        elif name in found:
            problems.append(error(f"rails.kinds: {name!r} is written twice", here))
        else:
            found[name], wrong = _limits(file, f"rails.kinds.{name}", inside)
            problems += wrong
    return found, problems


def _limits(file: Path, path: str, value: yaml.Node) -> tuple[Limits, list[Diagnostic]]:
    """The limits of one kind; it must have some, else nobody knows what its author meant."""
    import yaml

    if not isinstance(value, yaml.MappingNode) or not value.value:
        hint = f"its keys are: {', '.join(_LIMITS)}"
        return Limits(), [error(f"{path}: a mapping is needed", _place(file, value.start_mark), hint=hint)]
    found, problems = dict[str, Any](), list[Diagnostic]()
    for key, inside in value.value:
        name, here = str(key.value)[:MOST_SHOWN], _place(file, key.start_mark)
        if name not in _LIMITS:
            problems.append(error(f"{path}: unknown key {name!r}", here, hint=did_you_mean(name, _LIMITS)))
        elif name in found:
            problems.append(error(f"{path}: {name!r} is written twice", here))
        else:
            try:
                found[name] = _LIMITS[name](inside.value if isinstance(inside.value, str) else None)
            except (ValueError, TypeError) as reason:
                problems.append(error(f"{path}.{name}: {reason}", _place(file, inside.start_mark)))
    return Limits(**found), problems


def _rules(file: Path, value: yaml.Node) -> tuple[list[IgnoreRule], list[Diagnostic]]:
    """The rules of `drift.ignore`, and all that is wrong with them."""
    import yaml

    if not value.value:
        return [], []
    if not isinstance(value, yaml.SequenceNode):
        return [], [error("drift.ignore: a list of rules is needed", _place(file, value.start_mark))]
    rules: list[IgnoreRule] = []
    problems: list[Diagnostic] = []
    for item in value.value:
        made, wrong = _rule(file, item)
        rules += [made] if made else []
        problems += wrong
    return rules, problems


def _rule(file: Path, item: yaml.Node) -> tuple[IgnoreRule | None, list[Diagnostic]]:
    import yaml

    from reconciler.core.drift_rules import KEYS, rule

    place = _place(file, item.start_mark)
    if not isinstance(item, yaml.MappingNode):
        return None, [error("drift.ignore: a mapping is needed", place, hint=f"its keys are: {', '.join(KEYS)}")]
    written, problems = dict[str, tuple[str | None, Location]](), list[Diagnostic]()
    for key, value in item.value:
        name, here = str(key.value)[:MOST_SHOWN], _place(file, key.start_mark)
        if name not in KEYS:
            problems.append(error(f"drift.ignore: unknown key {name!r}", here, hint=did_you_mean(name, KEYS)))
        elif name in written:
            problems.append(error(f"drift.ignore: {name!r} is written twice", here))
        else:
            text = value.value if isinstance(value, yaml.ScalarNode) else None
            written[name] = (text, _place(file, value.start_mark))
    made, wrong = rule(written, place)
    return (None if problems else made), [*problems, *wrong]


def _place(file: Path, mark: Any) -> Location:
    return Location(str(file), mark.line + 1, mark.column + 1) if mark else Location(str(file), 1, 1)
