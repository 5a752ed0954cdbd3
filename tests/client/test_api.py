"""Calls on a real socket: what is sent, how often, and what comes of each end."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from reconciler.client.api import GrpcApi, ReadOnlyApi, request_id_prefix
from reconciler.client.channel import Target, open_channel
from reconciler.client.limiter import Limiter
from reconciler.core.diagnostics import AuthenticationFailed
from reconciler.core.remote import (
    AlreadyExists,
    ApiBusy,
    ApiError,
    ApiRefused,
    NotAuthorised,
    NotFound,
    OutcomeUnknown,
    Unreachable,
    WriteAttempted,
    items,
)
from reconciler.core.secret import Secret

WRITES = ["PostModels", "PostModelVersions", "PatchModels", "DeleteModel", "PostConceptRelations"]


def test_a_success_is_the_reply(api, service):
    service.answers("GetModel", service.replies("GetModel", model={"id": "m"}))
    reply = api.call("GetModel", user_app_id={"user_id": "me", "app_id": "a"}, model_id="m")
    assert reply.model.id == "m"
    (request,) = service.requests["GetModel"]
    assert (request.user_app_id.app_id, request.model_id) == ("a", "m")


def test_the_token_and_the_prefix_travel_in_the_metadata(api, service, token):
    service.answers("GetApp", service.replies("GetApp"))
    api.call("GetApp")
    (metadata,) = service.metadata
    assert metadata["authorization"] == f"Key {token}"
    assert metadata["x-clarifai-request-id-prefix"] == request_id_prefix()
    assert request_id_prefix().startswith("reconciler-")


def test_every_call_has_a_deadline(api, service):
    remaining = []
    reply = service.replies("GetApp")
    service.answers("GetApp", lambda request, context: remaining.append(context.time_remaining()) or reply(0, 0))
    api.call("GetApp")
    assert 25 < remaining[0] < 31, "what travels is rounded up a little"


@pytest.mark.parametrize(
    ("rpc", "code", "details", "error", "exit_code"),
    [
        ("GetModel", 21200, "Model does not exist", NotFound, 1),
        ("PostModels", 11101, "Resource does not exist", NotFound, 1),
        ("PostConcepts", 40003, "concept has a duplicate id", AlreadyExists, 1),
        ("PostModels", 21202, "id already exists", AlreadyExists, 1),
        ("GetApp", 11008, "", NotAuthorised, 7),
        ("ListModels", 11007, "", NotAuthorised, 7),
        ("PostModels", 22107, "", ApiRefused, 1),
        ("GetApp", 11003, "", ApiBusy, 1),
        ("ListModels", 10010, "", ApiError, 1),
        ("PostInputs", 10010, "", OutcomeUnknown, 1),
    ],
)
def test_what_an_answer_becomes(api, service, rpc, code, details, error, exit_code):
    service.answers(rpc, service.replies(rpc, code, "Sorry", details))
    with pytest.raises(error) as failed:
        api.call(rpc)
    assert type(failed.value) is error
    assert (failed.value.rpc, failed.value.code, failed.value.details) == (rpc, code, details)
    assert (failed.value.request_id, failed.value.exit_code) == ("f" * 32, exit_code)
    assert failed.value.reply.status.code == code
    assert len(service.requests[rpc]) == 1


# ---- a write is sent once


@pytest.mark.parametrize("rpc", WRITES)
@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED"])
def test_a_write_whose_reply_is_lost_after_the_commit_is_executed_once(api, service, time, rpc, code):
    service.answers(rpc, service.aborts(code, "connection reset"))
    with pytest.raises(OutcomeUnknown) as failed:
        api.call(rpc)
    assert len(service.requests[rpc]) == 1
    assert failed.value.happened is None
    assert time.slept == [30.0], "the deadline is waited out, so that the caller can simply read again"


def test_a_write_that_is_answered_with_maybe_is_executed_once(api, service, time):
    service.answers("PostModelVersions", service.replies("PostModelVersions", 99009, "Internal error"))
    with pytest.raises(OutcomeUnknown, match="Internal error"):
        api.call("PostModelVersions")
    assert len(service.requests["PostModelVersions"]) == 1
    assert time.slept == [30.0]


def test_a_partly_done_write_brings_its_reply_at_once(api, service, time):
    service.answers("PostInputs", service.replies("PostInputs", 10010, inputs=[{"id": "i"}]))
    with pytest.raises(OutcomeUnknown) as failed:
        api.call("PostInputs")
    assert failed.value.reply.inputs[0].id == "i"
    assert not time.slept


def test_a_server_that_dies_under_a_write_leaves_it_unknown(serve, service, time):
    server = grpc.server(ThreadPoolExecutor(4), handlers=(service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    gone = threading.Event()

    def die(request, context):
        threading.Thread(target=lambda: (server.stop(None).wait(), gone.set())).start()
        gone.wait(5)

    service.answers("PostModelVersions", die)
    channel = open_channel(Target("127.0.0.1", port, tls=False))
    api = GrpcApi(channel, ("authorization", Secret("Key x")), limiter=Limiter(0), clock=time.clock, sleep=time.sleep)
    with pytest.raises(OutcomeUnknown):
        api.call("PostModelVersions")
    channel.close()
    assert len(service.requests["PostModelVersions"]) == 1


def test_a_write_that_outlives_its_deadline_is_unknown_and_executed_once(service, time):
    release, finished = threading.Event(), threading.Event()
    reply = service.replies("PostModels")

    def late(request, context):
        release.wait(5)
        finished.set()
        return reply(request, context)

    service.answers("PostModels", late)
    channel = open_channel(Target("127.0.0.1", service.port, tls=False))
    credential, free = ("authorization", Secret("Key x")), Limiter(0)
    api = GrpcApi(channel, credential, limiter=free, timeout=0.1, clock=time.clock, sleep=time.sleep)
    with pytest.raises(OutcomeUnknown, match="DEADLINE_EXCEEDED"):
        api.call("PostModels")
    assert time.slept == [0.1]
    release.set()
    assert finished.wait(5), "the service went on and did it, after its caller had gone"
    channel.close()
    assert len(service.requests["PostModels"]) == 1


def test_a_throttled_write_is_repeated_since_it_was_refused(api, service, time):
    busy, done = service.replies("PostModelVersions", 11005), service.replies("PostModelVersions")
    service.answers("PostModelVersions", busy, busy, service.aborts("RESOURCE_EXHAUSTED"), done)
    api.call("PostModelVersions")
    assert len(service.requests["PostModelVersions"]) == 4
    assert (api.traffic.retries, api.traffic.calls["PostModelVersions"]) == (3, 4)
    assert api.traffic.repeats == {("PostModelVersions", "throttled"): 3}
    assert api.traffic.throttled_seconds == pytest.approx(sum(time.slept))


def test_a_throttled_reply_slows_every_call_until_it_was_quiet_for_a_while(service, time):
    service.answers("ListModels", service.replies("ListModels", 11005), service.replies("ListModels"))
    with open_channel(Target("127.0.0.1", service.port, tls=False)) as channel:
        limiter = Limiter(10, clock=time.clock, sleep=time.sleep)
        credential = ("authorization", Secret("Key x"))
        api = GrpcApi(channel, credential, limiter=limiter, clock=time.clock, sleep=time.sleep)
        api.call("ListModels")
        assert 5 <= api.rate < 10
        began = time.now
        for _ in range(5):
            api.call("ListModels")
        assert time.now - began > 5 / 10 - 0.01
        time.now += 30
        assert api.rate == 10


# ---- a read is repeated


@pytest.mark.parametrize("code", ["DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN"])
def test_a_read_is_repeated_up_to_four_times(api, service, code):
    service.answers("GetApp", *[service.aborts(code)] * 3, service.replies("GetApp", app={"id": "a"}))
    assert api.call("GetApp").app.id == "a"
    assert api.traffic.repeats == {("GetApp", "lost"): 3}
    assert api.traffic.seconds == {"GetApp": [0.0] * 4}  # each attempt by itself, without the pauses between them


def test_grpc_repeats_a_read_once_by_itself(api, service):
    service.answers("GetApp", service.aborts("UNAVAILABLE"), service.replies("GetApp", app={"id": "a"}))
    assert api.call("GetApp").app.id == "a"
    assert (len(service.requests["GetApp"]), api.traffic.retries) == (2, 0)


def test_a_read_that_never_succeeds_ends(api, service):
    service.answers("GetApp", service.aborts("UNAVAILABLE"))
    with pytest.raises(Unreachable, match="after 4 attempts"):
        api.call("GetApp")
    assert len(service.requests["GetApp"]) == 8, "four of ours, each repeated once by gRPC"


def test_an_unknown_address_is_not_taken_for_an_absent_object(api, service):
    with pytest.raises(ApiRefused, match="UNIMPLEMENTED") as failed:
        api.call("GetApp")
    assert type(failed.value) is ApiRefused
    assert "--base" in failed.value.hint


# ---- pages


def models(*ids):
    return [{"id": name, "user_id": "u", "app_id": "a"} for name in ids]


def pages_of(service, rpc, field, *pages):
    service.answers(rpc, *[service.replies(rpc, **{field: page}) for page in pages], service.replies(rpc))


def test_a_list_ends_at_an_empty_page_only(api, service):
    pages_of(service, "ListModels", "models", models("a", "b"), models("c"), models("d", "e"))
    assert [[m.id for m in page] for page in api.pages("ListModels", user_app_id={"app_id": "a"})] == [
        ["a", "b"],
        ["c"],
        ["d", "e"],
    ]
    sent = service.requests["ListModels"]
    assert [(request.page, request.per_page, request.user_app_id.app_id) for request in sent] == [
        (1, 500, "a"),
        (2, 500, "a"),
        (3, 500, "a"),
        (4, 500, "a"),
    ]


def test_an_element_that_moved_to_the_next_page_comes_once(api, service):
    pages_of(service, "ListModels", "models", models("a", "b"), models("b", "c"), models("c"))
    assert [m.id for m in items(api, "ListModels")] == ["a", "b", "c"]


def test_one_id_in_two_apps_is_two_elements(api, service):
    pages_of(service, "ListModels", "models", [{"id": "m", "app_id": "a"}, {"id": "m", "app_id": "b"}])
    assert [m.app_id for m in items(api, "ListModels")] == ["a", "b"]


def test_elements_without_an_id_are_told_apart_by_all_of_them(api, service):
    rows = [{"input": {"id": "i"}}, {"input": {"id": "j"}}]
    pages_of(service, "ListDatasetInputs", "dataset_inputs", rows, rows[1:])
    assert [row.input.id for row in items(api, "ListDatasetInputs")] == ["i", "j"]


def test_a_service_that_ignores_the_page_number_does_not_keep_us_for_ever(api, service):
    service.answers("ListModels", service.replies("ListModels", models=models("a")))
    with pytest.raises(ApiError, match="does not move on"):
        list(api.pages("ListModels"))


def test_a_list_without_pages_is_asked_once(api, service):
    service.answers("ListKnowledgeGraphs", service.replies("ListKnowledgeGraphs", knowledge_graphs=[{"id": "g"}]))
    assert [graph.id for graph in items(api, "ListKnowledgeGraphs")] == ["g"]
    assert len(service.requests["ListKnowledgeGraphs"]) == 1


def test_a_failing_page_fails_the_list(api, service):
    full, failing = service.replies("ListModels", models=models("a")), service.replies("ListModels", 10010)
    service.answers("ListModels", full, failing)
    with pytest.raises(ApiError, match="incomplete"):
        list(api.pages("ListModels"))


# ---- many threads


def test_many_threads_share_one_api(api, service):
    def echo(request, context):
        return service.replies("GetModel", model={"id": request.model_id})(request, context)

    service.answers("GetModel", echo)
    wanted = [f"m{number}" for number in range(640)]
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda name: api.call("GetModel", model_id=name).model.id, wanted))
    assert found == wanted
    assert api.traffic.calls == {"GetModel": 640}


# ---- a handle that cannot write


@pytest.mark.parametrize("rpc", [*WRITES, "PostModelsSearches", "PostWorkflowResults", "PostApps", "PatchApp"])
def test_a_read_only_api_refuses_whatever_is_not_get(api, service, rpc):
    service.answers(rpc, service.replies(rpc))
    for attempt in (ReadOnlyApi(api).call, ReadOnlyApi(api).pages):
        with pytest.raises(WriteAttempted, match=rpc):
            attempt(rpc)
    assert not service.requests


def test_a_read_only_api_reads(api, service):
    service.answers("GetApp", service.replies("GetApp", app={"id": "a"}))
    pages_of(service, "ListModels", "models", models("m"))
    assert ReadOnlyApi(api).call("GetApp").app.id == "a"
    assert [m.id for m in items(ReadOnlyApi(api), "ListModels")] == ["m"]


def test_a_wrong_name_is_a_programming_error(api):
    for handle in (api, ReadOnlyApi(api)):
        with pytest.raises(ValueError, match="did you mean 'GetModel'"):
            handle.call("GetModle")


# ---- the token


def everything_said(error):
    """All that a careless handler could print: the chain of errors, and the locals of every frame."""
    while error is not None:
        yield from (str(error), repr(error), repr(vars(error)))
        frame = error.__traceback__
        while frame is not None:
            yield repr(frame.tb_frame.f_locals) if "reconciler" in frame.tb_frame.f_code.co_filename else ""
            frame = frame.tb_next
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "UNAVAILABLE", "INTERNAL"])
def test_no_error_holds_the_token(api, service, token, code):
    service.answers("GetApp", service.aborts(code))
    with pytest.raises(ApiError) as failed:
        api.call("GetApp")
    assert failed.value.__context__ is None, "gRPC's own error keeps frames, and these the token"
    assert not [text for text in everything_said(failed.value) if token in text]
    assert token not in repr(api) + repr(vars(api))


@pytest.mark.parametrize("text", ["Key canary-7f3a\n", "Key canary-7f3a’", "canary-7f3a\x00"])
def test_a_token_that_no_header_can_carry_is_refused_without_quoting_it(text):
    with pytest.raises(AuthenticationFailed) as refused:
        GrpcApi(grpc.insecure_channel("localhost:1"), ("authorization", Secret(text)))
    assert "canary" not in f"{refused.value} {refused.value.hint}"
