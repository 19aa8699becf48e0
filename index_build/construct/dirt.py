"""Makes clean clinical files dirty in every way that NCCID's are known to be (NCCID.md 2.3 to 2.5), and says how.

Each step takes a clean value and returns what is written in its place together with what a perfect reader makes of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from scankin.index_build.construct.truth import FieldTruth

Chance = np.random.Generator

EXCEL_DAY_0 = date(1899, 12, 30)
BLANKS = ("", " ", ".")
NOT_KNOWN = ("not recorded", "Unknown", "N/A", "not known")
NOT_READABLE = ("see notes", "tbc", "x", "haemolysed")
BLANK_RATE, DIRT_RATE = 0.10, 0.14
"""Of the fields of an average centre."""


@dataclass(frozen=True)
class Written:
    """What stands in the file, and what of it can be read.

    Attributes:
        value: Any JSON value.
        truth: Its reading; ``field`` is filled in later.
    """

    value: Any
    truth: FieldTruth


@dataclass(frozen=True)
class Where:
    """What dirt depends on besides the value.

    Attributes:
        uploaded: Day of the file.
        factor: What a number is multiplied with for the centre's own unit.
        unit: Of the schema.
        unit_source: "schema", or "site" where the centre's unit is listed.
        stays: The centre's unit where it cannot be converted.
    """

    uploaded: date
    factor: float = 1.0
    unit: str | None = None
    unit_source: str | None = None
    stays: str | None = None


Kind = Callable[[Chance, str, Where, bool], Written]
"""Writes one clean value; the flag says whether dirt is allowed."""


def written(value: Any, flag: str, reading: str | None = None, **more: Any) -> Written:
    """Return a written value with its reading."""
    return Written(value, FieldTruth("", str(value).strip(), flag, reading, **more))


def blank(rng: Chance) -> Written:
    """Return one of the ways in which nothing is written."""
    return written(str(rng.choice(BLANKS)), "blank")


def _no_value(rng: Chance) -> Written:
    """Return text that states nothing: not known, or not readable."""
    if rng.random() < 0.5:
        return written(str(rng.choice(NOT_KNOWN)), "unknown")
    return written(str(rng.choice(NOT_READABLE)), "unreadable")


def number(*, can_be_bound: bool = False, impossible: str = "-3") -> Kind:
    """Return the kind of a number: brackets, bounds, units, signs, exponents, text."""

    def write(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
        own = float(clean) * where.factor
        text = f"{own:.12g}"
        units = {"unit": where.stays or where.unit, "unit_source": where.unit_source}

        def read_as(raw: Any, flag: str, held: float = own, **more: Any) -> Written:
            value = f"{held / where.factor if where.stays is None else held:.12g}"
            return written(raw, flag, value, **units, **more)

        if not is_dirty:
            is_json_number = rng.random() < 0.15
            return read_as(float(text) if is_json_number else text, "clean")
        day = where.uploaded - timedelta(days=int(rng.integers(1, 40)))
        ways: list[Callable[[], Written]] = [
            lambda: read_as(f"[{text}] - {day.isoformat()}", "cleaned"),
            lambda: read_as(f"+{text}", "cleaned"),
            lambda: read_as(f"{own:.3e}", "cleaned", float(f"{own:.3e}")),
            lambda: read_as(f" {text} ", "clean"),
            lambda: _no_value(rng),
            lambda: written(impossible, "out_of_range"),
        ]
        if where.factor == 1.0 and where.stays is None and where.unit and where.unit_source == "schema":
            ways.append(lambda: written(f"{text} {where.unit}", "cleaned", text, unit=where.unit, unit_source="stated"))
        if can_be_bound:
            sign = str(rng.choice(["<", ">", "<=", ">="]))
            ways += [lambda: read_as(f"{sign}{text}", "censored", operator=sign)] * 2
        return ways[int(rng.integers(len(ways)))]()

    return write


def us_date(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write a date month first, or in one of the other ways."""
    return _a_date(rng, date.fromisoformat(clean), where, is_dirty, day_first=False)


def uk_date(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write a date day first, or in one of the other ways."""
    return _a_date(rng, date.fromisoformat(clean), where, is_dirty, day_first=True)


def _a_date(rng: Chance, day: date, where: Where, is_dirty: bool, *, day_first: bool) -> Written:
    if not is_dirty:
        return _slashed(day, where, day_first=day_first, short=rng.random() < 0.1)
    late = where.uploaded + timedelta(days=int(rng.integers(400, 900)))
    serial = (day - EXCEL_DAY_0).days
    ways: list[Callable[[], Written]] = [
        lambda: written(f"[Text] - {day.isoformat()}", "cleaned", day.isoformat()),
        lambda: written(serial if rng.random() < 0.5 else str(serial), "cleaned", day.isoformat()),
        lambda: written(day.isoformat(), "cleaned", day.isoformat()),
        lambda: _no_value(rng),
        lambda: written(late.strftime("%d/%m/%Y" if day_first else "%m/%d/%Y"), "after_upload"),
        lambda: _swapped(day, where, day_first=day_first),
        lambda: _swapped(day, where, day_first=day_first),
    ]
    return ways[int(rng.integers(len(ways)))]()


def _slashed(day: date, where: Where, *, day_first: bool, short: bool) -> Written:
    """Write a date in its field's order; it is ambiguous where the other order would be possible too."""
    year = day.strftime("%y" if short else "%Y")
    first, second = (day.day, day.month) if day_first else (day.month, day.day)
    raw = f"{first}/{second}/{year}" if short else f"{first:02d}/{second:02d}/{year}"
    turned = _turned(day)
    is_open = turned is not None and turned != day and turned <= where.uploaded
    return written(raw, "ambiguous" if is_open else "clean", day.isoformat())


def _swapped(day: date, where: Where, *, day_first: bool) -> Written:
    """Write a date in the wrong order: certain where only one order is possible, else wrong beyond help."""
    raw = f"{day.month:02d}/{day.day:02d}/{day.year}" if day_first else f"{day.day:02d}/{day.month:02d}/{day.year}"
    turned = _turned(day)
    if turned == day:
        return written(raw, "clean", day.isoformat())
    if turned is None or turned > where.uploaded:
        return written(raw, "cleaned", day.isoformat())
    return written(raw, "ambiguous", turned.isoformat(), irreducible=True, true_value=day.isoformat())


def _turned(day: date) -> date | None:
    return date(day.year, day.day, day.month) if day.day <= 12 else None


def words(codes: Mapping[int, str], *, unknown: int | None = None, has_text: bool = False) -> Kind:
    """Return the kind of a coded field; ``clean`` is the code."""

    def write(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:  # noqa: ARG001
        code = int(clean)
        word = codes.get(code)
        if not is_dirty:
            raw: Any = code if rng.random() < 0.2 else f"{code}.0" if rng.random() < 0.05 else clean
            return written(raw, "clean", word) if word else written(raw, "unknown" if code == unknown else "unreadable")
        way = int(rng.integers(4))
        if way == 0 and has_text and word:
            return written(f"{code} - as told", "cleaned", word)
        if way == 1 and unknown is not None:
            return written(unknown, "unknown")
        return written("9", "unreadable") if way == 2 else _no_value(rng)

    return write


def yes_no(*, unknown: int | None = None) -> Kind:
    """Return the kind of a yes or no."""
    coded = words({0: "no", 1: "yes"}, unknown=unknown)

    def write(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
        if is_dirty and clean in ("0", "1") and rng.random() < 0.5:
            raw = {"1": ("Yes", "1es", "Y"), "0": ("No", "N", "no")}[clean][int(rng.integers(3))]
            return written(raw, "cleaned", "yes" if clean == "1" else "no")
        return coded(rng, clean, where, is_dirty)

    return write


def pcr(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write a PCR result."""
    if is_dirty and clean == "1" and rng.random() < 0.6:
        return written("RNA DETECTED (SARS-CoV-2)", "cleaned", "positive")
    return words({0: "negative", 1: "positive"})(rng, clean, where, is_dirty)


def covid_code(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write a BSTI code."""
    codes = {0: "normal", 1: "classic", 2: "indeterminate", 3: "non-COVID"}
    if is_dirty and rng.random() < 0.6:
        return written(f"CVCX{clean}", "cleaned", codes[int(clean)])
    return words(codes)(rng, clean, where, is_dirty)


def severity(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write the radiologist's grade."""
    if is_dirty:
        return written(str(rng.choice(["0", "o", "4"])), "unreadable")
    return words({1: "mild", 2: "moderate", 3: "severe"})(rng, clean, where, is_dirty)


def sex(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write a sex; ``clean`` is 0 or 1."""
    word = {"0": "female", "1": "male"}[clean]
    if not is_dirty:
        return words({0: "female", 1: "male"})(rng, clean, where, False)
    if rng.random() < 0.5:
        return written(word[0].upper(), "cleaned", word)
    return (
        written(str(rng.choice(["2", "3", "t"])), "unreadable") if rng.random() < 0.6 else written("Unknown", "unknown")
    )


def ethnicity(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:  # noqa: ARG001
    """Write an ethnicity; ``clean`` is the letter."""
    group = {"A": "White", "C": "White", "H": "Asian", "J": "Asian", "M": "Black", "N": "Black"}.get(clean)
    if not is_dirty:
        return written(clean, "clean", group) if group else written(clean, "unknown")
    texts = {"White": ("White - British", "CA"), "Asian": ("Pakistani", "LA"), "Black": ("Caribbean", "PA")}
    if group is None or rng.random() < 0.3:
        return written(str(rng.choice(["99", "0", "not recorded"])), "unknown")
    text = texts[group][int(rng.integers(2))]
    return written(text, "clean" if len(text) == 2 else "cleaned", group)


def age(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
    """Write an age; decimals are cut down to completed years."""
    if is_dirty and rng.random() < 0.6:
        return written(f"{clean}.{rng.integers(101, 999)}", "cleaned", clean, unit="years", unit_source="schema")
    return number(impossible="400")(rng, clean, replace(where, unit="years", unit_source="schema"), is_dirty)


LITRES = {
    1: 25,
    2: 29,
    3: 33,
    4: 37,
    5: 41,
    6: 45,
    7: 41,
    8: 47,
    9: 53,
    10: 60,
    11: 80,
    12: 85,
    13: 90,
    14: 95,
    15: 100,
}
VENTURI = {"blue": 24, "white": 28, "orange": 31, "yellow": 35, "red": 40, "green": 60}


def fio2(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:  # noqa: ARG001
    """Write inspired oxygen; ``clean`` is the per cent, from 21 to 100."""
    units = {"unit": "%", "unit_source": "schema"}
    if not is_dirty:
        return written(clean, "clean", clean, **units)
    colour = str(rng.choice(sorted(VENTURI)))
    litres = int(rng.integers(1, 16))
    flows = [str(litres), litres, f"{litres}L", f"{litres}l/min", f"{litres} L/min"]
    ways: list[Callable[[], Written]] = [
        lambda: written(flows[int(rng.integers(len(flows)))], "cleaned", str(LITRES[litres]), **units),
        lambda: written(f"{int(clean) / 100:.2f}", "cleaned", clean, **units),
        lambda: written(float(clean), "cleaned", clean, **units),
        lambda: written(colour, "cleaned", str(VENTURI[colour]), **units),
        lambda: written("0", "implausible", "0", **units),
        lambda: written(".", "blank"),
        lambda: written("140", "out_of_range"),
        lambda: _no_value(rng),
    ]
    return ways[int(rng.integers(len(ways)))]()


def pressure(place: int) -> Kind:
    """Return the kind of a blood pressure; ``place`` is 0 for systolic, 1 for diastolic: either field may hold both."""
    alone = number(impossible="-3")

    def write(rng: Chance, clean: str, where: Where, is_dirty: bool) -> Written:
        if is_dirty and rng.random() < 0.5:
            value = int(float(clean))
            both = (value, max(value - 50, 20)) if place == 0 else (value + 50, value)
            day = where.uploaded - timedelta(days=3)
            raw = f"[{both[0]}/{both[1]}] - {day.isoformat()}"
            return written(raw, "cleaned", str(both[place]), unit="mmHg", unit_source="schema")
        return alone(rng, clean, where, is_dirty)

    return write
