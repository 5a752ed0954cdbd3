"""One model at work: everything its behaviour may know besides the data it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarifai_grpc.grpc.api import resources_pb2
from google.protobuf.struct_pb2 import Struct

from reconciler.emulator.execution.limits import Limits
from reconciler.emulator.execution.reader import Pinned, Reader
from reconciler.emulator.execution.values import Data


@dataclass(frozen=True, slots=True)
class Task:
    """A model version as one node or one request runs it. `info` is its output_info under their overrides."""

    reader: Reader
    pinned: Pinned
    info: resources_pb2.OutputInfo
    limits: Limits
    place: str = ""
    """The node's id: what is random differs from node to node."""

    @classmethod
    def of(
        cls,
        reader: Reader,
        pinned: Pinned,
        override: resources_pb2.OutputInfo | None = None,
        asked: resources_pb2.OutputConfig | None = None,
        place: str = "",
    ) -> Task:
        """A task with overrides laid over the version: data as a whole, params by name (facts 6)."""
        info = resources_pb2.OutputInfo()
        info.CopyFrom(pinned.version.output_info)
        for name, value in override.params.fields.items() if override else ():
            info.params.fields[name].CopyFrom(value)
        if override and override.data.concepts:
            info.data.CopyFrom(override.data)
        return cls(reader, pinned, info, Limits.of(info, asked or resources_pb2.OutputConfig()), place)

    @property
    def params(self) -> Struct:
        """The inference params."""
        return self.info.params

    def text(self, name: str, default: str = "") -> str:
        """A param that is a text."""
        return self.params.fields[name].string_value if name in self.params.fields else default

    def number(self, name: str, default: float = 0.0) -> float:
        """A param that is a number."""
        return self.params.fields[name].number_value if name in self.params.fields else default


Behaviour = Callable[[Task, Data], Data]
"""What a model does. Empty data means that nothing is left; `NotRun` or `RunFailed` that there is no answer."""
