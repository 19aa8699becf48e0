"""What is known of a patient: dated events, and what they say of outcomes. Unknown is never no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Whether something happened."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did not happen"
    UNKNOWN = "unknown"
    CENSORED = "censored"  # known not to have happened up to some day before the horizon, and not beyond
    ALREADY_HAPPENED = "already happened"  # before the scan: the patient is not at risk any more

    @property
    def is_known(self) -> bool:
        """Whether it counts: it happened, or it did not. What had happened before the scan does not."""
        return self in (State.HAPPENED, State.DID_NOT_HAPPEN)

    @classmethod
    def of(cls, happened: bool | None) -> "State":
        """Return the state of a yes (True), a no (False) or not stated (None)."""
        if happened is None:
            return cls.UNKNOWN
        return cls.HAPPENED if happened else cls.DID_NOT_HAPPEN


class EventKind(StrEnum):
    """What can happen to a patient, as importers state it and outcomes read it."""

    ADMISSION = "admission"
    SYMPTOM_ONSET = "symptom_onset"
    POSITIVE_SWAB = "positive_swab"
    OXYGEN = "oxygen"
    ICU_ADMISSION = "icu_admission"
    ICU_RELEASE = "icu_release"
    INTUBATION = "intubation"
    EXTUBATION = "extubation"
    DEATH = "death"


class Clock(StrEnum):
    """What day 0 of a patient's days is. Days of one patient share one clock."""

    CALENDAR = "calendar"  # days since 1970-01-01, from true dates
    ADMISSION = "admission"
    SOURCE = "source"  # the collection's own offset: symptom onset or hospitalisation, it does not say which
    NONE = "none"  # no day is known


@dataclass(frozen=True)
class Event:
    """One thing stated of a patient: that it happened, or that it did not.

    Attributes:
        kind: What.
        happened: True: it happened; False: the collection states that it did not.
        day: On the patient's clock; None when no day is stated or it did not happen.
    """

    kind: EventKind
    happened: bool
    day: int | None = None

    def __post_init__(self) -> None:
        if not self.happened and self.day is not None:
            raise ValueError(f"Event: {self.kind} did not happen, yet it has a day.")


@dataclass(frozen=True)
class Case:
    """What is known of one patient.

    Attributes:
        patient: Key of the patient in the index, never a pseudonym.
        collection: Where the patient comes from, such as "nccid".
        clock: What day 0 is.
        events: What is stated, in any order; a kind that is absent is unknown.
        last_seen_alive: Last day the patient is known to have lived; None when not stated.
        facts: Further facts as text, by name ("ethnicity": "White"); shown, never searched.
    """

    patient: str
    collection: str
    clock: Clock = Clock.NONE
    events: tuple[Event, ...] = ()
    last_seen_alive: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def day_of(self, kind: EventKind) -> int | None:
        """Return the first day on which ``kind`` happened; None when it did not or the day is not stated."""
        days = [event.day for event in self.events if event.kind is kind and event.day is not None]
        return min(days, default=None)

    @property
    def last_alive(self) -> int | None:
        """The last day on which the patient lived, as stated or as shown by what happened that day; None: unknown."""
        days = [event.day for event in self.events if event.day is not None and event.kind is not EventKind.DEATH]
        stated = [] if self.last_seen_alive is None else [self.last_seen_alive]
        return max([*days, *stated], default=None)

    def ever(self, kind: EventKind) -> State:
        """Return whether ``kind`` is recorded to have ever happened. A yes outweighs a no of another record."""
        stated = {event.happened for event in self.events if event.kind is kind}
        return State.of(max(stated, default=None))
