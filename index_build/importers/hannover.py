"""The COVID-19 Image Repository of Hannover Medical School, as cloned: ``data.csv`` and ``png/``."""

from collections import defaultdict
from collections.abc import Iterator

from scankin.index_build.case_events import ever, hannover_days, settled
from scankin.index_build.csv_rows import (
    NOT_WHOLE,
    Line,
    Row,
    age_of,
    day_of,
    numbers_in,
    only_value,
    rows_of,
    sex_of,
    view_of,
)
from scankin.index_build.findings import COVID, stated_findings
from scankin.index_build.importers.base import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.source_files import is_inside
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality

COLLECTION = "hannover-mhh"
SITE = "Hannover Medical School, Hannover, Germany"
"""Spelled as other collections spell the same hospital, so that it is one site."""

_MODALITIES = {"CR": Modality.XRAY, "DX": Modality.XRAY, "CT": Modality.CT}

_FACTS = (
    "crp_val",
    "d-dimer_val",
    "factor_xii_val",
    "ldh_val",
    "lymphocytes_val",
    "neutrophils_val",
    "pco2_val",
    "po2_val",
)
"""Stated of a film's day; facts of the patient only where all films agree on one value."""


_MEASURED = {
    "crp": "crp_val",
    "d_dimer": "d-dimer_val",
    "ldh": "ldh_val",
    "lymphocytes": "lymphocytes_val",
    "neutrophils": "neutrophils_val",
}
"""Clinical fact to column: mg/L, mg/L, U/L and 10^9/L. po2_val is by its values often of venous blood: no fact."""


def recognises(source: OpenedSource) -> bool:
    """Return whether the folder looks like this collection."""
    return source.is_folder and (source.folder / "data.csv").is_file() and (source.folder / "png").is_dir()


def read(source: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every row of ``data.csv`` as a scan or refusal, in its order, then one case a patient."""
    root = source.folder
    patients: dict[str, list[Row]] = defaultdict(list)
    seen: set[str] = set()
    for line in rows_of(root / "data.csv", ("patient_id", "image_id", "modality"), "hannover"):
        problem = _problem(line, seen)
        if problem:
            yield Refusal(COLLECTION, line.row["image_id"] or f"line {line.number}", *problem)
            continue
        seen.add(line.row["image_id"])
        patients[line.row["patient_id"]].append(line.row)
        yield _scan(line.row)
    for patient, rows in patients.items():
        yield _case(patient, rows)


def _problem(line: Line, seen: set[str]) -> tuple[Reason, str] | None:
    row = line.row
    if not line.is_whole:
        return Reason.BROKEN_RECORD, NOT_WHOLE
    if not row["image_id"] or not row["patient_id"]:
        return Reason.BROKEN_RECORD, "The row lacks an image_id or patient_id."
    if row["image_id"] in seen:
        return Reason.BROKEN_RECORD, "Another row has the same image_id."
    if not is_inside(row["image_id"]):
        return Reason.BROKEN_RECORD, "image_id leads out of the folder."
    if row["modality"] not in _MODALITIES:
        return Reason.UNSUPPORTED_MODALITY, f"modality is {row['modality']!r}; CR, DX and CT are read."
    return None


def _scan(row: Row) -> SourceScan:
    admitted = day_of(row.get("admission_offset", ""))
    return SourceScan(
        collection=COLLECTION,
        source_id=row["image_id"],
        patient_id=row["patient_id"],
        files=(f"png/{row['image_id']}.png",),
        modality=_MODALITIES[row["modality"]],
        view=view_of(row.get("projection", "")),
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        site=SITE,
        day=None if admitted is None else -admitted,
        facts=numbers_in(row, _MEASURED),
        findings=stated_findings([COVID]),  # the repository holds films of COVID-19 cases and no others
    )


def _case(patient: str, rows: list[Row]) -> SourceCase:
    def is_stated(column: str) -> bool:
        return any(day_of(row.get(column, "")) is not None for row in rows)

    # The rule by which the covid-chestxray collection labels the same films: an ICU admission is recorded or there was
    # none; survival is known from a death, or from a release from intensive care without one.
    died = True if is_stated("death_offset") else False if is_stated("icu_release_offset") else None
    events: list[Event] = [
        *(event for row in rows for event in hannover_days(row)),
        *ever(EventKind.DEATH, died),
        *ever(EventKind.ICU_ADMISSION, is_stated("icu_admission_offset")),
    ]
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient,
        clock=Clock.ADMISSION if is_stated("admission_offset") else Clock.NONE,
        events=settled(events),
        facts={name: value for name in _FACTS if (value := only_value(rows, name))},
    )
