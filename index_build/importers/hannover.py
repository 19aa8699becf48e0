"""The COVID-19 Image Repository of Hannover Medical School, as cloned: ``data.csv`` and ``png/``."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from scankin.index_build.csv_rows import Row, age_of, day_of, ever, is_inside, rows_of, sex_of, view_of
from scankin.index_build.findings import stated_findings
from scankin.index_build.importers.base import Refusal, SourceCase, SourceScan
from scankin.index_build.importers.open_cxr import hannover_days
from scankin.retrieval.case import Clock, Event, EventKind
from scankin.retrieval.errors import Reason
from scankin.retrieval.scan import Modality

COLLECTION = "hannover-mhh"
SITE = "Hannover Medical School"


def recognises(root: Path) -> bool:
    """Return whether the folder looks like this collection."""
    return (root / "data.csv").is_file() and (root / "png").is_dir()


def read(root: Path) -> Iterator[SourceScan | SourceCase | Refusal]:
    """Yield every row of ``data.csv`` as a scan or refusal, then one case a patient."""
    patients: dict[str, list[Row]] = defaultdict(list)
    seen: set[str] = set()
    for number, row in enumerate(rows_of(root / "data.csv", ("patient_id", "image_id"), "hannover"), start=2):
        image, patient = row["image_id"], row["patient_id"]
        if not image or not patient or image in seen or not is_inside(image):
            yield Refusal(
                COLLECTION,
                f"line {number}",
                Reason.BROKEN_RECORD,
                "The row lacks an image_id or patient_id, or repeats an image_id.",
            )
            continue
        seen.add(image)
        patients[patient].append(row)
        yield _scan(row)
    for patient, rows in patients.items():
        yield _case(patient, rows)


def _scan(row: Row) -> SourceScan:
    admitted = day_of(row.get("admission_offset", ""))
    return SourceScan(
        collection=COLLECTION,
        source_id=row["image_id"],
        patient_id=row["patient_id"],
        files=(f"png/{row['image_id']}.png",),
        modality=Modality.CT if row.get("modality") == "CT" else Modality.XRAY,
        view=view_of(row.get("projection", "")),
        sex=sex_of(row.get("sex", "")),
        age=age_of(row.get("age", "")),
        site=SITE,
        day=None if admitted is None else -admitted,
        findings=stated_findings((), covid=True),  # every patient of the repository had COVID-19
    )


def _case(patient: str, rows: list[Row]) -> SourceCase:
    dated = {event for row in rows for event in hannover_days(row)}

    def stated(column: str) -> bool:
        return any(day_of(row.get(column, "")) is not None for row in rows)

    # The rule by which these films are labelled elsewhere: an ICU admission is recorded or there was none; survival is
    # known from a death, or from a release from intensive care without one.
    died = True if stated("death_offset") else False if stated("icu_release_offset") else None
    undated = [
        *ever(EventKind.DEATH, died),
        *ever(EventKind.ICU_ADMISSION, stated("icu_admission_offset")),
    ]
    kinds = {event.kind for event in dated}
    events: list[Event] = [*dated, *(event for event in undated if event.kind not in kinds)]
    return SourceCase(
        collection=COLLECTION,
        patient_id=patient,
        clock=Clock.ADMISSION if stated("admission_offset") else Clock.NONE,
        events=tuple(sorted(events, key=lambda event: (event.kind, event.day or 0))),
    )
