"""Manifests as YAML: what is written reads back as it was, whichever version of YAML the reader speaks."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.core.manifest import Manifest, Manifests
from reconciler.manifests import desired_state, read_manifests
from reconciler.report import as_manifests
from reconciler.stages.resolve import Options

TRAPS = [
    "no", "on", "~", "null", "0123", "0x1F", "0o7", "1e3", "1.5", ".5", "12:30", "2024-01-01", "1_000", "+1", "-", "",
    " blank ", "a: b", "a #b", "#", "[x", "{x", "*x", "&x", "!x", "%x", "@x", "`x", "'", '"', "\ttab", "two\nlines",
    "end\n", "\nstart", "x\n\n", " indented\nlines", "trailing \nblank", "=", "<<", "true", "Infinity", ".inf", "1e400",
    "aa7f35c01e0642fda5cf400f543e7c40", "00000000000000000000000000000001", "12345678901234567890123456789012", "😀",
]  # fmt: skip
TEXTS = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"])))
VALUES = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def manifest(**spec: Any) -> Manifest:
    return Manifest("Model", "m", spec, {}, ("a comment",))


@given(VALUES)
def test_both_versions_of_yaml_read_what_was_written(value: Any) -> None:
    text = as_manifests.document(manifest(value=value))
    assert yaml.safe_load(text)["spec"] == {"value": value}
    modern = YAML(typ="safe", pure=True).load(text)
    assert modern["spec"] == {"value": value}


@pytest.mark.parametrize("text", [text for text in TRAPS if text])
def test_we_read_what_we_wrote(text: str, tmp_path: Any) -> None:
    spec = {"description": text, "metadata": {"k": text, "l": [text]}}
    (tmp_path / "m.yaml").write_text(as_manifests.document(manifest(**spec)))
    resolved = read_manifests([str(tmp_path)], Options(user_id="u", app_id="a", owner="o"))
    (item,) = desired_state(resolved).resources.values()
    assert item.tree == spec


def test_short_maps_stand_on_one_line_and_long_ones_do_not() -> None:
    long = {"id": "x" * 60, "user_id": "clarifai", "app_id": "main", "model_version": {"id": "y" * 32}}
    text = as_manifests.dump({"spec": {"nodes": [{"id": "n", "model": {"id": "m"}}, {"id": "o", "model": long}]}})
    assert "  - id: n\n    model: {id: m}\n" in text
    assert "    model:\n      id: xxx" in text


def test_one_file_a_kind_in_a_fixed_order() -> None:
    kinds = ["App", "Concept", "ConceptRelation", "Model", "Workflow"]
    found = as_manifests.files(Manifests("u/a", tuple(Manifest(kind, "x", {}) for kind in kinds)))
    assert [*found] == ["app.yaml", "concepts.yaml", "relations.yaml", "models.yaml", "workflows.yaml"]
    assert found["app.yaml"].startswith("# Exported from u/a\napiVersion: clarifai.reconciler/v1\nkind: App\n")
