"""What limits an answer for reasons of time, in words a reader can act on."""

from collections.abc import Iterator, Sequence

from scankin.retrieval.course.asked import TimeAsked
from scankin.retrieval.course.clock import day_number
from scankin.retrieval.course.past import NOTE
from scankin.retrieval.course.told import CaseTime
from scankin.retrieval.scan import Scan
from scankin.retrieval.version import IndexVersion


def time_cautions(
    version: IndexVersion, scan: Scan, asked: TimeAsked, notes: Sequence[str], neighbours: Sequence[CaseTime]
) -> Iterator[str]:
    """Yield every caution that applies.

    Args:
        version: What answers; as of a day where that was asked for.
        scan: The query.
        asked: What the question says of time.
        notes: Of the further scans that were sent.
        neighbours: Time of each.
    """
    if asked.as_of is not None:
        yield NOTE.format(day=asked.as_of.isoformat())
    elif scan.study_date and version.latest_day is not None and version.latest_day > day_number(scan.study_date):
        yield (
            "The index holds scans of after this one's StudyDate: later knowledge informs the answer unless as_of "
            "names a day."
        )
    yield from notes
    unknown = sum(all(value is None for value in one.days.values()) for one in neighbours)
    if asked.days.are_stated and unknown:
        yield (
            f"The days of {unknown} of {len(neighbours)} neighbours are not known: likeness in days adds nothing to "
            "them."
        )
    contradicted = sum(one.next is not None and one.next.is_after_death for one in neighbours)
    if contradicted:
        yield (
            f"The scans of {contradicted} of {len(neighbours)} neighbours are dated after their patient's recorded "
            "death: one of the two dates is wrong. They count as dead before the scan, never as survivors."
        )
