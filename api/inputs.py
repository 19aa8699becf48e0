"""What a batch was asked to score: folders, files, zips, buckets, and lists that name such and say whose they are."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from scankin.retrieval.errors import InvalidRequest

LISTS = frozenset({".txt", ".csv"})
PATH, PATIENT, ADMISSION, SITE = "path", "patient", "admission", "site"


@dataclass(frozen=True)
class Stated:
    """What a list says of an item; None where it says nothing.

    Attributes:
        patient: The user's own id of the patient; goes before the header's, and is never written.
        admission: A label, or the day of admission as YYYY-MM-DD.
        site: Where the patient was admitted.
    """

    patient: str | None = None
    admission: str | None = None
    site: str | None = None


NOTHING = Stated()


@dataclass(frozen=True)
class Inputs:
    """Items to score.

    Attributes:
        paths: Folders, DICOM files, pictures and zips of this machine; those that only a list names may be missing.
        addresses: URLs of objects, or of all objects that begin so.
        stated: What lists say, by item as it is named in ``paths`` or ``addresses``.
    """

    paths: tuple[Path, ...] = ()
    addresses: tuple[str, ...] = ()
    stated: Mapping[str, Stated] | None = None

    def said_of(self, *names: str) -> Stated:
        """Return what a list says of the first of these names that it, or a folder around it, is listed by."""
        for name in names if self.stated else ():
            at = name
            while at:
                if self.stated and (found := self.stated.get(at)):
                    return found
                at = at.rpartition("/")[0]
        return NOTHING


def inputs_of(named: Iterable[str | Path]) -> Inputs:
    """Return what a user named: URLs, lists (``.txt``, one item a line; ``.csv`` with a column ``path``), all else.

    Items of a list are relative to the list's folder. Lines of a text list that are blank or begin with "#" count for
    nothing. An item listed twice is what it is first said to be.

    Raises:
        InvalidRequest: An input is not there, or a list cannot be read, names nothing, or has no column ``path``.
    """
    paths: dict[Path, None] = {}
    addresses: dict[str, None] = {}
    stated: dict[str, Stated] = {}
    for number, item in enumerate(named, start=1):
        if is_address(str(item)):
            addresses[str(item).rstrip("/")] = None
            continue
        path = Path(item)
        if not path.exists():
            raise InvalidRequest(f"Input {number} is not there. Name folders, DICOM files, zips, lists or URLs.")
        if path.suffix.lower() not in LISTS or path.is_dir():
            paths[path] = None
            continue
        for name, said in _listed(path, number):
            if is_address(name):
                addresses[name] = None
                stated.setdefault(name, said)
            else:
                paths[path.parent / name] = None
                stated.setdefault(str(path.parent / name), said)
    return Inputs(tuple(paths), tuple(addresses), {name: said for name, said in stated.items() if said != NOTHING})


def is_address(item: str) -> bool:
    """Return whether an item is a URL."""
    return "://" in item


def _listed(path: Path, number: int) -> Sequence[tuple[str, Stated]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(_csv_rows(file, number) if path.suffix.lower() == ".csv" else _lines(file))
    except (UnicodeDecodeError, csv.Error):
        raise InvalidRequest(f"Input {number}, a list, is not UTF-8 text. Save it as UTF-8.") from None
    if not found:
        raise InvalidRequest(f"Input {number}, a list, names nothing. Write one path a line.")
    return found


def _lines(file: TextIO) -> Iterator[tuple[str, Stated]]:
    for line in file:
        if (item := line.strip()) and not item.startswith("#"):
            yield item.rstrip("/"), NOTHING


def _csv_rows(file: TextIO, number: int) -> Iterator[tuple[str, Stated]]:
    rows = csv.DictReader(file)
    if PATH not in (rows.fieldnames or ()):
        raise InvalidRequest(
            f"Input {number}, a list, has no column {PATH!r}. Its first line must name the columns: "
            f"{PATH}, and if known {PATIENT}, {ADMISSION}, {SITE}."
        )
    for row in rows:
        if item := (row[PATH] or "").strip():
            said = {name: (row.get(name) or "").strip() or None for name in (PATIENT, ADMISSION, SITE)}
            yield item.rstrip("/"), Stated(**said)
