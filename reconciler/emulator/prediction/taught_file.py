"""Read a file of taught answers and report everything that is wrong with it at once, each with its place.

Belongs here: the file's form. Not here: what the answers are for (`taught.py`, which also shows the form).
The YAML is walked as nodes, not as values: nodes know their line, and a repeated key is still visible.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from reconciler.emulator.prediction.interface import DIMENSIONS, Region, Score, best_first
from reconciler.emulator.prediction.names import concept_name
from reconciler.emulator.prediction.taught import Answer, Answers

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_SIDES: Final = ("top", "left", "bottom", "right")
MOST_TOLD: Final = 100
"""Problems that are worth reading at once."""


class TaughtFileError(Exception):
    """A file of taught answers that cannot be used: one problem a line, each as `file:line:column: text`."""

    def __init__(self, problems: list[str]) -> None:
        more = len(problems) - MOST_TOLD
        super().__init__("\n".join([*problems[:MOST_TOLD], *([f"... and {more} more"] if more > 0 else [])]))
        self.problems = problems


def read(file: Path) -> Answers:
    """The answers in a file, or a `TaughtFileError` with all that is wrong."""
    reader = _Reader(file)
    answers = reader.answers()
    if reader.problems:
        raise TaughtFileError(reader.problems)
    return answers


class _Reader:
    """One file being read: goes on after a problem, and leaves out what has one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.problems: list[str] = []

    def answers(self) -> Answers:
        by_sha256: dict[str, Answer] = {}
        by_url: dict[str, Answer] = {}
        root = self._root()
        for key, node in self._items(root, "a picture") if root else ():
            answer = self._answer(node)
            if _URL.fullmatch(key.value):
                by_url[key.value] = answer
            elif (sha256 := self._sha256(key)) in by_sha256:
                self._problem(key, f"{key.value} is a picture that was taught above")
            elif sha256:
                by_sha256[sha256] = answer
        return Answers(by_sha256, by_url)

    def _root(self) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(self._file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._say(mark, str(error.problem or error))
        except (OSError, UnicodeError, yaml.YAMLError, RecursionError) as error:
            self._say(None, getattr(error, "strerror", None) or str(error))
        else:
            return root
        return None

    def _sha256(self, key: yaml.ScalarNode) -> str:
        if _SHA256.fullmatch(key.value):
            return str(key.value).lower()
        try:
            return hashlib.sha256((self._file.parent / key.value).read_bytes()).hexdigest()
        except (OSError, ValueError):
            self._problem(key, f"{key.value} is no URL, no SHA-256 in hex, and no file that can be read")
            return ""

    # -- an answer --------------------------------------------------------------------------------------------

    def _answer(self, node: yaml.Node) -> Answer:
        parts = self._fields(node, "an answer", ("concepts", "embedding", "faces"))
        return Answer(
            self._scores(parts["concepts"]) if "concepts" in parts else None,
            self._embedding(parts["embedding"]) if "embedding" in parts else None,
            tuple(map(self._face, self._list(parts["faces"], "faces"))) if "faces" in parts else None,
        )

    def _scores(self, node: yaml.Node) -> tuple[Score, ...]:
        scores: dict[str, float] = {}
        for key, value in self._items(node, "a concept"):
            name = concept_name(key.value)
            if name in scores:
                self._problem(key, f"{key.value} is the concept {name}, which was scored above")
            scores[name] = self._number(value, "a score", 0, 1)
        return tuple(best_first(Score(name, value) for name, value in scores.items()))

    def _embedding(self, node: yaml.Node) -> tuple[float, ...]:
        values = [self._number(one, "a number of an embedding") for one in self._list(node, "an embedding")]
        length = math.hypot(*values)
        if len(values) > DIMENSIONS:
            self._problem(node, f"an embedding of {len(values)} numbers is longer than {DIMENSIONS}")
        elif not 0 < length < math.inf:
            self._problem(node, "an embedding needs a number other than 0")
        return tuple(value / (length or 1) for value in values) + (0.0,) * (DIMENSIONS - len(values))

    def _face(self, node: yaml.Node) -> Region:
        parts = self._fields(node, "a face", (*_SIDES, "concepts"))
        if missing := [side for side in _SIDES if side not in parts]:
            self._problem(node, f"a face needs {', '.join(missing)}")
        top, left, bottom, right = (self._number(parts[s], s, 0, 1) if s in parts else 0.0 for s in _SIDES)
        if not missing and not (top < bottom and left < right):
            self._problem(node, "a face needs top < bottom and left < right")
        return Region(top, left, bottom, right, self._scores(parts["concepts"]) if "concepts" in parts else ())

    # -- the forms of YAML ------------------------------------------------------------------------------------

    def _items(self, node: yaml.Node, what: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._problem(node, f"expected a mapping with {what} as key")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                self._problem(key, f"{what} must be a text")
            elif key.value in seen:
                self._problem(key, f"{key.value} is here twice")
            else:
                seen.add(key.value)
                yield key, value

    def _fields(self, node: yaml.Node, what: str, allowed: tuple[str, ...]) -> dict[str, yaml.Node]:
        items = list(self._items(node, f"the parts of {what}"))
        for key, _ in items:
            if key.value not in allowed:
                self._problem(key, f"{what} has no {key.value}, only {', '.join(allowed)}")
        return {key.value: value for key, value in items if key.value in allowed}

    def _list(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._problem(node, f"{what}: expected a list")
        return []

    def _number(self, node: yaml.Node, what: str, low: float = -math.inf, high: float = math.inf) -> float:
        try:
            value = float(node.value) if isinstance(node, yaml.ScalarNode) else math.nan
        except ValueError:
            value = math.nan
        if math.isfinite(value) and low <= value <= high:
            return value
        bounds = "" if high == math.inf else f" from {low} to {high}"
        self._problem(node, f"{what} must be a number{bounds}")
        return 0.0

    def _problem(self, node: yaml.Node, text: str) -> None:
        self._say(node.start_mark, text)

    def _say(self, mark: yaml.Mark | None, text: str) -> None:
        place = f"{self._file}:{mark.line + 1}:{mark.column + 1}" if mark else str(self._file)
        self.problems.append(f"{place}: {text}")
