"""Inputs: facts 3.9, 7.1, 14.1.10, 14.1.11."""

import urllib.error
import urllib.request

import pytest
from clarifai_grpc.grpc.api import resources_pb2

Input, Data, Image = resources_pb2.Input, resources_pb2.Data, resources_pb2.Image


def get(api, identifier):
    return api.ok("GetInput", input_id=identifier).input


def fetched(url):
    """Status, body and type of what is behind an address."""
    try:
        with urllib.request.urlopen(url) as reply:
            return reply.status, reply.read(), reply.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b"", ""


def ids_of(reply):
    return [each.id for each in reply.inputs]


# -- posting ----------------------------------------------------------------------------------------------------


def test_a_new_input_is_pending_and_shows_what_samples_show(start):
    api = start(input_delay=60)
    made = api.ok("PostInputs", inputs=[api.picture("a", concepts=[api.concept("dog")])]).inputs[0]
    assert (made.status.code, made.status.description) == (30001, "Download pending")
    assert made.created_at == made.modified_at
    assert made.data.image.image_info.format == "UnknownImageFormat"
    assert not made.data.image.base64


def test_an_input_is_processed_in_the_background(api):
    api.posted(api.picture("a"))
    found = get(api, "a")
    assert (found.status.code, found.status.description) == (30000, "Download complete")
    info = found.data.image.image_info
    assert (info.width, info.height, info.format) == (3, 2, "PNG")


def test_the_bytes_are_served_under_the_address_that_is_shown(api):
    api.posted(api.picture("a", 5))
    assert fetched(get(api, "a").data.image.url) == (200, api.png(5), "image/png")


def test_an_address_of_the_service_can_be_posted_again(api):
    api.posted(api.picture("a", 5))
    url = get(api, "a").data.image.url
    api.posted(api.at(url, "b"))
    assert get(api, "b").data.image.image_info.format == "PNG"


def test_an_unknown_address_is_404(api):
    api.posted(api.picture("a"))
    url = get(api, "a").data.image.url
    assert fetched(url[:-1] + ("0" if url[-1] != "0" else "1"))[0] == 404
    assert fetched(url + "/more")[0] == 404


def test_an_input_by_url_is_downloaded(api, web):
    api.posted(api.at(f"{web}/a.png", "a"))
    found = get(api, "a")
    assert (found.status.code, found.data.image.image_info.width) == (30000, 7)


def test_text_by_url_is_downloaded(api, web):
    text = resources_pb2.Text(url=f"{web}/note.txt")
    api.posted(Input(id="t", data=Data(text=text)))
    assert get(api, "t").status.code == 30000


def test_a_picture_with_a_text(api):
    both = api.picture("a")
    both.data.text.raw = "what is this"
    api.posted(both)
    found = get(api, "a")
    assert (found.data.image.image_info.format, found.data.text.raw) == ("PNG", "what is this")


@pytest.mark.parametrize("address", ["{web}/none.png", "http://127.0.0.1:1/a.png", "http://name.invalid/a.png"])
def test_what_cannot_be_downloaded_is_30002(api, web, address):
    api.posted(api.at(address.format(web=web), "a"))
    status = get(api, "a").status
    assert status.code == 30002
    assert address.format(web=web) in status.details


def test_what_is_no_image_is_30101(api, web):
    api.posted(api.at(f"{web}/note.txt", "a"), Input(id="b", data=Data(image=Image(base64=b"no image"))))
    assert [api.input_code(each) for each in "ab"] == [30101, 30101]


def test_an_input_without_id_gets_32_hex_characters(api):
    made = api.ok("PostInputs", inputs=[api.text()]).inputs[0]
    assert len(made.id) == 32
    assert int(made.id, 16) >= 0


def test_concepts_are_completed_and_made_in_the_app(api):
    made = api.ok("PostInputs", inputs=[api.text("a", concepts=[api.concept("dog")])]).inputs[0]
    concept = made.data.concepts[0]
    assert (concept.id, concept.name, concept.value, concept.app_id) == ("dog", "dog", 1.0, "app")
    assert api.ok("GetConcept", concept_id="dog").concept.name == "dog"


def test_a_concept_can_be_posted_by_the_name_of_one_in_the_app(api):
    api.ok("PostConcepts", concepts=[resources_pb2.Concept(id="c1", name="people")])
    made = api.ok("PostInputs", inputs=[api.text("a", concepts=[resources_pb2.Concept(name="people")])]).inputs[0]
    assert (made.data.concepts[0].id, made.data.concepts[0].name) == ("c1", "people")


def test_metadata_and_place_are_kept(api):
    geo = resources_pb2.Geo(geo_point=resources_pb2.GeoPoint(longitude=1.5, latitude=-2.5))
    api.posted(api.text("a", metadata={"k": {"l": [1, "x"]}}, geo=geo))
    data = get(api, "a").data
    assert data.metadata["k"]["l"][1] == "x"
    assert data.geo.geo_point.latitude == -2.5


def test_129_inputs_are_refused_128_are_taken(api):
    many = [api.text(f"i{number}") for number in range(129)]
    assert api.code("PostInputs", inputs=many) == 39999
    assert api.ok("GetResourceCounts").inputs == 0
    assert len(api.ok("PostInputs", inputs=many[:128]).inputs) == 128
    assert api.ok("GetResourceCounts").inputs == 128


def test_a_mixed_batch_keeps_what_is_good(api):
    reply = api("PostInputs", inputs=[api.text("a"), Input(id="b"), api.at("ftp://x/y", "c")])
    assert reply.status.code == 10010
    assert [each.status.code for each in reply.inputs] == [30001, 30104, 30106]
    assert [api.input_code(each) for each in "bc"] == [11101, 11101]


def test_a_batch_without_anything_good_is_a_failure(api):
    assert api.code("PostInputs", inputs=[Input(id="b"), Input(id="c")]) == 10020
    assert api.code("PostInputs", inputs=[]) == 39999


def test_a_refused_input_is_echoed_without_its_bytes(api):
    api.posted(api.picture("a"))
    echoed = api("PostInputs", inputs=[api.picture("a", 2)]).inputs[0]
    assert echoed.status.code == 30100
    assert "a already exists" in echoed.status.details
    assert not echoed.data.image.base64
    assert not echoed.data.HasField("video")


def test_a_url_may_be_in_an_app_once_unless_allowed(api, web):
    url = f"{web}/a.png"
    reply = api("PostInputs", inputs=[api.at(url, "a"), api.at(url, "b"), api.at(url, "c", again=True)])
    assert [each.status.code for each in reply.inputs] == [30001, 30100, 30001]
    api.app("other")
    assert api.code("PostInputs", user_app_id=api.here("other"), inputs=[api.at(url)]) == 10000


def test_a_suffix_settles_a_conflict_of_ids(api):
    api.posted(api.text("a"))
    api.posted(api.text("a"), input_id_conflict_resolution="SUFFIX")
    reply = api("PostInputs", inputs=[api.text("a"), api.text("b"), api.text("b")], input_id_conflict_resolution=2)
    assert [each.id for each in reply.inputs] == ["a-2", "b", "b"]
    assert [each.status.code for each in reply.inputs] == [30001, 30001, 30100]


def test_an_image_of_20_mb_is_over_the_limit(api):
    image = Image(base64=b"x" * 20_000_000)
    assert api("PostInputs", inputs=[Input(data=Data(image=image))]).inputs[0].status.code == 30105


def test_a_video_of_more_than_10_mb_is_over_the_limit(api):
    video = resources_pb2.Video(base64=b"x" * 10_000_001)
    assert api("PostInputs", inputs=[Input(data=Data(video=video))]).inputs[0].status.code == 30105


def test_a_read_input_can_be_posted_again(api):
    api.posted(api.text("a"))
    again = get(api, "a")
    again.id = "b"
    assert api.ok("PostInputs", inputs=[again]).inputs[0].data.text.raw == "words"


# -- reading ----------------------------------------------------------------------------------------------------


def test_inputs_are_listed_newest_first_in_pages(api):
    for identifier in "abc":
        api.posted(api.text(identifier))
    assert ids_of(api.ok("ListInputs")) == ["c", "b", "a"]
    assert ids_of(api.ok("ListInputs", per_page=2, page=2)) == ["a"]
    past = api.ok("ListInputs", page=9)
    assert [field.name for field, _ in past.ListFields()] == ["status"]


def test_the_list_filters_by_ids_and_status(api):
    api.posted(api.text("a"), Input(id="b", data=Data(image=Image(base64=b"no"))), api.text("c"))
    ready = resources_pb2.Input().status
    ready.code = 30000
    assert ids_of(api.ok("ListInputs", status=ready)) == ["c", "a"]
    assert ids_of(api.ok("ListInputs", ids=["b", "a", "nope"])) == ["b", "a"]
    assert ids_of(api.ok("ListInputs", ids=["b", "a"], status=ready)) == ["a"]


def test_a_stream_goes_on_behind_the_last_id(api):
    api.posted(*[api.text(f"i{9 - number}-{number:02}") for number in range(25)][:25])
    everything, last = [], ""
    while page := ids_of(api.ok("StreamInputs", last_id=last)):
        assert len(page) <= 20
        everything, last = everything + page, page[-1]
    assert everything == [f"i{9 - number}-{number:02}" for number in range(25)]


def test_a_stream_by_id_and_backwards(api):
    api.posted(api.text("b"), api.text("a"), api.text("c"))
    assert ids_of(api.ok("StreamInputs", order_by_id=True, last_id="a")) == ["b", "c"]
    assert ids_of(api.ok("StreamInputs", descending=True, last_id="c", per_page=1)) == ["a"]
    assert ids_of(api.ok("StreamInputs", order_by_id=True, descending=True)) == ["c", "b", "a"]


def test_counts(start):
    api = start(input_delay=0.3)
    api.ok("PostInputs", inputs=[api.text("a"), Input(id="b", data=Data(image=Image(base64=b"no")))])
    assert api.ok("GetInputCount").counts.to_process == 2
    api.until(lambda: api.ok("GetInputCount").counts.to_process == 0)
    counts = api.ok("GetInputCount").counts
    assert (counts.processed, counts.errors) == (1, 1)
    assert api.ok("GetResourceCounts").inputs == 2


def test_the_url_can_come_back_as_it_was_sent(start, web):
    api = start(image_url="as-sent")
    api.posted(api.at(f"{web}/a.png", "a"), api.picture("b"))
    assert get(api, "a").data.image.url == f"{web}/a.png"
    assert fetched(get(api, "b").data.image.url)[0] == 200


# -- changing ---------------------------------------------------------------------------------------------------


def patched(api, action, **data):
    reply = api.ok("PatchInputs", inputs=[Input(id="a", data=Data(**data))], action=action)
    assert get(api, "a") == reply.inputs[0]
    return reply.inputs[0].data


def test_merge_adds_concepts_and_metadata(api):
    api.posted(api.text("a", concepts=[api.concept("p"), api.concept("q")], metadata={"k": 1}))
    data = patched(api, "merge", concepts=[api.concept("r", 1), api.concept("q", 0.5)], metadata={"l": 2})
    assert [(c.id, c.value, c.app_id) for c in data.concepts] == [("p", 1, "app"), ("q", 0.5, "app"), ("r", 1, "app")]
    assert dict(data.metadata) == {"k": 1, "l": 2}


def test_overwrite_replaces_the_concepts_and_leaves_the_rest(api):
    api.posted(api.text("a", concepts=[api.concept("p")], metadata={"k": 1}))
    data = patched(api, "overwrite", concepts=[api.concept("r")])
    assert [c.id for c in data.concepts] == ["r"]
    assert dict(data.metadata) == {"k": 1}


def test_remove_takes_concepts_away_by_id(api):
    api.posted(api.text("a", concepts=[api.concept("p"), api.concept("q")]))
    data = patched(api, "remove", concepts=[api.concept("q")])
    assert [c.id for c in data.concepts] == ["p"]


def test_the_medium_never_changes(api):
    api.posted(api.picture("a"))
    before = get(api, "a").data.image
    assert patched(api, "merge", image=Image(url="http://x/y.png"), concepts=[api.concept("p")]).image == before


def test_a_patch_of_a_stranger_changes_nothing(api):
    api.posted(api.text("a"))
    sent = [Input(id="a", data=Data(concepts=[api.concept("p")])), Input(id="nope")]
    assert api.code("PatchInputs", inputs=sent, action="merge") == 11101
    assert not get(api, "a").data.concepts


# -- deleting ---------------------------------------------------------------------------------------------------


def test_a_deleted_input_is_11101_and_its_annotations_are_gone(api):
    api.posted(api.text("a"), api.text("b"))
    api.ok("DeleteInput", input_id="a")
    assert api.input_code("a") == 11101
    assert {each.input_id for each in api.ok("ListAnnotations").annotations} == {"b"}
    assert api.code("DeleteInput", input_id="a") == 11101


def test_a_delete_may_take_time(start):
    api = start(delete_delay=0.3)
    api.posted(api.text("a"))
    api.ok("DeleteInput", input_id="a")
    assert api.input_code("a") == 30000
    api.until(lambda: api.input_code("a") == 11101)


def test_deleting_several_skips_what_is_gone(api):
    api.posted(api.text("a"), api.text("b"))
    assert api.code("DeleteInputs", ids=["a", "nope"]) == 10000
    assert api.code("DeleteInputs", ids=["a"]) == 11101
    assert api.code("DeleteInputs") == 39999
    assert ids_of(api.ok("ListInputs")) == ["b"]


def test_bytes_go_with_the_last_input_that_uses_them(api):
    api.posted(api.picture("a"), api.picture("b"))
    url = get(api, "a").data.image.url
    api.ok("DeleteInput", input_id="a")
    assert fetched(url)[0] == 200
    api.ok("DeleteInput", input_id="b")
    assert fetched(url)[0] == 404


def test_an_id_can_be_used_again_after_a_delete(api):
    api.posted(api.text("a", "old"))
    api.ok("DeleteInput", input_id="a")
    api.posted(api.text("a", "new"))
    assert get(api, "a").data.text.raw == "new"


def test_inputs_go_with_their_app(api):
    api.posted(api.picture("a"))
    url = get(api, "a").data.image.url
    api.ok("DeleteApp")
    api.app()
    assert api.input_code("a") == 11101
    assert fetched(url)[0] == 404


# -- jobs -------------------------------------------------------------------------------------------------------


def progress(api, job="j"):
    found = api.ok("GetInputsAddJob", id=job).inputs_add_job
    told = found.progress
    return found.status.code, told.pending_count, told.in_progress_count, told.success_count, told.failed_count


def test_a_job_counts_its_inputs(start):
    api = start(input_delay=0.3)
    sent = [api.text("a"), api.text("b"), Input(id="c"), Input(id="d", data=Data(image=Image(base64=b"no")))]
    reply = api("PostInputs", inputs=sent, inputs_add_job_id="j")
    assert reply.inputs_add_job.id == "j"
    assert progress(api) == (64001, 3, 0, 0, 1)
    api.ok("DeleteInput", input_id="b")
    api.until(lambda: progress(api)[1] == 0)
    assert progress(api) == (64002, 0, 0, 1, 3)


def test_a_second_post_adds_to_a_job(api):
    api.posted(api.text("a"), inputs_add_job_id="j")
    api.posted(api.text("b"), inputs_add_job_id="j")
    assert progress(api) == (64002, 0, 0, 2, 0)
    assert [job.id for job in api.ok("ListInputsAddJobs").inputs_add_jobs] == ["j"]


def test_a_cancelled_job_gives_its_inputs_up(start):
    api = start(input_delay=60)
    api.ok("PostInputs", inputs=[api.text("a")], inputs_add_job_id="j")
    job = api.ok("CancelInputsAddJob", id="j").inputs_add_job
    assert (job.status.code, job.progress.pending_count, job.progress.failed_count) == (64004, 0, 1)
    assert api.input_code("a") == 30002


def test_an_unknown_job_is_11101(api):
    assert api.code("GetInputsAddJob", id="nope") == 11101
