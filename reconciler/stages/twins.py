"""Versions that are there twice because the network delivered one request twice: which counts, and a word about it.

A version has no id of ours, so nothing keeps the service from making it twice; but both carry the same mark, which no
other request has (decision 0007). Belongs here: where to look for one, and the warning. Does not belong here: looking
(`observe`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.address import Address
from reconciler.core.diagnostics import Diagnostic, warning
from reconciler.core.kind import Kind
from reconciler.core.state import DesiredState, LiveState
from reconciler.core.tree import ABSENT, get


def suspects(desired: DesiredState, live: LiveState, kinds: Mapping[str, Kind]) -> dict[Address, set[str]]:
    """Models of ours -> other versions than the managed one that are pinned by what is declared; seldom any.

    `kinds` is keyed by plural. Mostly such a pin is only behind, or drifted: the marks tell.
    """
    found: dict[Address, set[str]] = {}
    for address in desired.resources:
        if (consumer := live.observed.get(address)) is None:
            continue
        for reference in kinds[address.kind].references(consumer.tree, address.scope):
            pinned, model = get(consumer.tree, reference.path), live.observed.get(reference.target)
            managed = model.managed if model is not None and reference.target in desired.resources else None
            if managed is not None and managed.mark is not None and pinned not in (ABSENT, "", managed.id):
                found.setdefault(reference.target, set()).add(str(pinned))
    return found


def warnings(before: LiveState, after: LiveState) -> Iterator[Diagnostic]:
    """A word about every model for which the older of two twins counts now."""
    for address, observed in after.observed.items():
        version, other = observed.managed, before.observed[address].managed
        if version is not None and other is not None and version.id != other.id:
            yield warning(
                f"{address} has a version twice, since one request was delivered twice: "
                f"{version.id} is in use, nothing needs {other.id}"
            )
