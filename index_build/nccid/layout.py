"""NCCID's folders as downloaded: the current layout and those of older copies (NCCID.md 1)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from scankin.retrieval.source_tree import Entry, Listing, SourceTree

FILMS = ("xray", "x-ray")
"""``x-ray`` is how copies made before May 2020 spell it."""

SERIES = ("ct",)
METADATA = "-metadata"
CLINICAL = "data"
DICOM = ".dcm"
_IGNORED = frozenset({".json"})
"""Beside images lie the summaries of copies made before May 2020."""


@dataclass(frozen=True)
class Item:
    """One film, or all slices of one series, with the metadata that lies beside it.

    Attributes:
        name: What identifies it: the film's file or the series' folder, relative to the source.
        levels: Names of the folders above its files: pseudonym, study and series in the current layout.
        files: DICOM files; empty when only metadata was downloaded.
        metadata: Metadata files.
        is_series: A CT series.
    """

    name: str
    levels: tuple[str, ...]
    files: tuple[Entry, ...]
    metadata: tuple[Entry, ...]
    is_series: bool


def base_of(tree: SourceTree) -> str:
    """Return the folder that holds ``data/``: the documented download drops the ``training/`` level."""
    return "training" if "training" in tree.folders() else ""


def joined(*parts: str) -> str:
    """Return a path of the parts that are not empty."""
    return "/".join(part for part in parts if part)


def spellings(names: list[str]) -> dict[str, list[str]]:
    """Return folder names by pseudonym as it is compared: in capitals, without outer blanks."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        found[name.strip().upper()].append(name)
    return found


def items(images: Listing, metadata: Listing, folder: str) -> Iterator[Item | Entry]:
    """Yield every film or series under a modality's folder, and every file that is neither.

    Args:
        images: Files of one patient under ``folder``.
        metadata: Files of the same patient under the folder of its metadata.
        folder: The modality's folder, relative to the source.
    """
    is_series = PurePosixPath(folder).name in SERIES
    groups: dict[str, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
    for entry in images.files:
        path = PurePosixPath(entry.path)
        if path.suffix.lower() == DICOM:
            groups[_group(path, folder, is_series=is_series)][0].append(entry)
        elif path.suffix.lower() not in _IGNORED:
            yield entry
    for entry in metadata.files:
        path = PurePosixPath(entry.path)
        if path.suffix.lower() == ".json":
            below = path.relative_to(folder + METADATA).with_suffix(DICOM)
            groups[_group(PurePosixPath(folder, below), folder, is_series=is_series)][1].append(entry)
    for name, (files, headers) in sorted(groups.items()):
        yield Item(name, _levels(name, folder, is_series=is_series), tuple(files), tuple(headers), is_series)


def other_folders(tree: SourceTree, base: str) -> list[str]:
    """Return the folders of modalities that are not indexed (``mri``, ``unknown`` and any other), sorted."""
    known = {*FILMS, *SERIES, CLINICAL}
    return [name for name in tree.folders(base) if name not in known and not name.endswith(METADATA)]


def by_spelling(listings: Mapping[str, Listing]) -> dict[str, tuple[Entry, ...]]:
    """Return the files of each spelling that has any."""
    return {spelling: listing.files for spelling, listing in listings.items() if listing.files}


def _group(path: PurePosixPath, folder: str, *, is_series: bool) -> str:
    """Return what a file is part of: itself, or the folder of its series; a slice that lies in no folder is alone."""
    return str(path.parent) if is_series and str(path.parent) != folder else str(path)


def _levels(name: str, folder: str, *, is_series: bool) -> tuple[str, ...]:
    parts = PurePosixPath(name).relative_to(folder).parts
    return parts if is_series and PurePosixPath(name).suffix.lower() != DICOM else parts[:-1]
