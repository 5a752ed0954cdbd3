"""PostInputs: take new inputs in, each with a status of its own, and queue them.

Belongs here: which inputs are taken, their ids, duplicates, their first annotation. Not here: downloading and running
the default workflow (`emulator/processing.py`). Facts 3.9, 7.1.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2 as codes

from reconciler.emulator import downloads, ids, image_info, media, work
from reconciler.emulator.access import Scope
from reconciler.emulator.context import Call
from reconciler.emulator.errors import Refusal
from reconciler.emulator.operations import annotation_views, batches, datasets, input_jobs, input_views, labels
from reconciler.emulator.store import Row

Input = resources_pb2.Input
Conflicts = resources_pb2.InputIDConflictResolution

LARGEST_IMAGE: Final = 20_000_000  # facts 9, as is the next
LARGEST_VIDEO: Final = 10_000_000
_SUFFIXES: Final = range(1, 10)


def post_inputs(call: Call, request: service_pb2.PostInputsRequest) -> service_pb2.MultiInputResponse:
    """Take inputs in; they are pending until they are downloaded and the default workflow has run on them."""
    scope = call.writable(request.user_app_id)
    batches.check("inputs", len(request.inputs), codes.INPUT_INVALID_REQUEST)
    post = _Post(call, scope, request)
    shown, refused = [], []
    for sent in request.inputs:
        answer, refusal = post.take(sent)
        shown.append(answer)
        refused.append(refusal)
    reply = service_pb2.MultiInputResponse(status=batches.top(refused), inputs=shown)
    if request.inputs_add_job_id:
        failed = sum(each is not None for each in refused)
        job = input_jobs.add(call, scope, request.inputs_add_job_id, accepted=len(refused) - failed, refused=failed)
        reply.inputs_add_job.CopyFrom(input_jobs.render(call, job))
    call.memory.wake.set()
    return reply


class _Post:
    """One PostInputs call: its app, its rules, the ids it has used so far."""

    def __init__(self, call: Call, scope: Scope, request: service_pb2.PostInputsRequest) -> None:
        self._call, self._scope, self._request = call, scope, request
        self._used: set[str] = set()

    def take(self, sent: Input) -> tuple[Input, Refusal | None]:
        """Store one input, or echo it with the status that says why not."""
        try:
            return input_views.render(self._call, self._store(sent)), None
        except Refusal as refusal:
            echo = Input(id=sent.id, data=sent.data)
            for field in ("image", "video", "audio"):
                if echo.data.HasField(field):
                    getattr(echo.data, field).ClearField("base64")
            input_views.set_status(echo, refusal.code, refusal.details)
            return echo, refusal

    def _store(self, sent: Input) -> Row:
        call, scope = self._call, self._scope
        message = Input(data=sent.data)
        _check_data(message)
        identifier = self._identify(sent.id)
        links = [datasets.target(datasets.find(call, scope, each).key.id) for each in sent.dataset_ids]
        links += self._address(message)
        labels.settle(call, scope, message.data)
        links += [*self._accept(message), *self._job()]
        input_views.set_status(message, input_views.PENDING)
        now = call.store.tick()
        row = call.insert(
            scope.key(input_views.KIND, identifier), message.SerializeToString(), created=now,
            name=str(input_views.PENDING), links=tuple(links),
        )  # fmt: skip
        annotation_views.insert_input_level(call, scope, identifier, now)
        self._used.add(identifier)
        return row

    def _job(self) -> list[str]:
        return [input_jobs.mark(self._request.inputs_add_job_id)] if self._request.inputs_add_job_id else []

    def _identify(self, sent: str) -> str:
        """The id to store an input under; a taken one is a duplicate unless it may get a suffix (facts 3.9)."""
        if not sent:
            return ids.new_id()
        ids.check("input", sent, longest=self._call.switches.longest_id)
        if not self._taken(sent):
            return sent
        if self._request.input_id_conflict_resolution != Conflicts.SUFFIX or sent in self._used:
            raise Refusal(codes.INPUT_DUPLICATE, f"duplicate: input {sent} already exists")
        tries = (f"{sent}-{number}" for number in _SUFFIXES)
        return next((each for each in tries if not self._taken(each)), f"{sent}-{uuid.uuid4().hex[:8]}")

    def _taken(self, identifier: str) -> bool:
        return self._call.store.get(self._scope.key(input_views.KIND, identifier)) is not None

    def _address(self, message: Input) -> list[str]:
        """What an input posted by URL points at; a URL the app has already is refused unless allowed."""
        found = []
        for field in input_views.MEDIA_FIELDS:
            shown = getattr(message.data, field)
            if message.data.HasField(field) and shown.url:
                found.append(_url_target(shown.url))
                if not shown.allow_duplicate_url and self._known(found[-1]):
                    raise Refusal(codes.INPUT_DUPLICATE, f"duplicate: an input with the URL {shown.url} already exists")
        return found

    def _known(self, target: str) -> bool:
        scope = self._scope
        return bool(self._call.store.count_linked(target, scope.user, scope.app, input_views.KIND))

    def _accept(self, message: Input) -> list[str]:
        """Put the bytes away and say what is to be done next."""
        links = [work.RUN]
        for field in input_views.MEDIA_FIELDS:
            if message.data.HasField(field):
                links += self._accept_medium(getattr(message.data, field), field)
        if work.DOWNLOAD in links:
            links.remove(work.RUN)
        return links

    def _accept_medium(self, shown: Any, field: str) -> list[str]:
        if field == "image":
            shown.image_info.format = image_info.UNKNOWN
        if field == "text" and shown.raw:
            shown.text_info.char_count = len(shown.raw)
            return self._copied(shown, field, media.put(self._call.store, shown.raw.encode()))
        own = media.digest_in(shown.url)
        own = own if own and media.get(self._call.store, own) is not None else ""
        if not (own or (field != "text" and shown.base64)):
            return [work.DOWNLOAD]
        digest = own or media.put(self._call.store, shown.base64)
        if field != "text":
            shown.ClearField("base64")
        return self._copied(shown, field, digest)

    def _copied(self, shown: Any, field: str, digest: str) -> list[str]:
        shown.hosted.CopyFrom(media.hosted(self._scope.user, self._scope.app, field, digest))
        return [media.target(digest)]


def _url_target(url: str) -> str:
    return f"url:{hashlib.sha256(url.encode()).hexdigest()}"


def _check_data(message: Input) -> None:
    """Refuse what can never become an input: 30104, 30105, 30106."""
    if not input_views.kind_of(message):
        raise Refusal(codes.INPUT_INVALID_ARGUMENT, "the input has no image, video, audio or text")
    for field in input_views.MEDIA_FIELDS:
        if message.data.HasField(field):
            _check_medium(getattr(message.data, field), field)


def _check_medium(shown: Any, field: str) -> None:
    content = shown.raw if field == "text" else shown.base64
    if content and media.digest_in(shown.url):
        shown.ClearField("url")  # an input that was read and is posted again
    if bool(content) == bool(shown.url):
        words = "raw" if field == "text" else "base64"
        raise Refusal(codes.INPUT_INVALID_ARGUMENT, f"the {field} needs either a url or {words}")
    if field == "image" and len(content) >= LARGEST_IMAGE:
        raise Refusal(codes.INPUT_OVER_LIMIT, f"the image has {len(content)} bytes, it must be smaller than 20 MB")
    if field == "video" and len(content) > LARGEST_VIDEO:
        raise Refusal(codes.INPUT_OVER_LIMIT, f"the video has {len(content)} bytes, by bytes it may have 10 MB")
    if shown.url:
        try:
            downloads.check(shown.url)
        except downloads.DownloadFailed as failure:
            raise Refusal(failure.code, failure.details) from None
