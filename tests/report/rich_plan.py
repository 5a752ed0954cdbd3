"""One plan that holds a bit of everything: every action, cause and effect, and every value that is hard to print."""

from reconciler.core.address import MAIN, Address, Scope
from reconciler.core.change import Action, Cause, Effect, FieldChange, ResourceChange
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.plan import Pin, Plan, Refusal, Step, Verb
from reconciler.core.tree import ABSENT, Unknown

SCOPE = Scope("alice", "people-app")
SECRET = "hunter2-do-not-show"
OLD, NEWER, FOREIGN = "3f2a1b9c" * 4, "77aa0c4e" * 4, "aa7f35c01e0642fda5cf400f543e7c40"
CONCEPTS = ("model_version", "output_info", "data", "concepts")
LONG = (
    "Lets confident predictions through and hands everything else over to the people who review "
    "pending annotations, day by day, until the thresholds can be lowered"
)


def at(text: str) -> Address:
    return Address.parse(text, SCOPE)


def line(file: str, number: int) -> Location:
    return Location(f"manifests/{file}.yaml", number, 1)


def version_of(model: str) -> Unknown:
    return Unknown(f"models/{model}", "version_id")


def node(model: str, *inputs: str, version: object = None, **more: object) -> dict[str, object]:
    reference: dict[str, object] = {"id": model, "model_version": {"id": version or version_of(model)}}
    if version == FOREIGN:
        reference |= {"user_id": "clarifai", "app_id": "main"}
    return {"model": reference, "node_inputs": [{"node_id": name} for name in inputs], **more}


def creates() -> list[ResourceChange]:
    thresholder = {
        "model_type_id": "concept-thresholder",
        "description": LONG,
        "model_version": {
            "output_info": {
                "params": {"concept_threshold_type": "GREATER_THAN_OR_EQUAL", "secret_key": SECRET},
                "data": {"concepts": {n: {"id": n, "value": v} for n, v in (("people", 0.5), ("adult", 0.95))}},
            }
        },
    }
    secret = FieldChange(
        ("model_version", "output_info", "params", "secret_key"),
        ABSENT,
        SECRET,
        Cause.EDIT,
        Effect.IN_PLACE,
        sensitive=True,
    )
    nodes = {
        "general-concept": node("general-image-recognition", version=FOREIGN),
        "mapper": node("synonyms", "general-concept"),
        "greater-than": node("greater-than", "mapper"),
        "write-success": node("write-success-as-me", "greater-than", "mapper", suppress_output=True),
    }
    return [
        ResourceChange(at("concepts/people"), "Concept", Action.CREATE, after={"id": "people", "name": "people"}),
        ResourceChange(
            at("concepts/男性"),
            "Concept",
            Action.CREATE,
            after={"id": "男性", "name": "男性", "definition": "an adult man"},
            location=line("concepts", 9),
        ),
        ResourceChange(
            at("relations/man.hyponym.people"),
            "ConceptRelation",
            Action.CREATE,
            after={"subject_concept": {"id": "man"}, "predicate": "hyponym", "object_concept": {"id": "people"}},
            location=line("concepts", 14),
        ),
        ResourceChange(
            at("models/strict"),
            "Model",
            Action.CREATE,
            fields=(secret,),
            after=thresholder,
            location=line("models", 3),
        ),
        ResourceChange(
            at("workflows/review"),
            "Workflow",
            Action.CREATE,
            after={"nodes": nodes},
            location=line("workflows", 40),
        ),
    ]


def edits() -> list[ResourceChange]:
    pin = ("nodes", "greater-than", "model", "model_version", "id")
    pin_less = ("nodes", "less-than", "model", "model_version", "id")
    return [
        ResourceChange(
            at("models/greater-than"),
            "Model",
            Action.UPDATE,
            fields=(
                FieldChange((*CONCEPTS, "people", "value"), 0.5, 0.6, Cause.EDIT, Effect.NEW_VERSION),
                FieldChange((*CONCEPTS, "adult", "value"), 0.95, 0.9, Cause.EDIT, Effect.NEW_VERSION),
                FieldChange((*CONCEPTS, "child"), ABSENT, {"value": 0.7}, Cause.EDIT, Effect.NEW_VERSION),
                FieldChange((*CONCEPTS, "woman", "value"), 0.8, 0.5, Cause.DRIFT, Effect.NEW_VERSION),
            ),
            location=line("models", 23),
        ),
        ResourceChange(
            at("models/less-than"),
            "Model",
            Action.UPDATE,
            fields=(
                FieldChange(("description",), LONG, LONG[:-7] + "raised", Cause.EDIT, Effect.IN_PLACE),
                FieldChange(("notes",), "old remarks", ABSENT, Cause.REMOVED, Effect.IN_PLACE),
                FieldChange(("image", "url"), "https://x.test/a.png", ABSENT, Cause.REMOVED, Effect.RECORD),
                FieldChange(
                    ("model_version", "output_info", "params", "concept_threshold_type"),
                    "LESS_THAN",
                    "LESS_THAN_OR_EQUAL",
                    Cause.EDIT_OVER_DRIFT,
                    Effect.NEW_VERSION,
                ),
            ),
            location=line("models", 41),
        ),
        ResourceChange(
            at("workflows/auto-annotation"),
            "Workflow",
            Action.UPDATE,
            fields=(
                FieldChange(
                    pin, OLD, version_of("greater-than"), Cause.FOLLOWS, Effect.IN_PLACE, "models/greater-than"
                ),
                FieldChange(
                    pin_less, NEWER, version_of("less-than"), Cause.FOLLOWS, Effect.IN_PLACE, "models/less-than"
                ),
            ),
            reasons=("the app's default workflow",),
            location=line("workflows", 5),
        ),
        ResourceChange(
            at("workflows/nightly"),
            "Workflow",
            Action.UPDATE,
            fields=(
                FieldChange(
                    ("nodes", "gt", "model", "model_version", "id"),
                    OLD,
                    version_of("greater-than"),
                    Cause.FOLLOWS,
                    Effect.IN_PLACE,
                    "models/greater-than",
                ),
                FieldChange(
                    ("nodes", "writer"),
                    ABSENT,
                    node("write-success-as-me", "gt", version=NEWER),
                    Cause.EDIT,
                    Effect.IN_PLACE,
                ),
                FieldChange(("nodes", "cropper"), node("crop", version=OLD), ABSENT, Cause.EDIT, Effect.IN_PLACE),
            ),
            location=line("workflows", 70),
        ),
        ResourceChange(
            at("apps/people-app"),
            "App",
            Action.UPDATE,
            fields=(
                FieldChange(("default_workflow", "id"), "Empty", "auto-annotation", Cause.EDIT, Effect.LATE),
                FieldChange(("metadata", "stage"), "1", 1, Cause.EDIT, Effect.IN_PLACE),
            ),
            location=line("app", 2),
        ),
        ResourceChange(
            at("models/mapper"),
            "Model",
            Action.REPLACE,
            fields=(
                FieldChange(("model_type_id",), "concept-synonym-mapper", "concept-mapper", Cause.EDIT, Effect.REPLACE),
            ),
            reasons=("3 versions are lost, and the model is missing until it is created again",),
            location=line("models", 60),
        ),
    ]


def moved() -> list[ResourceChange]:
    return [
        ResourceChange(
            at("models/write-pending"),
            "Model",
            Action.UPDATE,
            fields=(
                FieldChange((*CONCEPTS, "people", "value"), 0.7, 0.5, Cause.DRIFT, Effect.NEW_VERSION),
                FieldChange((*CONCEPTS, "stranger"), {"value": 0.1}, ABSENT, Cause.DRIFT, Effect.NEW_VERSION),
                FieldChange(("notes",), ABSENT, "call me", Cause.DRIFT, Effect.IN_PLACE),
                FieldChange(("description",), "theirs", ABSENT, Cause.RELEASED, Effect.RECORD),
                FieldChange(("metadata", "token"), SECRET, SECRET + "x", Cause.DRIFT, Effect.IN_PLACE, sensitive=True),
                FieldChange(("metadata", "limit"), 1.5, float("nan"), Cause.EDIT_OVER_DRIFT, Effect.IN_PLACE),
            ),
            location=line("models", 80),
        ),
        ResourceChange(
            at("relations/adult.hyponym.people"),
            "ConceptRelation",
            Action.CREATE,
            cause=Cause.DRIFT,
            after={"subject_concept": {"id": "adult"}, "predicate": "hyponym", "object_concept": {"id": "people"}},
            location=line("concepts", 20),
        ),
    ]


def records() -> list[ResourceChange]:
    return [
        ResourceChange(at("concepts/adult"), "Concept", Action.ADOPT, location=line("concepts", 5)),
        ResourceChange(
            at("models/synonyms"),
            "Model",
            Action.ADOPT,
            fields=(FieldChange(("protect",), ABSENT, True, Cause.EDIT, Effect.RECORD),),
            reasons=("the record is refreshed",),
            location=line("models", 90),
        ),
        ResourceChange(
            at("concepts/teenager"),
            "Concept",
            Action.FORGET,
            reasons=("left in the app: the service cannot delete concepts",),
        ),
        ResourceChange(at("workflows/old"), "Workflow", Action.DELETE, before={"nodes": {"a": node("x", version=OLD)}}),
    ]


def hidden() -> ResourceChange:
    """A new object that has no fields says by path what must not be shown."""
    after = {"id": "vault", "metadata": {"password": SECRET, "nested": [SECRET]}}
    paths = (("metadata", "password"), ("metadata", "nested", "0"))
    return ResourceChange(at("concepts/vault"), "Concept", Action.CREATE, after=after, sensitive=paths)


def rich_plan() -> Plan:
    """The plan in the order in which it would happen."""
    changes = (*creates(), hidden(), *edits(), *moved(), *records())
    return Plan(
        scope=SCOPE,
        owner="people-app",
        host="api.clarifai.com",
        changes=changes,
        steps=steps(),
        unchanged=(at("concepts/man"), at("models/write-success-as-me")),
        undeclared=(at("models/experiment-7"), at("workflows/experiment-7")),
        refusals=(
            Refusal(
                "replace",
                at("models/mapper"),
                "its model_type_id cannot change: the model would be deleted with its 3 versions; give the new one "
                "another id, for example mapper-2",
                "--allow replace=models/mapper",
            ),
            Refusal("foreign", at("workflows/old"), "owned by the manifest set 'search'", None),
        ),
        pins=(
            Pin(
                at("workflows/review"),
                "nodes/general-concept/model",
                Address(MAIN, "models", "general-image-recognition"),
                FOREIGN,
            ),
        ),
        notes=(
            Diagnostic(
                Severity.WARNING,
                "workflows/search of owner 'search' still pins version 3f2a1b9c of models/greater-than",
                hint="it keeps the old threshold until its owner plans again",
            ),
            Diagnostic(Severity.NOTE, "2 old versions of models/greater-than are kept", line("models", 23)),
        ),
    )


def steps() -> tuple[Step, ...]:
    app, strict, auto = at("apps/people-app"), at("models/strict"), at("workflows/auto-annotation")
    greater = at("models/greater-than")
    return (
        Step("inventory/open", app, Verb.OPEN, "note what is about to exist"),
        Step("concepts/people/create", at("concepts/people"), Verb.CREATE, "create", ("inventory/open",)),
        Step("models/strict/create", strict, Verb.CREATE, "create", ("inventory/open",)),
        Step("models/strict/version", strict, Verb.VERSION, "create its version", ("models/strict/create",)),
        Step("models/strict/wait", strict, Verb.WAIT, "wait for its version", ("models/strict/version",)),
        Step("models/greater-than/version", greater, Verb.VERSION, "create its version", ("inventory/open",)),
        Step("workflows/auto-annotation/update", auto, Verb.UPDATE, "update", ("models/greater-than/version",)),
        Step("concepts/adult/adopt", at("concepts/adult"), Verb.ADOPT, "adopt"),
        Step("apps/people-app/late", app, Verb.LATE, "set its default workflow", ("workflows/auto-annotation/update",)),
        Step("workflows/old/delete", at("workflows/old"), Verb.DELETE, "delete", ("apps/people-app/late",)),
        Step("inventory/close", app, Verb.CLOSE, "write the inventory", ("workflows/old/delete",)),
    )


def empty_plan() -> Plan:
    """A plan with nothing to do."""
    return Plan(SCOPE, "people-app", "api.clarifai.com", (), (), unchanged=(at("concepts/man"),), refresh="full")
