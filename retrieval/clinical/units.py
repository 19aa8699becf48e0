"""Units of clinical numbers: one spelling each, and how they become one another."""

import re
from collections.abc import Mapping

_FACTORS = {
    ("ng/mL", "mg/L"): 1e-3,
    ("µg/L", "mg/L"): 1e-3,
    ("ng/mL", "µg/L"): 1.0,
    ("ng/mL", "ng/L"): 1e3,
    ("pg/mL", "ng/L"): 1.0,
    ("µg/L", "ng/L"): 1e3,
    ("µg/mL", "mg/L"): 1.0,
    ("mg/L", "µg/L"): 1e3,
    ("mg/dL", "mg/L"): 10.0,
    ("mg/dL", "g/L"): 1e-2,
    ("mmHg", "kPa"): 0.133322,
    ("kPa", "mmHg"): 1 / 0.133322,
    ("weeks", "days"): 7.0,
    ("months", "years"): 1 / 12,
    ("1", "%"): 100.0,
    ("10^6/L", "10^9/L"): 1e-3,
    ("m", "cm"): 100.0,
    ("g", "kg"): 1e-3,
}

_SPELLINGS = {
    "C": "°C",
    "c": "°C",
    "°c": "°C",
    "Cel": "°C",
    "F": "°F",
    "[degF]": "°F",
    "mmhg": "mmHg",
    "mm[Hg]": "mmHg",
    "kpa": "kPa",
    "bpm": "/min",
    "year": "years",
    "a": "years",
    "month": "months",
    "mo": "months",
    "week": "weeks",
    "wk": "weeks",
    "day": "days",
    "d": "days",
    "point": "points",
    "x10^9/L": "10^9/L",
    "x 10^9/L": "10^9/L",
    "10*9/L": "10^9/L",
    "10*3/µL": "10^9/L",
    "10^3/µL": "10^9/L",
    "K/µL": "10^9/L",
    "/µL": "10^6/L",
    "10*6/L": "10^6/L",
    "[IU]/L": "U/L",
}
"""Spellings of people and of UCUM (https://ucum.org); without its annotations, as {FEU} in "mg/L{FEU}"."""


def normalised(unit: str) -> str:
    """Return a unit in one spelling: "ug/L", "μg/l" and "µg/l" are µg/L; "C" and UCUM's "Cel" are °C."""
    spelt = re.sub(r"\{[^}]*\}", "", unit.strip()).replace("μ", "µ").replace("umol", "µmol").replace("ug", "µg")
    spelt = spelt.replace("uL", "µL").replace("/l", "/L").replace("/ml", "/mL").replace("/dl", "/dL")
    return _SPELLINGS.get(spelt, spelt)


def converted(number: float, own: str, wanted: str, factors: Mapping[str, float] | None = None) -> float | None:
    """Return a number in another unit; None where the one cannot become the other.

    Args:
        number: In ``own``.
        own, wanted: In the spelling of ``normalised``.
        factors: By unit, of one substance alone, such as from mg/dL to µmol/L.
    """
    if own == wanted:
        return number
    if (own, wanted) == ("°F", "°C"):
        return (number - 32) / 1.8
    factor = (factors or {}).get(own) or _FACTORS.get((own, wanted))
    return None if factor is None else number * factor
