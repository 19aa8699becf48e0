"""NCCID's folders as downloaded: where films and series lie, and the metadata files beside them."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scankin.index_build.nccid.dates import day_of

FILMS = ("xray", "x-ray")
"""``x-ray`` is how copies made before May 2020 spell it."""

SERIES = ("ct",)
METADATA = "-metadata"
CLINICAL = "data"
DICOM = ".dcm"

STUDY_DATE, ACQUISITION_DATE = "00080020", "00080022"
"""The two true dates of a header; every other date is offset (NCCID FAQ)."""

EARLIEST = day_of("01/01/2017") or 0
"""The collection reaches three years back from the first COVID-19 study; an older study date is a slip."""


@dataclass(frozen=True)
class Unit:
    """One film, or all slices in one series folder.

    Attributes:
        folder: The modality's folder.
        files: Sorted, at least one.
        is_series: Named by the folder, not by the file.
    """

    folder: Path
    files: tuple[Path, ...]
    is_series: bool

    @property
    def path(self) -> Path:
        """What names it: the film's file or the series' folder; a file that lies in no folder names itself."""
        alone = not self.is_series or self.files[0].parent == self.folder
        return self.files[0] if alone else self.files[0].parent

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the folders above its files: pseudonym, study and series in the current layout."""
        return self.files[0].relative_to(self.folder).parts[:-1]

    def header(self) -> dict[str, Any]:
        """Return the metadata of its first file that has any; empty when none has, or it is not JSON."""
        beside = self.folder.with_name(self.folder.name + METADATA)
        for file in self.files:
            path = beside / file.relative_to(self.folder).with_suffix(".json")
            if path.is_file():
                return _object_of(path)
        return {}


def base_of(root: Path) -> Path:
    """Return the folder that holds ``data/``: the documented download drops the ``training/`` level."""
    training = root / "training"
    return training if training.is_dir() else root


def walk(folder: Path, *, is_series: bool) -> Iterator[Unit | Path]:
    """Yield every film (or series) under a modality's folder, and the path of every file that is neither.

    Folders and files come in sorted order. The summaries of copies made before May 2020 (``.json``) and hidden files
    are passed over.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = [Path(place, name) for name in sorted(names) if not name.startswith(".")]
        slices = tuple(path for path in files if path.suffix.lower() == DICOM)
        if is_series and slices:
            yield Unit(folder, slices, is_series=True)
        elif not is_series:
            yield from (Unit(folder, (path,), is_series=False) for path in slices)
        # UIDs hold dots, so the ending of any other name says nothing of what it is.
        yield from (path for path in files if path.suffix.lower() not in (DICOM, ".json"))


def other_folders(base: Path) -> list[Path]:
    """Return the folders of modalities that are not indexed (``mri``, ``unknown`` and any other), sorted."""
    known = {*FILMS, *SERIES, CLINICAL}
    return sorted(
        path
        for path in base.iterdir()
        if path.is_dir() and path.name not in known and not path.name.endswith(METADATA) and path.name[0] != "."
    )


def study_day(header: dict[str, Any]) -> int | None:
    """Return days since 1970-01-01 of the study; None where the header states none between 2017 and today."""
    today = day_of(date.today().isoformat()) or 0
    for tag in (STUDY_DATE, ACQUISITION_DATE):
        stated = _first_value(header.get(tag))
        day = day_of(f"{stated[:4]}-{stated[4:6]}-{stated[6:]}") if len(stated) == 8 else None
        if day is not None and EARLIEST <= day <= today:
            return day
    return None


def _first_value(element: object) -> str:
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]).strip() if isinstance(values, list) and values else ""


def _object_of(path: Path) -> dict[str, Any]:
    try:
        header = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}  # the DICOM header itself then tells the day, and the finding stays unknown
    return header if isinstance(header, dict) else {}
