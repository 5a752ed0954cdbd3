"""The picture of what is declared: text, DOT and Mermaid of the walkthrough, and what needs no drawing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.picture import picture
from reconciler.manifests import desired_state, read_manifests
from reconciler.report.as_graph import graph_dot, graph_mermaid, graph_text
from reconciler.stages.resolve import Options

Golden = Callable[[str, str], None]
FORMS = {
    "graph.txt": lambda seen: graph_text(seen, color=False),
    "graph-60.txt": lambda seen: graph_text(seen, color=False, width=60),
    "graph.ansi": lambda seen: graph_text(seen, color=True),
    "graph.dot": graph_dot,
    "graph.mmd": graph_mermaid,
}


def seen(*paths: str):
    return picture(desired_state(read_manifests(paths, Options(user_id="me-local", owner="set", app_id="people-app"))))


@pytest.mark.parametrize("name", FORMS)
def test_the_walkthrough(name: str, walkthrough: str, golden: Golden) -> None:
    golden(name, FORMS[name](seen(walkthrough)))


def test_nothing_is_wider_than_the_screen(walkthrough: str) -> None:
    assert max(map(len, graph_text(seen(walkthrough), color=False).splitlines())) <= 100


def test_the_order_of_files_does_not_matter(walkthrough: str) -> None:
    files = sorted(map(str, Path(walkthrough).glob("*.yaml")))
    assert seen(*files) == seen(*reversed(files))


def test_a_node_with_two_inputs_stands_beneath_the_first(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(
        "workflow:\n  id: w\n  nodes:\n"
        "  - {id: a, model: {model_id: m}}\n"
        "  - {id: b, model: {model_id: m}}\n"
        "  - {id: '\"c', model: {model_id: n}, node_inputs: [{node_id: a}, {node_id: b}]}\n"
    )
    found = seen(str(tmp_path))
    assert '│  └─ "c  models/n  and from b' in graph_text(found, color=False)
    assert '"workflows/w#b" -> "workflows/w#\\"c"' in graph_dot(found)
    assert "r1n2 --> r1n3" in graph_mermaid(found)
