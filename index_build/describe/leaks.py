"""What leaks the label: facts of how a film came to be collected that alone tell whether it shows COVID-19."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from scankin.index_build.describe.disclosure import FEWEST, WITHHELD, Grid, Table
from scankin.index_build.describe.rows import NOT_STATED, Rows, ScanRow
from scankin.index_build.describe.separation import Separation, separation
from scankin.retrieval.filters import BAND_NAMES
from scankin.retrieval.scan import Sex

WITH, WITHOUT = "with COVID-19", "without"
LEVELS = (
    (0.99, "gives the label away"),
    (0.9, "nearly gives the label away"),
    (0.75, "tells much of the label"),
    (0.6, "tells something of the label"),
)
MOST_GROUPS = 12


class Handling(StrEnum):
    """What must be done about a fact that leaks."""

    KEEP_OUT = "Must not reach a model."
    HOLD_OUT = "Must not be given to a model; a picture shows traces of it, so hold whole groups out when evaluating."
    COMPARE_WITHIN = "A picture shows it: report results within its groups, and give it to a model only on purpose."


@dataclass(frozen=True)
class Fact:
    """One fact of a film.

    Attributes:
        name: As shown.
        group: The group that a film is in; None: the film is left out, since the fact cannot apply.
        handling: What must be done.
        why: Why it leaks, as a sentence.
        order: How groups are ordered; those with most films first unless given.
    """

    name: str
    group: Callable[[ScanRow], str | None]
    handling: Handling
    why: str
    order: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Leak:
    """A fact as measured.

    Attributes:
        fact: Which.
        separation: How well it alone separates films with COVID-19 from those without.
        true, false: Films of each kind that were measured.
        patients: Theirs.
        left_out: Films to which it cannot apply.
        groups: Films of each kind, and the share with COVID-19, by group.
    """

    fact: Fact
    separation: Separation
    true: int
    false: int
    patients: int
    left_out: int
    groups: Table

    @property
    def is_surely(self) -> bool:
        """Whether it leaks beyond chance."""
        return self.separation.low > 0.5

    @property
    def level(self) -> str:
        """How much it tells, in words."""
        if not self.is_surely:
            return "tells no more than chance, as far as these films show"
        return next((words for least, words in LEVELS if self.separation.auc >= least), "tells a little of the label")

    @property
    def auc(self) -> str:
        """The AUC with its interval, as text."""
        found = self.separation
        return f"{found.auc:.2f} (95 % interval {found.low:.2f} to {found.high:.2f})"


@dataclass(frozen=True)
class Unmeasured:
    """A fact that could not be measured, and why."""

    fact: Fact
    why: str


@dataclass(frozen=True)
class Leaks:
    """All facts, the worst first.

    Attributes:
        measured: By AUC, highest first.
        unmeasured: The others.
    """

    measured: tuple[Leak, ...]
    unmeasured: tuple[Unmeasured, ...]

    def handled(self, handling: Handling) -> list[Leak]:
        """Return those that are handled alike, the worst first."""
        return [leak for leak in self.measured if leak.fact.handling is handling]


def _bins(*ends: tuple[float, str]) -> tuple[Callable[[int], str], tuple[str, ...]]:
    """Return what names the bin of a number, each bin up to and without its end, and the names in order."""
    return lambda value: next(name for end, name in ends if value < end), tuple(name for _, name in ends)


_INF = float("inf")
_swab_bin, _SWAB_BINS = _bins(
    (-365, "more than a year before"),
    (-28, "4 weeks to a year before"),
    (-13, "2 to 4 weeks before"),
    (0, "up to 2 weeks before"),
    (14, "on the day to 2 weeks after"),
    (28, "2 to 4 weeks after"),
    (_INF, "later"),
)
_count_bin, COUNT_BINS = _bins(
    (2, "1"), (3, "2"), (4, "3"), (5, "4"), (10, "5 to 9"), (20, "10 to 19"), (_INF, "20 or more")
)
_admission_bin, _ADMISSION_BINS = _bins(
    (0, "before"), (1, "on the day"), (3, "1 to 2 days after"), (7, "3 to 6"), (14, "7 to 13"), (_INF, "14 or more")
)


def count_bin(films: int) -> str:
    """Return the bin of a number of films, at least 1."""
    return _count_bin(films)


def facts_of(rows: Rows) -> tuple[Fact, ...]:
    """Return every fact that is measured, on the films of a casebook."""
    films = Counter(film.patient for film in rows.films)
    return (
        Fact(
            "Days from the first positive swab",
            lambda film: None if film.days_since_swab is None else _swab_bin(film.days_since_swab),
            Handling.KEEP_OUT,
            "The label is made from this very day, and old films were collected of COVID-19 patients only.",
            _SWAB_BINS,
        ),
        Fact(
            "Age of the film, by calendar quarter",
            lambda film: None if film.on is None else f"{film.on.year} Q{(film.on.month + 2) // 3}",
            Handling.KEEP_OUT,
            "No film from before the pandemic shows COVID-19, and whom centres sent in changed over time.",
            tuple(sorted({f"{f.on.year} Q{(f.on.month + 2) // 3}" for f in rows.films if f.on})),
        ),
        Fact(
            "Days from admission",
            lambda film: None if film.days_since_admission is None else _admission_bin(film.days_since_admission),
            Handling.KEEP_OUT,
            "The ill are X-rayed soon after admission, and years of old films were collected of some patients only.",
            _ADMISSION_BINS,
        ),
        Fact(
            "Number of films of the patient",
            lambda film: _count_bin(films[film.patient]),
            Handling.KEEP_OUT,
            "The very ill are X-rayed daily, and of some cohorts years of films were collected, of others weeks.",
            COUNT_BINS,
        ),
        Fact(
            "Collection",
            lambda film: film.collection,
            Handling.KEEP_OUT,
            "Collections are made of one disease, so where a film comes from is nearly what it shows.",
        ),
        Fact(
            "Site",
            lambda film: film.centre or NOT_STATED,
            Handling.HOLD_OUT,
            "Centres sent in different shares of patients with COVID-19.",
        ),
        Fact(
            "Device",
            lambda film: film.device or NOT_STATED,
            Handling.HOLD_OUT,
            "A machine stands in one site, and mobile machines go to the sick.",
        ),
        Fact(
            "Projection (AP or PA)",
            lambda film: film.view or NOT_STATED,
            Handling.COMPARE_WITHIN,
            "Who cannot stand is X-rayed in bed, AP: the sick.",
        ),
        Fact(
            "Sex",
            lambda film: film.sex or NOT_STATED,
            Handling.COMPARE_WITHIN,
            "More men than women were admitted with COVID-19.",
            (*[sex.value for sex in Sex], NOT_STATED),
        ),
        Fact(
            "Age of the patient",
            lambda film: film.age_band or NOT_STATED,
            Handling.COMPARE_WITHIN,
            "COVID-19 and what it is compared with are of different ages.",
            (*BAND_NAMES, NOT_STATED),
        ),
    )


def leaks_of(rows: Rows) -> Leaks:
    """Return how well each fact alone separates films stated to show COVID-19 from those stated not to."""
    films = [film for film in rows.films if film.covid is not None]
    found = [_measured(fact, films) for fact in facts_of(rows)]
    measured = [one for one in found if isinstance(one, Leak)]
    measured.sort(key=lambda leak: (-leak.separation.auc, leak.fact.name))
    return Leaks(tuple(measured), tuple(one for one in found if isinstance(one, Unmeasured)))


def _measured(fact: Fact, films: Sequence[ScanRow]) -> Leak | Unmeasured:
    groups = [(film, group) for film in films if (group := fact.group(film)) is not None]
    kinds = {kind: {film.patient for film, _ in groups if film.covid is kind} for kind in (True, False)}
    if not groups:
        return Unmeasured(fact, "no film whose label is stated has it")
    if min(map(len, kinds.values())) < FEWEST:
        return Unmeasured(fact, f"fewer than {FEWEST} patients have such films with COVID-19, or without it")
    names = {group for _, group in groups}
    if names == {NOT_STATED}:
        return Unmeasured(fact, "it is not stated of any film")
    if len(names) == 1:
        return Unmeasured(fact, "it is the same in all films")
    truth = np.array([film.covid is True for film, _ in groups])
    return Leak(
        fact,
        separation([group for _, group in groups], truth, [film.patient for film, _ in groups]),
        int(truth.sum()),
        int((~truth).sum()),
        len({film.patient for film, _ in groups}),
        len(films) - len(groups),
        _shares(fact, groups),
    )


def _shares(fact: Fact, groups: Sequence[tuple[ScanRow, str]]) -> Table:
    """Return films of each kind by group; past a dozen groups the small ones are one."""
    names = [name for name, _ in Counter(group for _, group in groups).most_common()]
    shown = [name for name in fact.order if name in names] if fact.order else names
    other = f"{len(shown) - MOST_GROUPS + 1} others"
    if len(shown) > MOST_GROUPS and fact.order is None:
        shown = [*shown[: MOST_GROUPS - 1], other]
    grid = Grid.of(
        fact.name,
        ((group if group in shown else other, WITH if film.covid else WITHOUT, film.patient) for film, group in groups),
        columns=(WITH, WITHOUT),
        rows=shown,
    )
    rows = []
    for name, cells, (true, false) in zip(grid.rows, grid.cells(), grid.shown, strict=True):
        share = WITHHELD if np.isnan(true + false) else f"{100 * true / (true + false):.0f} %"
        rows.append((name, *cells, share))
    return Table(("group", *grid.columns, "share with"), tuple(rows))
