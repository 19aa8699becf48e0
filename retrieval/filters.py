"""Which scans may answer: filters a user sets, and the rules that always hold."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import BANDS, Sex, View

_E = TypeVar("_E", Sex, View)

_NOT_RECORDED = "\x00not recorded"
"""No value a user can write, so what is not recorded matches no filter."""

BAND_NAMES = tuple(f"{low}+" if high is None else f"{low}-{high}" for low, high in BANDS)


@dataclass(frozen=True)
class Filters:
    """What a neighbour must satisfy; an empty tuple or None asks nothing. What is not recorded never satisfies.

    Attributes:
        age_bands: Any of these bands ("60-69").
        sexes: Any of these.
        views: Any of these, exactly.
        sites: Any of these.
        collections: Any of these.
        days_since_admission: Least and greatest, both included.
        mix_ages: True lets children answer for adults and adults for children.
    """

    age_bands: tuple[str, ...] = ()
    sexes: tuple[Sex, ...] = ()
    views: tuple[View, ...] = ()
    sites: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    days_since_admission: tuple[int, int] | None = None
    mix_ages: bool = False

    def __post_init__(self) -> None:
        for band in self.age_bands:
            if band not in BAND_NAMES:
                raise InvalidRequest(f"age_band {band!r} is not one of {', '.join(BAND_NAMES)}.")
        if self.days_since_admission and self.days_since_admission[0] > self.days_since_admission[1]:
            low, high = self.days_since_admission
            raise InvalidRequest(f"days_since_admission {low} to {high} is empty; the least comes first.")

    @classmethod
    def parse(
        cls,
        *,
        age_bands: Sequence[str] = (),
        sexes: Sequence[str] = (),
        views: Sequence[str] = (),
        sites: Sequence[str] = (),
        collections: Sequence[str] = (),
        days_since_admission: tuple[int, int] | None = None,
        mix_ages: bool = False,
    ) -> "Filters":
        """Return the filters of values as users write them.

        Raises:
            InvalidRequest: A value is none of those there are; the message lists them.
        """
        return cls(
            age_bands=tuple(age_bands),
            sexes=tuple(_member(Sex, sex, "sex") for sex in sexes),
            views=tuple(_member(View, view, "view") for view in views),
            sites=tuple(sites),
            collections=tuple(collections),
            days_since_admission=days_since_admission,
            mix_ages=mix_ages,
        )

    def stated(self) -> dict[str, Any]:
        """Return the filters that ask something, as they are shown in a report."""
        shown: dict[str, Any] = {
            "age_band": [*self.age_bands],
            "sex": [sex.value for sex in self.sexes],
            "view": [view.value for view in self.views],
            "site": [*self.sites],
            "collection": [*self.collections],
            "days_since_admission": self.days_since_admission and [*self.days_since_admission],
            "mix_ages": self.mix_ages,
        }
        return {name: value for name, value in shown.items() if value}


NO_FILTERS = Filters()


def days_between(least: int | None, most: int | None) -> tuple[int, int] | None:
    """Return the bounds of ``days_since_admission`` where an open end reaches as far as days go; None for two."""
    if least is None and most is None:
        return None
    return (-_ANY_DAY if least is None else least, _ANY_DAY if most is None else most)


_ANY_DAY = 100_000


class FilterColumns:
    """The filtered columns of an index as arrays, so that a filter is a few comparisons."""

    def __init__(self, records: Sequence[ScanRecord]) -> None:
        self._columns = {
            "age_bands": _column(records, lambda record: record.age_band),
            "sexes": _column(records, lambda record: record.sex),
            "views": _column(records, lambda record: record.view),
            "sites": _column(records, lambda record: record.site),
            "collections": _column(records, lambda record: record.collection),
        }
        names = [record.patient for record in records]
        self._patient_names, self._patients = np.unique(np.array(names, np.str_), return_inverse=True)
        self._is_child = np.array([record.is_child for record in records], np.bool_)
        days = [record.days_since_admission for record in records]
        self._days = np.array([np.nan if day is None else day for day in days], np.float64)

    def allowed(self, filters: Filters, *, for_child: bool) -> NDArray[np.bool_]:
        """Return ``[n]``: which scans satisfy the filters and are of the query's age group."""
        passing = np.ones(len(self._is_child), np.bool_)
        for name, column in self._columns.items():
            wanted = getattr(filters, name)
            if wanted:
                passing &= np.isin(column, [str(value) for value in wanted])
        if filters.days_since_admission:
            low, high = filters.days_since_admission
            passing &= (self._days >= low) & (self._days <= high)
        if not filters.mix_ages:
            passing &= self._is_child == for_child
        return passing

    def has_age_group(self, *, for_child: bool) -> bool:
        """Whether any scan is of a child, or of an adult."""
        return bool((self._is_child == for_child).any())

    def of_patients(self, patients: Iterable[str]) -> NDArray[np.bool_]:
        """Return ``[n]``: which scans are of these patients."""
        return np.isin(self._patients, np.flatnonzero(np.isin(self._patient_names, list(patients))))

    def count_patients(self, scans: NDArray[np.bool_]) -> int:
        """Return how many patients the marked scans are of."""
        return len(np.unique(self._patients[scans]))


def _column(records: Sequence[ScanRecord], value: Callable[[ScanRecord], str | None]) -> NDArray[np.str_]:
    return np.array([str(value(record) or _NOT_RECORDED) for record in records], dtype=np.str_)


def _member(kind: type[_E], text: str, name: str) -> _E:
    for member in kind:
        if member.value.lower() == text.strip().lower():
            return member
    raise InvalidRequest(f"{name} {text!r} is not one of {', '.join(member.value for member in kind)}.")
