"""Single values as NCCID's clinical files write them: any JSON type, codes as text or number."""

import math

from scankin.index_build.source_files import writable
from scankin.retrieval.scan import Sex

_YES = frozenset({"1", "1.0", "YES", "RNA DETECTED (SARS-COV-2)"})
_NO = frozenset({"0", "0.0", "NO"})
_SEXES = {
    "0": Sex.FEMALE,
    "0.0": Sex.FEMALE,
    "F": Sex.FEMALE,
    "1": Sex.MALE,
    "1.0": Sex.MALE,
    "M": Sex.MALE,
}
_GRADES = (1, 2, 3)


def text(value: object) -> str:
    """Return a value as stripped text that UTF-8 can hold; empty for null."""
    return "" if value is None else writable(str(value)).strip()


def flag(value: object) -> bool | None:
    """Return True for 1, False for 0, in any type; None for anything else, 2 ("unknown") included."""
    code = text(value).upper()
    return True if code in _YES else False if code in _NO else None


def number(value: object) -> float | None:
    """Return a plain finite number; None for anything else."""
    try:
        found = float(text(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def sex(value: object) -> Sex | None:
    """Return the sex of 0 or F, 1 or M (schema 2.1); None for anything else."""
    return _SEXES.get(text(value).upper())


def grade(value: object) -> float | None:
    """Return a severity of 1, 2 or 3; None for anything else."""
    found = number(value)
    return found if found in _GRADES else None
