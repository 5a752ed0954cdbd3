"""A model version on a bench: its behaviour is tried on data, without a server."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from clarifai_grpc.grpc.api import resources_pb2 as r

from reconciler.emulator.access import Scope
from reconciler.emulator.execution import teaching
from reconciler.emulator.execution.reader import Pinned, Reader
from reconciler.emulator.execution.task import Task
from reconciler.emulator.prediction.interface import INSTALL, Region, Score, Unavailable, best_first
from reconciler.emulator.prediction.taught import Answer, Answers, TaughtPredictor
from reconciler.emulator.store import Store
from reconciler.emulator.switches import Switches

HOME = Scope("me-local", "app")


class Blind:
    """A predictor as on a plain install: it has no net."""

    def concepts(self, image: bytes, url: str | None = None) -> Any:
        raise Unavailable(f"pictures need {INSTALL}")

    embedding = faces = concepts


class Bench:
    """The app `app` of `me-local`, with what a test puts into it."""

    def __init__(self) -> None:
        self.store = Store(":memory:")
        self.fetched: list[str] = []
        self.web: dict[str, bytes] = {}
        self.taught = Answers({}, {})
        self.switches = Switches()

    @property
    def reader(self) -> Reader:
        return Reader(self.store, HOME, TaughtPredictor(self.taught, Blind()), self.switches, fetch=self._fetch)

    def _fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.web[url]

    def teach(self, url: str, *, faces: Any = None, embedding: Any = None, **concepts: float) -> None:
        scores = tuple(best_first(Score(name, value) for name, value in concepts.items())) if concepts else None
        regions = None if faces is None else tuple(Region(*box, (Score("people", value),)) for *box, value in faces)
        self.taught.by_url[url] = Answer(scores, embedding, regions)  # type: ignore[index]

    def concept(self, identifier: str, name: str = "") -> None:
        body = r.Concept(id=identifier, name=name or identifier).SerializeToString()
        with self.store.transaction():
            self.store.insert(HOME.key("concept", identifier), body, created=self.store.tick())

    def relate(self, subject: str, predicate: str, target: str, *, app: str = "main", graph: str = "") -> None:
        relation = r.ConceptRelation(predicate=predicate, knowledge_graph_id=graph)
        relation.subject_concept.CopyFrom(r.Concept(id=subject, app_id="app", user_id="me-local"))
        user = "clarifai" if app == "main" else "me-local"
        relation.object_concept.CopyFrom(r.Concept(id=target, app_id=app, user_id=user))
        with self.store.transaction():
            now = self.store.tick()
            self.store.insert(HOME.key("relation", str(now)), relation.SerializeToString(), created=now)

    def task(
        self,
        kind: str,
        concepts: Mapping[str, float] | None = None,
        asked: Any = None,
        place: str = "node",
        home: Scope = HOME,
        model: str = "m",
        **params: Any,
    ) -> Task:
        """A version of a model of some type, at work."""
        version = r.ModelVersion(id="v")
        version.output_info.params.update(params)
        for identifier, value in (concepts or {}).items():
            version.output_info.data.concepts.add(id=identifier, value=value)
        pinned = Pinned(home, r.Model(id=model, model_type_id=kind), version)
        return Task.of(self.reader, pinned, None, asked, place)

    @staticmethod
    def concepts(app: str = "", **values: float) -> r.Data:
        return r.Data(concepts=[r.Concept(id=i, value=v, app_id=app) for i, v in values.items()])


@pytest.fixture
def bench() -> Bench:
    """An empty bench."""
    return Bench()


@pytest.fixture
def values() -> Callable[[Any], dict[str, float]]:
    """Concept ids and rounded values of some data, in order."""
    return lambda data: {concept.id: round(concept.value, 6) for concept in data.concepts}


@pytest.fixture
def pictures() -> Path:
    """The folder of the example pictures."""
    return Path(__file__).parents[3] / "manifests"


@pytest.fixture
def teach() -> Callable[..., None]:
    """Teach a running emulator: `teach(api, url, people=0.9)`."""

    def put(api: Any, url: str, *, embedding: Any = None, faces: Any = None, **concepts: float) -> None:
        scores = tuple(best_first(Score(name, value) for name, value in concepts.items())) if concepts else None
        teaching.put(api.emulator._store, Answers({}, {url: Answer(scores, embedding, faces)}))

    return put


@pytest.fixture
def picture() -> Callable[[str], r.Input]:
    """An input that is the picture behind a URL."""
    return lambda url: r.Input(data=r.Data(image=r.Image(url=url)))
