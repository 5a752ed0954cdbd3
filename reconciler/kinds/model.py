"""Model: a shell whose configuration lives in versions that are never edited, only followed by newer ones.

Thresholders, mappers and writers are models too (facts 0.10); what is known of their params stands in
`core/model_types`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.core.address import MAIN, Address, Scope
from reconciler.core.diagnostics import Severity
from reconciler.core.kind import Fields, Keeps, Kind, ListedApart, Problem, Versions
from reconciler.core.model_types import (
    DEFAULT_TYPE,
    MODEL_TYPES,
    THRESHOLDS,
    TRAINABLE,
    ParamProblem,
    canonical_params,
    canonical_type,
    check_params,
    check_training,
    misspelt,
    named_params,
)
from reconciler.core.remote import Crud
from reconciler.core.state import Reference
from reconciler.core.tree import ABSENT, Path, Tree, get, put

VERSION = ("model_version",)
CONCEPTS = (*VERSION, "output_info", "data", "concepts")
PARAMS = (*VERSION, "output_info", "params")
TRAINING_PARAMS = (*VERSION, "train_info", "params")
BASE = (*VERSION, "input_info", "base_embed_model")

TRAINED = frozenset({21100})
TRAINING = frozenset({21101, 21103, 21104, 21107, 21114})
"""QUEUED, TRAINING, UPLOADING, BUILDING, WAITING: will change by themselves (facts 2.2)."""


def _type(tree: Tree) -> str:
    return canonical_type(tree.get("model_type_id", DEFAULT_TYPE))


def _normalise(tree: Tree) -> Tree:
    """One spelling for the type id and for enum params (facts U2, U3); the very tree where it has that already."""
    written = tree.get("model_type_id")
    if written is not None and canonical_type(written) != written:
        tree = {**tree, "model_type_id": canonical_type(written)}
    params = get(tree, PARAMS)
    if not isinstance(params, dict):
        return tree
    spelled = canonical_params(_type(tree), params)
    return tree if all(spelled[name] is value for name, value in params.items()) else put(tree, PARAMS, spelled)


def _complete(tree: Tree) -> Tree:
    """An operator without a written version still needs one before a workflow can use it (facts 0.10)."""
    known = MODEL_TYPES.get(_type(tree))
    if "model_version" in tree or known is None or known.trainable:
        return tree
    return {**tree, "model_version": {}}


def _brief(tree: Tree, address: Address) -> Tree:
    """Codes by their names, concepts without: a version shows what the concepts themselves are called."""
    params, concepts = get(tree, PARAMS), get(tree, CONCEPTS)
    if isinstance(params, dict):
        tree = put(tree, PARAMS, named_params(_type(tree), params))
    if not isinstance(concepts, dict):
        return tree
    return put(tree, CONCEPTS, {name: put(concept, ("name",), ABSENT) for name, concept in concepts.items()})


@lru_cache(maxsize=4096)  # thousands of models refer to the same few
def _concept(scope: Scope, concept: str) -> Reference:
    return Reference((*CONCEPTS, concept), Address(scope, "concepts", concept))


def _references(tree: Tree, scope: Scope) -> Iterable[Reference]:
    concepts = get(tree, CONCEPTS)
    for concept in concepts if isinstance(concepts, dict) else ():
        yield _concept(scope, concept)
    base = get(tree, BASE)
    if isinstance(base, dict) and base.get("id"):
        target = Scope(base.get("user_id") or MAIN.user_id, base.get("app_id") or MAIN.app_id)
        yield Reference(BASE, Address(target, "models", base["id"]), foreign=target != scope)


def _learns(tree: Tree) -> frozenset[str] | None:
    """A new version of a trainable type is a training (facts 5); without concepts of its own it takes the app's."""
    if "model_version" not in tree or _type(tree) not in TRAINABLE:
        return None
    concepts = get(tree, CONCEPTS)
    return frozenset(concepts if isinstance(concepts, dict) else ())


def _check(tree: Tree, scope: Scope) -> Iterable[Problem]:
    if "model_version" in tree:
        yield from _check_params(tree, PARAMS, check_params)
        yield from _check_params(tree, TRAINING_PARAMS, check_training)
    known = MODEL_TYPES.get(_type(tree))
    if known is not None and known.concepts == THRESHOLDS and "model_version" in tree:
        yield from _check_thresholds(tree)
    written = tree.get("model_type_id") or ""
    if "." in written:
        yield Problem(("model_type_id",), "a model type id has no dots", severity=Severity.WARNING)
    elif known is None and (meant := misspelt(written)) is not None:
        # A warning only: the service may have types that no document names.
        hint = f"did you mean {meant!r}?"
        yield Problem(("model_type_id",), f"the model type {written!r} is not a known one", hint, Severity.WARNING)


def _check_params(
    tree: Tree, at: Path, check: Callable[[str, Mapping[str, Any]], Iterable[ParamProblem]]
) -> Iterable[Problem]:
    params = get(tree, at)
    for problem in check(_type(tree), params if isinstance(params, dict) else {}):
        path = (*at, problem.name) if problem.name else (at if params is not ABSENT else ())
        yield Problem(path, problem.summary, problem.hint, problem.severity)


def _check_thresholds(tree: Tree) -> Iterable[Problem]:
    concepts = get(tree, CONCEPTS)
    if not isinstance(concepts, dict) or not concepts:
        path = VERSION if tree.get("model_version") else ()
        # A warning only: the service takes it, so an app that others made may hold one, and can be exported.
        summary = "a thresholder without output_info.data.concepts lets nothing through"
        yield Problem(path, summary, severity=Severity.WARNING)
        return
    for name, concept in concepts.items():
        value = concept.get("value", 0)
        if not 0 <= value <= 1:
            yield Problem((*CONCEPTS, name, "value"), f"threshold {value} of {name!r} is not between 0 and 1")


_VERSION_FIELDS = (
    "description",
    "license",
    "metadata",
    "output_info.data.concepts.*.value",
    "output_info.data.concepts.*.name",
    "output_info.params",
    "output_info.fields_map",
    "output_info.output_config.concepts_mutually_exclusive",
    "input_info.params",
    "input_info.fields_map",
    "input_info.base_embed_model.id",
    "input_info.base_embed_model.app_id",
    "input_info.base_embed_model.user_id",
    "input_info.base_embed_model.model_version.id",
    "train_info.params",
)

KIND = Kind(
    name="Model",
    plural="models",
    message=resources_pb2.Model,
    summary="a model, thresholder, mapper or writer; metadata.name is its id, spec.model_version its configuration",
    fields=Fields(
        writable=(
            "model_type_id",
            "description",
            "notes",
            "metadata",
            "visibility.gettable",
            "toolkits",
            "use_cases",
            "languages",
            "image.url",
            "output_info.data.concepts.*.value",
            "output_info.params",
            *(f"model_version.{name}" for name in _VERSION_FIELDS),
        ),
        keyed={"model_version.output_info.data.concepts": "id", "output_info.data.concepts": "id"},
        # The place of both before 2023, in old manifests as in old replies (facts 4.1, U4).
        moved={
            "output_info.data": "model_version.output_info.data",
            "output_info.params": "model_version.output_info.params",
        },
        defaults={"visibility.gettable": "PRIVATE"},
        create_only=("model_type_id",),
        clearable=("model_version.output_info", "model_version.input_info", "model_version.metadata"),
        write_only=("image.url",),
        sensitive=("model_version.output_info.params.secrets",),
    ),
    crud=Crud.of("Model"),
    keeps=Keeps.MERGE,
    references=_references,
    normalise=_normalise,
    check=_check,
    complete=_complete,
    brief=_brief,
    learns=_learns,
    goes_along="all its versions",
    versions=Versions(
        path=VERSION,
        crud=Crud(
            "GetModelVersion",
            "ListModelVersions",
            "PostModelVersions",
            "PatchModelVersions",
            "DeleteModelVersion",
            "model_version",
            "model_versions",
        ),
        parent_id_field="model_id",
        ready=TRAINED,
        waiting=TRAINING,
    ),
    full_read="GetModelOutputInfo",
    listed_apart=ListedApart(
        "ListModelConcepts",
        places=((*VERSION, "output_info", "data", "concepts"), ("output_info", "data", "concepts")),
        count=(*VERSION, "active_concept_count"),
    ),
    list_fields={"dont_fetch_from_main": True},
    patch_action="merge",
)
