"""The model types the service knows: their params, enum options, inputs and outputs.

Belongs here: the table of types as data (facts 4.4, 4.5) and look-ups in it. Not here: checking or filling a
version by a type (`params.py`), chaining of types in a workflow (`graph.py`).

The table is known to be incomplete: the live list is longer, and uploaded models bring types of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf import json_format

ModelType = resources_pb2.ModelType
Field = resources_pb2.ModelTypeField

DEFAULT_TYPE = "embedding-classifier"
"""The type of a model posted without one (facts 3.5)."""

ALIASES: Mapping[str, str] = {"concept-threshold": "concept-thresholder"}
"""Type ids of older documentation that still name a type (facts 0.7)."""

COMPARATORS: Mapping[str, int] = {
    "GREATER_THAN": 1,
    "GREATER_THAN_OR_EQUAL": 2,
    "LESS_THAN": 3,
    "LESS_THAN_OR_EQUAL": 4,
    "EQUAL": 5,
}
ANNOTATION_STATUSES: Mapping[str, int] = {
    "ANNOTATION_SUCCESS": 24150,
    "ANNOTATION_PENDING": 24151,
    "ANNOTATION_AWAITING_REVIEW": 24157,
    "ANNOTATION_AWAITING_CONSENSUS_REVIEW": 24159,
}

_PARAMS = "output_info.params"
_TRAIN = "train_info.params"
_T = resources_pb2.ModelTypeField.ModelTypeFieldType


def _field(name: str, kind: str, *, at: str = _PARAMS, default: Any = None, text: str = "") -> Field:
    field = Field(path=f"{at}.{name}", field_type=_T.Value(kind), description=text)
    if default is not None:
        json_format.ParseDict(default, field.default_value)
    return field


def _enum(name: str, options: Mapping[str, int] | Iterable[str], *, at: str = _PARAMS, default: Any = None) -> Field:
    field = _field(name, "ENUM", at=at, default=default)
    for option in options:
        added = field.model_type_enum_options.add(id=option)
        if isinstance(options, Mapping):
            added.aliases.add(id_int=options[option])
    return field


def _range(name: str, low: float, high: float, step: float, *, at: str = _PARAMS, default: Any = None) -> Field:
    field = _field(name, "RANGE", at=at, default=default)
    field.model_type_range_info.min, field.model_type_range_info.max, field.model_type_range_info.step = low, high, step
    return field


def _concepts(*, thresholds: bool = False) -> Field:
    kind = "ARRAY_OF_CONCEPTS_WITH_THRESHOLD" if thresholds else "ARRAY_OF_CONCEPTS"
    return _field("concepts", kind, at="output_info.data")


def _type(
    identifier: str, inputs: str, outputs: str, *fields: Field, trainable: bool = False, title: str = ""
) -> ModelType:
    """One type; several input or output sources are separated by blanks, fields needed together by commas."""
    return ModelType(
        id=identifier,
        title=title or identifier.replace("-", " ").capitalize(),
        input_fields=inputs.split(),
        output_fields=outputs.split(),
        trainable=trainable,
        creatable=True,
        model_type_fields=fields,
    )


def _dataset() -> list[Field]:
    return [
        _field("dataset_id", "DATASET_ID", at=_TRAIN, default=""),
        _field("dataset_version_id", "DATASET_VERSION_ID", at=_TRAIN, default=""),
    ]


_REGION = "regions[...].region_info"
_REGION_CONCEPTS = "regions[...].data.concepts"
_DETECTIONS = f"{_REGION},{_REGION_CONCEPTS}"

_LIMITS = (
    _range("max_concepts", 0, 200, 1, default=20),
    _range("min_value", 0, 1, 0.01, default=0),
    _field("select_concepts", "ARRAY_OF_MODEL_CONCEPTS", default=[]),
)
_TEMPLATES = _field("template", "RECURSIVE_ENUM", at=_TRAIN, text="which further params there are depends on it")
_COMPARATOR = _enum("concept_threshold_type", COMPARATORS)
_TEMPLATE = _field("prompt_template", "STRING")
_EMBEDDER = _field("base_embed_model", "WORKFLOW_EMBED_MODELS", at="input_info")

_TRAINABLE = (
    _type(
        "embedding-classifier", "embeddings", "concepts", _concepts(), *_LIMITS, _EMBEDDER, *_dataset(),
        _enum("enrich_dataset", ("Automatic", "Disabled"), at=_TRAIN, default="Automatic"),
        _field("concepts_mutually_exclusive", "BOOLEAN", at="output_info.output_config", default=False),
        trainable=True,
    ),
    _type("visual-classifier", "image", "concepts", _concepts(), *_LIMITS, *_dataset(), _TEMPLATES, trainable=True),
    _type("visual-detector", "image", _DETECTIONS, _concepts(), *_LIMITS, *_dataset(), _TEMPLATES, trainable=True),
    _type("visual-segmenter", "image", f"regions[...].region_info.mask,{_REGION_CONCEPTS}", _concepts(), *_dataset(),
          _TEMPLATES, trainable=True),
    _type("visual-embedder", "image", "embeddings", *_dataset(), trainable=True),
    _type("text-classifier", "text", "concepts", _concepts(), *_LIMITS, *_dataset(), _TEMPLATES, trainable=True),
    _type("text-to-text", "text", "text", *_dataset(), trainable=True),
    _type("clusterer", "embeddings", "clusters", *_dataset(), trainable=True),
)  # fmt: skip

_OPERATORS = (
    _type("concept-thresholder", "concepts", "concepts", _concepts(thresholds=True), _COMPARATOR),
    _type("region-thresholder", _REGION_CONCEPTS, _REGION_CONCEPTS, _concepts(thresholds=True), _COMPARATOR),
    _type(
        "annotation-writer", "any", "any",
        _enum("annotation_status", ANNOTATION_STATUSES), _field("annotation_user_id", "COLLABORATORS"),
        _field("annotation_info", "JSON"), _field("task_id", "STRING"),
    ),
    _type("concept-synonym-mapper", "concepts", "concepts", _field("knowledge_graph_id", "STRING", default="")),
    _type("image-crop", f"image,{_REGION}", "regions[...].data.image", _field("margin", "NUMBER")),
    _type("image-align", f"image,{_REGION}", "regions[...].data.image"),
    _type("image-tiling-operator", "image", "regions[...].data.image"),
    _type("isolation-operator", "regions[...]", "regions[...]"),
    _type("tiling-region-aggregator-operator", "regions[...]", "regions[...]"),
    _type("random-sample", "any", "any", _range("keep_fraction", 0, 1, 0.01)),
    _type("input-filter", "any", "any"),
    _type("input-searcher", "any", "hits"),
    _type("object-counter", "regions[...]", "any"),
    _type("keyword-filter-operator", "text", "concepts"),
    _type("regex-based-classifier", "text", "concepts", _concepts(), _field("regex", "STRING")),
    _type(
        "language-id-operator", "text", "concepts",
        _enum("library", ("langdetect", "fasttext")), _field("topk", "NUMBER"),
        _range("threshold", 0, 1, 0.01), _field("lowercase", "BOOLEAN"),
    ),
    _type("concept-to-text-mapper", "concepts", "text"),
    _type("tokens-to-entity-operator", "any", "any"),
    _type("raft-operator", "any", "any"),
    _type(
        "text-aggregation-operator", "regions[...].data.text", "text",
        _field("avg_word_width_window_factor", "NUMBER"), _field("avg_word_height_window_factor", "NUMBER"),
    ),
    _type("barcode-operator", "image", "regions[...].data.text"),
    _type("byte-tracker", "frames[...].data.regions[...]", "frames[...].data.regions[...]"),
    _type("centroid-tracker", "frames[...].data.regions[...]", "frames[...].data.regions[...]"),
    _type("kalman-filter-tracker", "frames[...].data.regions[...]", "frames[...].data.regions[...]"),
    _type("track-representation-operator", "frames[...].data.regions[...]", "frames[...].data.regions[...]"),
    _type("email", "any", "any"),
    _type("sms", "any", "any"),
)  # fmt: skip

_GENERATORS = (
    _type("prompter", "text", "text", _TEMPLATE),
    _type(
        "rag-prompter", "text", "text", _TEMPLATE,
        _range("min_score", 0, 1, 0.01, default=0.95), _field("max_results", "NUMBER", default=5),
    ),
    _type("image-prompter", "text", "text,image", _TEMPLATE),
    _type("text-embedder", "text", "embeddings"),
    _type("multimodal-embedder", "any", "embeddings"),
    _type("multimodal-to-text", "any", "text"),
    _type("text-to-image", "text", "image"),
    _type("any-to-any", "any", "any"),
    _type("mcp", "any", "any"),
    _type("openai", "any", "any"),
)  # fmt: skip

LISTED: tuple[ModelType, ...] = (*_TRAINABLE, *_OPERATORS, *_GENERATORS)
"""What ListModelTypes answers."""

_BY_ID: Mapping[str, ModelType] = {
    **{each.id: each for each in LISTED},
    # Dropped from the live list but still in old walkthroughs; takes labels, so it trains.
    "knn-concept": _type("knn-concept", "embeddings", "concepts", _concepts(), trainable=True),
}


def find(identifier: str) -> ModelType | None:
    """The type of this id or alias, None if the table lacks it."""
    return _BY_ID.get(ALIASES.get(identifier, identifier))


def trainable(identifier: str) -> bool:
    """A model of this type has to learn before it can predict; types we do not know count as ready."""
    known = find(identifier)
    return known is not None and known.trainable


@lru_cache(maxsize=512)
def fields_at(identifier: str, path: str) -> Mapping[str, Field]:
    """The type's fields that live right under a path such as `output_info.params`, by their last name."""
    known = find(identifier)
    split = ((*field.path.rpartition("."), field) for field in (known.model_type_fields if known else ()))
    return MappingProxyType({name: field for at, _, name, field in split if at == path})


@lru_cache(maxsize=512)
def defaults_at(identifier: str, path: str) -> Mapping[str, Field]:
    """Those of the fields at a path that have a default."""
    found = fields_at(identifier, path)
    return MappingProxyType({name: field for name, field in found.items() if field.HasField("default_value")})
