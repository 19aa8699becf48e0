"""What a rule makes of one raw text."""

from dataclasses import dataclass, replace
from typing import Self

from scankin.index_build.field_values import Flag, UnitSource


@dataclass(frozen=True, slots=True)
class Parsed:
    """The reading of one raw text; see ``FieldValue``.

    Attributes:
        flag, value, operator: As there.
        unit: Stated beside the number, else None.
        unit_source: Set together with the unit.
    """

    flag: Flag
    value: str | None = None
    operator: str | None = None
    unit: str | None = None
    unit_source: UnitSource | None = None

    @property
    def number(self) -> float:
        """The value of a number."""
        return float(self.value or "nan")

    def with_number(self, number: float) -> Self:
        """Return the same reading of another number."""
        return replace(self, value=plain(number))


def plain(number: float) -> str:
    """Return a number as the shortest plain text: 28, not 28.0; no exponent from 1e-4 to 1e12."""
    return f"{number:.12g}"


UNREADABLE = Parsed(Flag.UNREADABLE)
OUT_OF_RANGE = Parsed(Flag.OUT_OF_RANGE)
