"""The one entry: a step comes in, the function for its verb does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.outcome import StepOutcome
from reconciler.core.plan import Step, Verb
from reconciler.core.state import Observed
from reconciler.stages.write.context import Context, Outputs, Progress
from reconciler.stages.write.creating import create
from reconciler.stages.write.deleting import check_unmoved, delete
from reconciler.stages.write.inventory import close_inventory, open_inventory
from reconciler.stages.write.updating import adopt, forget, update, update_late
from reconciler.stages.write.versions import create_version, wait, was_there


@dataclass(frozen=True)
class Writer(Context):
    """Performs the steps of one plan; what `stages/apply` runs."""

    def __call__(
        self, step: Step, outputs: Outputs, outcomes: Mapping[str, StepOutcome], progress: Progress
    ) -> Mapping[str, str]:
        """Do one step; returns its outputs (a new version's id under the model's address)."""
        match step.verb:
            case Verb.CREATE:
                return {} if create(self, step, outputs) else {was_there(step.address): "yes"}
            case Verb.VERSION:
                return create_version(self, step, outputs, progress)
            case Verb.WAIT:
                wait(self, step, outputs, progress)
            case Verb.UPDATE:
                update(self, step, outputs)
            case Verb.LATE:
                update_late(self, step, outputs)
            case Verb.ADOPT:
                adopt(self, step, outputs)
            case Verb.FORGET:
                forget(self, step, outputs)
            case Verb.DELETE:
                delete(self, step)
            case Verb.OPEN:
                open_inventory(self, outputs)
            case Verb.CLOSE:
                close_inventory(self, outputs, outcomes)
        return {}

    def unmoved_for_delete(self, step: Step, found: Observed) -> None:
        """Raises StalePlan if an object that is about to be deleted is not what the plan saw."""
        check_unmoved(self, step, found)
