"""Dates as NCCID's clinical files write them: month first, but for swab dates, with strays of every kind."""

import re
from datetime import date, timedelta

from scankin.index_build.field_values import Flag
from scankin.index_build.nccid.parsed import UNREADABLE, Parsed

EPOCH = date(1970, 1, 1)
EXCEL_EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's serial dates, counting its leap-year error of 1900."""

_SLASHED = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_SERIAL = re.compile(r"4[0-9]{4}(\.0+)?")


def parse_date(text: str, *, day_first: bool = False, latest: date | None = None) -> Parsed:
    """Return a date field as YYYY-MM-DD, with how sure it is.

    Read in this order: a slashed date (month first, as schema 2.1 and the official cleaner do, unless ``day_first``),
    an ISO date anywhere in the text, an Excel serial number. A slashed date is read the other way round where only
    that exists in the calendar, or where only that is not later than ``latest``; where both orders are possible and
    differ it is ambiguous.

    Args:
        text: Stripped.
        day_first: The field's usual order.
        latest: Day of the file's upload: nothing it states can be later.
    """
    if match := _SLASHED.search(text):
        return _slashed(*(int(part) for part in match.groups()), day_first=day_first, latest=latest)
    found = _iso(text) or _serial(text)
    if found is None:
        return UNREADABLE
    if latest is not None and found > latest:
        return Parsed(Flag.AFTER_UPLOAD)
    return Parsed(Flag.CLEANED, found.isoformat())


def day_number(iso: str) -> int:
    """Return days since 1970-01-01 of YYYY-MM-DD."""
    return (date.fromisoformat(iso) - EPOCH).days


def _slashed(first: int, second: int, year: int, *, day_first: bool, latest: date | None) -> Parsed:
    year += 2000 if year < 100 else 0
    usual = _date(year, second, first) if day_first else _date(year, first, second)
    other = _date(year, first, second) if day_first else _date(year, second, first)
    possible = [found for found in (usual, other) if found is not None]
    if not possible:
        return UNREADABLE
    past = [found for found in possible if latest is None or found <= latest]
    if not past:
        return Parsed(Flag.AFTER_UPLOAD)
    chosen = past[0]
    if len(past) > 1 and usual != other:
        return Parsed(Flag.AMBIGUOUS, chosen.isoformat())
    return Parsed(Flag.CLEAN if chosen == usual else Flag.CLEANED, chosen.isoformat())


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _iso(text: str) -> date | None:
    match = _ISO.search(text)
    return _date(*(int(part) for part in match.groups())) if match else None


def _serial(text: str) -> date | None:
    return EXCEL_EPOCH + timedelta(days=int(float(text))) if _SERIAL.fullmatch(text) else None
