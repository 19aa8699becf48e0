"""Dates as NCCID's clinical files write them: month first, but for swab dates, with strays of every kind."""

import re
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)
EXCEL_EPOCH = date(1899, 12, 30)
"""Day 0 of Excel's serial dates, counting its leap-year error of 1900."""

_SLASHED = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_SERIAL = re.compile(r"4[0-9]{4}(\.0+)?")


def day_of(value: object, *, day_first: bool = False) -> int | None:
    """Return days since 1970-01-01 of a date field; None when it holds no date.

    Read in this order: a slashed date (month first, as schema 2.1 and the official cleaner do, unless ``day_first``;
    the other order where only it exists in the calendar), an ISO date anywhere in the text, an Excel serial number.
    """
    text = str(value if value is not None else "").strip()
    found = _slashed(text, day_first=day_first) or _iso(text) or _serial(text)
    return None if found is None else (found - EPOCH).days


def _slashed(text: str, *, day_first: bool) -> date | None:
    match = _SLASHED.search(text)
    if not match:
        return None
    first, second, year = (int(part) for part in match.groups())
    year += 2000 if year < 100 else 0
    orders = [(second, first), (first, second)] if day_first else [(first, second), (second, first)]
    for month, day in orders:
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return None


def _iso(text: str) -> date | None:
    match = _ISO.search(text)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def _serial(text: str) -> date | None:
    return EXCEL_EPOCH + timedelta(days=int(float(text))) if _SERIAL.fullmatch(text) else None
