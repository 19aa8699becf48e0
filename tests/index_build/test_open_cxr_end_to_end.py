"""The acceptance commands on real scans: ingest, build, verify, score, search."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from builders import KEYRING, a_dataset, dicom_bytes
from PIL import Image
from real_data import data_dir


def run(package: str, *arguments: str, place: Path) -> str:
    """Run a command under a fixed key: whom the gate compares with, and so its few false refusals, hang on the key."""
    (place / "key").write_bytes(KEYRING.secret)
    environment = {**os.environ, "SCANKIN_KEY_FILE": str(place / "key")}
    command = [sys.executable, "-m", f"scankin.{package}", *arguments]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_real_films_wrapped_as_dicom_are_answered_without_their_own_patient(tmp_path: Path) -> None:
    source = data_dir("open-cxr")
    run("index_build", "ingest", "--from", "open-cxr", str(source), "casebook", place=tmp_path)
    run("index_build", "build", "casebook", "store", "--encoder", "thumbnail", place=tmp_path)
    run("index_build", "verify", "store", place=tmp_path)
    with (source / "cases.csv").open(encoding="utf-8-sig") as file:
        rows = {row["image_id"]: row for row in csv.DictReader(file)}
    scans = pq.read_table(tmp_path / "casebook" / "scans.parquet").to_pylist()
    row_of_scan = {scan["scan"]: rows[scan["source_id"]] for scan in scans}
    repeated = [row for row in rows.values() if row["source"] == "hannover-mhh"][:12]
    (tmp_path / "new").mkdir()
    for row in repeated:
        pixels = np.asarray(Image.open(source / row["image_path"]).convert("L"))
        wrapped = a_dataset(pixels, PatientID=row["patient_id"], PatientAge="060Y")
        (tmp_path / "new" / f"{row['image_id']}.dcm").write_bytes(dicom_bytes(wrapped))
    run("api", "score", "new", "--index", "store", "--out", "r.ndjson", place=tmp_path)
    scored = [json.loads(line) for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    assert [row["status"] for row in scored] == ["ok"] * 12
    for line in scored:
        own = rows[Path(line["input"]).stem]["split_group"]
        report = line["report"]
        neighbours = [row_of_scan[case["scan"]] for case in report["neighbours"]]
        assert own not in {row["split_group"] for row in neighbours}
        assert len({row["split_group"] for row in neighbours}) == 10
        assert {row["modality"] for row in neighbours} == {"X-ray"}
        assert "kermany-paediatric" not in {row["source"] for row in neighbours}
        outcomes = {entry["name"]: entry for entry in report["outcomes"]}
        for name, column, yes in (("died", "survival", "N"), ("oxygen", "needed_supplemental_O2", "Y")):
            stated = [row[column] for row in neighbours if row[column]]
            assert (outcomes[name]["happened"], outcomes[name]["known"]) == (stated.count(yes), len(stated))
        covid = next(entry for entry in report["findings"] if entry["name"] == "COVID-19")
        statuses = [row["covid_status"] for row in neighbours]
        assert (covid["happened"], covid["unknown"]) == (statuses.count("positive"), statuses.count("unknown"))
