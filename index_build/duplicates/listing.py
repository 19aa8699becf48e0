"""The list of films that are one picture: found once for a set of films, kept in the casebook, keys only."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from scankin.index_build.duplicates.finding import SAME, Duplicate, Picture, find_duplicates
from scankin.index_build.vectors import VectorCache
from scankin.retrieval.errors import StoreFull
from scankin.retrieval.files import replaced
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality

DUPLICATES = "duplicates.csv"
_COLUMNS = ("scan", "other_scan", "patient", "other_patient", "found_by", "is_mirrored", "agreement")
_DETECTOR = f"fingerprint, grids, keypoints 2, {SAME}"
"""Changes whenever the pairs would."""


def duplicates_of(folder: Path, records: Iterable[ScanRecord], cache: VectorCache) -> list[Duplicate]:
    """Return the films among ``records`` that are one picture, by the casebook's list where it is of the same films.

    CT is left out. The list, ``duplicates.csv``, is written anew where it is not: its first line says of what films.

    Raises:
        StoreFull: The disk refused the list.
    """
    films = sorted((r for r in records if r.modality is Modality.XRAY), key=lambda record: record.scan)
    stated = [(record.scan, record.patient, record.pixel_hash) for record in films]
    stamp = hashlib.sha256(repr((_DETECTOR, stated)).encode()).hexdigest()
    path = folder / DUPLICATES
    if path.is_file() and (text := path.read_text(encoding="utf-8")).startswith(f"# {stamp}\n"):
        return _read(text)
    pictures = cache.thumbnails((record.scan, record.pixel_hash) for record in films)
    found = find_duplicates(
        [Picture(r.scan, r.patient, r.fingerprint, png) for r, (_, png) in zip(films, pictures, strict=True)]
    )
    try:
        replaced(path, f"# {stamp}\n{as_csv(found)}".encode())
    except OSError as error:
        raise StoreFull(
            f"The disk refused the list of duplicates: {error.strerror}. Nothing was published. Free space, run again."
        ) from error
    return _read(path.read_text(encoding="utf-8"))  # rounded, as the next reader finds it


def as_csv(found: Sequence[Duplicate]) -> str:
    """Return pairs as a table of keys: no picture, no id of a source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in found:
        mirrored = "yes" if one.is_mirrored else "no"
        writer.writerow((*one.scans, *one.patients, one.found_by, mirrored, f"{one.agreement:.3f}"))
    return text.getvalue()


def _read(text: str) -> list[Duplicate]:
    return [
        Duplicate(
            (row["scan"], row["other_scan"]),
            (row["patient"], row["other_patient"]),
            row["found_by"],
            row["is_mirrored"] == "yes",
            float(row["agreement"]),
        )
        for row in csv.DictReader(text.splitlines()[1:])
    ]
