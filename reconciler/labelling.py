"""Use cases for the pictures of an app: add some, and read what people and workflows say of them.

    add: gather -> post (many at a time) -> wait        annotations: list -> filter

Receives an `Api` and returns values, like `pipeline`. Does not know manifests: an input that is declared is made by
`apply`.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.address import Scope
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.kind import Attachment, user_app
from reconciler.core.labels import STATUSES, Added, AddStatus, Annotation, Annotations, Label, status_word
from reconciler.core.remote import Api, ApiError, NotFound, OutcomeUnknown, items
from reconciler.kinds import input as inputs
from reconciler.stages.batch import MOST_BYTES

LONGEST_ID = 48


# --- what to add -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Something to add: a file or an address, and the id that it will have."""

    name: str
    id: str

    @property
    def is_url(self) -> bool:
        """Whether the service fetches it itself."""
        return is_url(self.name)

    @property
    def size(self) -> int:
        """Bytes that are sent."""
        return 0 if self.is_url else os.path.getsize(self.name)


def is_url(text: str) -> bool:
    """Whether a word of the command line is an address on the web."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


def gather(words: Sequence[str], *, id_from_name: bool = False) -> list[Source]:
    """Every file and address; of a folder the pictures, texts, films and sounds beneath it, by name.

    Ids are ours from the start, so that a lost reply makes nothing twice. Raises ReconcilerError for what is not there.
    """
    names = [name for word in words for name in _names(word)]
    if not names:
        raise ReconcilerError(f"nothing to add in {', '.join(words)}", hint=f"known endings: {', '.join(_endings())}")
    if not id_from_name:
        return [Source(name, uuid.uuid4().hex) for name in names]
    sources = [Source(name, _id_of(name)) for name in names]
    seen: dict[str, str] = {}
    for source in sources:
        if seen.setdefault(source.id, source.name) != source.name:
            raise ReconcilerError(f"{seen[source.id]} and {source.name} would both be {source.id!r}")
    return sources


def _endings() -> list[str]:
    return [ending for endings in inputs.MEDIA.values() for ending in endings]


def _names(word: str) -> Iterator[str]:
    if is_url(word):
        yield word
    elif os.path.isdir(word):
        for folder, inner, files in os.walk(word):
            inner.sort()
            yield from (os.path.join(folder, file) for file in sorted(files) if _is_wanted(file))
    elif not os.path.isfile(word):
        raise ReconcilerError(f"{word}: there is no such file or folder")
    elif inputs.medium(word) is None:
        raise ReconcilerError(f"{word}: what is it?", hint=f"known endings: {', '.join(_endings())}")
    else:
        yield word


def _is_wanted(file: str) -> bool:
    return not file.startswith(".") and inputs.medium(file) is not None


def _id_of(name: str) -> str:
    """The name without folder and ending, in the letters that every id may have."""
    bare = os.path.basename(name.partition("?")[0].rstrip("/")).rpartition(".")
    text = re.sub(r"[^A-Za-z0-9]+", "-", bare[0] or bare[2]).strip("-")
    if not text:
        raise ReconcilerError(f"{name} has no letter that an id could be made of")
    return text[:LONGEST_ID].strip("-")


# --- adding ----------------------------------------------------------------------------------------------------------

Told = Callable[[Added], None]


@dataclass(frozen=True)
class Adding:
    """How inputs are added: which labels they get, and how long they are waited for."""

    api: Api
    scope: Scope
    told: Told
    """Hears of each input once it is settled."""
    concepts: Mapping[str, float]
    wait: bool = True
    timeout: float = 600.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def __call__(self, sources: Sequence[Source]) -> tuple[Added, ...]:
        """Add them all, many at a time; what fails is told and does not stop the rest."""
        ends: dict[str, Added] = {}
        taken: list[Source] = []
        for some in _batches(sources):
            taken += self._post(some, ends, first=not taken)
        if self.wait:
            self._await(taken, ends)
        else:
            for source in taken:
                self._end(source, AddStatus.PENDING, "", ends)
        return tuple(ends[source.id] for source in sources)

    def _end(self, source: Source, status: AddStatus, message: str, ends: dict[str, Added]) -> None:
        ends[source.id] = Added(source.name, source.id, status, message)
        self.told(ends[source.id])

    def _post(self, sources: list[Source], ends: dict[str, Added], *, first: bool) -> list[Source]:
        """One request; those that were taken. Each has a status of its own in the reply.

        Raises the error of a request that was refused as a whole, as long as nothing was added.
        """
        wanted: dict[str, Any] = {}
        for source in sources:
            try:
                wanted[source.id] = self._input(source)
            except (OSError, UnicodeDecodeError) as unusable:
                self._end(source, AddStatus.FAILED, getattr(unusable, "strerror", None) or "not UTF-8", ends)
        left = [source for source in sources if source.id in wanted]
        shown, problem = self._send([wanted[source.id] for source in left]) if left else ({}, None)
        if problem is not None and first and not shown:
            raise _absent(self.scope) if isinstance(problem, NotFound) else problem
        taken = []
        for source in left:
            status = shown.get(source.id)
            if status is not None and status.code in inputs.READY | inputs.WAITING:
                taken.append(source)
            else:
                self._end(source, AddStatus.FAILED, _words(status) if status is not None else str(problem), ends)
        return taken

    def _send(self, wanted: list[Any], *, again: bool = True) -> tuple[dict[str, Any], ApiError | None]:
        """(status by id, what went wrong as a whole); a lost reply is looked into, and what is not there sent again."""
        problem: ApiError | None = None
        try:
            reply: Any = self.api.call("PostInputs", user_app_id=user_app(self.scope), inputs=wanted)
        except ApiError as raised:
            problem, reply = raised, raised.reply
        shown = {each.id: each.status for each in getattr(reply, "inputs", ())}
        if isinstance(problem, OutcomeUnknown) and not shown and again:
            there = self._statuses([each["id"] for each in wanted])
            rest = [each for each in wanted if each["id"] not in there]
            shown, problem = self._send(rest, again=False) if rest else ({}, None)
            shown |= there
        return shown, problem

    def _input(self, source: Source) -> dict[str, Any]:
        concepts = [{"id": name, "value": value} for name, value in self.concepts.items()]
        if source.is_url:
            kind = inputs.medium(source.name.partition("?")[0]) or "image"
            data: dict[str, Any] = {kind: {"url": source.name, "allow_duplicate_url": True}}
        else:
            with open(source.name, "rb") as stream:
                data = inputs.content(Attachment(source.name, stream.read()))
        return {"id": source.id, "data": {**data, "concepts": concepts}}

    def _await(self, sources: Sequence[Source], ends: dict[str, Added]) -> None:
        waiting = {source.id: source for source in sources}
        started, pause = self.clock(), 0.2
        while waiting:
            for name, status in self._statuses(list(waiting)).items():
                if status.code in inputs.WAITING:
                    continue
                ready = status.code in inputs.READY
                # A picture may be ready although the workflow failed on it: then the status says so.
                said = status.details if ready else _words(status)
                self._end(waiting.pop(name), AddStatus.PROCESSED if ready else AddStatus.FAILED, said, ends)
            if waiting and self.clock() - started > self.timeout:
                for source in waiting.values():
                    self._end(source, AddStatus.PENDING, f"not processed after {self.timeout:.0f} s", ends)
                return
            if waiting:
                self.sleep(pause)
                pause = min(pause * 1.5, 5.0)

    def _statuses(self, ids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(ids), inputs.MOST):
            some = ids[start : start + inputs.MOST]
            reply: Any = self.api.call(
                "ListInputs", user_app_id=user_app(self.scope), ids=some, page=1, per_page=len(some)
            )
            found |= {each.id: each.status for each in reply.inputs}
        return found


def _absent(scope: Scope) -> ReconcilerError:
    return ReconcilerError(f"there is no app {scope}", hint="is it spelled as its id, and may this token see it?")


def _batches(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """As many as one request takes, in number and in bytes."""
    some: list[Source] = []
    total = 0
    for source in sources:
        if some and (len(some) == inputs.MOST or total + source.size > MOST_BYTES):
            yield some
            some, total = [], 0
        some.append(source)
        total += source.size
    if some:
        yield some


def _words(status: Any) -> str:
    details = f": {status.details}" if status.details and status.details != status.description else ""
    return f"{status.code} {status.description}{details}"


# --- annotations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which annotations; nothing given means all of them."""

    statuses: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    mine: bool = True
    """Only those of the app's owner: what a person or a workflow said in this name; else also what models put out."""


def find_annotations(api: Api, scope: Scope, wanted: Wanted) -> Annotations:
    """The annotations of an app that carry concepts, oldest first. Only reads."""
    fields: dict[str, Any] = {"user_app_id": user_app(scope), "list_all_annotations": True}
    fields |= {"user_ids": [scope.user_id]} if wanted.mine else {"return_model_output": True}
    fields["statuses"] = [{"code": STATUSES[word]} for word in wanted.statuses]
    fields["input_ids"] = list(wanted.inputs)
    try:
        found = [_annotation(each) for each in items(api, "ListAnnotations", **fields)]
    except NotFound:
        raise _absent(scope) from None
    kept = [each for each in found if each.labels and _carries(each.labels, wanted.concepts)]
    return Annotations(scope, tuple(sorted(kept, key=lambda each: (each.created, each.input_id, each.id))))


def _carries(labels: Iterable[Label], concepts: Sequence[str]) -> bool:
    return not concepts or any(label.concept in concepts for label in labels)


def _annotation(message: Any) -> Annotation:
    labels = [Label(c.id, round(c.value, 4)) for c in message.data.concepts]
    labels += [Label(c.id, round(c.value, 4), True) for region in message.data.regions for c in region.data.concepts]
    made = message.created_at.ToDatetime().replace(microsecond=0).isoformat() + "Z"
    who = message.user_id or message.worker.user.id or f"model {message.model_version_id[:8]}"
    return Annotation(message.id, message.input_id, tuple(labels), status_word(message.status.code), who, made)
