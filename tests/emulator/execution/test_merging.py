"""The data of several nodes as one."""

from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.execution.merging import fill_in, merged


def test_a_concept_of_two_sources_is_one_with_the_higher_value(bench, values):
    assert values(merged([bench.concepts(a=0.5, b=0.5), bench.concepts(b=0.75, c=0.25)])) == {
        "a": 0.5,
        "b": 0.75,
        "c": 0.25,
    }


def test_namesakes_of_two_apps_stay_two(bench):
    assert len(merged([bench.concepts("main", a=0.5), bench.concepts("app", a=0.5)]).concepts) == 2


def test_a_region_of_two_sources_is_one_with_both_parts(bench):
    left = r.Data(regions=[r.Region(id="x", data=bench.concepts(a=0.5)), r.Region()])
    right = r.Data(regions=[r.Region(id="x", data=r.Data(text=r.Text(raw="t"))), r.Region()])
    first, *others = merged([left, right]).regions
    assert (first.data.text.raw, first.data.concepts[0].id, len(others)) == ("t", "a", 2)


def test_of_single_things_the_first_counts_and_lists_grow():
    one = r.Data(text=r.Text(raw="1"), embeddings=[r.Embedding(vector=[1])])
    two = r.Data(text=r.Text(raw="2"), embeddings=[r.Embedding(vector=[2])], int_value=3)
    both = merged([one, two])
    assert (both.text.raw, len(both.embeddings), both.int_value) == ("1", 2, 3)


def test_sources_are_left_alone(bench):
    one, two = bench.concepts(a=0.5), bench.concepts(a=0.75)
    merged([one, two])
    assert (one, two) == (bench.concepts(a=0.5), bench.concepts(a=0.75))


def test_what_is_lacking_comes_from_the_nearest_behind():
    data, near, far = (
        r.Data(),
        r.Data(image=r.Image(url="near")),
        r.Data(image=r.Image(url="far"), text=r.Text(raw="t")),
    )
    fill_in(data, ("image", "text"), [near, far])
    assert (data.image.url, data.text.raw) == ("near", "t")
