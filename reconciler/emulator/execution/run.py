"""Run a workflow: every node in topological order, each on what the nodes before it gave (facts 6, 7).

Belongs here: the walk. Not here: what a model does (`behaviour.py`), storing anything.

A node where nothing is left ends its branch: those behind it do not run and a writer among them writes nothing
(facts 7.6). A node that this emulator cannot answer ends its branch as well and says why in its own output; only if
no node could answer, or an input is of the wrong kind or cannot be had, the run fails (switch `not_run`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clarifai_grpc.grpc.api import resources_pb2

from reconciler.emulator import graph
from reconciler.emulator.execution import behaviour, merging
from reconciler.emulator.execution.operators import annotation_writer
from reconciler.emulator.execution.reader import Pinned, Reader
from reconciler.emulator.execution.task import Task
from reconciler.emulator.execution.values import Data, Draft, Failed, NodeOutput, NotRun, Run, RunFailed

__all__ = ["Draft", "NodeOutput", "Run", "RunFailed", "run_workflow"]

Node = resources_pb2.WorkflowNode


def run_workflow(
    reader: Reader,
    nodes: Sequence[Node],
    data: Data,
    *,
    output_config: resources_pb2.OutputConfig | None = None,
) -> Run:
    """What a workflow makes of one input; `RunFailed` if there is no result at all.

    Outputs come in the order of `nodes`, suppressed ones included: leaving them out of a reply is the caller's part.
    """
    walk = _Walk(reader, nodes, data, output_config or resources_pb2.OutputConfig())
    for node in graph.ordered(nodes):
        walk.step(node)
    walk.check()
    return Run([walk.outputs[node.id] for node in nodes], walk.drafts)


class _Walk:
    def __init__(self, reader: Reader, nodes: Sequence[Node], data: Data, asked: resources_pb2.OutputConfig) -> None:
        self._reader, self._data, self._asked = reader, data, asked
        self._nodes = {node.id: node for node in nodes}
        self.outputs: dict[str, NodeOutput] = {}
        self.drafts: list[Draft] = []

    def step(self, node: Node) -> None:
        """Run one node whose sources have all been run."""
        pinned = self._reader.pinned(node.model)
        model = pinned.shown()
        model.id = node.model.id
        data = self._input(node, pinned)
        if data is None:
            self.outputs[node.id] = NodeOutput(node, model, Data(), ran=False)
            return
        try:
            answer = self._answer(node, pinned, data)
        except NotRun as failure:
            self.outputs[node.id] = NodeOutput(node, model, Data(), ran=False, failure=failure)
        else:
            self.outputs[node.id] = NodeOutput(node, model, answer, ran=True)

    def _answer(self, node: Node, pinned: Pinned, data: Data) -> Data:
        override = node.output_info_override if node.HasField("output_info_override") else None
        task = Task.of(self._reader, pinned, override, self._asked, node.id)
        answer = behaviour.answer(task, data)
        if behaviour.type_of(pinned) == behaviour.WRITER:
            self.drafts.extend(annotation_writer.drafts(task, data))
        return answer

    def _input(self, node: Node, pinned: Pinned) -> Data | None:
        """What a node is given: the workflow's input, or all its sources as one; None if nothing is left of them."""
        if not node.node_inputs:
            return self._data
        sources = [self.outputs[source.node_id] for source in node.node_inputs]
        left = [output.data for output in sources if output.ran and output.data.ListFields()]
        if not left:
            return None
        data = merging.merged(left)
        merging.fill_in(data, behaviour.raw_inputs(pinned), self._behind(node))
        return data

    def _behind(self, node: Node) -> Iterator[Data]:
        """The data further back, the nearest first, the workflow's own input last."""
        waiting, seen = [source.node_id for source in node.node_inputs], set[str]()
        while waiting:
            identifier = waiting.pop(0)
            if identifier not in seen:
                seen.add(identifier)
                yield self.outputs[identifier].data
                waiting.extend(source.node_id for source in self._nodes[identifier].node_inputs)
        yield self._data

    def check(self) -> None:
        """Fail if no node had an answer, or one had none and this service gives all or nothing."""
        failures = [output.failure for output in self.outputs.values() if output.failure]
        answered = any(output.ran for output in self.outputs.values())
        if failures and (not answered or self._reader.switches.not_run == "fails-the-run"):
            raise _whole(failures[0])


def _whole(failure: Failed) -> RunFailed:
    return RunFailed(failure.status_code, failure.details, failure.description)
