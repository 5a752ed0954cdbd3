"""The runs that meet faults: what is there before, what is done, and how the service looks when all goes well.

Belongs here: scenarios, and doing one with the real client over real gRPC. Does not belong here: faults, or what must
hold (`test_fault_matrix`).
"""

import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import grpc

from reconciler import pipeline, takeover
from reconciler.client.api import GrpcApi, ReadOnlyApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.diagnostics import ReconcilerError
from reconciler.core.secret import Secret
from reconciler.emulator.fault_plane import Faults
from reconciler.emulator.server import Emulator
from reconciler.labelling import Wanted, find_annotations
from reconciler.manifests import desired_state, read_manifests
from reconciler.stages.resolve import Options
from tests.conftest import EVERYTHING, SCOPE, Documents
from tests.reliability.account import Picture

MAKE = Documents()
MAIN = {"user_id": "clarifai", "app_id": "main"}
PATIENT, IMPATIENT = 20.0, 0.25
"""Seconds until a call is given up; the short one where giving up is what is tested."""

PICTURES = {
    name: Path(__file__).parents[2] / "manifests" / "custom-model" / "pictures" / f"{picture}.jpg"
    for name, picture in (("p", "brick-1"), ("q", "grass-1"))
}

MADE_ONCE = (
    "PostApps", "PostConcepts", "PostConceptRelations", "PostInputs", "PostModels", "PostModelVersions",
    "PostWorkflows",
)  # fmt: skip
"""What makes a new object each time, or would if the service did not refuse a taken id."""

Manifests = list[Any]


# ---- manifests


def shop(text: str = "one", cut: float = 0.5, label: str = "p") -> Manifests:
    """Something of each kind; each argument edits several of them."""
    limit = MAKE.thresholder("limit", p=cut, q=0.5)
    limit["spec"]["description"] = text
    flow = MAKE.workflow("flow", general={"id": "general-image-recognition", **MAIN}, map="mapper", cut="limit")
    side = MAKE.workflow("side", cut="limit")
    side["spec"]["description"] = text
    data = {"text": {"raw": "hello"}, "concepts": [{"id": label}]}
    return [
        MAKE.app(description=text, default_workflow={"id": "flow"}),
        MAKE.concept("p", name="P", definition=text),
        MAKE.concept("q"),
        MAKE.relation("p", "hyponym", "q"),
        MAKE.relation("q", "synonym", "ai_8S2Vq3cR", **MAIN),
        limit,
        MAKE.document("Model", "mapper", {"model_type_id": "concept-synonym-mapper"}),
        flow,
        side,
        MAKE.document("Input", "one", {"data": data}),
    ]


def training(exclusive: bool = False) -> Manifests:
    """A model that learns from two texts that are there already; what it learns is not the point."""
    info = {
        "data": {"concepts": [{"id": "p"}, {"id": "q"}]},
        "output_config": {"concepts_mutually_exclusive": exclusive},
    }
    version = {"output_info": info}
    spec = {"model_type_id": "embedding-classifier", "model_version": version}
    return [MAKE.app(), MAKE.concept("p"), MAKE.concept("q"), MAKE.document("Model", "learner", spec)]


def pruned() -> Manifests:
    """The shop without one of each."""
    gone = {("Workflow", "flow"), ("Model", "mapper"), ("ConceptRelation", None), ("Input", "one")}
    kept = [m for m in shop() if (m["kind"], m["metadata"]["name"]) not in gone]
    return [MAKE.app(description="one", default_workflow={"id": "side"}), *kept[1:]]


# ---- scenarios


@dataclass(frozen=True)
class Ended:
    """How a run ended: the exit code that the command line would give, and the account if there is one."""

    code: int
    planned: Any = None
    result: Any = None
    events: tuple[Any, ...] = ()
    said: Any = None
    error: str = ""

    @property
    def told(self) -> str:
        """The errors, in a line."""
        outcomes = self.result.outcomes if self.result else ()
        return self.error or str([(o.step.id, str(o.status), o.message) for o in outcomes if o.message])


Do = Callable[["Client", "Scenario"], Ended]


@dataclass(frozen=True)
class Scenario:
    """One command over one set of manifests, after what came before."""

    name: str
    do: Do
    manifests: Manifests
    before: Callable[["Client"], None] = lambda client: None
    options: Mapping[str, Any] = field(default_factory=dict)
    code: int = 0

    @property
    def writes(self) -> bool:
        return self.do in (apply, adopt)


@cache
def _desired(text: str) -> Any:
    return desired_state(read_manifests(["-"], Options(user_id=SCOPE.user_id), stdin=io.StringIO(text)))


def desired(manifests: Manifests) -> Any:
    return _desired("\n---\n".join(map(json.dumps, manifests)))


class Client:
    """The use cases over one channel, as a process of its own would have them; one call after the other."""

    def __init__(
        self, channel: grpc.Channel, faults: Faults | None = None, timeout: float = PATIENT, moment: float = 0.0
    ) -> None:
        self._faults, self._moment, self._now = faults, moment, 0.0
        self.events: list[Any] = []
        secret, clock = ("authorization", Secret("Key any")), lambda: self._now
        limiter = Limiter(0, clock=clock, sleep=self.wait)
        self.api = GrpcApi(channel, secret, limiter=limiter, timeout=timeout, clock=clock, sleep=self.wait)

    def wait(self, seconds: float) -> None:
        """Time passes at once: what is waited for is over when the service is done with what it has in hand.

        Where a connection may break, gRPC needs a moment to notice.
        """
        self._now += seconds
        if self._faults is not None:
            self._faults.settle()
        time.sleep(min(seconds, self._moment))

    def plan(self, scenario: Scenario, **more: Any) -> Any:
        options = {"workers": 1, "rails": EVERYTHING, **scenario.options, **more}
        return pipeline.make_plan(ReadOnlyApi(self.api), desired(scenario.manifests), pipeline.PlanOptions(**options))

    def carry_out(self, planned: Any) -> Any:
        clock = pipeline.Clock(sleep=lambda seconds: time.sleep(0.001))
        return pipeline.apply_plan(self.api, planned, self.events.append, clock=clock)

    def ask(self, rpc: str, **fields: Any) -> Any:
        fields.setdefault("user_app_id", {"user_id": SCOPE.user_id, "app_id": SCOPE.app_id})
        return self.api.call(rpc, **fields)


def run(client: Client, scenario: Scenario) -> Ended:
    """Do it; whatever a user would be told as an error is an exit code."""
    try:
        return scenario.do(client, scenario)
    except ReconcilerError as problem:
        return Ended(problem.exit_code, error=f"{type(problem).__name__}: {problem}")


def apply(client: Client, scenario: Scenario) -> Ended:
    planned = client.plan(scenario)
    result = client.carry_out(planned)
    return Ended(result.exit_code, planned, result, tuple(client.events))


def adopt(client: Client, scenario: Scenario) -> Ended:
    planned = takeover.adoption(client.plan(scenario)).planned
    result = client.carry_out(planned)
    return Ended(result.exit_code, planned, result, tuple(client.events))


def drift(client: Client, scenario: Scenario) -> Ended:
    options = pipeline.PlanOptions(refresh="full", workers=1)
    report = pipeline.find_drift(ReadOnlyApi(client.api), desired(scenario.manifests), options)
    return Ended(report.exit_code, said=report)


def export(client: Client, scenario: Scenario) -> Ended:
    return Ended(0, said=takeover.export_app(ReadOnlyApi(client.api), SCOPE, workers=1))


def annotations(client: Client, scenario: Scenario) -> Ended:
    return Ended(0, said=find_annotations(client.api, SCOPE, Wanted(mine=False)))


def applied(manifests: Manifests) -> Callable[[Client], None]:
    """The state after an earlier run."""

    def before(client: Client) -> None:
        scenario = Scenario("before", apply, manifests)
        assert run(client, scenario).code == 0

    return before


def by_others(client: Client) -> None:
    """The same app, made by hand: nothing in it is anybody's."""
    applied(shop()[:-1])(client)
    keys = {"metadata": {"reconciler": "", "reconciler_app": ""}}
    merge = {"op": "merge", "merge_conflict_resolution": "overwrite"}
    client.ask("PatchApps", apps=[{"id": "app", **keys}], action="overwrite", metadata_action=merge)
    for rpc, items in (("PatchModels", "models"), ("PatchWorkflows", "workflows")):
        for name in ("limit", "mapper") if items == "models" else ("flow", "side"):
            client.ask(rpc, **{items: [{"id": name, "metadata": {}}]}, action="overwrite")
    for name in ("limit", "mapper"):
        newest = client.ask("GetModel", model_id=name).model.model_version.id
        patched = {"id": newest, "metadata": {"reconciler": ""}}
        client.ask("PatchModelVersions", model_id=name, model_versions=[patched], action="merge")


def moved(client: Client) -> None:
    """Ours, and then somebody posted a version behind our back."""
    applied(shop())(client)
    version = MAKE.thresholder("limit", p=0.9, q=0.5)["spec"]["model_version"]
    client.ask("PostModelVersions", model_id="limit", model_versions=[version])
    client.ask("PatchConcepts", concepts=[{"id": "p", "name": "Theirs"}], action="overwrite")


def with_examples(client: Client) -> None:
    """Two labelled pictures, in an app that has nothing else yet."""
    applied(training(True)[:3])(client)
    labelled = [
        {"id": name, "data": {"image": {"base64": picture.read_bytes()}, "concepts": [{"id": name}]}}
        for name, picture in PICTURES.items()
    ]
    client.ask("PostInputs", inputs=labelled)
    while any(client.ask("GetInput", input_id=name).input.status.code != 30000 for name in PICTURES):
        time.sleep(0.001)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("create", apply, shop()),
        Scenario("change", apply, shop("two", 0.75, "q"), applied(shop())),
        Scenario("prune", apply, pruned(), applied(shop()), {"prune": True}),
        Scenario("destroy", apply, shop(), applied(shop()), {"destroying": True, "delete_app": True}),
        Scenario("adopt", adopt, shop()[:-1], by_others),
        Scenario("repair", apply, shop(), moved),
        Scenario("train", apply, training(), with_examples),
        Scenario("drift", drift, shop(), moved, code=2),
        Scenario("export", export, shop(), applied(shop())),
        Scenario("annotations", annotations, shop(), applied(shop())),
    )
}


# ---- the service


class Service:
    """One emulator for many runs: each begins with the state that was kept for its scenario."""

    def __init__(self, folder: Path, *, connection_faults: bool = False) -> None:
        taught = folder / "taught.yaml"  # what is learned is not the point, so no net has to look at pictures
        embeddings = {"p": [1, 0], "q": [0, 1]}
        answers = {str(picture): {"embedding": embeddings[name]} for name, picture in PICTURES.items()}
        taught.write_text(json.dumps(answers))
        self.emulator = Emulator(connection_faults=connection_faults, teach=taught).start()
        self._moment = 0.02 if connection_faults else 0.0
        self._made: list[tuple[str, str]] = []
        self._counting()
        self._channel = open_channel(parse_base(self.emulator.base))
        self._empty = self.emulator.snapshot()
        self._starts: dict[str, Any] = {}

    def client(self, timeout: float = PATIENT) -> Client:
        return Client(self._channel, self.emulator.faults, timeout, self._moment)

    def close(self) -> None:
        self._channel.close()
        for state in (self._empty, *self._starts.values()):
            state.close()
        self.emulator.stop(grace=0)

    @contextmanager
    def stage(self, scenario: Scenario) -> Iterator[Emulator]:
        """The emulator as it is before a scenario; it forgets faults, calls and counts."""
        if scenario.name not in self._starts:
            self.emulator.restore(self._empty)
            scenario.before(self.client())
            self._starts[scenario.name] = self.emulator.snapshot()
        self.emulator.restore(self._starts[scenario.name])
        self.emulator.faults.clear()
        self.emulator.calls.reset()
        self._made.clear()
        yield self.emulator
        self.emulator.faults.clear()
        self.emulator.faults.settle()

    @property
    def made(self) -> Counter[tuple[str, str]]:
        """(RPC, object) -> how often the service carried out its creation."""
        return Counter(self._made)

    def picture(self) -> Picture:
        return Picture.at(self.emulator)

    def _counting(self) -> None:
        """Count creations where they happen: what was refused is none, what was delivered twice is two."""
        dispatcher: Any = self.emulator._dispatcher
        dispatcher.operations = {
            name: self._counted(operation) if name in MADE_ONCE else operation
            for name, operation in dispatcher.operations.items()
        }

    def _counted(self, operation: Any) -> Any:
        def counted(call: Any, request: Any) -> Any:
            reply = operation(call, request)
            refused = {each.id for each in getattr(reply, "inputs", ()) if each.status.code not in (30000, 30001)}
            self._made.extend((call.rpc.name, name) for name in _made(request) if name not in refused)
            return reply

        return counted


def _made(request: Any) -> Iterator[str]:
    """What a request makes: ids, the model of a version, the ends of a relation."""
    for described, value in request.ListFields():
        if described.name == "model_versions":
            yield request.model_id
        elif described.name == "concept_relations":
            yield from (
                f"{request.concept_id or r.subject_concept.id} {r.predicate} {r.object_concept.id}" for r in value
            )
        elif described.name in ("apps", "concepts", "inputs", "models", "workflows"):
            yield from (item.id for item in value)
