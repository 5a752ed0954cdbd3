"""Two manifest sets with two owners in one app: neither ever touches what is the other's, byte for byte."""

from typing import Any

THEIRS = "second"


class Sets:
    """A random set that declares the app, and a second one, without App document, that lives beside it."""

    def __init__(self, world: Any, documents: Any, manifests: Any, folder: Any) -> None:
        self.world, self.first = world, manifests.file(folder)
        self.second = [
            documents.concept("theirs", definition="theirs"),
            documents.relation("theirs", "hyponym", "ai_8S2Vq3cR", app_id="main", user_id="clarifai"),
            documents.thresholder("their-model", theirs=0.5),
            documents.workflow("their-flow", cut="their-model"),
        ]
        world.apply(self.first)
        world.apply(*self.second, **self.options)

    options = {"owner": THEIRS, "app_id": "app"}  # noqa: RUF012

    def snapshots(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """(first, second): every object as it is, without the App, whose metadata both write."""
        seen: dict[str, Any] = {}
        for rpc in ("ListConcepts", "ListConceptRelations", "ListWorkflows", "ListModels"):
            seen |= {f"{rpc}/{item.id}": item for item in self._listed(rpc)}
        for model in self._listed("ListModels"):
            seen[f"full/{model.id}"] = self.world.ask("GetModelOutputInfo", model_id=model.id).model
        data = {name: message.SerializeToString(deterministic=True) for name, message in seen.items()}
        second = {name: text for name, text in data.items() if b"their" in text}
        return {name: text for name, text in data.items() if name not in second}, second

    def _listed(self, rpc: str) -> list[Any]:
        """Asked twice, since a list may miss what is new; and without public models that it may show."""
        found = [self.world.listed(rpc) for _ in range(2)][-1]
        return [item for item in found if getattr(item, "app_id", "app") == "app"]

    def converged(self) -> bool:
        plans = [self.world.plan(self.first), self.world.plan(*self.second, **self.options)]
        return all(planned.plan.changes == () for planned in plans)


def test_both_converge_whoever_comes_last(worlds, examples, documents, manifests, tmp_path):
    def holds(drawn: Any) -> None:
        sets = Sets(worlds(), documents, drawn, tmp_path)
        assert sets.converged()
        sets.world.forget_calls()
        sets.world.apply(sets.first)
        sets.world.apply(*sets.second, **sets.options)
        assert sets.world.writes == []

    examples.check(manifests, holds, 10)


def test_pruning_the_second_leaves_the_first_alone(worlds, examples, documents, manifests, tmp_path):
    def holds(drawn: Any) -> None:
        sets = Sets(worlds(), documents, drawn, tmp_path)
        before, app = sets.snapshots()[0], sets.world.ask("GetApp").app
        left = sets.second[:1]
        sets.world.apply(*left, prune=True, rails=sets.world.everything, **sets.options)
        mine, theirs = sets.snapshots()
        assert mine == before
        assert [name for name in theirs if "List" in name] == ["ListConcepts/theirs"]
        assert described(sets.world.ask("GetApp").app) == described(app)
        assert sets.world.plan(sets.first, refresh="full").plan.changes == ()
        assert sets.world.plan(*left, prune=True, **sets.options).plan.changes == ()

    examples.check(manifests, holds, 10)


def test_pruning_the_first_leaves_the_second_alone(worlds, examples, documents, known, tmp_path):
    def holds(drawn: Any) -> None:
        sets = Sets(worlds(), documents, drawn, tmp_path)
        before = sets.snapshots()[1]
        left = drawn.only("app", "limit", "limit-2", "edited", "uses-0").file(tmp_path)
        sets.world.apply(left, prune=True, rails=sets.world.everything)
        assert sets.snapshots()[1] == before
        assert sets.world.plan(left, prune=True).plan.changes == ()
        assert sets.world.plan(*sets.second, refresh="full", **sets.options).plan.changes == ()

    examples.check(known, holds, 10)


def destroy_one_after_the_other(sets: Sets) -> None:
    """The second goes and comes back, then the first goes; what is not meant stays as it is."""
    world, before = sets.world, sets.snapshots()[0]
    world.apply(*sets.second, destroying=True, rails=world.everything, **sets.options)
    mine, theirs = sets.snapshots()
    assert mine == before
    assert [name for name in theirs if "List" in name] == ["ListConcepts/theirs"]  # no concept can be deleted
    assert world.plan(sets.first, refresh="full").plan.changes == ()
    world.apply(*sets.second, **sets.options)
    both = sets.snapshots()[1]
    world.apply(sets.first, destroying=True, prune=True, rails=world.everything)
    mine, theirs = sets.snapshots()
    assert theirs == both
    assert all(name.startswith("ListConcepts") or "/Empty" in name for name in mine)
    assert world.plan(*sets.second, refresh="full", **sets.options).plan.changes == ()


def test_destroying_one_leaves_the_other_alone(worlds, examples, documents, manifests, tmp_path):
    def holds(drawn: Any) -> None:
        destroy_one_after_the_other(Sets(worlds(), documents, drawn, tmp_path))

    examples.check(manifests, holds, 10)


def test_destroying_one_leaves_the_other_alone_with_every_pair_of_switches(
    worlds, examples, documents, known, row, tmp_path
):
    def holds(drawn: Any) -> None:
        few = drawn.only("app", "limit", "limit-2", "related", "edited", "uses-0", "uses-1")
        destroy_one_after_the_other(Sets(worlds(**row), documents, few, tmp_path))

    examples.check(known, holds, 1)


def described(app: Any) -> tuple[Any, ...]:
    """What is the App's own, without the records that both owners keep in its metadata."""
    theirs = {key: str(app.metadata[key]) for key in app.metadata.fields if not key.startswith("reconciler")}
    return app.name, app.description, app.notes, app.default_workflow.id, app.image.url, theirs
