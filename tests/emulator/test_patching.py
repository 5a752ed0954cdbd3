"""The words merge, overwrite and remove over any message: facts 3.0, 10."""

import pytest
from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import patching
from reconciler.emulator.errors import Refusal

App, Input, Model = resources_pb2.App, resources_pb2.Input, resources_pb2.Model
Workflow = resources_pb2.Workflow


def concepts(**values):
    return [resources_pb2.Concept(id=i, value=v) for i, v in values.items()]


def stored():
    data = resources_pb2.Data(
        concepts=concepts(a=1.0, b=1.0), image=resources_pb2.Image(url="u"), metadata={"k": 1, "deep": {"x": 1}}
    )
    return Input(id="i", data=data)


def patched(action, **data):
    message = stored()
    patching.apply(message, Input(id="other", data=resources_pb2.Data(**data)), action, ("data",))
    return message


def test_merge_joins_list_entries_by_id():
    merged = patched("merge", concepts=concepts(b=0.5, c=1.0)).data
    assert {c.id: c.value for c in merged.concepts} == {"a": 1.0, "b": 0.5, "c": 1.0}
    assert merged.image.url == "u"


def test_overwrite_replaces_the_list_and_keeps_its_neighbours():
    data = patched("overwrite", concepts=concepts(c=1.0)).data
    assert [c.id for c in data.concepts] == ["c"]
    assert data.image.url == "u"


def test_remove_takes_entries_by_id():
    assert [c.id for c in patched("remove", concepts=concepts(a=0.3)).data.concepts] == ["b"]


@pytest.mark.parametrize(
    ("action", "sent", "expected"),
    [
        ("merge", {"k": 2, "deep": {"y": 2}}, {"k": 2, "deep": {"x": 1, "y": 2}}),
        ("overwrite", {"z": 1}, {"z": 1}),
        ("remove", {"k": None}, {"deep": {"x": 1}}),
        ("merge", {}, {}),
    ],
)
def test_structs(action, sent, expected):
    data = resources_pb2.Data()
    data.metadata.update(sent)
    data.metadata.SetInParent()
    message = stored()
    patching.apply(message, Input(data=data), action, ("data",))
    assert dict(message.data.metadata) == expected


def test_fields_that_are_not_listed_never_move():
    assert patched("overwrite").id == "i"


def test_scalars_merge_by_replacing_and_lists_of_them_by_adding():
    model = Model(description="d", toolkits=["a"])
    patching.apply(model, Model(description="e", toolkits=["a", "b"]), "merge", ("description", "toolkits"))
    assert (model.description, list(model.toolkits)) == ("e", ["a", "b"])


def test_apply_says_whether_anything_changed():
    model = Model(description="d")
    assert not patching.apply(model, Model(description="d"), "merge", ("description",))
    assert patching.apply(model, Model(description="e"), "merge", ("description",))


def test_unknown_actions_are_refused():
    with pytest.raises(Refusal, match="supported are merge, overwrite"):
        patching.check_action("mix", ("merge", "overwrite"))


@pytest.mark.parametrize(
    ("rpc", "field", "kind"),
    [("PatchApps", "apps", App), ("PatchModels", "models", Model), ("PatchWorkflows", "workflows", Workflow)],
)
def test_remove_drops_an_image_alone(api, rpc, field, kind):
    """The proto: "This cannot be used in a request that is patching other fields as well"."""
    api.model("app")
    api.workflow("app")

    def patch(action, **fields):
        return api(rpc, action=action, **{field: [kind(id="app", **fields)]})

    shown = getattr(patch("overwrite", description="words", image=resources_pb2.Image(url="http://a/b.png")), field)[0]
    assert patch("remove", image=shown.image, description="words").status.code == 11102
    (left,) = getattr(patch("remove", image=shown.image), field)
    assert (left.image.url, left.description) == ("", "words")
