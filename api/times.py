"""What the fields of a request say of time."""

from collections.abc import Mapping
from datetime import date

from scankin.api.uploads import number, one, whole_number
from scankin.retrieval.course.asked import TimeAsked, parsed_time
from scankin.retrieval.errors import InvalidRequest

TIME_FIELDS = {
    "days_since_admission": "Of the scan's patient, -365 to 3,650: neighbours of like days come first.",
    "days_since_onset": "Likewise, since the first symptom.",
    "days_since_swab": "Likewise, since the first positive swab.",
    "days_weight": "What the same days add to a cosine, 0 to 10.",
    "trajectory_weight": "What the same course from earlier scans adds to a cosine, 0 to 10.",
    "day": "Of each further file in turn: days after the first file's, such as -3; empty: as the StudyDates say.",
    "as_of": "YYYY-MM-DD: only what was known at the end of this day informs the answer.",
}
"""Fields of ``POST /v1/similar`` about time, with what they mean."""


def time_of(fields: Mapping[str, list[str]]) -> TimeAsked:
    """Return what the fields say of time.

    Raises:
        InvalidRequest: A value is malformed or out of its range.
    """
    text = one(fields, "as_of")
    try:
        as_of = None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest("as_of is not a date such as 2020-04-30.") from None
    return parsed_time(
        since_admission=whole_number(fields, "days_since_admission"),
        since_onset=whole_number(fields, "days_since_onset"),
        since_swab=whole_number(fields, "days_since_swab"),
        days_weight=number(fields, "days_weight"),
        trajectory_weight=number(fields, "trajectory_weight"),
        as_of=as_of,
    )


def days_of_files(fields: Mapping[str, list[str]], further: int) -> list[int | None]:
    """Return the stated day of every further file, in their order; None where none is.

    Raises:
        InvalidRequest: There are days, but not one for each, or one is not a whole number.
    """
    texts = fields.get("day", [])
    if not texts:
        return [None] * further
    if len(texts) != further:
        raise InvalidRequest(
            f"{len(texts)} days for {further} further files: send the query first, then a day for each further file, "
            "empty where its StudyDate is to tell."
        )
    try:
        return [int(text) if text.strip() else None for text in texts]
    except ValueError:
        raise InvalidRequest("day is not a whole number.") from None
