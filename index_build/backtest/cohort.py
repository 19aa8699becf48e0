"""Who is forecast and who may answer: dated films of a casebook, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.evaluate.sample import load_sample
from scankin.retrieval.case import Case, Clock, EventKind
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.records import ScanRecord, cases_of


@dataclass(frozen=True, eq=False)
class DatedCohort:
    """Dated films of adults, with their patients.

    Attributes:
        records: One a film, by day.
        vectors: ``[n, dim]`` unit vectors.
        people: ``[n]`` number of the patient, near-duplicates joined.
        days: ``[n]`` int64, days since 1970-01-01, rising.
        cases: By patient key, on the calendar's clock.
        encoder: What made the vectors.
    """

    records: tuple[ScanRecord, ...]
    vectors: NDArray[np.float32] = field(repr=False)
    people: NDArray[np.int64]
    days: NDArray[np.int64]
    cases: Mapping[str, Case]
    encoder: EncoderIdentity

    def index_films(self) -> NDArray[np.int64]:
        """Return the rows of each person's first film that is not before the admission, by day.

        Who has no day of admission is admitted with the first film.
        """
        chosen: dict[int, int] = {}
        for row, (record, person) in enumerate(zip(self.records, self.people, strict=True)):
            admitted = self.cases[record.patient].day_of(EventKind.ADMISSION)
            if admitted is None or self.days[row] >= admitted:
                chosen.setdefault(int(person), row)
        return np.array(sorted(chosen.values()), np.int64)


def load_dated(folder: Path, encoder: EncoderIdentity) -> DatedCohort:
    """Return the dated films of adults of a casebook whose vectors are cached.

    Raises:
        CasebookError: No film has a vector of this encoder, or none has a date of the calendar.
    """
    sample = load_sample(folder, encoder)
    cases = {case.patient: case for case in cases_of(Casebook.load(folder).tables["cases"])}
    rows = [
        row
        for row, record in enumerate(sample.records)
        if record.day is not None
        and not record.is_child
        and record.patient in cases
        and cases[record.patient].clock is Clock.CALENDAR
    ]
    if not rows:
        raise CasebookError(
            f"{folder.name}: no film of an adult has a date. Forecasts can be tested on collections with dates only."
        )
    rows.sort(key=lambda row: (sample.records[row].day or 0, sample.records[row].scan))
    return DatedCohort(
        records=tuple(sample.records[row] for row in rows),
        vectors=sample.vectors[rows],
        people=sample.people[rows],
        days=np.array([sample.records[row].day for row in rows], np.int64),
        cases=cases,
        encoder=encoder,
    )
