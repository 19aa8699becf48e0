"""Coded answers: each code's word, and the strays that stand for one."""

import re
from collections.abc import Callable, Mapping

from scankin.index_build.field_values import Flag
from scankin.index_build.nccid.parsed import UNREADABLE, Parsed

_WHOLE = re.compile(r"(\d+)(?:\.0+)?")
_LEADING = re.compile(r"(?:\[\s*)?(\d+)(?:\s*[-:.)\]]\s*\D.*)")
_CVCX = re.compile(r"CVCX\s*(\d)", re.IGNORECASE)

_YES = frozenset({"YES", "Y", "TRUE", "1ES"})
"""``1es``: a replacement of "y" by "1" ran over the whole table, headers included (``PMH h1pertension``)."""

_NO = frozenset({"NO", "N", "FALSE", "0O", "NONE"})
_DETECTED = re.compile(r"(RNA )?DETECTED( \(SARS-COV-2\))?|POSITIVE")
_NOT_DETECTED = re.compile(r"(RNA )?NOT DETECTED( \(SARS-COV-2\))?|NEGATIVE")


def codes(words: Mapping[int, str], *, unknown: int | None = None, has_text: bool = False) -> Callable[[str], Parsed]:
    """Return a rule for numbers that stand for words.

    Args:
        words: Word by code.
        unknown: Code that states "unknown".
        has_text: "5 - Lung Ca" states the code 5.
    """

    def rule(text: str) -> Parsed:
        match = _WHOLE.fullmatch(text)
        if match:
            return _coded(int(match[1]), Flag.CLEAN)
        match = _LEADING.fullmatch(text) if has_text else None
        return _coded(int(match[1]), Flag.CLEANED) if match else UNREADABLE

    def _coded(code: int, flag: Flag) -> Parsed:
        if code in words:
            return Parsed(flag, words[code])
        return Parsed(Flag.UNKNOWN) if code == unknown else UNREADABLE

    return rule


def yes_no(*, unknown: int | None = None) -> Callable[[str], Parsed]:
    """Return a rule for 0 and 1; ``unknown`` is the code that states "unknown", where the field has one."""
    coded = codes({0: "no", 1: "yes"}, unknown=unknown)

    def rule(text: str) -> Parsed:
        upper = text.upper()
        if upper in _YES or upper in _NO:
            return Parsed(Flag.CLEANED, "yes" if upper in _YES else "no")
        return coded(text)

    return rule


def pcr_result(text: str) -> Parsed:
    """Read 0 and 1, and the laboratory's words "RNA DETECTED (SARS-CoV-2)"."""
    upper = " ".join(text.upper().split())
    if _DETECTED.fullmatch(upper):
        return Parsed(Flag.CLEANED, "positive")
    if _NOT_DETECTED.fullmatch(upper):
        return Parsed(Flag.CLEANED, "negative")
    return codes({0: "negative", 1: "positive"})(text)


def covid_code(text: str) -> Parsed:
    """Read the radiologist's BSTI code, "1" or "CVCX1"."""
    words = {0: "normal", 1: "classic", 2: "indeterminate", 3: "non-COVID"}
    match = _CVCX.fullmatch(text)
    if match:
        word = words.get(int(match[1]))
        return Parsed(Flag.CLEANED, word) if word else UNREADABLE
    return codes(words)(text)


def sex(text: str) -> Parsed:
    """Read 0 or F, 1 or M (schema 2.1)."""
    letter = {"F": "female", "M": "male", "FEMALE": "female", "MALE": "male"}.get(text.upper())
    return Parsed(Flag.CLEANED, letter) if letter else codes({0: "female", 1: "male"})(text)
