"""Clinical facts as doors take them: JSON or a file of it, and single facts as NAME=VALUE."""

from collections.abc import Sequence
from pathlib import Path

from scankin.retrieval.clinical.comparison import DEFAULT_WEIGHT, FactsAsked
from scankin.retrieval.clinical.own_json import MAX_BYTES, facts_of_assignments, facts_of_json
from scankin.retrieval.errors import InvalidRequest


def facts_asked(json: str | None, assigned: Sequence[str], weight: float | None) -> FactsAsked | None:
    """Return what a request states; None where it states nothing, and does not ask for the header's facts by a weight.

    Args:
        json: Ours or FHIR's.
        assigned: "spo2=88" and the like.
        weight: None: the default.

    Raises:
        InvalidRequest: A fact or the weight cannot be so.
    """
    if json is None and not assigned and weight is None:
        return None
    stated = facts_of_assignments(assigned)
    if json is not None:
        stated = facts_of_json(json).with_others(stated)
    return FactsAsked(stated, DEFAULT_WEIGHT if weight is None else weight)


def facts_text(file: Path | None) -> str | None:
    """Return the text of a file of facts; None for None.

    Raises:
        InvalidRequest: It cannot be read.
    """
    if file is None:
        return None
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidRequest(f"The file of facts cannot be read: {what}.") from None
