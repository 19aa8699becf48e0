"""The facts of one query beside those of an index: what is shown of each neighbour, and what to know of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scankin.retrieval.clinical.likeness import NAME, FactColumns
from scankin.retrieval.clinical.registry import FACTS
from scankin.retrieval.clinical.stated import StatedFacts
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.likeness import Likeness
from scankin.retrieval.scan import Age, Scan, Sex

DEFAULT_WEIGHT = 0.05
"""What full likeness in facts adds to a cosine: enough to order patients whose pictures are about as alike, too little
to bring up one whose picture is not (docs/clinical.md has what other weights did)."""

MOST_WEIGHT = 2.0
"""From here on facts alone order: cosines lie between -1 and 1."""

NO_FACTS = (
    "No facts in this index beyond age and sex: it was published without any, or its collections state none. The "
    "query's make nobody alike; build the index again from a casebook that has some."
)

Shown = float | str


@dataclass(frozen=True)
class FactsAsked:
    """What a question states of the query's patient.

    Attributes:
        stated: Beside the scan.
        weight: What full likeness adds to the cosine; 0 shows the facts and leaves the order to the picture.
    """

    stated: StatedFacts = field(default_factory=StatedFacts)
    weight: float = DEFAULT_WEIGHT

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= MOST_WEIGHT:
            raise InvalidRequest(f"The weight of facts is {self.weight:g}; 0 to {MOST_WEIGHT:g} are possible.")


@dataclass(frozen=True)
class FactsReport:
    """The query's facts.

    Attributes:
        stated: Value by name, in the fact's unit or as a word.
        units: By name; "" where there is none.
        weight: As asked.
        nowhere: Names that no scan of the index states.
        unread: Entries of a FHIR bundle that state nothing that is compared.
    """

    stated: Mapping[str, Shown]
    units: Mapping[str, str]
    weight: float
    nowhere: tuple[str, ...]
    unread: int

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "stated": {name: {"value": value, "unit": self.units[name]} for name, value in self.stated.items()},
            "weight": self.weight,
            "nowhere": list(self.nowhere),
            "unread": self.unread,
        }


@dataclass(frozen=True)
class CaseFacts:
    """A neighbour's facts beside the query's.

    Attributes:
        values: The neighbour's value of every fact that the query states, None where it is not stated; an age as its
            band, since reports give no exact age of anybody in the index.
        shared: How many both state.
    """

    values: Mapping[str, Shown | None]
    shared: int

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"shared": self.shared, "of": len(self.values), "values": dict(self.values)}


class Comparison:
    """One query's facts and those of the scans of its modality."""

    def __init__(self, asked: FactsAsked, facts: Mapping[str, float], columns: FactColumns) -> None:
        """Compare facts that hold on the day of the scan (``stated.settled``) with every scan of the index."""
        self.facts = facts
        self.likeness = Likeness(NAME, asked.weight, columns.likeness(facts))
        self._columns = columns
        self._unread = asked.stated.unread

    def report(self) -> FactsReport:
        """Return what was compared."""
        return FactsReport(
            stated={name: FACTS[name].shown(value) for name, value in self.facts.items()},
            units={name: FACTS[name].unit for name in self.facts},
            weight=self.likeness.weight,
            nowhere=tuple(name for name in self.facts if name not in self._columns.values),
            unread=self._unread,
        )

    def of_case(self, row: int) -> CaseFacts:
        """Return the facts of one scan of the index beside the query's."""
        held = self._columns.stated(row)
        values = {name: _shown(name, held[name]) if name in held else None for name in self.facts}
        return CaseFacts(values, sum(value is not None for value in values.values()))

    def cautions(self) -> Iterator[str]:
        """Yield what limits the comparison."""
        nowhere = self.report().nowhere
        if not self.facts:
            yield "No fact of the patient is known: likeness in facts cannot be told, and changes no order."
        elif not self._columns.has_facts:
            yield NO_FACTS
        elif nowhere:
            yield f"No scan of the index states {', '.join(nowhere)}: it makes nobody alike."
        if self._unread:
            yield f"{self._unread} entries of the FHIR bundle state nothing that is compared, and were passed over."


def with_age_and_sex(scan: Scan, facts: Mapping[str, float]) -> Scan:
    """Return the scan with the age and sex that its header lacks and the facts state: they decide who may answer."""
    if not facts:
        return scan
    age = Age.of(facts["age"]) if "age" in facts else None
    sex = {1.0: Sex.MALE, 0.0: Sex.FEMALE}[facts["sex"]] if "sex" in facts else None
    return replace(scan, age=scan.age or age, sex=scan.sex or sex)


def _shown(name: str, value: float) -> Shown | None:
    return Age.of(value).band if name == "age" else FACTS[name].shown(value)
