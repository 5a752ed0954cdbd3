"""region-thresholder: the same thresholds inside regions; a region with no concept left goes (facts 4.4)."""

from __future__ import annotations

from reconciler.emulator.execution.operators import concept_thresholder
from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, unsupported


def run(task: Task, data: Data) -> Data:
    """The regions of which some concept passes, each with only those that do."""
    if not data.regions:
        raise unsupported("a region-thresholder needs regions")
    result = Data()
    for region in data.regions:
        passing = concept_thresholder.passing(task, region.data.concepts)
        if passing:
            kept = result.regions.add()
            kept.CopyFrom(region)
            del kept.data.concepts[:]
            kept.data.concepts.extend(passing)
    return result
