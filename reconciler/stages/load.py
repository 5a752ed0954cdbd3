"""Manifest files -> declarations with positions, and every problem of every file at once.

One pass over the events of PyYAML's parser. Never its loader: the C loader recurses and can be crashed by nesting, the
parser keeps its stack on the heap; and a loader would guess types (`no`, `0123`, `12:30`) that only a field knows.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import yaml
from yaml import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.core.assembly import FORBIDDEN, Assembly, Limits, StopReading
from reconciler.core.declaration import Declaration, Node, Scalar, let_go
from reconciler.core.diagnostics import Diagnostic, Location, error, warning
from reconciler.core.envelope import read_document
from reconciler.core.scalars import quoted
from reconciler.core.sdk_workflow import merge_inline

FILE_BYTES = 16 * 1024 * 1024

_SUFFIXES = (".yaml", ".yml", ".json")
_SETTINGS = ("reconciler.yaml", "reconciler.yml")
# Ours, and those that only steer kustomize.
_NOT_MANIFESTS = (*_SETTINGS, "kustomization.yaml", "kustomization.yml")

_OUTPUT = re.compile(rb'\s*\{\s*"format_version"')

# `Any`: the C class exists only where libyaml does, and type checkers know neither its constructor nor its events.
_PARSER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_COLLECTION_TAGS = ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_NEXT_DOCUMENT = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_MOST_DIRECTIVES = 64
_MOST_SYNTAX_ERRORS = 20
# By the character at which the parser gave up.
_ADVICE = {
    "\t": "indent with spaces; YAML allows no tabs there",
    ":": "quote a value that contains ': ', or indent this line like those it belongs to",
    "@": "quote a value that begins with @",
    "`": "quote a value that begins with `",
    "%": "quote a value that begins with %",
    "": "a quote, brace or bracket is not closed",
}
_SURROGATE_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


def load(
    files: Sequence[str], problems: list[Diagnostic], *, stdin: TextIO | BinaryIO | None = None
) -> Iterator[Declaration]:
    """What each of the files (`-` is standard input) declares; not yet compared with what others of them do.

    File after file, since a document takes ten times the memory of what it is made into. What is wrong is added to
    `problems` as it is found.
    """
    for path in files:
        content = content_of(path, stdin, problems)
        if content is not None:
            found, wrong = parse(content, _shown(path))
            problems += wrong
            yield from let_go(found)


def parse(text: bytes, file: str, limits: Limits | None = None) -> tuple[list[Declaration], list[Diagnostic]]:
    """The declarations and the problems of one file's content; raises for no content whatever."""
    limits = limits or Limits()
    problems: list[Diagnostic] = []
    declarations: list[Declaration] = []
    assembly = Assembly(file, problems, limits)
    try:
        for root in _documents(_decode(text, file), file, assembly, problems):
            declarations += read_document(root, problems)
            assembly.stop_if_too_many(root.location)
    except StopReading as stop:
        problems.append(stop.problem)
    return list(merge_inline(declarations, problems)), problems


# ---- files


def manifest_files(paths: Sequence[str | Path], settings: str | None = None) -> tuple[list[str], list[Diagnostic]]:
    """The files to load, each once: those named and, of folders, those beneath them, in the order of their paths.

    Also what is wrong with the paths. `settings` is the settings file in force, empty if there is none: of others in
    the folders it is said that they are not read.
    """
    problems: list[Diagnostic] = []
    return list(_without_repeats(_find(paths, problems, settings))), problems


def _find(paths: Sequence[str | Path], problems: list[Diagnostic], settings: str | None) -> Iterator[str]:
    """The files to read; of a folder those whose name says YAML or JSON, in the order of their paths."""
    for path in map(str, paths):
        if path == "-" or not os.path.isdir(path):
            yield path
            continue
        inside = sorted(_walk(path, problems, settings), key=lambda found: found.split(os.sep))
        if not inside:
            hint = f"looked for {', '.join(_SUFFIXES)}; `reconciler init` writes some to begin with"
            problems.append(_at_file(path, "the folder holds no manifests", hint=hint))
        yield from inside


def _walk(top: str, problems: list[Diagnostic], settings: str | None) -> Iterator[str]:
    """Manifest files beneath a folder; links are followed, each real folder is visited once."""
    visited = set()
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            identity = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as problem:
            problems.append(_unreadable(folder, problem))
            continue
        if (identity.st_dev, identity.st_ino) in visited:
            continue
        visited.add((identity.st_dev, identity.st_ino))
        visible = [_join(folder, entry.name) for entry in entries if not entry.name.startswith(".")]
        folders += [path for path in reversed(visible) if os.path.isdir(path)]
        yield from filter(_is_manifest, visible)
        if settings is not None:
            problems += map(_overlooked, filter(lambda path: _is_unread(path, settings), visible))


def _is_unread(path: str, settings: str) -> bool:
    return os.path.basename(path) in _SETTINGS and not (settings and _identity(path) == _identity(settings))


def _overlooked(path: str) -> Diagnostic:
    """Rails, a lock, rules for drift: who wrote them relies on them."""
    folder, name = os.path.split(path)
    if name != _SETTINGS[0]:
        return warning("these settings are not read", Location(_shown(path), 1, 1), hint=f"name it {_SETTINGS[0]}")
    summary = "these settings are not read: they lie neither beside the first PATH nor in the current folder"
    hint = f"give {_shown(folder)} as the first PATH, or move the file"
    return warning(summary, Location(_shown(path), 1, 1), hint=hint)


def _is_manifest(path: str) -> bool:
    """By name; a broken link counts (reading it is then a problem), a pipe or device does not (it may never end)."""
    name = os.path.basename(path)
    named = name.endswith(_SUFFIXES) and name not in _NOT_MANIFESTS
    return named and (os.path.isfile(path) or not os.path.exists(path)) and not _is_report(path)


def _is_report(path: str) -> bool:
    """A saved plan or another JSON output of ours, kept beside the manifests."""
    if not path.endswith(".json"):
        return False
    try:
        with open(path, "rb") as file:
            return _OUTPUT.match(file.read(256)) is not None
    except OSError:
        return False


def _join(folder: str, name: str) -> str:
    return name if folder == "." else os.path.join(folder, name)


def _without_repeats(paths: Iterator[str]) -> Iterator[str]:
    """Each file once, whatever path leads to it: it would otherwise declare everything twice."""
    seen = set()
    for path in paths:
        identity = _identity(path)
        if identity not in seen:
            seen.add(identity)
            yield path


def _identity(path: str) -> object:
    try:
        found = os.stat(path) if path != "-" else None
    except (OSError, ValueError):
        return path
    return (found.st_dev, found.st_ino) if found else path


def content_of(path: str, stdin: TextIO | BinaryIO | None, problems: list[Diagnostic]) -> bytes | None:
    """The content of a file, or None and a problem; never more of it than the cap and one byte."""
    try:
        content = _read_stdin(stdin or sys.stdin) if path == "-" else _read_file(path)
    except (OSError, ValueError) as problem:
        problems.append(_unreadable(path, problem))
        return None
    if len(content) > FILE_BYTES:
        problems.append(_at_file(path, f"the file is larger than {FILE_BYTES // 1024**2} MiB", hint="split it"))
        return None
    return content


def _read_stdin(stdin: TextIO | BinaryIO) -> bytes:
    # The bytes beneath a text stream: it may have been opened with another encoding than UTF-8.
    content = getattr(stdin, "buffer", stdin).read(FILE_BYTES + 1)
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(FILE_BYTES + 1)


def _unreadable(path: str, problem: OSError | ValueError) -> Diagnostic:
    if isinstance(problem, FileNotFoundError):
        return _at_file(path, "no such file or folder")
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return _at_file(path, f"cannot be read: {reason}")


def _at_file(path: str, summary: str, *, hint: str | None = None) -> Diagnostic:
    return error(summary, Location(_shown(path), 1, 1), hint=hint)


def _shown(path: str) -> str:
    """The path as it was given; bytes that are no text (Python keeps them as surrogates) escaped, so that it prints."""
    return "<stdin>" if path == "-" else path.encode("utf-8", "backslashreplace").decode()


# ---- text


def _decode(content: bytes, file: str) -> str:
    """Strict UTF-8, with or without a byte order mark, and nothing in it that a terminal would obey."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4]:
        summary = "the file is UTF-16 or UTF-32, and manifests are UTF-8"
        raise StopReading(error(summary, Location(file, 1, 1), hint="save it as UTF-8"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = content[: problem.start].decode("utf-8-sig", "replace")
        hint = "save it as UTF-8"
        raise StopReading(error("the file is not UTF-8", _place(before, file), hint=hint)) from None
    if bad := FORBIDDEN.search(text):
        summary = f"the character U+{ord(bad[0]):04X} is not allowed in a manifest"
        raise StopReading(error(summary, _place(text[: bad.start()], file)))
    # JSON writes what lies beyond U+FFFF as two escapes, YAML as one; both mean the same character.
    return _SURROGATE_PAIR.sub(_one_escape, text) if file.endswith(".json") else text


def _place(before: str, file: str) -> Location:
    """Where the text that follows `before` stands."""
    return Location(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _one_escape(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


# ---- YAML


def _documents(text: str, file: str, assembly: Assembly, problems: list[Diagnostic]) -> Iterator[Node]:
    """The documents of a file; after a syntax error reading goes on at the next `---`, which can stand in no scalar."""
    _check_directives(text, file)
    line = 1
    for _ in range(_MOST_SYNTAX_ERRORS):
        try:
            yield from _assemble(_PARSER(text), file, line, assembly)
            return
        except (yaml.YAMLError, ValueError, RecursionError) as problem:
            mark = getattr(problem, "problem_mark", None)
            index = mark.index if mark else len(text)
            problems.append(_syntax_error(problem, text, file, line))
        following = _NEXT_DOCUMENT.search(text, max(index, 1))
        if not following:
            return
        line += text.count("\n", 0, following.start())
        text = text[following.start() :]


def _check_directives(text: str, file: str) -> None:
    """Refuse many `%` lines: libyaml compares each %TAG with all others, so a file of them would take hours."""
    if text.count("\n%") < _MOST_DIRECTIVES:
        return
    found = [line.start() for line, _ in zip(_DIRECTIVE.finditer(text), range(_MOST_DIRECTIVES + 1), strict=False)]
    if len(found) > _MOST_DIRECTIVES:
        raise StopReading(error(f"more than {_MOST_DIRECTIVES} lines begin with %", _place(text[: found[-1]], file)))


def _assemble(parser: Any, file: str, line: int, assembly: Assembly) -> Iterator[Node]:
    """Events to nodes. The order of the branches is that of their frequency: this is the loop where the time goes."""
    get_event, scalar = parser.get_event, assembly.scalar
    while (event := get_event()) is not None:
        kind, mark = type(event), event.start_mark
        if kind is ScalarEvent:
            style = event.style
            plain = not style if event.tag is None and style != '"' else _is_plain(event, file, line, assembly)
            scalar(event.value, plain, mark.line + line, mark.column + 1, event.anchor)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.tag is not None:
                _check_tag(event.tag, _COLLECTION_TAGS, _location(mark, file, line), assembly)
            assembly.open(kind is MappingStartEvent, mark.line + line, mark.column + 1, event.anchor)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            assembly.close()
        elif kind is AliasEvent:
            assembly.alias(event.anchor, mark.line + line, mark.column + 1)
        elif kind is DocumentStartEvent:
            assembly.begin()
        elif kind is DocumentEndEvent:
            root = assembly.take()
            if root is not None and not (isinstance(root, Scalar) and root.is_null):
                yield root


def _location(mark: Any, file: str, line: int) -> Location:
    return Location(file, mark.line + line, mark.column + 1)


def _is_plain(event: Any, file: str, line: int, assembly: Assembly) -> bool:
    """Whether a scalar's text may mean something else than text: no quotes, and no tag that says so."""
    place = _location(event.start_mark, file, line)
    if event.style == '"' and (bad := FORBIDDEN.search(event.value)):
        assembly.report(f"the character U+{ord(bad[0]):04X} is not allowed in a manifest", place)
    if event.tag is None:
        return not event.style
    _check_tag(event.tag, _TEXT_TAGS, place, assembly)
    return False


def _check_tag(tag: str, known: tuple[str, ...], place: Location, assembly: Assembly) -> None:
    if tag not in known:
        shown = quoted(tag.replace("tag:yaml.org,2002:", "!!"))
        hint = "write the plain value; the field it stands in decides its type"
        assembly.report(f"the tag {shown} is not read", place, hint)


def _syntax_error(problem: Exception, text: str, file: str, line: int) -> Diagnostic:
    """What libyaml found, with advice."""
    mark = getattr(problem, "problem_mark", None)
    if mark is None:
        return error(f"not valid YAML: {problem}", Location(file, line, 1))
    found, context = getattr(problem, "problem", None), getattr(problem, "context", None)
    hint = _about_block(problem, line) or _ADVICE.get(text[mark.index : mark.index + 1])
    place = _location(mark, file, line)
    return error(f"not valid YAML: {' '.join(filter(None, (context, found)))}", place, hint=hint)


def _about_block(problem: Exception, line: int) -> str | None:
    """Where that begins which the parser could not go on with."""
    mark, context = getattr(problem, "context_mark", None), getattr(problem, "context", None) or ""
    if mark is None:
        return None
    if context.startswith("while parsing a block"):
        return f"indent this line like those it belongs to; the block begins in line {mark.line + line}"
    if context.startswith("while parsing a flow"):
        return f"the brace or bracket of line {mark.line + line} is not closed, or a comma is missing"
    return None
