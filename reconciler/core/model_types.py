"""What is known of the params of Clarifai's model types: names, enums with their aliases, ranges (facts 4.4, 4.5).

Belongs here: the table, and the two things done with it: one spelling for equal values, and a check of params.
Of other types the facts name no param, or say that params belong to templates that they do not list: for those the
service itself is asked (`stages/vet`). Where in a model params live is `kinds/model`'s business.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reconciler.core.diagnostics import Severity, did_you_mean
from reconciler.core.tree import Path

THRESHOLDS = "thresholds"
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Param:
    """One declared param: its JSON type, and what values make sense."""

    type: str
    enum: Mapping[str, int] = field(default_factory=dict)
    number_form: bool = False
    """Whether the enum's canonical spelling is its number (else its name)."""
    choices: tuple[str | int, ...] = ()
    """The values that are documented; another one is a warning, since the service may know more."""
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class ModelType:
    """One model type; `concepts` says what a version's `output_info.data.concepts` mean there."""

    id: str
    params: Mapping[str, Param]
    training: Mapping[str, Param] = field(default_factory=dict)
    """Of `train_info.params`; empty where nothing is known of them."""
    concepts: str | None = None
    trainable: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParamProblem:
    """What is wrong with one param (or, with an empty name, with the lack of one)."""

    name: str
    summary: str
    hint: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What the service itself says of a type: the values it fills in, and what it keeps secret, by path in a model."""

    defaults: Mapping[Path, Any] = field(default_factory=dict)
    secrets: tuple[Path, ...] = ()


COMPARATORS = {
    "GREATER_THAN": 1,
    "GREATER_THAN_OR_EQUAL": 2,
    "LESS_THAN": 3,
    "LESS_THAN_OR_EQUAL": 4,
    "EQUAL": 5,
}
"""ValueComparator (resources.proto); the numbers of the old walkthrough, the names of the new docs."""

ANNOTATION_STATUSES = {
    "ANNOTATION_SUCCESS": 24150,
    "ANNOTATION_PENDING": 24151,
    "ANNOTATION_AWAITING_REVIEW": 24157,
    "ANNOTATION_AWAITING_CONSENSUS_REVIEW": 24159,
}
"""StatusCode of annotations that a writer may set (facts 4.4)."""

_THRESHOLD = {"concept_threshold_type": Param("enum", enum=COMPARATORS, required=True)}

MODEL_TYPES: Mapping[str, ModelType] = {
    known.id: known
    for known in (
        ModelType("concept-thresholder", _THRESHOLD, concepts=THRESHOLDS, aliases=("concept-threshold",)),
        ModelType("region-thresholder", _THRESHOLD, concepts=THRESHOLDS, aliases=("region-threshold",)),
        ModelType(
            "annotation-writer",
            {
                "annotation_status": Param("enum", enum=ANNOTATION_STATUSES, number_form=True, required=True),
                "annotation_user_id": Param("string", required=True),
                "annotation_info": Param("object"),
                "task_id": Param("string"),
            },
        ),
        ModelType("concept-synonym-mapper", {"knowledge_graph_id": Param("string")}),
        ModelType(
            "embedding-classifier",
            {
                "max_concepts": Param("integer", minimum=0, maximum=200),
                "min_value": Param("number", minimum=0, maximum=1),
                "select_concepts": Param("array"),
            },
            {
                "dataset_id": Param("string"),
                "dataset_version_id": Param("string"),
                "enrich_dataset": Param("string", choices=("Automatic", "Disabled")),
            },
            concepts=LABELS,
            trainable=True,
        ),
        ModelType("image-crop", {"margin": Param("number", minimum=0)}, aliases=("image-cropper",)),
        ModelType("random-sample", {"keep_fraction": Param("number", minimum=0, maximum=1)}),
        ModelType("prompter", {"prompt_template": Param("string")}),
        ModelType("image-prompter", {"prompt_template": Param("string")}),
        ModelType(
            "rag-prompter",
            {
                "prompt_template": Param("string"),
                "min_score": Param("number", minimum=0, maximum=1),
                "max_results": Param("integer", minimum=1),
            },
        ),
        ModelType("regex-based-classifier", {"regex": Param("regex")}, concepts=LABELS),
        ModelType(
            "language-id-operator",
            {
                "library": Param("string", choices=("langdetect", "fasttext")),
                "topk": Param("integer", minimum=1),
                "threshold": Param("number", minimum=0, maximum=1),
                "lowercase": Param("boolean"),
            },
        ),
        ModelType(
            "text-aggregation-operator",
            {
                "avg_word_width_window_factor": Param("number", minimum=0),
                "avg_word_height_window_factor": Param("number", minimum=0),
            },
        ),
        ModelType("barcode-operator", {}),
    )
}

TRAINABLE = frozenset(
    {
        "visual-classifier",
        "visual-detector",
        "visual-segmenter",
        "visual-embedder",
        "clusterer",
        "text-classifier",
        "embedding-classifier",
        "text-to-text",
    }
)
"""Types whose new version is a training (facts 4.1)."""

_NAMED = frozenset(
    {
        "text-embedder",
        "multimodal-embedder",
        "knn-concept",
        "image-align",
        "image-tiling-operator",
        "isolation-operator",
        "tiling-region-aggregator-operator",
        "keyword-filter-operator",
        "input-filter",
        "input-searcher",
        "object-counter",
        "concept-to-text-mapper",
        "tokens-to-entity-operator",
        "raft-operator",
        "track-representation-operator",
        "any-to-any",
        "multimodal-to-text",
        "text-to-image",
    }
)
"""Types of which no more is known than that they exist (facts 4.5)."""
_ALIKE = 0.9
"""So much of two names is the same if one is probably the other, misspelt: less would warn of types that exist."""

DEFAULT_TYPE = "embedding-classifier"
"""What the service takes when no type is named (facts 3.5)."""


def trains(model: Mapping[str, Any]) -> bool:
    """Whether a new version of a model (its tree) is a training."""
    return canonical_type(model.get("model_type_id", DEFAULT_TYPE)) in TRAINABLE


_CANONICAL = {alias: known.id for known in MODEL_TYPES.values() for alias in known.aliases}


def canonical_type(model_type_id: str) -> str:
    """`concept-threshold` -> `concept-thresholder`; other ids as they are (facts 0.7)."""
    return _CANONICAL.get(model_type_id, model_type_id)


@lru_cache(maxsize=256)  # thousands of models may share one
def misspelt(model_type_id: str) -> str | None:
    """The known type that was probably meant; None for one that is known, and for one that is like none."""
    known = {*MODEL_TYPES, *_CANONICAL, *TRAINABLE, *_NAMED}
    if model_type_id in known:
        return None
    return next(iter(difflib.get_close_matches(model_type_id, sorted(known), n=1, cutoff=_ALIKE)), None)


def canonical_params(model_type_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The params with each known enum in its one spelling, whether it came as name, number or text of a number."""
    known = MODEL_TYPES.get(canonical_type(model_type_id))
    if known is None:
        return dict(params)
    return {name: _canonical_value(known.params.get(name), value) for name, value in params.items()}


def _canonical_value(param: Param | None, value: Any) -> Any:
    if param is None or not param.enum or isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if not param.number_form and value in param.enum:
        return value
    number = param.enum.get(value, None) if isinstance(value, str) else value
    if number is None and isinstance(value, str) and value.isdecimal():
        number = int(value)
    if number not in param.enum.values():
        return value
    return number if param.number_form else next(name for name, code in param.enum.items() if code == number)


def named_params(model_type_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The params with each known enum by name, as people write it."""
    known = MODEL_TYPES.get(canonical_type(model_type_id))
    enums = {name: param.enum for name, param in known.params.items()} if known else {}
    by_code = {name: {code: word for word, code in enum.items()} for name, enum in enums.items()}
    return {
        name: by_code.get(name, {}).get(value, value) if isinstance(value, int) else value
        for name, value in params.items()
    }


def check_params(model_type_id: str, params: Mapping[str, Any]) -> Iterator[ParamProblem]:
    """What the table finds wrong in declared params; nothing for a type it does not know."""
    known = MODEL_TYPES.get(canonical_type(model_type_id))
    return iter(()) if known is None else problems(known.id, known.params, params)


def check_training(model_type_id: str, params: Mapping[str, Any]) -> Iterator[ParamProblem]:
    """The same of `train_info.params`."""
    known = MODEL_TYPES.get(canonical_type(model_type_id))
    return problems(known.id, known.training, params) if known is not None and known.training else iter(())


def problems(type_id: str, known: Mapping[str, Param], given: Mapping[str, Any]) -> Iterator[ParamProblem]:
    """What is wrong in params, by what is known of them."""
    for name, value in given.items():
        if name not in known:
            yield _unknown(name, type_id, known)
        elif (summary := _mismatch(known[name], value)) is not None:
            yield ParamProblem(name, f"{name}: {summary}", _hint(known[name], value))
        elif not _documented(known[name], value):
            unlisted = f"{name}: {value!r} is none of the values that are documented"
            yield ParamProblem(name, unlisted, _hint(known[name], value), Severity.WARNING)
    for name, param in known.items():
        if param.required and name not in given:
            yield ParamProblem("", f"a {type_id} needs the param {name!r}", _hint(param, ""))


def _documented(param: Param, value: Any) -> bool:
    return not param.choices or (not isinstance(value, bool) and value in param.choices)


def _unknown(name: str, type_id: str, known: Mapping[str, Param]) -> ParamProblem:
    close = did_you_mean(name, known)
    listed = f"known params of {type_id}: {', '.join(known) or 'none'}"
    severity = Severity.ERROR if close else Severity.WARNING
    return ParamProblem(name, f"unknown param {name!r} of {type_id}", close or listed, severity)


def _mismatch(param: Param, value: Any) -> str | None:
    if param.enum:
        canonical = _canonical_value(param, value)
        ok = canonical in param.enum or (param.number_form and canonical in param.enum.values())
        return None if ok and not isinstance(value, bool) else f"{value!r} is not one of its values"
    if not _TYPE_TESTS[param.type](value):
        return f"must be {_TYPE_NAMES[param.type]}, not {value!r}"
    if param.minimum is not None and not value >= param.minimum:
        return f"{value} is below {param.minimum:g}"
    if param.maximum is not None and value > param.maximum:
        return f"{value} is above {param.maximum:g}"
    return None


def _hint(param: Param, value: Any) -> str | None:
    if param.choices:
        return did_you_mean(str(value), map(str, param.choices)) or f"one of {', '.join(map(str, param.choices))}"
    if not param.enum:
        return None
    return did_you_mean(str(value).upper(), param.enum) or f"one of {', '.join(param.enum)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _compiles(pattern: str) -> bool:
    """Whether a pattern is well formed, as far as Python's dialect tells; the service's own is not documented."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


_TYPE_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "boolean": lambda value: isinstance(value, bool),
    "regex": lambda value: isinstance(value, str) and _compiles(value),
}
_TYPE_NAMES = {
    "any": "anything",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "array": "a list",
    "object": "a mapping",
    "boolean": "true or false",
    "regex": "a regular expression",
}
