"""The files of one version of an index, written into an empty folder: the same whoever publishes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scankin.index_build.calibrate.fit import calibrate
from scankin.index_build.gate.fit import fit_gates
from scankin.retrieval.estimates.calibration import calibration_bytes
from scankin.retrieval.gate import FALSE_REFUSAL
from scankin.retrieval.gate.file import GATE
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.keys import Keyring
from scankin.retrieval.locations import write_locations
from scankin.retrieval.records import ScanRecord, cases_of, scans_table
from scankin.retrieval.scan import Modality
from scankin.retrieval.store import ALIASES, CALIBRATION, CASES, FAISS_FILES, PICTURES, PLACES, SCANS, SCORES, SECRET
from scankin.retrieval.thumbnails import Thumbnails, write_thumbnails


@dataclass(frozen=True, eq=False)
class VersionFiles:
    """What a version holds.

    Attributes:
        records: Every scan, in the order of ``scans.parquet``.
        indexes: One a modality that has scans, its rows in the order of ``records``.
        cases: Columns of ``CASE_FIELDS``.
        aliases: Columns of ``ALIAS_FIELDS``.
        keyring: Whose secret goes with it.
        pictures: ``(scan key, PNG)`` of every record, in order.
        places: ``(scan key, Places.to_bytes())`` of the films, in order; None: the version explains no neighbour.
        false_refusal: What the gate is held to.
    """

    records: tuple[ScanRecord, ...]
    indexes: Mapping[Modality, ScanIndex]
    cases: pa.Table
    aliases: pa.Table
    keyring: Keyring
    pictures: Iterable[tuple[str, bytes]]
    places: Iterable[tuple[str, bytes]] | None = None
    false_refusal: float = FALSE_REFUSAL

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Scans and patients by modality, also of those that have none."""
        return {
            modality.value: {
                "scans": sum(record.modality is modality for record in self.records),
                "patients": len({record.patient for record in self.records if record.modality is modality}),
            }
            for modality in Modality
        }

    def write(self, into: Path) -> None:
        """Write everything but the manifest; what estimates need is fitted on what is written, whoever publishes."""
        pq.write_table(scans_table(self.records), into / SCANS, compression="zstd")
        pq.write_table(self.cases, into / CASES, compression="zstd")
        pq.write_table(self.aliases, into / ALIASES, compression="zstd")
        (into / SECRET).write_bytes(self.keyring.secret)
        (into / SECRET).chmod(0o600)
        for modality, index in self.indexes.items():
            (into / FAISS_FILES[modality]).write_bytes(index.serialised().tobytes())
        calibration = calibrate(self.indexes, {case.patient: case for case in cases_of(self.cases)})
        numbers, scores = calibration_bytes(calibration)
        (into / CALIBRATION).write_bytes(numbers)
        (into / SCORES).write_bytes(scores)
        write_thumbnails(into / PICTURES, self.pictures)
        if self.places is not None:
            write_locations(into / PLACES, self.places)
        gates = fit_gates(self.indexes, Thumbnails(into / PICTURES).png, self.false_refusal)
        (into / GATE).write_bytes(gates.to_bytes())
