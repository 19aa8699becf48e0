"""Clinical fields as an importer read them: raw text, value, unit, and how sure the reading is."""

from dataclasses import dataclass
from enum import StrEnum


class Flag(StrEnum):
    """How a field was read. Only the first five come with a value."""

    CLEAN = "clean"  # written as the collection's schema asks
    CLEANED = "cleaned"  # written in another way, whose meaning is certain
    AMBIGUOUS = "ambiguous"  # a date whose day and month could be the other way round; read in the field's usual order
    CENSORED = "censored"  # a bound, such as "<270"; ``operator`` says which
    IMPLAUSIBLE = "implausible"  # kept as the collection's own tools keep it, but hardly true
    OUT_OF_RANGE = "out_of_range"  # a number that cannot be
    AFTER_UPLOAD = "after_upload"  # a date later than the day on which the file was uploaded
    UNKNOWN = "unknown"  # stated not to be known
    BLANK = "blank"  # nothing is written
    UNREADABLE = "unreadable"  # something is written that is no value of this field
    CONTRADICTED = "contradicted"  # two headers of one field state different values

    @property
    def has_value(self) -> bool:
        """Whether a field of this flag has a value."""
        return self in _WITH_VALUE


_WITH_VALUE = frozenset({Flag.CLEAN, Flag.CLEANED, Flag.AMBIGUOUS, Flag.CENSORED, Flag.IMPLAUSIBLE})


class UnitSource(StrEnum):
    """Where the unit of a number comes from."""

    SCHEMA = "schema"  # assumed: what the collection's schema says
    SITE = "site"  # known of this site, and converted to that of the schema
    STATED = "stated"  # written beside the number


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One clinical field of one version of a patient's record.

    Attributes:
        field: Its name, see ``docs/nccid.md``.
        raw: As written, stripped.
        flag: How it was read.
        value: A number as plain text, a date as YYYY-MM-DD, or a word; None where the flag has no value.
        unit: Of a number.
        unit_source: Of a number.
        operator: Of a censored number: "<", "<=", ">" or ">=".
        version: Name of the file it was read from.
        is_current: Whether that file is the patient's current record.
    """

    field: str
    raw: str
    flag: Flag
    value: str | None = None
    unit: str | None = None
    unit_source: UnitSource | None = None
    operator: str | None = None
    version: str = ""
    is_current: bool = True

    def __post_init__(self) -> None:
        if (self.value is not None) != self.flag.has_value:
            raise ValueError(f"Field {self.field}: flag {self.flag} with value {self.value!r} cannot be.")


class ContradictionKind(StrEnum):
    """What in a patient's data cannot all be so."""

    EVENT_DENIED = "event_denied"  # a date of an event that is stated not to have happened
    EVENT_BEFORE_ADMISSION = "event_before_admission"
    ALIVE_AFTER_DEATH = "alive_after_death"
    AFTER_UPLOAD = "after_upload"
    HEADERS_DISAGREE = "headers_disagree"
    FILM_AFTER_DEATH = "film_after_death"
    SEX_DIFFERS = "sex_differs"
    STUDY_DATE = "study_date"  # one of a header's two true dates is impossible; the other was taken


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One contradiction, of a patient or of one scan.

    Attributes:
        kind: Which.
        message: What was found and what was made of it, without names.
    """

    kind: ContradictionKind
    message: str
