"""Dataset importers, found by folder: ``index_build/importers/<name>.py`` defines ``read(root)``."""

from scankin.index_build.importers.base import Importer, Refusal, SourceCase, SourceScan

__all__ = ["Importer", "Refusal", "SourceCase", "SourceScan"]
