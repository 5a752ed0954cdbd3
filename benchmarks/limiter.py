"""How well an apply uses the requests it may send: `python -m benchmarks.limiter FILE`.

Writes JSON with the seconds of two applies and of their ideals. Each runs against an emulator in a process of its own
whose every call takes a while; the clock runs from the first to the last creation: no start-up, no plan, no App.

    limited      300 models, each one request, at 10 requests a second and 200 ms: ideal = requests / rate
    unlimited    1,000 models, each one request, 32 at a time and 50 ms: ideal = ceil(1000 / 32) x 50 ms
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.ground import process
from reconciler import manifests, pipeline
from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import BURST, Limiter
from reconciler.core.outcome import StepFinished, StepStarted
from reconciler.core.plan import Verb
from reconciler.core.secret import Secret
from reconciler.stages.resolve import Options

HEAD = "apiVersion: clarifai.reconciler/v1\nkind: {}\nmetadata: {{name: {}}}\n"


def shells(count: int) -> str:
    """An App, and models of a type that learns: such a model is made without a version, with a single request."""
    app = HEAD.format("App", "bench") + "spec: {description: What is measured}\n"
    models = (HEAD.format("Model", f"m{n}") + "spec: {model_type_id: embedding-classifier}\n" for n in range(count))
    return "---\n".join([app, *models])


class Watch:
    """When the creations of models began and ended."""

    def __init__(self) -> None:
        self.started, self.ended = math.inf, 0.0

    def __call__(self, event: Any) -> None:
        """One event of an apply."""
        now = time.perf_counter()
        if isinstance(event, StepStarted) and event.step.verb is Verb.CREATE and event.step.address.kind == "models":
            self.started = min(self.started, now)
        if isinstance(event, StepFinished) and event.outcome.step.address.kind == "models":
            self.ended = now

    @property
    def seconds(self) -> float:
        """How long all of them took."""
        return self.ended - self.started


def apply(text: str, *, latency: float, rps: float, workers: int) -> tuple[float, int]:
    """(seconds of the creations, requests that they took)."""
    file = Path(sys.argv[1]).with_suffix(".yaml")
    file.write_text(text)
    with process("server", ":memory:", f"latency={latency}") as server:
        channel = open_channel(parse_base(server.base))
        api = GrpcApi(channel, ("authorization", Secret("Key any")), limiter=Limiter(rps))
        desired = manifests.desired_state(manifests.read_manifests([str(file)], Options(user_id="me-local")))
        planned = pipeline.make_plan(api, desired, pipeline.PlanOptions(workers=workers))
        if rps:
            time.sleep(BURST / rps)  # what planning spent of the burst is there again
        before, watch = api.traffic.calls.total(), Watch()
        result = pipeline.apply_plan(api, planned, watch)
        assert result.complete, [outcome.message for outcome in result.outcomes if outcome.message][:3]
        sent = api.traffic.calls["PostModels"]
        assert api.traffic.calls.total() - before >= sent
        channel.close()
    return watch.seconds, sent


def measured() -> Iterator[tuple[str, float]]:
    """The seconds and the ideal of each."""
    seconds, sent = apply(shells(300), latency=0.2, rps=10, workers=10)
    yield from {"limited": seconds, "limited: ideal": sent / 10, "limited: requests": sent}.items()
    seconds, sent = apply(shells(1000), latency=0.05, rps=0, workers=32)
    ideal = math.ceil(sent / 32) * 0.05
    yield from {"unlimited": seconds, "unlimited: ideal": ideal, "unlimited: requests": sent}.items()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(dict(measured())))
