"""Concept: a label of the app. The service cannot delete one, so `destroy` leaves it (facts 3.2)."""

from __future__ import annotations

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.address import Address
from reconciler.core.kind import URL_IDS, Fields, Keeps, Kind
from reconciler.core.remote import Crud
from reconciler.core.tree import ABSENT, Tree, put


def _pristine(tree: Tree, name: str) -> bool:
    """As inputs and models create concepts: named by its id, and nothing else (facts 3.2)."""
    rest = {key for key in tree if key not in ("name", "visibility")}
    return not rest and tree.get("name", name) == name


def _brief(tree: Tree, address: Address) -> Tree:
    """Without a name that is the id: the service names a concept so by itself."""
    return put(tree, ("name",), ABSENT) if tree.get("name") == address.id else tree


KIND = Kind(
    name="Concept",
    plural="concepts",
    message=resources_pb2.Concept,
    summary="a label that models predict and annotations carry; metadata.name is its id",
    fields=Fields(
        writable=(
            "name",
            "definition",
            "metadata",
            "visibility.gettable",
            "keypoint_info.keypoint_names",
            "keypoint_info.skeleton.k1",
            "keypoint_info.skeleton.k2",
            "image.url",
        ),
        clearable=(),
        write_only=("image.url",),
        defaults={"visibility.gettable": "PRIVATE"},
    ),
    crud=Crud.of("Concept", delete=False),
    keeps=Keeps.INVENTORY,
    pristine=_pristine,
    brief=_brief,
    all_or_none=True,
    id_rule=URL_IDS,
    short_ids=False,
    deletable=False,
)
