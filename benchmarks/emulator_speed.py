"""How fast the emulator is: `python -m benchmarks.emulator_speed FILE QUICK BARE SLOW LIMITED`, four addresses.

Writes JSON: seconds to list all models from the emulator and from a server that only holds them in memory, single
writes a second, and what 50 ms of latency and 20 requests a second really are. One process, in turns.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import grpc
from clarifai_grpc.grpc.api import resources_pb2, service_pb2
from clarifai_grpc.grpc.api.status import status_code_pb2

from benchmarks.bare_list import KEY, SCOPE, pages

TURNS = 5
WRITES = 2_000
CLIENTS = 8
SECONDS = 3.0


def timed(work: Any) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def lists(emulator: grpc.Channel, bare: grpc.Channel) -> Iterator[tuple[str, float]]:
    """The median seconds of listing all models in pages of 1,000 from both, in turns after a warm-up."""
    channels = {"emulator": emulator, "bare": bare}
    taken: dict[str, list[float]] = {name: [] for name in channels}
    for turn in range(TURNS + 1):
        for name, channel in channels.items():
            seconds = timed(lambda channel=channel: [len(page) for page in pages(channel, "Models", 1000)])
            if turn:
                taken[name].append(seconds)
    for name, seconds in taken.items():
        yield f"list: {name}", median(seconds)


def writes(channel: grpc.Channel) -> float:
    """Single writes a second, each stored before it is answered, from eight clients."""
    call = _posting(channel)

    def post(number: int) -> None:
        reply = call(number)
        assert reply.status.code == status_code_pb2.SUCCESS, reply.status

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(post, range(WRITES, WRITES + 100)))
        return WRITES / timed(lambda: list(pool.map(post, range(WRITES))))


def _posting(channel: grpc.Channel) -> Any:
    send = channel.unary_unary(
        "/clarifai.api.V2/PostConcepts",
        request_serializer=service_pb2.PostConceptsRequest.SerializeToString,
        response_deserializer=service_pb2.MultiConceptResponse.FromString,
    )
    scope = resources_pb2.UserAppIDSet(**SCOPE)

    def post(number: int) -> Any:
        concepts = [resources_pb2.Concept(id=f"written-{number}")]
        return send(service_pb2.PostConceptsRequest(user_app_id=scope, concepts=concepts), metadata=KEY)

    return post


def reading(channel: grpc.Channel) -> Any:
    """One cheap read."""
    send = channel.unary_unary(
        "/clarifai.api.V2/GetApp",
        request_serializer=service_pb2.GetAppRequest.SerializeToString,
        response_deserializer=service_pb2.SingleAppResponse.FromString,
    )
    request = service_pb2.GetAppRequest(user_app_id=resources_pb2.UserAppIDSet(**SCOPE))
    return lambda: send(request, metadata=KEY).status.code


def latency(quick: grpc.Channel, slow: grpc.Channel) -> float:
    """The seconds that one call takes longer where latency is switched on."""
    near, far = reading(quick), reading(slow)
    pairs = [(timed(near), timed(far)) for _ in range(40)]
    return median(far for _, far in pairs[5:]) - median(near for near, _ in pairs[5:])


def rate(channel: grpc.Channel) -> float:
    """Calls a second that are let through while a client asks for far more; the first second's allowance apart."""
    read = reading(channel)
    while read() == status_code_pb2.SUCCESS:
        pass
    started, let = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        let += read() == status_code_pb2.SUCCESS
        time.sleep(0.002)
    return let / SECONDS


def main(file: str, *bases: str) -> None:
    """Measure everything and write it down."""
    with ExitStack() as stack:
        options = [("grpc.max_receive_message_length", -1)]
        opened = [stack.enter_context(grpc.insecure_channel(b.removeprefix("http://"), options)) for b in bases]
        quick, bare, slow, limited = opened
        found = dict(lists(quick, bare))
        found |= {"latency": latency(quick, slow), "rate": rate(limited), "writes": writes(quick)}
    Path(file).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
