"""Names of a source's files: relative to its folder, and fit to be written down."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from scankin.index_build.importers.base import Refusal
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality
from scankin.retrieval.source_tree import Entry


def relative_name(path: Path, root: Path) -> str:
    """Return a file's path relative to the source, with "/" on every system."""
    return path.relative_to(root).as_posix()


def is_inside(path: str) -> bool:
    """Return whether a relative path, as a table states it, names something in its folder."""
    parts = PurePosixPath(path)
    return bool(parts.parts) and not parts.is_absolute() and ".." not in parts.parts and "\x00" not in path


def writable(text: str) -> str:
    """Return a text with whatever UTF-8 cannot hold written as escapes: tables and keys are UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def stamp_of(entries: Iterable[Entry], expected: Mapping[str, str], modality: Modality | None = None) -> str:
    """Return what changes when a scan must be read again: its files, its modality, and what its header must say."""
    stated = [(entry.path, entry.stamp) for entry in entries]
    return hashlib.sha256(repr((stated, modality, sorted(expected.items()))).encode()).hexdigest()


def unwritable_name(collection: str, names: Iterable[str], patient_id: str | None = None) -> Refusal | None:
    """Return the refusal of a scan that has a file whose name is not UTF-8; None when all are.

    Such a name cannot be kept in a table, and an escaped one would not open the file again.
    """
    for name in names:
        if writable(name) != name:
            message = "A file's name is not UTF-8. Rename it."
            return Refusal(collection, writable(name), Reason.UNREADABLE_FILE, message, patient_id)
    return None
