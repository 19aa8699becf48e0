"""Ethnicity: NHS letters, the longer codes of the 2001 census, and free text, to five groups (NCCID.md 2.4)."""

import re

from scankin.index_build.field_values import Flag
from scankin.index_build.nccid.parsed import Parsed

_CODES = (
    (re.compile(r"A|B|C[23]?|C[A-Y]"), "White"),
    (re.compile(r"D|E|F|G|G[A-F]"), "Multiple"),
    (re.compile(r"H|J|K|L|L[A-K]|R"), "Asian"),
    (re.compile(r"M|N|P|P[A-E]"), "Black"),
    (re.compile(r"S|S[A-E]"), "Other"),
)

_WORDS = (
    # In this order: "White and Black Caribbean" is mixed, "Black - African" is not.
    (re.compile(r"MIXED|MULTIPLE|WHITE (AND|&)"), "Multiple"),
    (re.compile(r"WHITE|IRISH"), "White"),
    (re.compile(r"INDIAN|PAKISTANI|BANGLADESHI|CHINESE|ASIAN"), "Asian"),
    (re.compile(r"CARIBBEAN|AFRICAN|BLACK"), "Black"),
    (re.compile(r"BRITISH"), "White"),
    (re.compile(r"ANY OTHER|^OTHER"), "Other"),
)


def ethnicity(text: str) -> Parsed:
    """Return White, Multiple, Asian, Black or Other; everything else is unknown, as the official cleaner has it."""
    upper = text.upper()
    for pattern, group in _CODES:
        if pattern.fullmatch(upper):
            return Parsed(Flag.CLEAN, group)
    for pattern, group in _WORDS:
        if pattern.search(upper):
            return Parsed(Flag.CLEANED, group)
    return Parsed(Flag.UNKNOWN)
