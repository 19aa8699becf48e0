import dataclasses
import io
import json
import re

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels import apply_voi_lut

from scankin.index_build.construct.centres import Room, centres_of
from scankin.index_build.construct.dicom_files import film_dataset
from scankin.index_build.construct.film import Film
from scankin.index_build.construct.headers import UidCounter, to_bytes, to_metadata
from scankin.index_build.construct.patients import Patient
from scankin.index_build.construct.studies import Study
from scankin.index_build.construct.tree import cohort_patient

UID = re.compile(r"1\.2\.826\.0\.1\.3680043\.9\.3218\.1\.1\.\d+\.\d+\.\d{13}\.\d+\.0")
RAMP = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (48, 1))
PICTURE = Film(RAMP, np.ones(RAMP.shape, bool), 0.06)


def a_patient() -> tuple[Patient, Study]:
    centres = centres_of(1, 3)
    patients = (cohort_patient(1, index, centres)[0] for index in range(100))
    return next((p, s) for p in patients for s in p.studies if not s.is_ct)


def a_file(seed: int = 0, **room: object) -> FileDataset:
    """A film read back from its bytes, taken in a room with the given properties."""
    patient, study = a_patient()
    changed: Room = dataclasses.replace(patient.centre.fixed, **room)
    patient = dataclasses.replace(patient, centre=dataclasses.replace(patient.centre, fixed=changed, mobile=changed))
    uids = UidCounter(patient, 5)
    made = film_dataset(np.random.default_rng(seed), patient, study, PICTURE, (uids.next(), uids.next(), uids.next()))
    return pydicom.dcmread(io.BytesIO(to_bytes(made)))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_every_depth_keeps_the_picture(bits: int, modality: str) -> None:
    film = a_file(bits_stored=bits, modality=modality, voi="none")
    stored = film.pixel_array.astype(float) / (2**bits - 1)
    shown = 1 - stored if film.PhotometricInterpretation == "MONOCHROME1" else stored
    assert film.BitsStored == bits
    assert film.BitsAllocated == (8 if bits == 8 else 16)
    assert np.abs(shown - (0.03 + 0.94 * RAMP)).max() <= 0.5 / (2**bits - 1) + 1e-6


def test_ten_to_twenty_percent_are_monochrome1_and_those_are_stored_inverted() -> None:
    films = [a_file(seed, bits_stored=12, voi="none", modality="CR") for seed in range(300)]
    inverted = [film for film in films if film.PhotometricInterpretation == "MONOCHROME1"]
    # four standard deviations of a binomial of 300 and 0.15 are 0.08
    assert 0.07 < len(inverted) / len(films) < 0.23
    upright = next(film for film in films if film.PhotometricInterpretation == "MONOCHROME2")
    assert np.abs(inverted[0].pixel_array.astype(int) + upright.pixel_array - 4095).max() <= 1


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_display_table_rises_over_the_whole_range(bits: int) -> None:
    film = a_file(bits_stored=bits, voi="table")
    shown = apply_voi_lut(film.pixel_array, film).astype(float)
    along = shown[0] if film.PhotometricInterpretation == "MONOCHROME2" else shown[0, ::-1]
    assert np.all(np.diff(along) >= 0)
    assert along[-1] - along[0] > 0.8 * 65_535


def test_metadata_has_the_header_but_binary_values_and_display_tables_are_null() -> None:
    film = a_file(voi="table")
    header = json.loads(json.dumps(to_metadata(film)))
    assert set(header) == {f"{tag:08X}" for tag in film.keys() if tag < 0x7FE00010}  # noqa: SIM118
    assert header["00283010"] is None
    assert header["00091010"] == {"vr": "UN", "InlineBinary": None}
    assert header["00100020"]["Value"] == [film.PatientID]
    assert header["00080020"]["Value"] == [film.StudyDate]
    assert not any(tag.startswith("0002") for tag in header)


def test_both_nullings_reach_into_sequences() -> None:
    inner, outer, table = Dataset(), Dataset(), Dataset()
    table.LUTData = b"\x00\x01"
    table["LUTData"].VR = "OW"
    inner.VOILUTSequence = [table]
    inner.add_new(0x00091001, "UN", b"ab")
    outer.AcquisitionContextSequence = [inner]
    nested = to_metadata(outer)["00400555"]["Value"][0]
    assert nested == {"00283010": None, "00091001": {"vr": "UN", "InlineBinary": None}}


def test_study_date_is_true_and_the_others_are_off_by_one_offset() -> None:
    patient, study = a_patient()
    film = a_file()
    assert film.StudyDate == film.AcquisitionDate == f"{study.day:%Y%m%d}"
    assert film.SeriesDate == film.ContentDate != film.StudyDate
    assert film.PatientBirthDate == f"{patient.born}0101"
    assert film.PatientAge == f"{study.day.year - patient.born:03d}Y"
    assert film.PatientID == str(film.PatientName) == patient.pseudonym


def test_uids_follow_the_grammar_and_the_limit_of_64() -> None:
    patient, _ = a_patient()
    uids = UidCounter(dataclasses.replace(patient, number=899_999), 2**31 - 1)
    made = [uids.next() for _ in range(1200)]
    assert all(UID.fullmatch(uid) and len(uid) <= 64 for uid in made)
    assert len(set(made)) == len(made)


def test_every_file_says_that_it_is_constructed() -> None:
    assert a_file().ImageComments == "CONSTRUCTED, NOT A REAL PATIENT"
