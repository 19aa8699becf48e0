"""Finds the scans in folders and files: a film is a file, a CT series is all its slices wherever they lie."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scankin.retrieval.errors import FailedScan, Reason, ScanError
from scankin.retrieval.reading.headers import Header
from scankin.retrieval.reading.pool import ReadingPool

COMPANIONS = frozenset({".csv", ".json", ".txt", ".md", ".xml", ".html", ".log", ".yaml", ".yml"})
"""Endings of files that lie beside scans: passed over when a folder is searched, read when named."""


Headed = Header | ScanError | None


@dataclass(frozen=True)
class FoundScan:
    """One scan found.

    Attributes:
        name: The file, or of a series that has a folder to itself, the folder.
        paths: Its files, sorted.
        header: Of its first file; None for a picture or where the header could not be read.
        error: Why its header could not be read; None when it could.
    """

    name: str
    paths: tuple[Path, ...]
    header: Header | None
    error: ScanError | None = None


def find_scans(inputs: Iterable[Path], pool: ReadingPool, *, pictures: bool = False) -> Iterator[FoundScan]:
    """Yield every scan under the inputs, in the order of their first files; a file that is no scan has an error.

    Folders are walked in sorted order; hidden files, ``DICOMDIR`` and companion files
    (``COMPANIONS``) in them are passed over. A second copy of a slice is a scan of its own. Pixels are not decoded.

    Args:
        inputs: Folders, DICOM files, zips.
        pool: Reads the headers.
        pictures: True yields PNG and JPEG files as scans; False refuses them.
    """
    files = list(dict.fromkeys(files_of(inputs)))
    with ThreadPoolExecutor(pool.workers) as threads:
        headers = list(threads.map(lambda path: header_at(path, pool, pictures=pictures), files))
    yield from grouped(files, headers)


def grouped(files: Sequence[Path], headers: Sequence[Headed]) -> Iterator[FoundScan]:
    """Yield the scans that files make up, in the order of their first files.

    Args:
        files: Each once.
        headers: What ``header_at`` gave for each.
    """
    series: dict[tuple[str, int], list[Path]] = defaultdict(list)
    series_of: dict[Path, tuple[str, int]] = {}
    copies: Counter[tuple[str, str]] = Counter()
    for path, header in zip(files, headers, strict=True):
        if isinstance(header, Header) and header.modality == "CT" and header.series_uid:
            series_of[path] = (header.series_uid, copies[header.series_uid, header.sop_uid])
            copies[header.series_uid, header.sop_uid] += 1
            series[series_of[path]].append(path)
    yielded: set[tuple[str, int]] = set()
    for path, header in zip(files, headers, strict=True):
        if isinstance(header, ScanError):
            yield FoundScan(str(path), (path,), None, header)
        elif path not in series_of:
            yield FoundScan(str(path), (path,), header)
        elif series_of[path] not in yielded:
            yielded.add(series_of[path])
            slices = series[series_of[path]]
            yield FoundScan(str(path if len(slices) == 1 else _common(slices, path)), tuple(sorted(slices)), header)


def files_of(inputs: Iterable[Path]) -> Iterator[Path]:
    """Yield the files under the inputs, folders walked in sorted order, what is passed over left out."""
    for path in inputs:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not is_companion(name):
                    yield Path(folder) / name


def is_companion(name: str) -> bool:
    """Return whether a file of this name is passed over when its folder is searched."""
    return name.startswith(".") or name == "DICOMDIR" or Path(name).suffix.lower() in COMPANIONS


def header_at(path: Path, pool: ReadingPool, *, pictures: bool) -> Headed:
    """Return a file's header, the error of reading it, or None for a picture that is a scan."""
    if pictures and path.suffix.lower() in (".png", ".jpg", ".jpeg"):
        return None
    if path.is_dir():
        return FailedScan(Reason.UNREADABLE_FILE, "It is a folder.")
    try:
        return pool.header(path)
    except ScanError as error:
        return error


def _common(slices: Sequence[Path], first: Path) -> Path:
    """Return the series' folder when it holds nothing of another, else its first slice: a name that is unique."""
    folder = first.parent
    return folder if all(path.parent == folder for path in slices) and _is_alone(folder, slices) else first


def _is_alone(folder: Path, slices: Sequence[Path]) -> bool:
    return {path.name for path in slices} >= {entry.name for entry in folder.iterdir() if entry.is_file()}
