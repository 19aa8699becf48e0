"""What was refused and why, and what in the data cannot all be so."""

from collections import Counter
from dataclasses import dataclass

from scankin.index_build.casebook import Casebook
from scankin.index_build.describe.disclosure import Grid
from scankin.index_build.describe.rows import NOT_STATED, Rows
from scankin.index_build.field_values import ContradictionKind

IN_ALL = "in all"

MADE_OF_IT = {
    ContradictionKind.EVENT_DENIED: "An event has a date, and is stated not to have happened: it is unknown.",
    ContradictionKind.EVENT_BEFORE_ADMISSION: "An event is dated before the admission: its day is left out.",
    ContradictionKind.ALIVE_AFTER_DEATH: "Last known alive after the death: follow-up is left out.",
    ContradictionKind.AFTER_UPLOAD: "A date is later than the upload of its file: it is left out.",
    ContradictionKind.HEADERS_DISAGREE: "Two headers of one field state different values: it has no value.",
    ContradictionKind.FILM_AFTER_DEATH: "A film is dated after the death: it is kept.",
    ContradictionKind.SEX_DIFFERS: "Record and film header state different sexes: the record's counts.",
    ContradictionKind.STUDY_DATE: "One of a film's two dates is impossible: the other counts.",
}


@dataclass(frozen=True, eq=False)
class Faults:
    """What is wrong.

    Attributes:
        refusals: Items by reason, in all and by centre.
        by_centre: Items by centre and reason.
        contradictions: By kind.
        meanings: What is made of each kind, in the order of the grid's rows.
    """

    refusals: Grid
    by_centre: Grid
    contradictions: Grid
    meanings: tuple[str, ...]


def faults_of(book: Casebook, rows: Rows) -> Faults:
    """Return what was refused and what contradicts itself, without any name."""
    refusals = rows.refusals
    reasons = [reason for reason, _ in Counter(row.reason for row in refusals).most_common()]
    table = book.tables["contradictions"].select(["kind", "patient"])
    kinds = [
        (kind, "count", patient)
        for kind, patient in zip(*(table[c].to_pylist() for c in ("kind", "patient")), strict=True)
    ]
    found = Grid.of("contradiction", kinds, columns=("count",))
    centres = [centre for centre, _ in Counter(row.centre for row in refusals).most_common()]
    return Faults(
        Grid.of(
            "reason", ((r.reason, "items", r.patient) for r in refusals), columns=("items",), rows=reasons
        ).hidden_last(),
        Grid.of(
            "centre",
            [
                *((r.centre, r.reason, r.patient) for r in refusals),
                *((r.centre, IN_ALL, r.patient) for r in refusals),
            ],
            columns=(IN_ALL, *reasons),
            rows=centres,
            across=True,
        ).hidden_last(after=[NOT_STATED]),
        found,
        tuple(MADE_OF_IT[ContradictionKind(kind)] for kind in found.rows),
    )
