"""The same thresholds inside regions."""

from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.behaviour import answer


def region(name, **values):
    concepts = [r.Concept(id=i, value=v) for i, v in values.items()]
    return r.Region(id=name, value=0.7, data=r.Data(concepts=concepts, text=r.Text(raw=name)))


def test_a_region_keeps_what_passes_and_a_bare_one_goes(bench, values):
    task = bench.task("region-thresholder", {"p": 0.5, "q": 0.5}, concept_threshold_type="GREATER_THAN_OR_EQUAL")
    result = answer(task, r.Data(regions=[region("a", p=0.5, q=0.4, x=1), region("b", p=0.1), region("c")]))
    assert [(each.id, round(each.value, 3), each.data.text.raw) for each in result.regions] == [("a", 0.7, "a")]
    assert values(result.regions[0].data) == {"p": 0.5}
