"""Films of one patient's stay: which of them stands for the admission, and what became of the others."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

from scankin.api.rows import Scored

DEFAULT_GAP_DAYS = 30
"""The NHS counts who is back within 30 days as readmitted; a longer gap is another illness here."""

OK, REFUSED, FAILED = "ok", "refused", "failed"


@dataclass(frozen=True)
class Film:
    """What grouping needs of one scored scan.

    Attributes:
        key: Of its row.
        patient, admission, site: As in ``Scored``.
        day: Of the study; None when not read.
        status, code: As in ``Scored``.
    """

    key: str
    patient: str | None
    admission: str | None
    site: str | None
    day: date | None
    status: str
    code: str | None

    @classmethod
    def of(cls, key: str, row: Scored) -> Self:
        """Return what grouping needs of a row."""
        return cls(key, row.patient, row.admission, row.site, day_of(row.study_day), row.status, row.code)


@dataclass(frozen=True)
class Admission:
    """One admission of one patient, as far as films tell.

    Attributes:
        patient: As in ``Scored``; None where the one film has no PatientID.
        number: Of the patient's admissions, from 1, those without any date last.
        site: Of the film that stands for it, else the first that a list states.
        films: By day, those without one last; of one day in the order of the inputs.
        index: The film that stands for it; None where none has an answer.
    """

    patient: str | None
    number: int
    site: str | None
    films: tuple[Film, ...]
    index: Film | None

    @property
    def status(self) -> str:
        """Return "ok" where a film has an answer, else "refused" where one was refused, else "failed"."""
        if self.index is not None:
            return OK
        return REFUSED if self.statuses[REFUSED] else FAILED

    @property
    def statuses(self) -> Mapping[str, int]:
        """Films by status."""
        return Counter(film.status for film in self.films)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Films without an answer by reason."""
        return Counter(film.code for film in self.films if film.code)

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day of a film; None where no film has one."""
        known = [film.day for film in self.films if film.day is not None]
        return (min(known), max(known)) if known else None


def admissions_of(films: Sequence[Film], gap_days: int = DEFAULT_GAP_DAYS) -> list[Admission]:
    """Return every patient's admissions, patients in the order of their first films.

    Films that a list gives the same admission are of one; of the others, a film belongs with the one before unless more
    than ``gap_days`` days lie between. Films without a day are together. A film whose patient is not known is an
    admission by itself: two of them may be of two people.

    For the admission stands its index film: of the films with an answer on the first day that has one, not before the
    day of admission where a list states it, the last in the order of the inputs: what was known on that day, and
    nothing later.

    Args:
        films: In the order of the inputs.
        gap_days: At least 0.
    """
    patients: dict[str, list[Film]] = defaultdict(list)
    for film in films:
        patients[film.patient or film.key].append(film)
    found = []
    for held in patients.values():
        stays = sorted(_stays(held, gap_days), key=lambda stay: (stay[0].day is None, stay[0].day or date.max))
        found += [_admission(number, stay) for number, stay in enumerate(stays, start=1)]
    return found


def day_of(text: str | None) -> date | None:
    """Return the day that a text states as YYYY-MM-DD; None where it states none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _stays(films: Sequence[Film], gap_days: int) -> Iterator[list[Film]]:
    labelled: dict[str, list[Film]] = defaultdict(list)
    free: list[Film] = []
    for film in sorted(films, key=lambda one: (one.day is None, one.day or date.max)):  # stable: then input order
        if film.admission is not None:
            labelled[film.admission].append(film)
        else:
            free.append(film)
    yield from labelled.values()
    stay: list[Film] = []
    for film in free:
        if stay and not _is_same_stay(stay[-1].day, film.day, gap_days):
            yield stay
            stay = []
        stay.append(film)
    if stay:
        yield stay


def _is_same_stay(before: date | None, day: date | None, gap_days: int) -> bool:
    if before is None or day is None:
        return before is day
    return (day - before).days <= gap_days


def _admission(number: int, films: Sequence[Film]) -> Admission:
    admitted = day_of(films[0].admission)
    usable = [film for film in films if film.status == OK]
    if admitted is not None:
        usable = [film for film in usable if film.day is not None and film.day >= admitted]
    index = [film for film in usable if film.day == usable[0].day][-1] if usable else None
    sites = [film.site for film in films if film.site]
    site = (index.site if index else None) or next(iter(sites), None)
    return Admission(films[0].patient, number, site, tuple(films), index)
