"""A share of the inputs passes, and always the same."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.behaviour import answer
from reconciler.emulator.switches import Switches

INPUTS = [r.Data(text=r.Text(raw=str(number))) for number in range(1000)]


def passing(bench, fraction, place="node"):
    task = bench.task("random-sample", keep_fraction=fraction, place=place)
    return {data.text.raw for data in INPUTS if answer(task, data).ListFields()}


@pytest.mark.parametrize(("fraction", "low", "high"), [(0, 0, 0), (0.1, 70, 130), (0.5, 450, 550), (1, 1000, 1000)])
def test_about_the_share_passes(bench, fraction, low, high):
    assert low <= len(passing(bench, fraction)) <= high


def test_the_draw_is_the_inputs_own(bench):
    assert passing(bench, 0.3) == passing(bench, 0.3) <= passing(bench, 0.6)


def test_another_node_or_seed_draws_anew(bench):
    first = passing(bench, 0.5)
    assert passing(bench, 0.5, "other") != first
    bench.switches = Switches(random_seed=1)
    assert passing(bench, 0.5) != first
