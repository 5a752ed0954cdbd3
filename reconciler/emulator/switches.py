"""Play the service's unknown or changing behaviours both ways.

Belongs here: one documented field for each behaviour that only the live service can settle (the U numbers are the
rows of facts 13) or that a test wants to vary, with the emulator's default. Not here: the behaviour itself, which
lives where it happens, and one-off faults (`faults.py`).
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SwitchInfo:
    """What `--help` and the documentation say about one switch."""

    name: str
    values: str
    default: str
    meaning: str
    fact: str


def _choice(default: str, *others: str, fact: str, meaning: str) -> Any:
    return field(default=default, metadata={"values": (default, *others), "fact": fact, "meaning": meaning})


def _number(default: int | float, *, fact: str, meaning: str) -> Any:
    return field(default=default, metadata={"values": type(default), "fact": fact, "meaning": meaning})


@dataclass(frozen=True)
class Switches:
    """How the emulated service behaves where the real one is not known."""

    # -- models and their versions
    first_version: str = _choice(
        "configured", "always", "never", fact="U1",
        meaning="PostModels makes a version if output_info was sent / also for a bare non-trainable model / never",
    )  # fmt: skip
    threshold_type: str = _choice(
        "as-sent", "canonical", fact="U2",
        meaning="model type concept-threshold is echoed as sent / as concept-thresholder",
    )  # fmt: skip
    unknown_types: str = _choice(
        "accepted", "refused", fact="3.7",
        meaning="a model of a type the emulator does not know is taken as a non-trainable one / refused",
    )  # fmt: skip
    enum_echo: str = _choice(
        "as-sent", "number", "string", fact="U3",
        meaning="enum params of known types come back as sent / as their integer alias / as their name",
    )  # fmt: skip
    default_params: str = _choice(
        "filled", "none", "extra", fact="0.9",
        meaning="reads fill in documented default params / nothing / also a param nobody documents",
    )  # fmt: skip
    output_info: str = _choice(
        "output-info-rpc", "everywhere", "old-place", "listed-apart", fact="U4",
        meaning="output_info.data is in GetModelOutputInfo only / in every read / in its old place model.output_info / "
        "nowhere: ListModelConcepts lists the concepts",
    )  # fmt: skip
    omitted_threshold: str = _choice(
        "zero", "one", fact="U23",
        meaning="a concept without value in a version's data counts as 0 / as 1",
    )  # fmt: skip
    unknown_concepts: str = _choice(
        "created", "refused", fact="U22",
        meaning="a version naming a concept the app lacks creates it / is refused with 40003",
    )  # fmt: skip
    version_patch: str = _choice(
        "in-place", "ignored", fact="U21",
        meaning="PatchModelVersions of output_info changes the version in place / leaves it as it was",
    )  # fmt: skip
    version_modified_at: str = _choice(
        "moves", "stays", "not-in-lists", fact="U32",
        meaning="PatchModelVersions moves modified_at / does not / moves it but ListModels leaves it out",
    )  # fmt: skip
    version_metadata: str = _choice(
        "returned", "dropped-in-lists", "dropped", fact="U32",
        meaning="a model version's metadata is in every reply / not in lists / in none",
    )  # fmt: skip
    model_in_use: str = _choice(
        "deprecates", "refused", fact="U6",
        meaning="deleting a pinned model (version) marks the workflow versions deprecated / is refused",
    )  # fmt: skip
    main_models: str = _choice(
        "own-only", "leak-unless-told", "leak", fact="3.5",
        meaning="ListModels gives the app's own / also clarifai/main's unless dont_fetch_from_main / always both",
    )  # fmt: skip
    public_models: str = _choice(
        "found", "own-app-only", fact="14.1.5",
        meaning="reading or running a public model by its id in an app that has none of that id finds it / 21200",
    )  # fmt: skip
    old_model_ids: str = _choice(
        "readable-in-get", "as-sent", "readable", fact="4.5",
        meaning="public models asked for by old hex id: GetModel answers the readable id, nodes the sent one / "
        "both as sent / both readable",
    )  # fmt: skip
    train_polls: int = _number(2, fact="U26", meaning="reads of a queued version until its training has an end")

    # -- workflows
    nodes_merge: str = _choice(
        "by-id", "replace", fact="U9", meaning="PatchWorkflows merge merges nodes by id / replaces the list"
    )
    nodes_overwrite: str = _choice(
        "replace", "by-id", fact="U9", meaning="PatchWorkflows overwrite replaces the nodes / merges them by id"
    )
    workflow_version: str = _choice(
        "nodes-differ", "nodes-sent", "every-patch", fact="U10",
        meaning="a new workflow version appears when sent nodes differ / when nodes are sent / on every patch",
    )  # fmt: skip
    node_version: str = _choice(
        "latest", "required", fact="U11",
        meaning="a node without model version is pinned to the latest trained one / is refused",
    )  # fmt: skip
    node_types: str = _choice(
        "checked", "unchecked", fact="U24",
        meaning="nodes of known types whose inputs and outputs do not fit are refused with 22107 / taken",
    )  # fmt: skip
    node_order: str = _choice(
        "as-sent", "sorted", "reversed", fact="3.8", meaning="nodes come back as sent / in graph order / backwards"
    )
    default_workflow_delete: str = _choice(
        "refused", "allowed", fact="U7",
        meaning="deleting the app's default workflow or a last version is refused with 22999 / allowed",
    )  # fmt: skip

    # -- running models and workflows
    greater_than: str = _choice(
        "strict", "or-equal", fact="14.3",
        meaning="a score exactly at its threshold does not pass GREATER_THAN / passes, as the walkthrough words it",
    )  # fmt: skip
    mapper_graph: str = _choice(
        "all", "app-wide", fact="14.3",
        meaning="a concept-synonym-mapper without knowledge_graph_id follows relations of all graphs / only of none",
    )  # fmt: skip
    mapper_relations: str = _choice(
        "all", "synonyms", fact="4.4",
        meaning="a concept-synonym-mapper follows synonyms, hyponyms and hypernyms / only synonyms",
    )  # fmt: skip
    writer_concepts: str = _choice(
        "own", "all", fact="7.9",
        meaning="an annotation-writer leaves out concepts of other apps / writes them too",
    )  # fmt: skip
    mixed_predict: str = _choice(
        "fail-fast", "mixed", fact="2.3",
        meaning="one bad input fails the whole call with 10020 / only itself, and the call answers 10010",
    )  # fmt: skip
    not_run: str = _choice(
        "fails-the-node", "fails-the-run", fact="5",
        meaning="a node the emulator cannot run says so in its output and ends its branch / fails the workflow",
    )  # fmt: skip
    random_seed: int = _number(0, fact="4.5", meaning="what random-sample draws with; the same seed draws the same")
    knn_neighbours: int = _number(5, fact="4.5", meaning="labelled inputs a knn-concept model asks")

    # -- apps, concepts, relations
    base_workflow_copy: str = _choice(
        "except-empty", "never", "always", fact="U16",
        meaning="PostApps copies the base workflow into the app unless it is Empty / never / even Empty",
    )  # fmt: skip
    metadata_action: str = _choice(
        "obeyed", "ignored", fact="U31", meaning="PatchApps obeys metadata_action / never touches App.metadata"
    )
    implied_app: str = _choice(
        "oldest", "refused", fact="1.6",
        meaning="a call that names no app means the caller's oldest app, as an app key would / is refused",
    )  # fmt: skip
    missing_app: str = _choice(
        "11101", "by-resource", fact="U17",
        meaning="model calls into an app that does not exist answer 11101 like all others / 21200",
    )  # fmt: skip
    missing_concept: str = _choice("11101", "40003", fact="U18", meaning="code of GetConcept for an absent id")
    concept_order: str = _choice("oldest-first", "newest-first", "by-id", fact="U20", meaning="order of ListConcepts")
    concept_metadata: str = _choice(
        "returned", "dropped-in-lists", "dropped", fact="U8",
        meaning="a concept's metadata is in every reply / not in lists / in none",
    )  # fmt: skip
    hypernym: str = _choice(
        "hyponym", "as-posted", fact="U13",
        meaning="a posted hypernym is stored, and listed without concept_id, as a flipped hyponym / as posted",
    )  # fmt: skip
    relation_delete: str = _choice(
        "either-side", "subject", fact="U13",
        meaning="DeleteConceptRelations takes either end as concept_id / only the stored subject",
    )  # fmt: skip
    relation_object_user: str = _choice(
        "filled", "empty", fact="U14", meaning="user_id of a relation's object concept is filled / left empty"
    )

    # -- every resource
    duplicate_code: str = _choice(
        "by-kind", "40010", "40003", "11102", fact="U5", meaning="code for an id that is taken"
    )
    list_metadata: str = _choice(
        "returned", "dropped", fact="U8", meaning="lists of apps, models, workflows and versions carry metadata / not"
    )
    overwrite_absent: str = _choice(
        "kept", "cleared", fact="U12", meaning="description and notes absent from an overwrite stay / become empty"
    )
    image_url: str = _choice(
        "hosted", "as-sent", fact="3.12", meaning="image.url comes back as the service's copy / as it was sent"
    )
    patch_reply: str = _choice(
        "full", "sent-fields", fact="U27", meaning="patches answer the whole object / the id and the fields sent"
    )
    page_limit: str = _choice("refused", "clamped", fact="U19", meaning="per_page over 1000 is 11102 / taken as 1000")
    timestamps: str = _choice(
        "ns", "us-on-read", fact="3.0", meaning="timestamps keep nanoseconds / are cut to microseconds in reads"
    )
    longest_id: int = _number(48, fact="U29", meaning="most characters of an id")
    list_delay: float = _number(0.0, fact="U28", meaning="seconds until a new object shows up in lists")
    list_delay_reads: int = _number(0, fact="U28", meaning="list calls of its kind that miss a new object")

    # -- inputs and annotations
    input_delay: float = _number(0.0, fact="7.1", meaning="seconds until a new input is looked at")
    delete_delay: float = _number(0.0, fact="14.1.10", meaning="seconds until a deleted input is gone; 0 = at once")
    input_order: str = _choice("newest-first", "oldest-first", fact="3.0", meaning="order of ListInputs")
    failed_run: str = _choice(
        "awaited", "always", "never", fact="7.1",
        meaning="an input on which the default workflow fails is 30002 if that workflow has an annotation-writer and "
        "takes such inputs / in any case / never: it is 30000 and its details say what failed",
    )  # fmt: skip
    omitted_concept: str = _choice(
        "one-unless-others", "one", "zero", fact="U23",
        meaning="a concept posted with an input or annotation without value, or with 0, is 1 if no concept beside it "
        "has a value, else 0 / always 1 / always 0",
    )  # fmt: skip
    annotation_order: str = _choice(
        "newest-first", "oldest-first", fact="14.3",
        meaning="order of ListAnnotations: as a test of the live service needs it / as the docs have it",
    )  # fmt: skip
    plain_annotations: str = _choice(
        "trusted", "user-made", fact="14.3",
        meaning="ListAnnotations without any filter lists trusted annotations / those that no model put out",
    )  # fmt: skip
    writer_worker: str = _choice(
        "user", "workflow", fact="U25", meaning="the worker of a written annotation is its user / the workflow version"
    )
    writer_trusted: str = _choice(
        "by-status", "always", fact="U25", meaning="a written annotation is trusted if its status is 24150 / always"
    )
    writer_values: str = _choice(
        "kept", "one", fact="U25", meaning="concepts of a written annotation keep the predicted value / have value 1"
    )

    # -- the wire
    latency: float = _number(0.0, fact="9", meaning="seconds every call takes")
    rps: int = _number(0, fact="9", meaning="calls per second and user before 11005; 0 = no limit")
    max_message_mb: int = _number(64, fact="U30", meaning="largest request and reply in megabytes")

    def __post_init__(self) -> None:
        """Refuse a value the emulator would not act on."""
        for each in dataclasses.fields(self):
            allowed, value = each.metadata["values"], getattr(self, each.name)
            if isinstance(allowed, tuple) and value not in allowed:
                known = ", ".join(allowed)
                raise ValueError(f"switch {each.name} is one of {known}, not {value!r}{_hint(value, allowed)}")
            if not isinstance(allowed, tuple) and (isinstance(value, bool) or value < 0):
                raise ValueError(f"switch {each.name} is a number from 0 up, not {value!r}")

    @classmethod
    def parse(cls, settings: Iterable[str]) -> Switches:
        """Switches from `name=value` words, as a command line gives them."""
        chosen: dict[str, Any] = {}
        known = {each.name: each.metadata["values"] for each in dataclasses.fields(cls)}
        for setting in settings:
            name, equals, text = setting.partition("=")
            name = name.strip().replace("-", "_")
            if not equals:
                raise ValueError(f"switch {setting!r} is not of the form name=value")
            if name not in known:
                raise ValueError(f"there is no switch {name!r}{_hint(name, known)}")
            chosen[name] = _value(name, text.strip(), known[name])
        return cls(**chosen)

    @classmethod
    def listing(cls) -> tuple[SwitchInfo, ...]:
        """Every switch with its values, default, meaning and fact, in the order of this file."""
        return tuple(_info(each) for each in dataclasses.fields(cls))


def _info(each: dataclasses.Field[Any]) -> SwitchInfo:
    values = each.metadata["values"]
    text = "|".join(values) if isinstance(values, tuple) else "number"
    return SwitchInfo(each.name, text, str(each.default), each.metadata["meaning"], each.metadata["fact"])


def _value(name: str, text: str, values: Any) -> Any:
    if isinstance(values, tuple):
        return text
    try:
        return values(text)
    except ValueError:
        raise ValueError(f"switch {name} is a number, not {text!r}") from None


def _hint(word: object, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
