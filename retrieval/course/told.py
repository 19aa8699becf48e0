"""What a report tells of time: of the query as a whole, and of each neighbour."""

from dataclasses import dataclass
from typing import Any

from scankin.retrieval.course.afterwards import Afterwards
from scankin.retrieval.course.asked import NO_TIME, TimeAsked
from scankin.retrieval.course.change import Change
from scankin.retrieval.course.days import Days


@dataclass(frozen=True)
class TimeReport:
    """Time in one answer.

    Attributes:
        asked: What the question said of it.
        changes: Against each earlier scan of the query's patient that was sent and used, oldest first.
    """

    asked: TimeAsked = NO_TIME
    changes: tuple[Change, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**self.asked.stated(), "changes": [one.as_json() for one in self.changes]}


@dataclass(frozen=True)
class CaseTime:
    """Time of one neighbour, in days only, never as dates.

    Attributes:
        days: Of the matched scan since each anchor.
        next: What was recorded after it; None where its day is not known.
    """

    days: Days
    next: Afterwards | None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, to stand among those of the neighbour."""
        return {
            "days": {kind.value: value for kind, value in self.days.items()},
            "next": self.next and self.next.as_json(),
        }
