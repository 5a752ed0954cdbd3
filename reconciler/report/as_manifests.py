"""Manifests as YAML, in the form in which people write them; whatever reads it, YAML 1.1 or 1.2, gets the same values.

Belongs here: which scalars need quotes, which maps fit on a line, which document goes into which file. Does not belong
here: what is exported (`stages.export`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.core.declaration import Scalar
from reconciler.core.diagnostics import Location
from reconciler.core.envelope import API_VERSION
from reconciler.core.manifest import Manifest, Manifests
from reconciler.core.scalars import as_json
from reconciler.report.lines import printable

WIDTH = 120
FILES = {
    "App": "app.yaml",
    "Concept": "concepts.yaml",
    "ConceptRelation": "relations.yaml",
    "Model": "models.yaml",
    "Workflow": "workflows.yaml",
}
# Numbers, dates, times and versions of any reader's taste; not ids such as 32 hexadecimal digits.
_NUMBER_LIKE = re.compile(r"[-+.]?[0-9][0-9._:+eExXob-]*([ T].*)?$")
_NOWHERE = Location("", 1, 1)


def files(manifests: Manifests) -> dict[str, str]:
    """File name -> text, one file a kind; the first line says which app it is."""
    by_file: dict[str, list[Manifest]] = {}
    for manifest in manifests.documents:
        by_file.setdefault(FILES.get(manifest.kind, f"{manifest.kind.lower()}.yaml"), []).append(manifest)
    return {name: stream(Manifests(manifests.source, tuple(group))) for name, group in by_file.items()}


def stream(manifests: Manifests) -> str:
    """All documents as one text."""
    return f"# Exported from {printable(manifests.source)}\n" + "---\n".join(map(document, manifests.documents))


def stream_json(manifests: Manifests) -> str:
    """All documents as kubectl's List, which is read like any other file."""
    body = {"apiVersion": API_VERSION, "kind": "List", "items": [manifest.data for manifest in manifests.documents]}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def document(manifest: Manifest) -> str:
    """One document, its comments on top."""
    comments = "".join(f"# {printable(line)}\n" for line in manifest.comments)
    return comments + dump(manifest.data)


def dump(data: Mapping[str, Any]) -> str:
    """A document as YAML text; a spec that holds anything has a line for each of its fields."""
    styled = _block(data, 0)
    if data.get("spec"):
        styled["spec"] = _block(data["spec"], 2)
    text: str = yaml.dump(
        styled, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH + 40, default_flow_style=False
    )
    return text


# ---- which form a collection has


class _OneLine(dict[str, Any]):
    """A map written as `{a: 1, b: 2}`."""


class _OneLineList(list[Any]):
    """A list written as `[1, 2]`."""


def _styled(value: Any, indent: int, lead: int = 0) -> Any:
    """The value with its collections in the form they will have; `lead` columns of its first line are taken."""
    room = WIDTH - indent - lead
    if isinstance(value, Mapping):
        return _flat(value) if _is_short_map(value) and _columns(value) <= room else _block(value, indent)
    if isinstance(value, list):
        if _is_short_list(value) and _columns(value) <= room:
            return _flat(value)
        alike = all(isinstance(item, Mapping) and isinstance(_styled(item, indent), _OneLine) for item in value)
        return [_styled(item, indent) if alike else _block(item, indent) for item in value]
    return value


def _block(value: Any, indent: int) -> Any:
    """A map with a line for each of its names."""
    if not isinstance(value, Mapping):
        return _styled(value, indent)
    return {name: _styled(inner, indent + 2, len(name)) for name, inner in value.items()}


def _flat(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _OneLine({name: _flat(inner) for name, inner in value.items()})
    return _OneLineList(map(_flat, value)) if isinstance(value, list) else value


def _is_short_map(value: Mapping[str, Any]) -> bool:
    """Scalars, and beside them at most maps of scalars: `{id: x, model_version: {id: y}}`."""
    inner = [item for item in value.values() if not _is_scalar(item)]
    flat = all(isinstance(item, Mapping) and all(map(_is_scalar, item.values())) for item in inner)
    return not value or (flat and len(inner) < len(value))


def _is_short_list(value: list[Any]) -> bool:
    """Scalars, or one map of scalars: `[{node_id: x}]`."""
    if all(map(_is_scalar, value)):
        return True
    return (
        len(value) == 1
        and isinstance(value[0], Mapping)
        and len(value[0]) == 1
        and all(map(_is_scalar, value[0].values()))
    )


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, Mapping | list) and "\n" not in str(value)


def _columns(value: Any) -> int:
    """How many columns the value takes on one line."""
    if isinstance(value, Mapping):
        return sum(len(name) + 4 + _columns(inner) for name, inner in value.items())
    if isinstance(value, list):
        return sum(2 + _columns(item) for item in value)
    return len(value) + (2 if _style(value) else 0) if isinstance(value, str) else len(str(value))


# ---- scalars


class _Dumper(yaml.SafeDumper):
    """PyYAML's, with our scalars and without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """A manifest repeats itself rather than pointing back."""
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(text: str) -> str | None:
    """Quotes for what YAML 1.2 takes for something else than text (PyYAML itself minds 1.1); blocks for lines."""
    if "\n" in text and _can_be_block(text):
        return "|"
    try:
        plain = as_json(Scalar(text, True, *_NOWHERE))
    except ValueError:
        return '"'
    return None if plain == text and text.isprintable() and not _NUMBER_LIKE.match(text) else '"'


def _can_be_block(text: str) -> bool:
    return all(line.isprintable() and line == line.rstrip() for line in text.split("\n")) and text[0] not in " \n"


def _number(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    """As Python writes it: the shortest text that reads back as the same double, in both versions of YAML."""
    special = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    text = special.get(repr(value)) or (repr(value) if "." in repr(value) else repr(value).replace("e", ".0e"))
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _map(dumper: _Dumper, value: _OneLine) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _list(dumper: _Dumper, value: _OneLineList) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)
_Dumper.add_representer(_OneLine, _map)
_Dumper.add_representer(_OneLineList, _list)
