"""Random faults: the same seed gives the same ones, and a journal gives them again."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator.fault_plane import Faults, Strike
from reconciler.emulator.faults import Fault, can_strike
from reconciler.emulator.rpcs import RPCS
from reconciler.emulator.storm import KINDS, Storm

POST = RPCS["PostConcepts"]


def drawn(storm, rpc=POST, calls=2000):
    return [storm.at(rpc, nth) for nth in range(1, calls + 1)]


def program(api, rounds=12):
    """Some calls, each with its end."""
    ends = []
    for number in range(rounds):
        for rpc, fields in [
            ("PostConcepts", {"concepts": [resources_pb2.Concept(id=f"{name}{number}") for name in "ab"]}),
            ("ListConcepts", {}),
            ("PostModels", {"models": [resources_pb2.Model(id=f"m{number}", model_type_id="prompter")]}),
            ("PostModelVersions", {"model_id": f"m{number}", "model_versions": [resources_pb2.ModelVersion()]}),
            ("GetModel", {"model_id": f"m{number}"}),
        ]:  # fmt: skip
            try:
                reply = api(rpc, **fields)
                ends.append((rpc, reply.status.code, len(getattr(reply, "concepts", ()))))
            except grpc.RpcError as error:
                ends.append((rpc, error.code()))
    return ends


def test_a_seed_draws_the_same_and_another_seed_others():
    assert drawn(Storm(7, 0.3)) == drawn(Storm(7, 0.3))
    assert drawn(Storm(7, 0.3)) != drawn(Storm(8, 0.3))
    assert drawn(Storm(7, 0.3)) != drawn(Storm(7, 0.3), RPCS["PostModels"])


@pytest.mark.parametrize("rate", [0.05, 0.5, 1.0])
def test_a_storm_strikes_about_its_share(rate):
    struck = [fault for fault in drawn(Storm(1, rate)) if fault]
    assert abs(len(struck) / 2000 - rate) < 0.04


def test_every_kind_comes_and_no_kind_that_means_nothing():
    for rpc in (POST, RPCS["ListConcepts"], RPCS["GetApp"]):
        seen = Counter((f.effect, f.when) for f in drawn(Storm(3, 1.0), rpc))
        assert {effect for effect, _ in seen} == {kind for kind in KINDS if can_strike(kind, rpc)}
        assert ("unavailable", "before") in seen
        assert ("unavailable", "after") in seen


def test_bursts_hit_calls_in_a_row_with_one_fault():
    storm = Storm(5, 0.02, burst=6)
    runs, row = [], []
    for fault in [*drawn(storm), None]:
        if fault is None and row:
            runs.append(row)
            row = []
        elif fault is not None:
            row.append(fault)
    assert max(len(row) for row in runs) >= 5
    assert sum(len(set(row)) == 1 for row in runs) / len(runs) > 0.8  # two bursts may touch


def test_only_the_calls_it_is_for():
    storm = Storm(1, 1.0, ["unavailable"], rpcs="Post*")
    assert storm.at(POST, 1)
    assert storm.at(RPCS["ListConcepts"], 1) is None


def test_the_same_program_meets_the_same_faults(start):
    journals, ends = [], []
    for _ in range(2):
        api = start()
        api.emulator.faults.storm(11, 0.4, burst=3)
        ends.append(program(api))
        journals.append(api.emulator.faults.journal)
    assert journals[0] == journals[1]
    assert ends[0] == ends[1]
    assert len(journals[0]) > 12
    assert len({entry.fault.effect for entry in journals[0]}) > 6


def test_a_journal_strikes_the_same_calls_again(start):
    first, second = start(), start()
    first.emulator.faults.storm(11, 0.4)
    ends = program(first)
    line = first.emulator.faults.recipe
    assert "\n" not in line
    second.emulator.faults.replay(line)
    assert program(second) == ends
    assert second.emulator.faults.recipe == line


def test_faults_that_were_ordered_can_be_replayed_too(start):
    first, second = start(), start()
    first.emulator.faults.add("PostConcepts", "unavailable", when="after", skip=3, times=2)
    first.emulator.faults.add("List*", "truncated", skip=2)
    ends = program(first)
    assert [(e.rpc, e.nth) for e in first.emulator.faults.journal] == [
        ("ListConcepts", 3), ("PostConcepts", 4), ("PostConcepts", 5),
    ]  # fmt: skip
    second.emulator.faults.replay(first.emulator.faults.journal)
    assert program(second) == ends


def test_calls_of_different_rpcs_may_come_in_any_order():
    def journal(names):
        faults = Faults()
        faults.storm(2, 0.5, ["unavailable"])
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: faults.left(faults.arrived(RPCS[name], older=False)), names))
        return {(entry.rpc, entry.nth, entry.fault) for entry in faults.journal if entry.fault.when == "before"}

    names = ["PostModels", "GetApp", "ListModels", "PatchModels"]
    assert journal(names * 40) == journal([name for name in names for _ in range(40)])


def test_a_fault_without_its_calls_strikes_nothing(start):
    api = start()
    api.emulator.faults.replay([Strike(1, "PostConcepts", 2, Fault("PostConcepts", "unavailable"))])
    api.concepts("a")
    with pytest.raises(grpc.RpcError):
        api.concepts("b")
    api.concepts("c")
    assert [c.id for c in api.ok("ListConcepts").concepts] == ["a", "c"]


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        ("[", "one line of JSON"),
        ("{}", "a list of what struck"),
        ('["x"]', "no entry of a journal"),
        ('[{"rpc": "PostModels", "effect": "unavailable"}]', "nth=None"),
        ('[{"rpc": "Post*", "effect": "unavailable", "nth": 1}]', "names one RPC"),
        ('[{"rpc": "PostModels", "effect": "bang", "nth": 1}]', "unknown effect"),
    ],
)
def test_a_journal_that_is_none(journal, said):
    with pytest.raises(ValueError, match=said):
        Faults().replay(journal)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seed": "x", "rate": 0.1}, "seed='x'"),
        ({"seed": 1, "rate": 0}, "rate=0"),
        ({"seed": 1, "rate": True}, "rate=True"),
        ({"seed": 1, "rate": 0.1, "burst": 0}, "burst=0"),
        ({"seed": 1, "rate": 0.1, "kinds": []}, "needs kinds"),
        ({"seed": 1, "rate": 0.1, "kinds": ["thunder"]}, "unknown kind 'thunder'"),
        ({"seed": 1, "rate": 0.1, "kinds": "hang"}, "is not a list"),
        ({"seed": 1, "rate": 0.1, "rpcs": "Nope"}, "no RPC is called"),
        ({"sed": 1, "rate": 0.1}, "unknown field 'sed'; seed is missing"),
    ],
)
def test_a_storm_that_is_none(fields, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Storm.parse(fields)


def test_a_storm_is_the_same_after_its_way_through_json():
    storm = Storm(4, 0.25, ["unavailable", Fault(effect="reply", code=11003)], rpcs="Post*", burst=4)
    again = Storm.parse(json.loads(json.dumps(storm.fields())))
    assert drawn(again) == drawn(storm)
    assert any(fault.code == 11003 for fault in drawn(storm) if fault)
