"""An edited threshold is a new version of that model and a repoint of each node that uses it, and nothing else."""

from typing import Any

from reconciler.core.change import Cause, Effect
from reconciler.core.remote import NotFound

VALUE = ("model_version", "output_info", "data", "concepts", "limit", "value")


def with_threshold(manifests: Any, value: float) -> Any:
    def change(spec: Any) -> None:
        spec["model_version"]["output_info"]["data"]["concepts"][0]["value"] = value

    return manifests.edited("edited", change)


class Watch:
    """Looks at the app after every commit, as any caller could: do all nodes pin a version that exists?"""

    def __init__(self, world: Any) -> None:
        self.world, self.commits, self.torn = world, 0, []
        world.emulator.hooks.append(self)

    def before(self, rpc: str, request: Any, gone: Any) -> None:
        pass

    def after(self, rpc: str, request: Any, reply: Any, gone: Any) -> None:
        if not rpc.startswith(("Post", "Patch", "Delete")):
            return
        self.commits += 1
        for workflow in self.world.listed("ListWorkflows"):
            models = [node.model for node in workflow.nodes if node.model.app_id == "app"]
            self.torn += [(rpc, workflow.id, model.id) for model in models if not self._exists(model)]

    def _exists(self, model: Any) -> bool:
        try:
            self.world.ask("GetModelVersion", model_id=model.id, version_id=model.model_version.id)
        except NotFound:
            return False
        return True


def test_an_edit_plans_the_new_version_and_the_repoints_and_nothing_else(worlds, examples, known, tmp_path):
    def holds(manifests: Any) -> None:
        world = worlds()
        world.apply(manifests.file(tmp_path))
        planned = world.plan(with_threshold(manifests, 0.6).file(tmp_path)).plan
        changes = {str(change.address): change for change in planned.changes}
        users = {name: c for name, c in changes.items() if name != "models/edited"}
        model = changes["models/edited"].fields
        assert [(f.path, f.before, f.after, f.cause, f.effect) for f in model] == [
            (VALUE, 0.5, 0.6, Cause.EDIT, Effect.NEW_VERSION)
        ]
        declared = [d["metadata"]["name"] for d in manifests.documents if d["metadata"]["name"].startswith("uses-")]
        assert sorted(users) == sorted(f"workflows/{name}" for name in declared)
        for change in users.values():
            assert {f.path for f in change.fields} == {
                ("nodes", node, "model", "model_version", "id") for node in ("cut", "cut-again")
            }
            assert {(f.cause, f.follows) for f in change.fields} == {(Cause.FOLLOWS, "models/edited")}

    examples.check(known, holds, 20)


def test_there_and_back_makes_three_versions_and_no_caller_sees_a_torn_workflow(worlds, examples, known, tmp_path):
    def holds(manifests: Any) -> None:
        world = worlds()
        world.apply(manifests.file(tmp_path))
        first = world.pins("uses-0")["cut"]
        watch = Watch(world)
        for value, versions in ((0.6, 2), (0.5, 3)):
            path = with_threshold(manifests, value).file(tmp_path)
            world.apply(path)
            assert len(world.versions("edited")) == versions
            assert world.plan(path, refresh="full").plan.changes == ()
        assert first[1] in {version.id for version in world.versions("edited")}
        assert world.pins("uses-0")["cut"] == ("edited", world.versions("edited")[0].id)
        assert watch.commits >= 4
        assert watch.torn == []

    examples.check(known, holds, 10)


def versions(world: Any) -> int:
    """How many there are; asked twice, since a list may miss a new one."""
    return [len(world.versions("edited")) for _ in range(2)][-1]


def test_no_caller_sees_a_torn_workflow_with_every_pair_of_switches(worlds, examples, known, row, tmp_path):
    def holds(manifests: Any) -> None:
        world = worlds(**row)
        manifests = manifests.only("app", "limit", "limit-2", "edited", "uses-0")
        world.apply(manifests.file(tmp_path))
        before = versions(world)
        watch = Watch(world)
        world.apply(with_threshold(manifests, 0.6).file(tmp_path))
        world.apply(with_threshold(manifests, 0.5).file(tmp_path))
        assert world.plan(manifests.file(tmp_path)).plan.changes == ()
        assert (watch.torn, versions(world)) == ([], before + 2)

    examples.check(known, holds, 1)
