"""open-cxr: nine public collections under one ``cases.csv``."""

from collections import defaultdict
from collections.abc import Iterator

from scankin.index_build.case_events import hannover_days, settled, stated_events, undated
from scankin.index_build.csv_rows import (
    NOT_WHOLE,
    Line,
    Row,
    age_of,
    day_of,
    measures_of,
    numbers_in,
    only_value,
    origin_of,
    rows_of,
    sex_of,
    view_of,
)
from scankin.index_build.findings import NIH_VOCABULARY, PNEUMONIA, stated_findings
from scankin.index_build.importers import hannover
from scankin.index_build.importers.base import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.importers.covid_chestxray import MEASURED
from scankin.index_build.source_files import is_inside
from scankin.retrieval.case import Clock
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality

COLLECTION = "open-cxr"
_COLUMNS = ("image_id", "image_path", "source", "patient_id", "split_group", "modality", "labels", "covid_status")

_VOCABULARIES = {"nih-chestxray14": NIH_VOCABULARY, "kermany-paediatric": (PNEUMONIA,)}
"""What a collection states of every film: NIH its fourteen labels, Kermany pneumonia or normal."""

_FROM_ADMISSION = "days since admission"
"""How ``offset_basis`` begins where the days are those of the admission clock."""

_FACTS = (
    "temperature",
    "pO2_saturation",
    "leukocyte_count",
    "neutrophil_count",
    "lymphocyte_count",
    "RT_PCR_positive",
    "lab_crp",
    "lab_d_dimer",
    "lab_factor_xii",
    "lab_ldh",
    "lab_lymphocytes",
    "lab_neutrophils",
    "lab_pco2",
    "lab_po2",
)
"""Stated of a film's day; facts of the patient only where all films agree on one value."""


_MEASURED_IN_HANNOVER = {
    "crp": "lab_crp",
    "d_dimer": "lab_d_dimer",
    "ldh": "lab_ldh",
    "lymphocytes": "lab_lymphocytes",
    "neutrophils": "lab_neutrophils",
}
"""mg/L, mg/L, U/L and 10^9/L. Its pO2_saturation repeats lab_po2, a pressure in mmHg, of blood that by its values is
often venous: neither is a fact."""


def recognises(source: OpenedSource) -> bool:
    """Return whether the folder looks like this collection."""
    return source.is_folder and (source.folder / "cases.csv").is_file() and (source.folder / "images").is_dir()


def read(source: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every row of ``cases.csv`` as a scan or refusal, in its order, then one case a ``split_group``."""
    root = source.folder
    rows: dict[str, Row] = {}
    for line in rows_of(root / "cases.csv", _COLUMNS, COLLECTION):
        row = line.row
        problem = _problem(line, rows)
        if problem:
            name = row["image_id"] or f"line {line.number}"
            yield Refusal(row["source"] or COLLECTION, name, Reason.BROKEN_RECORD, problem)
        else:
            rows[row["image_id"]] = row
    patients: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        patients[row["split_group"]].append(row)
    clocks = {patient_id: _clock(of_patient) for patient_id, of_patient in patients.items()}
    for row in rows.values():
        yield _scan(row, clocks[row["split_group"]])
    for patient_id, of_patient in patients.items():
        yield _case(patient_id, of_patient, clocks[patient_id])


def _problem(line: Line, earlier: dict[str, Row]) -> str | None:
    row = line.row
    if not line.is_whole:
        return NOT_WHOLE
    for column in ("image_id", "source", "split_group"):
        if not row[column]:
            return f"The row has no {column}."
    if row["image_id"] in earlier:
        return "Another row has the same image_id."
    if row["modality"] not in [modality.value for modality in Modality]:
        return f"modality is {row['modality']!r}; X-ray and CT are read."
    if not is_inside(row["image_path"]):
        return "image_path is empty or leads out of the folder."
    return None


def _scan(row: Row, clock: Clock) -> SourceScan:
    return SourceScan(
        collection=row["source"],
        source_id=row["image_id"],
        patient_id=row["split_group"],
        files=(row["image_path"],),
        modality=Modality(row["modality"]),
        view=view_of(row.get("view", "")),
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        # A hospital, or as near to one as the source says; the same hospital is spelled alike in all collections.
        site=row.get("location") or None,
        origin=origin_of(row.get("url", "")),
        day=None if clock is Clock.NONE else day_of(row.get("study_offset_day", "")),
        findings=stated_findings(
            [label.strip() for label in row["labels"].split(";")],
            covid={"positive": True, "negative": False}.get(row["covid_status"]),
            vocabulary=_VOCABULARIES.get(row["source"], ()),
        ),
        measures=measures_of(
            brixia=row.get("brixia_score_senior") or row.get("brixia_score_junior") or "",
            extent=row.get("severity_geographic_extent", ""),
            opacity=row.get("severity_opacity", ""),
        ),
        facts=numbers_in(row, _MEASURED_IN_HANNOVER if row["source"] == hannover.COLLECTION else MEASURED),
    )


def _case(patient_id: str, rows: list[Row], clock: Clock) -> SourceCase:
    stated = [event for row in rows for event in stated_events(row)]
    dated = [event for row in rows for event in hannover_days(row)]
    return SourceCase(
        collection=rows[0]["source"],
        patient_id=patient_id,
        other_ids=tuple(sorted({row["patient_id"] for row in rows if row["patient_id"]})),
        clock=clock,
        events=settled([*stated, *(dated if clock is Clock.ADMISSION else undated(dated))]),
        facts={name: value for name in _FACTS if (value := only_value(rows, name))},
    )


def _clock(rows: list[Row]) -> Clock:
    """Return what the patient's days count from: nothing, where none is stated or films count from different days."""
    bases = {row.get("offset_basis", "") for row in rows if day_of(row.get("study_offset_day", "")) is not None}
    if len(bases) != 1:
        return Clock.NONE
    return Clock.ADMISSION if bases.pop().startswith(_FROM_ADMISSION) else Clock.SOURCE
