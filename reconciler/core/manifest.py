"""A manifest document as plain data: what an export gives and a writer prints.

Belongs here: the envelope around a spec, as data. Does not belong here: reading one (`envelope`), its text (`report`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.envelope import API_VERSION


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document; `comments` are for people and say what it does not hold."""

    kind: str
    name: str
    spec: Mapping[str, Any]
    lifecycle: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    @property
    def data(self) -> dict[str, Any]:
        """The whole document in the order in which people write it."""
        body: dict[str, Any] = {"apiVersion": API_VERSION, "kind": self.kind, "metadata": {"name": self.name}}
        if self.lifecycle:
            body["lifecycle"] = dict(self.lifecycle)
        return {**body, "spec": dict(self.spec)}


@dataclass(frozen=True, slots=True)
class Manifests:
    """The documents of one app, and where they come from: `USER/APP`."""

    source: str
    documents: tuple[Manifest, ...]
