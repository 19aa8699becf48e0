"""What reading a scan's pixels and header gave: kept, so that a second ingest of the same files reads nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Self

from scankin.index_build.importers import SourceScan
from scankin.index_build.source_files import stamp_of
from scankin.retrieval.encoder import DEFAULT_SLICES
from scankin.retrieval.errors import Reason, RefusedScan, ScanError
from scankin.retrieval.fingerprint import fingerprint
from scankin.retrieval.reading import ReadingPool, ReadRequest
from scankin.retrieval.reading.facts import Facts
from scankin.retrieval.scan import Age, Modality, Scan, Sex, View
from scankin.retrieval.source_tree import Entry, SourceTree

EPOCH = date(1970, 1, 1)
"""Day 0 of the calendar clock."""

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


@dataclass(frozen=True)
class Reading:
    """One scan as read: either its facts, or why it could not be read.

    Attributes:
        pixel_hash, fingerprint: Of the scan; empty when it could not be read.
        modality, view, sex, age: From the header or the picture.
        study_day: Days since 1970-01-01.
        facts: Clinical ones of the header.
        reason, message: Why it became no scan; None for a scan.
    """

    pixel_hash: str = ""
    fingerprint: bytes = b""
    modality: Modality | None = None
    view: View | None = None
    sex: Sex | None = None
    age: Age | None = None
    study_day: int | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    reason: Reason | None = None
    message: str = ""

    def to_json(self) -> str:
        """Return the reading as one line."""
        return json.dumps(
            {
                "pixel_hash": self.pixel_hash,
                "fingerprint": self.fingerprint.hex(),
                "modality": self.modality,
                "view": self.view,
                "sex": self.sex,
                "age": self.age and [self.age.low, self.age.high],
                "study_day": self.study_day,
                "facts": dict(self.facts),
                "reason": self.reason,
                "message": self.message,
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Return the reading of such a line."""
        raw: dict[str, Any] = json.loads(line)
        return cls(
            pixel_hash=raw["pixel_hash"],
            fingerprint=bytes.fromhex(raw["fingerprint"]),
            modality=raw["modality"] and Modality(raw["modality"]),
            view=raw["view"] and View(raw["view"]),
            sex=raw["sex"] and Sex(raw["sex"]),
            age=raw["age"] and Age(*raw["age"]),
            study_day=raw["study_day"],
            facts=raw.get("facts", {}),
            reason=raw["reason"] and Reason(raw["reason"]),
            message=raw["message"],
        )


def read(item: SourceScan, tree: SourceTree, pool: ReadingPool) -> Reading:
    """Read one scan in a worker process; whatever is wrong with it becomes the reading's reason."""
    try:
        with tree.fetched(item.files) as root:
            scan = pool.read(request_for(item.files, root, item.modality, DEFAULT_SLICES))
        if mismatch := header_mismatch(item.expected, scan):
            raise RefusedScan(*mismatch)
        if scan.is_even is False:
            raise RefusedScan(
                Reason.UNEVEN_SPACING, "Its slices lie at uneven distances: some are missing, or two series are mixed."
            )
        return Reading(
            pixel_hash=scan.pixel_hash,
            fingerprint=fingerprint(scan),
            modality=scan.modality,
            view=scan.view,
            sex=scan.sex,
            age=scan.age,
            study_day=None if scan.study_date is None else (scan.study_date - EPOCH).days,
            facts=scan.facts,
        )
    except ScanError as error:
        return Reading(reason=error.reason, message=error.message)


def request_for(files: tuple[str, ...], root: Path, modality: Modality | None, slices: int) -> ReadRequest:
    """Return the request that reads a scan of a source: a picture, a film, or slices of a CT series."""
    is_picture = len(files) == 1 and Path(files[0]).suffix.lower() in PICTURE_SUFFIXES
    return ReadRequest(
        paths=tuple(root / file for file in files),
        slices=slices,
        pictures=is_picture,
        modality=modality if is_picture else None,
    )


def stamp(item: SourceScan, tree: SourceTree) -> str:
    """Return what changes when a scan must be read again: its files, and what is expected of it.

    Raises:
        FailedScan: A file is missing or may not be read.
    """
    if item.stamp is not None:
        return item.stamp
    return stamp_of((Entry(file, tree.stamp(file)) for file in item.files), item.expected, item.modality)


class Journal:
    """Readings of an ingest under way, one line each, so that an interrupted one resumes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._end_torn_line()
        self._file = path.open("a", encoding="utf-8")

    def append(self, source_id: str, item_stamp: str, reading: Reading) -> None:
        """Add one reading; it survives the death of this process."""
        line = json.dumps([source_id, item_stamp, reading.to_json()])
        self._file.write(line + "\n")
        self._file.flush()

    def entries(self) -> Iterator[tuple[str, str, Reading]]:
        """Yield the readings of an earlier run; a line cut short by a crash is left out."""
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    source_id, item_stamp, reading = json.loads(line)
                    yield source_id, item_stamp, Reading.from_json(reading)
                except (ValueError, KeyError):
                    continue  # torn by a crash: that scan is read again

    def close(self) -> None:
        """Close the file; it stays for a later run."""
        self._file.close()

    def discard(self) -> None:
        """Close and delete the file: the casebook now holds what it held."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _end_torn_line(self) -> None:
        if self.path.exists() and not self.path.read_bytes().endswith(b"\n") and self.path.stat().st_size:
            with self.path.open("ab") as file:
                file.write(b"\n")


def header_mismatch(expected: Mapping[str, str], header: Scan | Facts) -> tuple[Reason, str] | None:
    """Return the quarantine of a scan whose header names another patient, study or series than its path."""
    stated = {
        "PatientID": header.patient_id,
        "StudyInstanceUID": header.study_uid,
        "SeriesInstanceUID": header.series_uid,
    }
    for name, value in expected.items():
        if (stated[name] or "").strip().upper() != value.strip().upper():
            return Reason.HEADER_MISMATCH, f"{name} in the header is not the one that the path states; quarantined."
    return None
