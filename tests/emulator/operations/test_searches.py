"""Searches and concept counts: the filters the proto lists, and an error for whatever is not done."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2, service_pb2

Annotation, Data, Filter, Input, Rank = (
    resources_pb2.Annotation,
    resources_pb2.Data,
    resources_pb2.Filter,
    resources_pb2.Input,
    resources_pb2.Rank,
)
Concept = resources_pb2.Concept


@pytest.fixture
def app(api):
    """Three texts: a shows p, b shows q, c shows neither; b has a pending annotation of p by jane."""
    api.ok("PostConcepts", concepts=[Concept(id="p", name="people"), Concept(id="q")])
    api.posted(
        api.text("a", concepts=[api.concept("p", 0.9)], metadata={"k": {"l": 1, "m": 2}}),
        api.text("b", concepts=[api.concept("q", 0.4)], metadata={"k": 2}),
        api.picture("c", geo=resources_pb2.Geo(geo_point=resources_pb2.GeoPoint(latitude=52.5, longitude=13.4))),
    )
    annotation = Annotation(
        input_id="b", user_id="jane", data=Data(concepts=[api.concept("p", 0.6)]), task_id="t", annotation_info={"i": 1}
    )
    annotation.status.code = 24151
    api.ok("PostAnnotations", annotations=[annotation])
    return api


def search(*filters, ranks=(), **fields):
    return resources_pb2.Search(query=resources_pb2.Query(filters=filters, ranks=ranks), **fields)


def by(annotation=None, negate=False, **input_fields):
    return Filter(annotation=annotation, negate=negate, input=Input(**input_fields) if input_fields else None)


def concept(**fields):
    return Annotation(data=Data(concepts=[Concept(**fields)]))


def inputs(api, *filters, **fields):
    hits = api.ok("PostInputsSearches", searches=[search(*filters, **fields)]).hits
    return [hit.input.id for hit in hits]


def status(code):
    message = resources_pb2.Input().status
    message.code = code
    return message


def near(kind, value, latitude=52.4, longitude=13.1):
    """Potsdam, 23 km from the Berlin of c."""
    point = resources_pb2.GeoPoint(latitude=latitude, longitude=longitude)
    return data(geo=resources_pb2.Geo(geo_point=point, geo_limit=resources_pb2.GeoLimit(type=kind, value=value)))


def inside(*corners):
    points = [resources_pb2.GeoPoint(latitude=latitude, longitude=longitude) for latitude, longitude in corners]
    return data(geo=resources_pb2.Geo(geo_box=[resources_pb2.GeoBoxedPoint(geo_point=point) for point in points]))


def data(**fields):
    return Annotation(data=Data(**fields))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], "cba"),
        ([by(concept(id="p"))], "ba"),
        ([by(concept(name="people", value=1))], "ba"),
        ([by(concept(id="p"), negate=True)], "c"),
        ([by(concept(id="q", value=0.1))], "b"),
        ([by(Annotation(user_id="jane"))], "b"),
        ([by(Annotation(status=status(24151))), by(concept(id="q", value=0.1))], "b"),
        ([by(Annotation(status=status(24150), data=concept(id="p").data))], "a"),
        ([by(Annotation(input_id="a"))], "a"),
        ([by(Annotation(task_id="t"))], "b"),
        ([by(Annotation(annotation_info={"i": 1}))], "b"),
        ([by(Annotation(worker=resources_pb2.Worker(user=resources_pb2.User(id="jane"))))], "b"),
        ([by(data(metadata={"k": {"m": 2}}))], "a"),
        ([by(data(metadata={"k": 2, "none": 1}))], "b"),
        ([by(id="c")], "c"),
        ([by(status=status(30000))], "cba"),
        ([by(status=status(30002))], ""),
        ([by(data=Data(image=resources_pb2.Image()))], "c"),
        ([by(data=Data(image=resources_pb2.Image(), text=resources_pb2.Text()))], "cba"),
        ([by(near("withinKilometers", 24))], "c"),
        ([by(near("withinKilometers", 22))], ""),
        ([by(near("withinMiles", 15))], "c"),
        ([by(near("withinDegrees", 0.1))], ""),
        ([by(near("withinRadians", 0.004))], "c"),
        ([by(inside((53, 13), (52, 14)))], "c"),
        ([by(inside((53, 14), (52, 15)))], ""),
    ],
)
def test_filters_of_inputs(app, filters, expected):
    assert "".join(inputs(app, *filters)) == expected


def test_hits_of_annotations_carry_both(app):
    hits = app.ok("PostAnnotationsSearches", searches=[search(by(concept(id="p")))]).hits
    assert [(hit.input.id, hit.annotation.user_id, hit.score) for hit in hits] == [
        ("b", "jane", 1),
        ("a", "me-local", 1),
    ]
    hits = app.ok("PostAnnotationsSearches", searches=[search(by(Annotation(input_level=True)))]).hits
    assert [hit.input.id for hit in hits] == ["c", "b", "a"]


def test_the_older_form_of_a_query(app):
    query = resources_pb2.Query(ands=[resources_pb2.And(input=Input(data=Data(concepts=[Concept(id="p")])))])
    hits = app.ok("PostInputsSearches", searches=[resources_pb2.Search(query=query)]).hits
    assert [hit.input.id for hit in hits] == ["a"]
    assert app.ok("PostSearches", query=query).hits == hits


def test_the_older_form_ranks_by_an_output(app):
    output = resources_pb2.Output(data=Data(concepts=[Concept(id="p")]))
    hits = app.ok("PostSearches", query=resources_pb2.Query(ands=[resources_pb2.And(output=output)])).hits
    assert [hit.input.id for hit in hits] == ["a", "b"]


def test_a_rank_by_a_concept_orders_and_scores(app):
    found = app.ok("PostInputsSearches", searches=[search(ranks=[Rank(annotation=concept(id="p"))])]).hits
    assert [(hit.input.id, round(hit.score, 2)) for hit in found] == [("a", 0.9), ("b", 0.6)]
    assert inputs(app, ranks=[Rank(annotation=concept(id="p"))], min_value=0.7) == ["a"]


def test_pages_and_counts(app):
    page = service_pb2.Pagination(page=2, per_page=2)
    assert [h.input.id for h in app.ok("PostInputsSearches", searches=[search()], pagination=page).hits] == ["a"]
    counted = app.ok("PostInputsSearches", searches=[search()], only_count=True)
    assert (counted.hit_counts[0].estimated_total, len(counted.hits)) == (3, 0)


def _with_region():
    annotation = Annotation()
    annotation.data.regions.add().region_info.bounding_box.SetInParent()
    return annotation


@pytest.mark.parametrize(
    "unknown",
    [
        search(save=True),
        search(id="saved"),
        search(algorithm="avg_concept_brute_force"),
        search(by(_with_region())),
        search(by(data(geo=resources_pb2.Geo(geo_point=resources_pb2.GeoPoint(latitude=1))))),
        search(by(Annotation(created_at={"seconds": 1}))),
        search(Filter(last_updated_time_range={})),
        search(ranks=[Rank(annotation=data(text=resources_pb2.Text(raw="words")))]),
        resources_pb2.Search(query=resources_pb2.Query(ands=[resources_pb2.And(output={})])),
        resources_pb2.Search(query=resources_pb2.Query(language="de")),
    ],
)
def test_what_is_not_done_is_40002(app, unknown):
    for rpc in ("PostInputsSearches", "PostAnnotationsSearches"):
        reply = app(rpc, searches=[unknown])
        assert reply.status.code == 40002
        assert "supported" in reply.status.details
    assert app.code("PostInputsSearches", searches=[search(), search()]) == 40002


def test_concept_counts(app):
    counts = app.ok("GetConceptCounts").concept_counts
    assert [(c.id, c.name) for c in counts] == [("p", "people"), ("q", "q")]
    totals = [(c.concept_type_count.positive, c.concept_type_count.negative) for c in counts]
    assert totals == [(1, 0), (0, 1)]
    assert counts[0].detail_concept_count.processed.positive == 1
