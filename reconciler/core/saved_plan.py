"""A plan in a file: read it back, tell whether the plan made again is the same, and whether the file is authentic.

Any edit shows in the file's own digest; and whatever the plan made again does not say is a difference, so an edited
operation is not carried out even with a right digest. Who edits `desired` or the options and all digests has written
another plan: authenticity is the business of the CI, or of the key of `sign` and `verify`. Belongs here: values and
texts. Does not belong here: making the plan again (`pipeline`), files (`cli`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from reconciler.core.desired_document import DesiredDocument
from reconciler.core.diagnostics import ReconcilerError, Refused, StalePlan
from reconciler.core.plan import Limit
from reconciler.core.plan_document import FORMAT_VERSION, OUTSIDE, PlanDocument, plan_digest
from reconciler.core.tree import canonical_json

MAX_BYTES = 64 * 1024 * 1024
SIGNATURE = "signature"
MAJOR = FORMAT_VERSION.split(".", maxsplit=1)[0]


def looks_like_a_plan(text: str) -> bool:
    """Whether a file is a saved plan and no manifest (JSON manifests exist too)."""
    head = text[:4096].lstrip()
    return head.startswith("{") and '"format_version"' in text and '"resource_changes"' in text


def parse(text: str) -> PlanDocument:
    """The document in a file; raises ReconcilerError with a sentence for anything else, StalePlan if it was edited."""
    if len(text) > MAX_BYTES:
        raise ReconcilerError(f"the plan file is larger than {MAX_BYTES >> 20} MB")
    raw = _object(text)
    version = str(raw.get("format_version", ""))
    if not re.fullmatch(rf"{MAJOR}\.[0-9]{{1,6}}", version):
        raise ReconcilerError(
            f"the plan file has format version {_quoted(version, 20) or 'none'}; this program reads {MAJOR}.x",
            hint="plan again with this version of reconciler",
        )
    if "desired" in raw and raw.get("plan_sha256") != plan_digest(raw):
        raise StalePlan("the plan file was edited: its content does not fit its digest", hint="plan again")
    try:
        return PlanDocument.model_validate_json(text)
    except ValidationError as problem:
        places = [".".join(map(str, e["loc"])) for e in problem.errors(include_input=False, include_url=False)]
        where = ", ".join(_quoted(place, 120) for place in places[:5])
        raise ReconcilerError(f"the plan file is damaged at {where}", hint="plan again") from None


def _quoted(text: str, most: int) -> str:
    """A part of somebody's file in a sentence of ours: not too long, and nothing that a terminal would obey."""
    return text[:most] if text[:most].isprintable() else ascii(text[:most])[1:-1]


def _forget_uncounted(plan: dict[str, Any]) -> None:
    """Inputs that a plan leaves alone come and go without making it another plan."""
    costs = plan.get("cost")
    if isinstance(costs, dict):
        costs.pop("inputs_left_alone", None)


def _minor(version: str) -> int:
    return int(version.rpartition(".")[2])


def _object(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ReconcilerError("the plan file is not valid JSON", hint="plan again") from None
    if not isinstance(raw, dict):
        raise ReconcilerError("the plan file is not a plan", hint="make one with plan --out FILE")
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members have different names; which one of two equal ones counts is anybody's guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def embedded(plan: PlanDocument) -> DesiredDocument:
    """The desired state in a plan; raises StalePlan if its digest does not fit."""
    if plan.desired is None:
        raise ReconcilerError("the plan file holds no desired state", hint="make one with plan --out FILE")
    if plan.desired.digest() != plan.desired_sha256:
        raise StalePlan("the plan file was edited: its desired state does not fit its digest", hint="plan again")
    return plan.desired


def allowed(plan: PlanDocument) -> Iterator[tuple[str, str]]:
    """The (rule, address) pairs that were allowed when the plan was made."""
    for text in plan.options.allow:
        rule, _, address = text.partition("=")
        yield rule, address


def limit(plan: PlanDocument) -> Limit | None:
    """What the plan's run may delete unasked, if that is not the default."""
    return None if plan.options.limits is None else Limit(*plan.options.limits)


def kind_limits(plan: PlanDocument) -> Iterator[tuple[str, Limit]]:
    """The same for each kind that has limits of its own."""
    for kind, (count, share) in sorted((plan.options.kind_limits or {}).items()):
        yield kind, Limit(count, share)


def check_same(old: str, new: str) -> None:
    """Compare a plan file with the plan made again; raises StalePlan naming what moved.

    A file of an earlier minor version says the same in the same words, or says it moved.
    """
    before, after = ({n: v for n, v in _object(text).items() if n not in OUTSIDE} for text in (old, new))
    for plan in (before, after):
        _forget_uncounted(plan)
    if _minor(before["format_version"]) < _minor(after["format_version"]):
        before["format_version"] = after["format_version"]
    if moved := _moved(before, after):
        more = f" and {len(moved) - 8} more" if len(moved) > 8 else ""
        raise StalePlan(f"the plan is no longer true: {'; '.join(moved[:8])}{more}", hint="plan again")


def _moved(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs, in words: the object's address and field where there is one.

    Steps and counts follow from the changes: naming them as well would bury what moved.
    """
    paths = list(_differences(before, after))
    changes = [path for path in paths if path[0] == "resource_changes"]
    said = _of_changes(changes, before, after) if changes else _of_the_rest(before, after)
    return sorted({*said} or {".".join(map(str, path)) for path in paths})


def _differences(left: Any, right: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in {**left, **right}:
            yield from _differences(left.get(name, _NOTHING), right.get(name, _NOTHING), (*path, name))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _differences(one, other, (*path, index))
    elif left is _NOTHING or right is _NOTHING or canonical_json(left) != canonical_json(right):
        yield path


_NOTHING = object()


def _of_changes(paths: list[tuple[Any, ...]], before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """The objects that change or no longer change; where they are the same, what differs in each."""
    old, new = ({c["address"]: c for c in doc.get("resource_changes", ())} for doc in (before, after))
    if old.keys() != new.keys():
        yield from (f"{address} no longer changes" for address in old.keys() - new.keys())
        yield from (f"{address} changes as well" for address in new.keys() - old.keys())
        return
    for path in paths:
        change = after["resource_changes"][path[1]] if len(path) > 1 else {}
        yield f"{change.get('address')}: {_fields(path, change, old, new)}"


def _fields(path: tuple[Any, ...], change: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> str:
    """The field that differs; all of the object's where the path names none, and the path where it has none."""
    if len(path) > 3 and path[2] == "fields":
        return ".".join(change["fields"][path[3]]["path"])
    both = [changes.get(str(change.get("address")), {}) for changes in (old, new)]
    fields = {".".join(field["path"]) for each in both for field in each.get("fields", ())}
    return ", ".join(sorted(fields)) or ".".join(map(str, path[2:]))


_LISTS = {
    "left_out": ("would change as well, though it is not selected", "would no longer change; it is not selected"),
    "undeclared": ("is ours as well, and not declared", "is no longer ours"),
}
"""Lists of addresses: what to say of one more, and of one less."""


def _of_the_rest(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What moved though the same objects change in the same way."""
    old, new = ({(r["rule"], r["address"]): r["message"] for r in plan.get("refusals", ())} for plan in (before, after))
    yield from (f"refused now: {new[which]}" for which in new.keys() - old.keys())
    yield from (f"no longer refused: {old[which]}" for which in old.keys() - new.keys())
    for name, (more, less) in _LISTS.items():
        had, has = (set(plan.get(name, ())) for plan in (before, after))
        yield from (f"{address} {more}" for address in has - had)
        yield from (f"{address} {less}" for address in had - has)
    again = [(plan.get("cost") or {}).get("inputs_run_again", 0) for plan in (before, after)]
    if again[0] != again[1]:
        yield f"the app holds {again[1]} inputs, not {again[0]}"


# --- authenticity ----------------------------------------------------------------------------------------------------


def sign(text: str, key: str) -> str:
    """The plan's text with a signature (HMAC-SHA256 over its canonical content) as its last member."""
    raw = _object(text)
    raw[SIGNATURE] = _hmac(raw, key)
    return json.dumps(raw, indent=2, ensure_ascii=False) + "\n"


def verify(text: str, key: str) -> None:
    """Raise Refused unless the file was signed with the key."""
    raw = _object(text)
    if not hmac.compare_digest(str(raw.pop(SIGNATURE, "")), _hmac(raw, key)):
        raise Refused("the plan file is not signed with the key of this run", hint="plan again where the key is set")


def _hmac(raw: dict[str, Any], key: str) -> str:
    content = {name: value for name, value in raw.items() if name != SIGNATURE}
    return hmac.new(key.encode(), canonical_json(content).encode(), hashlib.sha256).hexdigest()
