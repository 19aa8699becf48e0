"""T14 on real films: fitted on some patients, asked about others and about what is no frontal chest film."""

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from builders import a_record
from real_data import data_dir

from scankin.index_build.gate.fit import fit_gates
from scankin.models import load_encoder
from scankin.retrieval.encoder import Embeddings, embed
from scankin.retrieval.fingerprint import fingerprint
from scankin.retrieval.gate import Gate
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.scan import Modality, Scan
from scankin.retrieval.summaries import wilson
from scankin.retrieval.thumbnails import thumbnail, thumbnail_png

ENCODER = load_encoder("thumbnail")
FITTED, ASKED = 900, 300


def film(root: Path, row: dict[str, str]) -> Scan:
    return read_scan(ReadRequest(paths=(root / row["image_path"],), pictures=True))


def refused(gate: Gate, scans: list[Scan]) -> int:
    verdicts = [gate.judge(gate.distances(embed(ENCODER, scan).vectors[0], thumbnail(scan))) for scan in scans]
    return sum(verdict.is_refused for verdict in verdicts)


@pytest.mark.slow
def test_ct_pictures_and_laterals_are_refused_and_films_of_new_patients_seldom_are() -> None:
    root = data_dir("open-cxr")
    with (root / "cases.csv").open() as file:
        rows = list(csv.DictReader(file))
    films = {row["split_group"] or row["patient_id"]: row for row in rows if row["modality"] == "X-ray"}
    frontal = sorted((row for row in films.values() if row["view"] != "L"), key=lambda row: row["image_id"])
    random.Random(1).shuffle(frontal)
    scans = [film(root, row) for row in frontal[:FITTED]]
    records = [a_record(n, fingerprint=fingerprint(scan)) for n, scan in enumerate(scans)]
    vectors = np.vstack([embed(ENCODER, scan).vectors for scan in scans])
    index = {Modality.XRAY: ScanIndex.of(records, Embeddings(vectors, ENCODER.identity))}
    png = {record.scan: thumbnail_png(scan) for record, scan in zip(records, scans, strict=True)}
    gate = fit_gates(index, png.__getitem__).by_modality[Modality.XRAY]
    laterals = [film(root, row) for row in rows if row["view"] == "L" and row["modality"] == "X-ray"]
    slices = [film(root, row) for row in rows if row["modality"] == "CT"][::10]
    assert refused(gate, laterals) >= 0.95 * len(laterals)
    assert refused(gate, slices) >= 0.95 * len(slices)
    wrongly = refused(gate, [film(root, row) for row in frontal[FITTED : FITTED + ASKED]])
    assert wilson(wrongly / ASKED, ASKED)[0] <= 0.05
