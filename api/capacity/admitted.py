"""The admissions of a table that ``scankin score`` wrote, as far as a count of beds needs them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scankin.api.admissions import OK
from scankin.retrieval.capacity import Risk
from scankin.retrieval.errors import InvalidRequest

_OWN = ("patient", "site", "status", "first_day", "index_day", "index_version", "encoder", "manifest", "licence")


@dataclass(frozen=True)
class Answer:
    """What an admission's film says of one outcome.

    Attributes:
        risk: None where there is no estimate.
        base_rate: None where it is not known of anybody in the index.
        base_patients: Patients whose share it is.
    """

    risk: Risk | None
    base_rate: float | None
    base_patients: int


@dataclass(frozen=True)
class Admitted:
    """One admission.

    Attributes:
        site: None where no list said.
        day: Of the film that stands for it, else of its first film, ISO 8601; None where no film has one.
        is_answered: False where every film was refused or failed.
        answers: By outcome; empty unless answered.
        index: Version, encoder, manifest and licence line of the index that answered; empty unless answered.
    """

    site: str | None
    day: str | None
    is_answered: bool
    answers: Mapping[str, Answer]
    index: tuple[str, ...]


def admitted_of(path: Path, outcomes: Sequence[str]) -> list[Admitted]:
    """Return the admissions of a table.

    Args:
        path: STEM.patients.csv or .parquet.
        outcomes: Whose estimates are wanted.

    Raises:
        InvalidRequest: There is no such table, it is not one of admissions, or it holds what cannot be.
    """
    rows = _rows(path)
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_admitted(row, outcomes))
        except KeyError as error:
            raise InvalidRequest(
                f"The table has no column {error.args[0]!r}. Name the table of admissions that `scankin score` "
                "writes: STEM.patients.csv or .parquet."
            ) from None
        except (ValueError, InvalidRequest) as error:
            raise InvalidRequest(f"Row {number} of the table cannot be read: {error} Score again.") from None
    return found


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InvalidRequest("The table is not there. Name the table of admissions of `scankin score`.") from None
    except OSError as error:
        raise InvalidRequest(f"The table cannot be read: {error.strerror}. Name a file.") from None
    try:
        if path.suffix.lower() == ".parquet":
            rows: list[Mapping[str, Any]] = pq.read_table(pa.BufferReader(data)).to_pylist()
            return rows
        if path.suffix.lower() == ".csv":
            return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (pa.ArrowException, UnicodeDecodeError, csv.Error):
        raise InvalidRequest("The table is damaged: it is not what its ending says. Score again.") from None
    raise InvalidRequest(f"The table ends in {path.suffix or 'nothing'!r}; .csv and .parquet are read.")


def _admitted(row: Mapping[str, Any], outcomes: Sequence[str]) -> Admitted:
    own = {name: _text(row[name]) for name in _OWN}
    is_answered = own["status"] == OK
    answers = {name: _answer(row, name) for name in outcomes} if is_answered else {}
    index = tuple(own[name] or "" for name in ("index_version", "encoder", "manifest", "licence"))
    return Admitted(
        own["site"], own["index_day"] or own["first_day"], is_answered, answers, index if is_answered else ()
    )


def _answer(row: Mapping[str, Any], name: str) -> Answer:
    estimate, low, high, base = (_number(row[f"{name}_{part}"]) for part in ("estimate", "low", "high", "base_rate"))
    risk = Risk(estimate, low, high) if estimate is not None and low is not None and high is not None else None
    return Answer(risk, base, int(_number(row[f"{name}_base_rate_patients"]) or 0))


def _text(value: Any) -> str | None:
    """Return a cell's text, without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    text = str(value or "")
    return (text[1:] if text[:1] == "'" else text) or None


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
