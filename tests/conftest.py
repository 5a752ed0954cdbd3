"""What every test may use: documents as data, and a world of one emulator with the use cases over it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from reconciler import pipeline
from reconciler.client.api import GrpcApi, ReadOnlyApi
from reconciler.client.channel import open_channel, parse_base
from reconciler.client.limiter import Limiter
from reconciler.core.address import Address, Scope
from reconciler.core.change import Action
from reconciler.core.secret import Secret
from reconciler.emulator.server import Emulator
from reconciler.emulator.switches import Switches
from reconciler.manifests import desired_state, read_manifests
from reconciler.stages.guard import RULES, Rails
from reconciler.stages.resolve import Options
from tests import canary

settings.register_profile(
    "same-each-time", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("other-each-time", settings.get_profile("same-each-time"), derandomize=False, print_blob=True)
settings.load_profile("same-each-time")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(canary)


def pytest_report_header() -> str:
    return (
        "random examples are the same each time, so a failed test fails again; "
        "--hypothesis-profile=other-each-time takes others and makes them small"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the present output as the new golden files")


SCOPE = Scope("me-local", "app")
EVERYTHING = Rails(allowed=frozenset((rule, "*") for rule in RULES))
"""Every flag that exists, for every object."""


class Documents:
    """Manifests as data; JSON is YAML, so their text can be loaded."""

    @staticmethod
    def document(kind: str, name: str | None, spec: dict[str, Any], lifecycle: dict[str, Any] | None = None) -> Any:
        body = {"apiVersion": "clarifai.reconciler/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        return body | ({"lifecycle": lifecycle} if lifecycle else {})

    def app(self, name: str = "app", /, lifecycle: dict[str, Any] | None = None, **spec: Any) -> Any:
        return self.document("App", name, spec, lifecycle)

    def concept(self, name: str, /, lifecycle: dict[str, Any] | None = None, **spec: Any) -> Any:
        return self.document("Concept", name, spec or {"name": name}, lifecycle)

    def relation(self, subject: str, predicate: str, target: str, **object_fields: Any) -> Any:
        ends = {"subject_concept": {"id": subject}, "object_concept": {"id": target, **object_fields}}
        return self.document("ConceptRelation", None, {**ends, "predicate": predicate})

    def thresholder(
        self, name: str, lifecycle: dict[str, Any] | None = None, *, comparator: str = "GREATER_THAN", **values: float
    ) -> Any:
        """A model with one version; `description` and the like are added by the test itself."""
        info = {
            "params": {"concept_threshold_type": comparator},
            "data": {"concepts": [{"id": i, "value": v} for i, v in (values or {"p": 0.5}).items()]},
        }
        spec = {"model_type_id": "concept-thresholder", "model_version": {"output_info": info}}
        return self.document("Model", name, spec, lifecycle)

    def workflow(self, name: str, lifecycle: dict[str, Any] | None = None, **nodes: Any) -> Any:
        """`node_name="model"` or a dict for the whole model; nodes read from the one before."""
        listed: list[Any] = []
        for node, model in nodes.items():
            source = [{"node_inputs": [{"node_id": listed[-1]["id"]}]}] if listed else [{}]
            listed.append({"id": node, "model": {"id": model} if isinstance(model, str) else model, **source[0]})
        return self.document("Workflow", name, {"nodes": listed}, lifecycle)


class World:
    """One emulator, one client of it, and the use cases over them. Nothing sleeps."""

    everything = EVERYTHING

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator, self.folder, self.documents = emulator, folder, Documents()
        self.scope, self.api = SCOPE, self.client()
        self.events: list[Any] = []

    def client(self, token: str = canary.CANARY) -> GrpcApi:
        """A fresh handle, as the next process would have."""
        channel = open_channel(parse_base(self.emulator.base))
        secret = ("authorization", Secret(f"Key {token}"))
        return GrpcApi(channel, secret, limiter=Limiter(0), timeout=5, sleep=lambda seconds: None)

    def enter(self, app_id: str) -> None:
        """Look at another app from now on."""
        self.scope = Scope(self.scope.user_id, app_id)

    def address(self, text: str) -> Address:
        return Address.parse(text, self.scope)

    # -- manifests

    def resolve(self, *manifests: Any, **options: Any) -> Any:
        """Documents (data), or paths (text) of folders and files."""
        paths = [m for m in manifests if isinstance(m, str)]
        documents = [m for m in manifests if not isinstance(m, str)]
        if documents:
            file = self.folder / "manifests.yaml"
            file.write_text("\n---\n".join(json.dumps(d) for d in documents))
            paths.append(str(file))
        return read_manifests(paths, Options(**{"user_id": self.scope.user_id, **options}))

    def desired(self, *manifests: Any, **options: Any) -> Any:
        return desired_state(self.resolve(*manifests, **options))

    def nothing(self, owner: str = "app") -> Any:
        """The desired state of a set in which no document is left."""
        return pipeline.DesiredState(self.scope, owner, {}, 0)

    # -- use cases

    def plan(self, *manifests: Any, owner: str | None = None, app_id: str | None = None, **options: Any) -> Any:
        """Plan with a handle that cannot write. Takes documents, or one DesiredState."""
        if len(manifests) == 1 and isinstance(manifests[0], pipeline.DesiredState):
            desired = manifests[0]
        else:
            desired = self.desired(*manifests, owner=owner, app_id=app_id)
        return pipeline.make_plan(ReadOnlyApi(self.api), desired, pipeline.PlanOptions(**options))

    def carry_out(self, planned: Any, api: Any = None, **more: Any) -> Any:
        clock = pipeline.Clock(sleep=lambda seconds: None)
        return pipeline.apply_plan(api or self.api, planned, self.events.append, clock=clock, **more)

    def apply(self, *manifests: Any, **options: Any) -> Any:
        """Plan and apply; the result must be complete."""
        planned = self.plan(*manifests, **options)
        assert not planned.plan.refusals, planned.plan.refusals
        result = self.carry_out(planned)
        assert result.complete, [(o.step.id, o.status, o.message) for o in result.outcomes]
        return result

    def actions(self, planned: Any) -> dict[str, str]:
        """Address -> action of everything that changes."""
        return {str(c.address): c.action.value for c in planned.plan.changes if c.action is not Action.NO_OP}

    # -- looking, as somebody else

    def ask(self, rpc: str, **fields: Any) -> Any:
        fields.setdefault("user_app_id", {"user_id": self.scope.user_id, "app_id": self.scope.app_id})
        return self.api.call(rpc, **fields)

    def listed(self, rpc: str, **fields: Any) -> list[Any]:
        fields.setdefault("user_app_id", {"user_id": self.scope.user_id, "app_id": self.scope.app_id})
        return [item for page in self.api.pages(rpc, **fields) for item in page]

    def versions(self, model: str) -> list[Any]:
        """Newest first."""
        return self.listed("ListModelVersions", model_id=model)

    def pins(self, workflow: str) -> dict[str, tuple[str, str]]:
        nodes = self.ask("GetWorkflow", workflow_id=workflow).workflow.nodes
        return {node.id: (node.model.id, node.model.model_version.id) for node in nodes}

    def snapshot(self) -> dict[str, bytes]:
        """Everything the app holds, byte for byte."""
        seen = {"app": self.ask("GetApp").app}
        for rpc in ("ListConcepts", "ListConceptRelations", "ListWorkflows", "ListModels"):
            seen |= {f"{rpc}/{item.id}": item for item in self.listed(rpc)}
        for model in self.listed("ListModels"):
            seen[f"full/{model.id}"] = self.ask("GetModelOutputInfo", model_id=model.id).model
            seen |= {f"version/{model.id}/{v.id}": v for v in self.versions(model.id)}
        return {name: message.SerializeToString(deterministic=True) for name, message in seen.items()}

    @property
    def writes(self) -> list[str]:
        """The write RPCs that reached the server since `forget_calls`, in order."""
        return [entry.rpc for entry in self.emulator.calls.writes]

    def forget_calls(self) -> None:
        self.emulator.calls.reset()


@pytest.fixture
def documents() -> Documents:
    """Makers of manifests."""
    return Documents()


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Make worlds with switches: `worlds(enum_echo="number")`."""
    running: list[Emulator] = []

    def make(tokens: Any = None, **switches: Any) -> World:
        emulator = Emulator(tokens=tokens, switches=Switches(**switches)).start()
        running.append(emulator)
        return World(emulator, tmp_path)

    yield make
    for emulator in running:
        emulator.stop(grace=0)


@pytest.fixture
def world(worlds: Callable[..., World]) -> World:
    """A world with no app in it yet."""
    return worlds()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """Record what a run counted, for docs/reliability.md: `figures("crash points", 164)`.

    Call it last, after the asserts: a figure that is written is one of a run that passed. The names of figures are
    a few plain words; what the cases of a parametrised test record under one name is added up. Each test writes a
    file of its own, so that workers and partial runs never disturb each other; `make reliability` puts them together.
    """
    counted: dict[str, float] = {}
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    file = request.config.rootpath / ".cache" / "figures" / f"{name}.json"

    def record(figure: str, value: float) -> None:
        counted[figure] = value
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"test": request.node.nodeid, "figures": counted}), encoding="utf-8")

    return record


@pytest.fixture(scope="session")
def walkthrough() -> str:
    """The folder of the auto-annotation walkthrough's manifests."""
    return str(Path(__file__).parent.parent / "manifests" / "auto-annotation")
