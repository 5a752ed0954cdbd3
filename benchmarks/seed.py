"""Fill a database of the emulator with an estate: `python -m benchmarks.seed MANIFESTS DATABASE`.

The tool itself applies it: the database is what an apply leaves behind, marks and records included, so the next plan is
empty.
"""

from __future__ import annotations

import sys

from benchmarks.ground import process
from reconciler import pipeline
from reconciler.client.api import GrpcApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.secret import Secret
from reconciler.manifests import desired_state, read_manifests
from reconciler.stages.resolve import Options

USER = "me-local"


def seed(manifests: str, database: str) -> None:
    """Apply the manifests to a new database."""
    with process("server", database) as server:
        channel = open_channel(parse_base(server.base))
        api = GrpcApi(channel, ("authorization", Secret("Key any")), limiter=Limiter(0))
        desired = desired_state(read_manifests([manifests], Options(user_id=USER)))
        planned = pipeline.make_plan(api, desired, pipeline.PlanOptions(workers=8))
        result = pipeline.apply_plan(api, planned, lambda event: None)
        assert result.complete, [outcome.message for outcome in result.outcomes if outcome.message][:3]
        channel.close()


if __name__ == "__main__":
    seed(*sys.argv[1:])
