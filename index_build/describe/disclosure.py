"""Counts as they may be shown: a number of 1 to 4 patients never is, nor what would let it be worked out."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

FEWEST = 5
"""Cells of fewer patients are not shown: what data managers usually ask of tables by hospital."""

FEW, WITHHELD = f"<{FEWEST}", "\N{EN DASH}"


def hidden(patients: NDArray[np.int64], *, down: bool, across: bool) -> NDArray[np.bool_]:
    """Return which cells of a table are not shown.

    Cells of 1 to 4 patients are not. Where a sum is known, of the whole table or of a line of it, what is hidden is
    never one cell alone, nor cells of fewer than five patients together: the next smallest is hidden too. Zeros are
    shown.

    Args:
        patients: ``[rows, columns]``, patients of each cell.
        down: The sums of columns are known; that of the whole always is.
        across: The sums of rows are known.
    """
    found = np.ascontiguousarray((patients > 0) & (patients < FEWEST))
    while True:
        before = found.copy()
        for line, of_line in zip(patients.T, found.T, strict=True) if down else ():
            _hide_more(line, of_line)
        for line, of_line in zip(patients, found, strict=True) if across else ():
            _hide_more(line, of_line)
        _hide_more(patients.ravel(), found.ravel())  # a view of ``found``, which is contiguous
        if (found == before).all():
            return found


def _hide_more(patients: NDArray[np.int64], found: NDArray[np.bool_]) -> None:
    """Hide the smallest shown cells of a line, in place, until what is hidden cannot be worked out."""
    while found.any() and (found.sum() == 1 or patients[found].sum() < FEWEST):
        others = np.flatnonzero(~found & (patients > 0))
        if not len(others):
            return  # the line's own sum is of so few patients: it is hidden where it is told
        found[others[::-1][np.argmin(patients[others[::-1]])]] = True  # the last of equals, see ``hidden_last``


def few_or(count: int, patients: int | None = None) -> str:
    """Return a count that stands alone, as text; ``patients`` is of how many patients, ``count`` unless given."""
    of = count if patients is None else patients
    return FEW if 0 < of < FEWEST else f"{count:,}"


@dataclass(frozen=True)
class Table:
    """A table as it is shown: every cell is text.

    Attributes:
        head: Names of the columns, that of the rows first.
        rows: As long as the head each.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Grid:
    """Counts by two things.

    Attributes:
        what: What the rows are.
        rows, columns: Their names.
        items: ``[rows, columns]``, what is counted.
        patients: ``[rows, columns]``, of how many patients.
        down, across: The sums of columns, or of rows, are known.
    """

    what: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    items: NDArray[np.int64]
    patients: NDArray[np.int64]
    down: bool = True
    across: bool = False

    @classmethod
    def of(
        cls,
        what: str,
        counted: Iterable[tuple[str, str, str]],
        *,
        columns: Sequence[str],
        rows: Sequence[str] | None = None,
        down: bool = True,
        across: bool = False,
    ) -> Self:
        """Return the counts of items given as row, column and patient; rows by name unless their order is given."""
        items: dict[tuple[str, str], int] = defaultdict(int)
        people: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row, column, patient in counted:
            items[row, column] += 1
            people[row, column].add(patient)
        names = tuple(rows) if rows is not None else tuple(sorted({row for row, _ in items}))
        shape = len(names), len(columns)
        return cls(
            what,
            names,
            tuple(columns),
            np.array([items[r, c] for r in names for c in columns], np.int64).reshape(shape),
            np.array([len(people[r, c]) for r in names for c in columns], np.int64).reshape(shape),
            down,
            across,
        )

    @cached_property
    def is_hidden(self) -> NDArray[np.bool_]:
        """``[rows, columns]``, which cells are not shown."""
        return hidden(self.patients, down=self.down, across=self.across)

    @property
    def shown(self) -> NDArray[np.float64]:
        """``[rows, columns]``, the items; NaN where they are not shown."""
        return np.where(self.is_hidden, np.nan, self.items.astype(np.float64))

    def hidden_last(self, *, after: Collection[str] = ()) -> Self:
        """Return the grid with rows whose first column is hidden moved to the end, by name: their order tells nothing.

        Args:
            after: Names of rows that stay behind even those.
        """
        places = range(len(self.rows))
        order = sorted(
            places,
            key=lambda row: (self.rows[row] in after, *((1, self.rows[row]) if self.is_hidden[row, 0] else (0, ""))),
        )
        return replace(
            self, rows=tuple(self.rows[row] for row in order), items=self.items[order], patients=self.patients[order]
        )

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one column as ``shown``."""
        return self.shown[:, self.columns.index(name)]

    def cells(self) -> list[list[str]]:
        """Return the cells as text."""
        return [[self._cell(row, column) for column in range(len(self.columns))] for row in range(len(self.rows))]

    def table(self) -> Table:
        """Return the whole as text."""
        rows = tuple((name, *cells) for name, cells in zip(self.rows, self.cells(), strict=True))
        return Table((self.what, *self.columns), rows)

    def _cell(self, row: int, column: int) -> str:
        if not self.is_hidden[row, column]:
            return f"{self.items[row, column]:,}"
        return FEW if self.patients[row, column] < FEWEST else WITHHELD
