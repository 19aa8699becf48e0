"""Dataset importers, found by folder: ``index_build/importers/<name>.py`` defines ``recognises`` and ``read``."""

import sys
from typing import cast

from scankin.index_build.importers.base import Importer, OpenedSource, Refusal, SourceCase, SourceScan
from scankin.retrieval import plugins
from scankin.retrieval.errors import CasebookError

__all__ = [
    "Importer",
    "OpenedSource",
    "Refusal",
    "SourceCase",
    "SourceScan",
    "importer_names",
    "load_importer",
    "recognise",
]

ANY_DICOM = "dicom-folder"
"""Recognises any DICOM file, so it is asked last."""


def importer_names() -> list[str]:
    """Return the names of all importers, sorted."""
    return plugins.names(sys.modules[__name__])


def load_importer(name: str) -> Importer:
    """Return the importer of a name.

    Raises:
        UnknownName: There is none of that name.
    """
    return cast(Importer, plugins.load(sys.modules[__name__], name))


def recognise(source: OpenedSource) -> str:
    """Return the name of the importer that recognises a source.

    Raises:
        CasebookError: None does.
    """
    for name in sorted(importer_names(), key=lambda name: (name == ANY_DICOM, name)):
        if load_importer(name).recognises(source):
            return name
    raise CasebookError(f"{source.tree.name}: no importer recognises it. There are: {', '.join(importer_names())}.")
