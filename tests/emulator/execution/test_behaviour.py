"""Which code stands for a model."""

import pytest

from reconciler.emulator.access import PUBLIC
from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.execution.values import NotRun


@pytest.mark.parametrize("kind", ["email", "sms", "text-to-text", "visual-classifier", "made-up", "object-counter"])
def test_a_type_nobody_documents_is_not_run(bench, kind):
    with pytest.raises(NotRun, match=f"does not run models of type {kind}") as failure:
        answer(bench.task(kind), bench.concepts(p=1))
    assert failure.value.status_code == 21313


def test_a_public_model_without_a_net_is_not_run(bench):
    task = bench.task("visual-classifier", home=PUBLIC, model="moderation-recognition")
    with pytest.raises(NotRun, match="no net for the public model moderation-recognition"):
        answer(task, bench.concepts(p=1))


def test_a_version_that_never_learned_is_not_run(bench):
    with pytest.raises(NotRun, match="was not trained"):
        answer(bench.task("embedding-classifier"), bench.concepts(p=1))
