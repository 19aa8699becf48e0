"""Rows of a collection's CSV file, and values as collections write them."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scankin.retrieval.errors import CasebookError
from scankin.retrieval.measures import MEASURES
from scankin.retrieval.scan import Age, Sex, View

Row = dict[str, str]

OLDEST_YEARS = 120.0
MOST_DAYS = 36_525
"""A century: what is further off than a life is no day of a patient."""

NOT_WHOLE = "The row has fewer or more values than the header names: it is cut or shifted."

_VIEW_NAMES = {
    **{view.value.upper(): view for view in View},
    "LAT": View.LATERAL,
    "LATERAL": View.LATERAL,
    "AP SEMI ERECT": View.AP,  # neither of the two positions that are told apart
}


@dataclass(frozen=True)
class Line:
    """One row of a CSV file.

    Attributes:
        number: Of its last line in the file, from 1; names a row that has no usable id.
        row: Its values by column, stripped; a missing one is empty.
        is_whole: False when it has fewer or more values than the header has names (``NOT_WHOLE``).
    """

    number: int
    row: Row
    is_whole: bool


def rows_of(path: Path, columns: Iterable[str], collection: str) -> Iterator[Line]:
    """Yield the rows of a CSV file (UTF-8, with or without byte order mark).

    Bytes that are not UTF-8 stay apart as escapes, so that two different ids never become one.

    Raises:
        CasebookError: The file is not there, lacks one of ``columns``, or stops being CSV.
    """
    if not path.is_file():
        raise CasebookError(f"This is not {collection}: it has no {path.name}. Name the folder that holds it.")
    with path.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        reader = csv.reader(file)
        try:
            names = [name.strip() for name in next(reader, [])]
            missing = sorted(set(columns) - set(names))
            if missing:
                raise CasebookError(f"This is not {collection}: {path.name} has no column {missing[0]!r}.")
            for values in reader:
                if values:
                    yield _line(reader.line_num, names, [value.strip() for value in values])
        except csv.Error as error:
            raise CasebookError(
                f"{path.name} cannot be read past line {reader.line_num} ({error}). Mend the file and ingest again."
            ) from error


def _line(number: int, names: list[str], values: list[str]) -> Line:
    # Spreadsheets leave columns without a name or value at the end: their number does not matter.
    is_whole = not any(values[len(names) :]) and not any(names[len(values) :])
    return Line(number, dict(zip(names, values + [""] * len(names), strict=False)), is_whole)


def stated_yes_no(text: str) -> bool | None:
    """Return True for Y, False for N, None for anything else: not stated is not no."""
    return {"Y": True, "N": False}.get(text.strip().upper())


def age_of(text: str) -> Age | None:
    """Return the age of "63", "50+" or "1-5" years, at most 120; None for anything else."""
    try:
        low, dash, high = text.rstrip("+").partition("-")
        age = Age(float(low), float(high) if dash else float(low))
    except ValueError:
        return None
    if age.high > OLDEST_YEARS:
        return None
    return Age(age.low, math.inf) if text.endswith("+") else age


def sex_of(text: str) -> Sex | None:
    """Return the sex of "M" or "F" in either case; None for anything else."""
    return {"M": Sex.MALE, "F": Sex.FEMALE}.get(text.strip().upper())


def view_of(text: str) -> View | None:
    """Return the view of its name in either case; None for anything else."""
    return _VIEW_NAMES.get(" ".join(text.upper().split()))


def number_of(text: str) -> float | None:
    """Return a finite number; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def numbers_in(row: Row, columns: Mapping[str, str]) -> dict[str, float]:
    """Return what columns state as finite numbers, by the names given to them; a bound such as "inf" is none."""
    found = {name: number_of(row.get(column, "")) for name, column in columns.items()}
    return {name: number for name, number in found.items() if number is not None}


def day_of(text: str) -> int | None:
    """Return a number of days, at most a century, rounded to a whole day; None for anything else."""
    number = number_of(text)
    return None if number is None or abs(number) > MOST_DAYS else round(number)


def measures_of(**texts: str) -> dict[str, float]:
    """Return the measures that are stated, by name; a number off a measure's scale is not one of that measure."""
    numbers = {name: number_of(text) for name, text in texts.items()}
    return {
        name: number
        for name, number in numbers.items()
        if number is not None and MEASURES[name].low <= number <= MEASURES[name].high
    }


def only_value(rows: Iterable[Row], column: str) -> str | None:
    """Return the one value of a column that all rows that state any agree on; None when none do, or they differ."""
    values = {row.get(column, "") for row in rows} - {""}
    return values.pop() if len(values) == 1 else None


def origin_of(address: str) -> str | None:
    """Return the website of an address, such as "radiopaedia.org", without "www."; None where none is named."""
    try:
        host = urlsplit(address).hostname
    except ValueError:  # brackets that enclose no address
        return None
    return (host or "").removeprefix("www.") or None
