"""From the vectors and thumbnails of an index to its gates; nothing else is read, and no outsider is needed."""

import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scankin.index_build.duplicates.finding import duplicates_by_fingerprint
from scankin.index_build.evaluate.people import joined_people
from scankin.retrieval.gate.depth import Depth
from scankin.retrieval.gate.file import Gates
from scankin.retrieval.gate.gate import FALSE_REFUSAL, Gate, distances_of
from scankin.retrieval.gate.picture import FEATURES, picture_features
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality, View

FEWEST_PATIENTS = 40
"""Below, fewer than 20 calibrate, and a false-refusal rate of 5 % cannot be told from chance (1 in 20)."""

CALIBRATION_SHARE = 0.4
"""Of the patients; the others are the reference. At least half of ``FEWEST_PATIENTS``."""

MOST_PATIENTS = 4000
"""Drawn of a larger index: the bounds of 1,600 calibration patients are tight, and a query stays fast."""

Picture = Callable[[str], bytes]


def fit_gates(indexes: Mapping[Modality, ScanIndex], picture: Picture, false_refusal: float = FALSE_REFUSAL) -> Gates:
    """Return the gate of every modality with enough patients, and a note on each; the same for the same index.

    Args:
        indexes: What is published.
        picture: Returns the PNG of a scan key.
        false_refusal: The bound a query is held to unless it names another.
    """
    gates, notes, references = {}, {}, {}
    for modality, index in indexes.items():
        fitted = _fit(index, picture)
        if isinstance(fitted, str):
            notes[modality.value] = fitted
            continue
        gate, keys = fitted
        if false_refusal < gate.least_false_refusal:
            notes[modality.value] = (
                f"too few patients to fit a gate: {len(gate.calibration):,} calibrate, which is too few for a false "
                f"refusal of {false_refusal:g}"
            )
            continue
        gates[modality], references[modality] = replace(gate, false_refusal=false_refusal), keys
        notes[modality.value] = (
            f"fitted on {len(keys):,} scans, calibrated on {len(gate.calibration):,} other patients, "
            f"false refusal {false_refusal:g}"
        )
    return Gates(gates, notes, references, false_refusal)


def _fit(index: ScanIndex, picture: Picture) -> tuple[Gate, tuple[str, ...]] | str:
    """Return the gate and the scan keys of its reference, or why there is none."""
    people = _people(index.records)
    if len(people) < FEWEST_PATIENTS:
        return f"too few patients to fit a gate: {len(people):,}, {FEWEST_PATIENTS} are needed"
    aside = max(FEWEST_PATIENTS // 2, round(CALIBRATION_SHARE * len(people)))
    reference = sorted(row for rows in people[aside:] for row in rows)
    pictures = {row: picture_features(_decoded(picture(index.records[row].scan))) for row in reference}
    depths = {"vector": Depth.of(index.vectors[reference], is_scaled=False)}
    for name in FEATURES:
        depths[name] = Depth.of(np.stack([pictures[row][name] for row in reference]), is_scaled=name == "tone")
    # One scan a patient, the first by its key, which says nothing of the scan: patients are what is exchangeable.
    chosen = [min(rows, key=lambda row: index.records[row].scan) for rows in people[:aside]]
    calibration = np.stack(
        [distances_of(depths, index.vectors[row], _decoded(picture(index.records[row].scan))) for row in chosen]
    )
    return Gate(depths, calibration), tuple(index.records[row].scan for row in reference)


def _people(records: Sequence[ScanRecord]) -> list[list[int]]:
    """Return the rows of each patient's scans, laterals left out, in an order that depends on the keys alone.

    Patients who have the same picture count as one, so that no picture is on both sides.
    """
    rows_of = defaultdict(list)
    for row, record in enumerate(records):
        if record.view is not View.LATERAL:
            rows_of[record.patient].append(row)
    drawn = sorted(rows_of, key=_place)[:MOST_PATIENTS]
    rows = [row for patient in drawn for row in rows_of[patient]]
    if not rows:
        return []
    looked_at = [records[row] for row in rows]
    numbers, _ = joined_people(looked_at, duplicates_by_fingerprint(looked_at))
    together: dict[int, list[int]] = defaultdict(list)
    for row, number in zip(rows, numbers.tolist(), strict=True):
        together[number].append(row)
    return list(together.values())


def _place(patient: str) -> str:
    return hashlib.sha256(f"gate {patient}".encode()).hexdigest()


def _decoded(png: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture, np.uint8)
