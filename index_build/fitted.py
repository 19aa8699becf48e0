"""Which weights were fitted on which patients of a casebook, so that a withdrawal can name them."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from scankin.index_build.casebook import Casebook
from scankin.retrieval.encoder import EncoderIdentity
from scankin.retrieval.files import replaced

FITTED = "fitted.json"


@dataclass(frozen=True)
class FittedWeights:
    """One set of weights.

    Attributes:
        name: Of the encoder.
        sha256: Of its weights (hex).
        patients: A keyed hash for every patient they were fitted on.
    """

    name: str
    sha256: str
    patients: tuple[str, ...]


def record_fit(book: Casebook, name: str, sha256: str, patients: Iterable[str]) -> None:
    """Note in a casebook that weights were fitted on these patients (keys)."""
    marks = tuple(sorted(book.keyring.mark(patient) for patient in set(patients)))
    others = [fit for fit in fits(book.folder) if fit.sha256 != sha256]
    _write(book.folder, [*others, FittedWeights(name, sha256, marks)])


def fits(casebook: Path) -> list[FittedWeights]:
    """Return all weights that were fitted on a casebook."""
    path = casebook / FITTED
    if not path.is_file():
        return []
    return [
        FittedWeights(raw["name"], raw["sha256"], tuple(raw["patients"]))
        for raw in json.loads(path.read_text(encoding="utf-8"))
    ]


def fitted_on(book: Casebook, patients: Iterable[str]) -> list[tuple[FittedWeights, int]]:
    """Return the weights that were fitted on any of these patients (keys), and on how many of them."""
    marks = {book.keyring.mark(patient) for patient in patients}
    counted = [(fit, len(marks & set(fit.patients))) for fit in fits(book.folder)]
    return [(fit, count) for fit, count in counted if count]


def patients_of(book: Casebook, encoder: EncoderIdentity, patients: Iterable[str]) -> frozenset[str]:
    """Return which of these patients (keys) an encoder was fitted on, so far as the casebook records it.

    A head's identity names the first 16 digits of its base's weights among its preprocessing, so that whom the base was
    fitted on counts too.
    """
    stated = f"{encoder.weights} {encoder.preprocessing}"
    marks = {mark for fit in fits(book.folder) if fit.sha256[:16] in stated for mark in fit.patients}
    return frozenset(patient for patient in patients if book.keyring.mark(patient) in marks)


def _write(casebook: Path, held: list[FittedWeights]) -> None:
    raw = [asdict(fit) for fit in sorted(held, key=lambda fit: (fit.name, fit.sha256))]
    replaced(casebook / FITTED, json.dumps(raw, indent=1).encode())
