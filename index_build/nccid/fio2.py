"""Inspired oxygen in per cent, from a share, a percentage, a flow or the colour of a Venturi valve (NCCID.md 2.4).

The official cleaner multiplies every number with a point by 100, so that JSON's ``28.0`` is lost, and crashes on
``15l/min`` and ``.``.
"""

import re

from scankin.index_build.field_values import Flag
from scankin.index_build.nccid.parsed import OUT_OF_RANGE, UNREADABLE, Parsed, plain

PERCENT_OF_LITRES = {
    1: 25, 2: 29, 3: 33, 4: 37, 5: 41, 6: 45, 7: 41, 8: 47, 9: 53, 10: 60, 11: 80, 12: 85, 13: 90, 14: 95, 15: 100,
}  # fmt: skip
"""Per cent by whole litres a minute: nasal cannula to 6, mask from 7, as the official cleaner has it."""

PERCENT_OF_VENTURI = {"blue": 24, "white": 28, "orange": 31, "yellow": 35, "red": 40, "green": 60}

AIR_PERCENT = 21

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)\s*%?")
_LITRES = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:L|LTRS?|LITRES?)(?:\s*(?:/|P(?:ER)?)\s*MIN(?:UTE)?S?)?(?:\s*O2)?", re.IGNORECASE
)
_COLOUR = re.compile(r"(?:venturi\s*)?(blue|white|orange|yellow|red|green)(?:\s*venturi)?(?:\s*valve)?", re.IGNORECASE)
_AIR = re.compile(r"RA|(ON )?(ROOM )?AIR", re.IGNORECASE)


def fio2(text: str) -> Parsed:
    """Return the per cent; whole numbers from 1 to 15 are litres a minute, numbers with a point up to 1 are shares."""
    if match := _COLOUR.fullmatch(text):
        return Parsed(Flag.CLEANED, plain(PERCENT_OF_VENTURI[match[1].lower()]))
    if _AIR.fullmatch(text):
        return Parsed(Flag.CLEANED, plain(AIR_PERCENT))
    if match := _LITRES.fullmatch(text):
        return _litres(float(match[1]))
    match = _NUMBER.fullmatch(text)
    return _number(float(match[1]), text) if match else UNREADABLE


def _number(number: float, text: str) -> Parsed:
    if "%" in text:
        return _percent(number, Flag.CLEANED)
    if "." in text and 0 < number <= 1:
        return _percent(100 * number, Flag.CLEANED)
    if not number.is_integer():
        return _percent(number, Flag.CLEANED) if number >= AIR_PERCENT else UNREADABLE
    if 1 <= number <= max(PERCENT_OF_LITRES):
        return _litres(number)
    return _percent(number, Flag.CLEANED if "." in text else Flag.CLEAN)


def _litres(litres: float) -> Parsed:
    percent = PERCENT_OF_LITRES.get(int(litres)) if litres.is_integer() else None
    return UNREADABLE if percent is None else Parsed(Flag.CLEANED, plain(percent))


def _percent(percent: float, flag: Flag) -> Parsed:
    if percent > 100:
        return OUT_OF_RANGE
    return Parsed(flag if percent >= AIR_PERCENT else Flag.IMPLAUSIBLE, plain(round(percent, 6)))
