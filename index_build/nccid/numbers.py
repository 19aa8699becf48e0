"""Numbers as NCCID's clinical files write them: one small step a form, each giving None for what is no such form.

The official cleaner loses one-digit bracketed values, bounds, signs and exponents (NCCID.md 2.5); none is lost here.
"""

import re
from collections.abc import Callable

from scankin.index_build.field_values import Flag, UnitSource
from scankin.index_build.nccid.parsed import OUT_OF_RANGE, UNREADABLE, Parsed, plain

Step = Callable[[str], Parsed | None]

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_ANY = re.compile(_NUMBER)
_BRACKETED = re.compile(rf"\[\s*({_NUMBER})\s*\](?:\s*-.*)?")
_BOUND = re.compile(rf"(<=|>=|=<|=>|≤|≥|<|>)\s*({_NUMBER})")
_UNITS = r"%|°?C|(?:x ?)?10\^9/L|[mnµμu]?g/[mdu]?L|[mµμu]?mol/L|kPa|mmHg|bpm|/min|years?|days?|weeks?|points?"
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*({_UNITS})", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_PRESSURES = re.compile(r"\[?\s*(\d{2,3})\s*/\s*(\d{2,3})\s*\]?(?:\s*-.*)?")

_OPERATORS = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">="}


def number(text: str) -> Parsed | None:
    """Read "12", "12.5" and, flagged cleaned, "+5", "1e3", "12." and ".5"."""
    if _PLAIN.fullmatch(text):
        return Parsed(Flag.CLEAN, plain(float(text)))
    return Parsed(Flag.CLEANED, plain(float(text))) if _ANY.fullmatch(text) else None


def bracketed(text: str) -> Parsed | None:
    """Read "[67] - 2020-06-06": a value with the day it was measured."""
    match = _BRACKETED.fullmatch(text)
    return Parsed(Flag.CLEANED, plain(float(match[1]))) if match else None


def thousands(text: str) -> Parsed | None:
    """Read "1,234"."""
    return Parsed(Flag.CLEANED, plain(float(text.replace(",", "")))) if _THOUSANDS.fullmatch(text) else None


def bound(text: str) -> Parsed | None:
    """Read "<270" and ">= 1000": the operator is information, since a bound is a result."""
    match = _BOUND.fullmatch(text)
    if not match:
        return None
    return Parsed(Flag.CENSORED, plain(float(match[2])), operator=_OPERATORS.get(match[1], match[1]))


def with_unit(text: str) -> Parsed | None:
    """Read "37.2 C" and "15 mg/L"."""
    match = _WITH_UNIT.fullmatch(text)
    if not match:
        return None
    return Parsed(Flag.CLEANED, plain(float(match[1])), unit=match[2].strip(), unit_source=UnitSource.STATED)


def systolic(text: str) -> Parsed | None:
    """Read the first number of "131/68" and "[131/68] - 2020-05-14"."""
    match = _PRESSURES.fullmatch(text)
    return Parsed(Flag.CLEANED, plain(float(match[1]))) if match else None


def diastolic(text: str) -> Parsed | None:
    """Read the second number of "131/68" and "[131/68] - 2020-05-14"."""
    match = _PRESSURES.fullmatch(text)
    return Parsed(Flag.CLEANED, plain(float(match[2]))) if match else None


STEPS: tuple[Step, ...] = (number, bracketed, thousands, bound, with_unit)
"""Tried in this order for every number."""


def numbers(low: float, high: float, *steps: Step, is_whole: bool = False) -> Callable[[str], Parsed]:
    """Return a rule for numbers from ``low`` to ``high``; outside there is no value.

    Args:
        low, high: Both ends included.
        steps: Tried before ``STEPS``.
        is_whole: Only whole numbers; others are cut down, as completed years are.
    """

    def rule(text: str) -> Parsed:
        found = next((parsed for step in (*steps, *STEPS) if (parsed := step(text)) is not None), UNREADABLE)
        if found.value is None:
            return found
        if not low <= found.number <= high:
            return OUT_OF_RANGE
        if is_whole and not found.number.is_integer():
            return Parsed(Flag.CLEANED, plain(found.number // 1), found.operator)
        return found

    return rule
