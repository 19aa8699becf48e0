"""Admissions as rows of a table: what stands for the patient's stay, and how many films it had."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scankin.api.admissions import FAILED, OK, REFUSED, Admission
from scankin.api.rows import Names, Scored, flat
from scankin.api.tables import NDJSON, writer_of
from scankin.retrieval.files import replacing
from scankin.retrieval.report import NOTICE

_OF_THE_SCAN = ("input", "status", "code", "message", "patient", "study_day", "admission", "site", "neighbours")
"""Columns of a scan's row that an admission's row has of its own, or that stand in the table of scans."""


def write_admissions(
    path: Path, names: Names, admissions: Sequence[Admission], row_of: Callable[[str], Scored]
) -> None:
    """Write a row for every admission, whole or not at all.

    Args:
        path: Its ending decides the format.
        names: Of all summaries that any row has.
        admissions: In the order they are to stand.
        row_of: Gives a scan's row by its key.
    """
    write = writer_of(path.suffix, "--patients-out")
    is_nested = path.suffix.lower() == NDJSON
    none = Scored("", OK)
    with replacing(path) as file:
        rows = (
            _row(one, row_of(one.index.key) if one.index else none, names, is_nested=is_nested) for one in admissions
        )
        write(file, list(_row(_NOBODY, none, names, is_nested=is_nested)), rows)


_NOBODY = Admission(None, 0, None, (), None)


def _row(one: Admission, index: Scored, names: Names, *, is_nested: bool) -> dict[str, Any]:
    days = one.days
    own: dict[str, Any] = {
        "patient": one.patient,
        "admission": str(one.number),
        "site": one.site,
        "status": one.status,
        "reasons": " ".join(f"{code}:{count}" for code, count in sorted(one.reasons.items())) or None,
        "films": len(one.films),
        "ok_films": one.statuses.get(OK, 0),
        "refused_films": one.statuses.get(REFUSED, 0),
        "failed_films": one.statuses.get(FAILED, 0),
        "first_day": days and days[0].isoformat(),
        "last_day": days and days[1].isoformat(),
        "index_day": index.study_day,
        "index_input": index.input or None,
        **_abstained(index),
    }
    if is_nested:
        return own | {"report": index.report, "notice": NOTICE}
    return own | {name: value for name, value in flat(index, names).items() if name not in _OF_THE_SCAN}


def _abstained(index: Scored) -> dict[str, str | None]:
    """Return the outcomes that the film has an answer without an estimate for, and why; None where there is none."""
    outcomes = index.report["outcomes"] if index.report else ()
    silent = {entry["name"]: entry["abstained"] for entry in outcomes if entry["estimate"] is None}
    return {
        "abstained": " ".join(silent) or None,
        "abstained_because": "; ".join(sorted({str(why) for why in silent.values()})) or None,
    }
