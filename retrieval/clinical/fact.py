"""One kind of clinical fact: what it is, its unit and range, and the codes by which others state it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scankin.retrieval.clinical.units import converted, normalised
from scankin.retrieval.errors import InvalidRequest


class Kind(StrEnum):
    """What a fact's value is; all are held as a number."""

    NUMBER = "number"
    YES_NO = "yes or no"  # 1 or 0
    SEX = "sex"  # 1 male, 0 female; another sex is not compared


_YES_NO_WORDS = {1.0: "yes", 0.0: "no"}
_SEX_WORDS = {1.0: "M", 0.0: "F"}


@dataclass(frozen=True)
class Fact:
    """One kind of fact.

    Attributes:
        name: As stated and shown.
        what: In words.
        kind: Of its value.
        unit: Of a number, in the spelling of ``units.normalised``.
        ucum: The same unit in UCUM.
        low, high: What can be, both ends included; outside is an error of writing.
        loinc: Codes of observations that state it.
        snomed: SNOMED CT codes of conditions, each by itself.
        icd10: Beginnings of ICD-10 codes of conditions.
        factors: To ``unit`` from units that need the substance to be known.
    """

    name: str
    what: str
    kind: Kind = Kind.NUMBER
    unit: str = ""
    ucum: str = ""
    low: float = 0.0
    high: float = 1.0
    loinc: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    icd10: tuple[str, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)

    def holds(self, value: float) -> bool:
        """Whether a value can be."""
        return self.low <= value <= self.high

    def number(self, value: float, unit: str | None) -> float:
        """Return a stated number in the fact's unit.

        Args:
            value: As stated.
            unit: As stated; None: the fact's own.

        Raises:
            InvalidRequest: The unit cannot become the fact's, or the number cannot be.
        """
        own = self.unit if unit is None else normalised(unit)
        found = converted(value, own, self.unit, self.factors)
        if found is None:
            raise InvalidRequest(f"{self.name}: the unit {_shown(own)} cannot be read. State it in {self.unit}.")
        if not self.holds(found):
            stated = f"{value:g} {own}"
            read = "" if own == self.unit else f" ({found:g} {self.unit})"
            raise InvalidRequest(
                f"{self.name}: {stated}{read} cannot be; {self.low:g} to {self.high:g} {self.unit} can. "
                "Correct the value, or state its unit."
            )
        return found

    def shown(self, value: float) -> float | str:
        """Return a value as reports have it: a number, or a word."""
        if self.kind is Kind.NUMBER:
            return round(value, 3)
        return (_SEX_WORDS if self.kind is Kind.SEX else _YES_NO_WORDS)[value]


def _shown(unit: str) -> str:
    """Return a stated unit short enough for a message."""
    return f"'{unit[:20]}'"
