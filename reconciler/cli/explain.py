"""`reconciler explain`: what a kind or a field of a manifest is for. Offline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from reconciler.cli.command import command
from reconciler.cli.screen import Screen
from reconciler.core.diagnostics import ReconcilerError, did_you_mean

if TYPE_CHECKING:
    from reconciler.core.kind import Kind

FieldName = Annotated[
    str | None, Argument(metavar="KIND[.FIELD]", help="For example Workflow, or Model.spec.model_version.")
]


@command
def explain(screen: Screen, field: FieldName = None) -> int:
    """Explain a kind of manifest, or one of its fields.

    Names are those of a manifest, joined by dots: Model.spec.model_version.output_info.params. `spec` may be left out.
    Without a name: the kinds there are.
    """
    screen.only_text("explain")
    from reconciler.core.envelope import API_VERSION
    from reconciler.core.field_docs import field_doc
    from reconciler.core.json_schema import manifest_schema
    from reconciler.manifests import kinds
    from reconciler.report.as_field_doc import field_doc_text

    if field is None:
        screen.out("\n".join(f"{name:<17}{kind.summary}" for name, kind in kinds().items()))
        return 0
    wanted, *path = field.split(".")
    known = {alias: name for name, kind in kinds().items() for alias in (name.lower(), kind.plural)}
    name = known.get(wanted.lower())
    if name is None:
        hint = did_you_mean(wanted, kinds()) or f"kinds: {', '.join(kinds())}"
        raise ReconcilerError(f"there is no kind {wanted!r}", hint=hint)
    doc = field_doc(manifest_schema(kinds().values()), name, path, _words(kinds()[name]))
    screen.draw(field_doc_text(doc, name, API_VERSION, color=screen.color, width=screen.width))
    return 0


def _words(kind: Kind) -> Callable[[tuple[str, ...]], str]:
    """What Clarifai's API definition says of the fields under `spec`, which have the names of its messages."""
    from reconciler.cli.proto_docs import proto_docs

    docs = proto_docs()

    def words(path: tuple[str, ...]) -> str:
        if path[:1] != ("spec",):
            return ""
        message, field = kind.message.DESCRIPTOR, ""
        for name in path[1:]:
            inner = message.fields_by_name[field].message_type if field else message
            if inner is None:
                return ""
            message, field = inner, name
        return docs.get((message.full_name, field), "")

    return words
