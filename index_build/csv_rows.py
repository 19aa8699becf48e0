"""Rows of a collection's CSV file, and values as collections write them."""

import csv
import math
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scankin.retrieval.case import Event, EventKind
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.scan import Age, Sex, View

Row = dict[str, str]


def rows_of(path: Path, columns: Iterable[str], collection: str) -> Iterator[Row]:
    """Yield the rows of a CSV file (UTF-8, with or without byte order mark), values stripped, missing ones empty.

    Raises:
        CasebookError: The file is not there, or lacks one of ``columns``.
    """
    if not path.is_file():
        raise CasebookError(f"This is not {collection}: it has no {path.name}. Name the folder that holds it.")
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        missing = sorted(set(columns) - set(reader.fieldnames or ()))
        if missing:
            raise CasebookError(f"This is not {collection}: {path.name} has no column {missing[0]!r}.")
        for row in reader:
            yield {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}


def stated_yes_no(text: str) -> bool | None:
    """Return True for Y, False for N, None for anything else: not stated is not no."""
    return {"Y": True, "N": False}.get(text.strip().upper())


def age_of(text: str) -> Age | None:
    """Return the age of "63", "50+" or "1-5" years; None for anything else."""
    try:
        if text.endswith("+"):
            return Age(float(text[:-1]), math.inf)
        low, dash, high = text.partition("-")
        return Age(float(low), float(high)) if dash and low else Age.of(float(text))
    except ValueError:
        return None


def sex_of(text: str) -> Sex | None:
    """Return the sex of "M" or "F" in either case; None for anything else."""
    return {"M": Sex.MALE, "F": Sex.FEMALE}.get(text.strip().upper())


def view_of(text: str) -> View | None:
    """Return the view of its name in either case; None for anything else."""
    return next((view for view in View if view.value.lower() == text.strip().lower()), None)


def number_of(text: str) -> float | None:
    """Return a finite number; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def day_of(text: str) -> int | None:
    """Return a number of days rounded to a whole day; None for anything else."""
    number = number_of(text)
    return None if number is None else round(number)


def is_inside(path: str) -> bool:
    """Return whether a relative path stays in its folder."""
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts


def ever(kind: EventKind, *answers: bool | None) -> Iterator[Event]:
    """Yield that ``kind`` happened when an answer is yes; that it did not when the first, of "ever", is no.

    A no to "at this film" says nothing of ever, so only the first answer can deny.
    """
    if any(answers):
        yield Event(kind, happened=True)
    elif answers and answers[0] is False:
        yield Event(kind, happened=False)


def only_value(rows: Iterable[Row], column: str) -> str | None:
    """Return the one value of a column that all rows that state any agree on; None when none do, or they differ."""
    values = {row.get(column, "") for row in rows} - {""}
    return values.pop() if len(values) == 1 else None
