"""Result formats, found by folder: ``api/renderers/<name>.py`` defines ``MEDIA_TYPE`` and ``render(report)``."""

import sys
from typing import Protocol, cast

from scankin.retrieval import plugins
from scankin.retrieval.report import SimilarityReport

__all__ = ["Renderer", "renderer_for", "renderers"]


class Renderer(Protocol):
    """A module of this folder."""

    MEDIA_TYPE: str

    def render(self, report: SimilarityReport) -> bytes:
        """Return the report in this format."""


def renderers() -> dict[str, Renderer]:
    """Return every renderer by its media type."""
    package = sys.modules[__name__]
    found = [cast(Renderer, plugins.load(package, name)) for name in plugins.names(package)]
    return {renderer.MEDIA_TYPE: renderer for renderer in found}


def renderer_for(accept: str) -> Renderer | None:
    """Return the renderer that an Accept header asks for first, JSON for any; None when none is acceptable.

    Weights (``q=``) order the choices, as in RFC 9110 12.5.1.
    """
    known = renderers()
    choices = []
    for place, entry in enumerate(accept.split(",")):
        media, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = next((value.partition("=")[2] for value in parameters if value.startswith("q=")), "1")
        try:
            choices.append((-float(quality), place, media))
        except ValueError:
            continue
    for weight, _, media in sorted(choices):
        if weight == 0:
            continue
        if media in ("*/*", "application/*", ""):
            return known["application/json"]
        if media == "text/*":
            return known["text/plain"]
        if media in known:
            return known[media]
    return None
