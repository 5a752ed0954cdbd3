"""Small ways to break the tool, each of which the reliability programme must notice.

A bug is a text in a source file and what stands there instead. It is planted by compiling the changed source and giving
its code to the functions that are loaded, so whoever imported them gets the bug, and it is gone with the `with` block.
Belongs here: the bugs, and planting them. Does not belong here: what notices them (`test_planted_bugs`).
"""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any


@dataclass(frozen=True)
class Bug:
    """One breakage."""

    name: str
    module: str
    old: str
    new: str
    noticed_by: str = "random programmes"
    """Or the directed programme for what random ones meet too seldom."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


# ruff: noqa: E501  # a table: what stands there, what stands there instead

BUGS = (
    Bug("of a list only the first page is read", "client.paging", "map(fetch, itertools.count(1))",
        "map(fetch, [1])", "versions on another page"),
    Bug("throttled is taken for done", "client.endings", "if listed is not None:",
        "if listed is Ending.THROTTLED:\n        return Ending.SUCCESS\n    if listed is not None:"),
    Bug("half done is taken for done", "client.endings", "if listed is not None:",
        "if listed is Ending.MIXED:\n        return Ending.SUCCESS\n    if listed is not None:", "deletes that are done by half"),
    Bug("a maybe is taken for done", "client.endings", "if listed is not None:",
        "if listed is Ending.MAYBE:\n        return Ending.SUCCESS\n    if listed is not None:"),
    Bug("writes are repeated blindly", "client.retry", "verdict = classify(rpc_class, end)",
        "verdict = classify(RpcClass.READ, end)"),
    Bug("a lost reply to a version is repeated without a look", "stages.write.versions",
        "if made is not None:", "if False:"),
    Bug("a version carries no mark", "stages.write.versions",
        'data["metadata"] = {**data.get("metadata", {}), RECORD_KEY: mark.text()}',
        'data["metadata"] = {**data.get("metadata", {})}'),
    Bug("a training is not waited for", "stages.write.versions",
        "if int(outputs.get(_status(step), 0)) in by.ready:", "if True:"),
    Bug("what is nobody's is pruned", "stages.diff", "and observed.record is not None\n        and observed.record.owner",
        "and (observed.record is None or True)\n        and (observed.record or desired).owner"),
    Bug("what is another owner's is pruned", "stages.diff", "and observed.record.owner == desired.owner\n        and addr",
        "and addr"),
    Bug("another owner's object is taken", "stages.guard",
        "if observed.record is not None and observed.record.owner != case.desired.owner:", "if False:"),
    Bug("nobody's object is taken", "stages.guard", "elif observed.record is None and change.action",
        "elif False and change.action"),
    Bug("one kind is never pruned", "stages.diff", 'and address.id != ""', 'and observed.kind != "Workflow"',
        "a workflow that is no longer declared"),
    Bug("unknown is told as done", "stages.apply",
        "Status.UNKNOWN if isinstance(problem, OutcomeUnknown) else Status.FAILED",
        "Status.DONE if isinstance(problem, OutcomeUnknown) else Status.FAILED"),
    Bug("a failure is told as done", "stages.apply",
        "Status.UNKNOWN if isinstance(problem, OutcomeUnknown) else Status.FAILED",
        "Status.UNKNOWN if isinstance(problem, OutcomeUnknown) else Status.DONE"),
    Bug("deletes go on after a failure", "stages.apply", "if step.verb in ENDING and run.failed:", "if False:", "a delete that fails"),
    Bug("one success makes a run complete", "core.outcome",
        "return all(outcome.status is Status.DONE", "return any(outcome.status is Status.DONE"),
    Bug("the inventory is not written", "stages.write.inventory", "if current == text:", "if True:"),
    Bug("other owners' inventories are overwritten", "stages.write.inventory",
        'context.patch_app({"metadata": metadata}, found, metadata_action=MERGE_METADATA)',
        'context.patch_app({"metadata": metadata}, found)'),
    Bug("what is gone stays in the inventory", "core.inventory", "if name in ours or name in wanted}", "}", "a destroy of what others deleted"),
    Bug("the record is not refreshed", "stages.diff", "return record is not None and record == target_record(",
        "return record is not None or record == target_record("),
    Bug("nothing is read again before a write", "stages.write.context",
        "if moved or not same_record(seen, found):", "if False:", "an edit between plan and apply"),
    Bug("a closed set is compared as an open one", "core.ownership",
        "if kind.fields.closed(path):", "if False:"),
    Bug("consumers do not wait for what they use", "stages.order",
        "if making and reference.target != one.address:", "if False:"),
    Bug("a default workflow is deleted as it is", "stages.order", "if default is ABSENT or default not in doomed:",
        "if True:"),
    Bug("drift counts what it could not read as in sync", "stages.observe", "unread[address] = str(answer)", "pass", "a look through a bad network"),
    Bug("what exists is taken for what was made", "stages.write.creating",
        'if found is None:\n        if isinstance(problem', 'if found is not None:\n        return\n    if found is None:\n'
        '        if isinstance(problem', "an object that somebody made meanwhile"),
    Bug("pins are looked up anew", "stages.pin", 'if upgrade or not isinstance(there, dict) or there.get("id") != here',
        'if upgrade or True or there.get("id") != here', "a model of others that moves on"),
    Bug("a relation that one list lacks is told as deleted", "stages.write.deleting",
        "if found is None and kind.crud.get is None:", "if False:", "deletes to which a list lies"),
    Bug("an input that one list lacks is told as deleted", "stages.batch",
        "(self.listed(kind, sorted(lacking)) if lacking else ())", "()", "deletes to which a list lies"),
    Bug("nobody strikes out what is gone", "core.leftovers", "if a not in live.observed and a not in wanted", "if False",
        "a destroy that breaks at its last write"),
    Bug("a relation is known by its ends alone", "core.records", "i.record_of(found)", "i.record(found.address)",
        "a relation that somebody makes after ours was deleted"),
    Bug("the reading handle writes", "client.api", "if rpc_class(rpc) is not RpcClass.READ:", "if False:",
        "a write through the reading handle"),
)  # fmt: skip


class Unfit(AssertionError):
    """A bug does not fit the source any more: its text stands there no longer, or more than once."""


@dataclass(frozen=True)
class Plant:
    """A bug and the module it goes into."""

    bug: Bug

    @cached_property
    def module(self) -> Any:
        return importlib.import_module(f"reconciler.{self.bug.module}")

    def code(self) -> dict[str, CodeType]:
        """Qualified name -> code of every function of the changed source."""
        source = inspect.getsource(self.module)
        if source.count(self.bug.old) != 1:
            raise Unfit(f"{self.bug.name}: {self.bug.old!r} stands {source.count(self.bug.old)} times in {self.module}")
        changed = source.replace(self.bug.old, self.bug.new)
        return dict(_functions(compile(changed, str(self.module.__file__), "exec", dont_inherit=True)))


def _functions(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant.co_qualname, constant
            yield from _functions(constant)


def _loaded(module: Any) -> Iterator[FunctionType]:
    """The functions that a module defines, methods and cached ones included."""
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    for value in own:
        for each in (value, *(vars(value).values() if inspect.isclass(value) else ())):
            plain = getattr(each, "fget", None) or getattr(each, "func", None) or getattr(each, "__func__", each)
            plain = inspect.unwrap(plain) if callable(plain) else plain
            if isinstance(plain, FunctionType) and plain.__module__ == module.__name__:
                yield plain


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The tool with the bug in it, as long as the block lasts."""
    plant = Plant(bug)
    changed = plant.code()
    before = {function: function.__code__ for function in _loaded(plant.module) if function.__qualname__ in changed}
    sown = [function for function, code in before.items() if code != changed[function.__qualname__]]
    if not sown:
        raise Unfit(f"{bug.name}: no loaded function changes")
    for function in sown:
        function.__code__ = changed[function.__qualname__]
    try:
        yield
    finally:
        for function in sown:
            function.__code__ = before[function]
