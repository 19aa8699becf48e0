import io
import zipfile

import numpy as np
import pytest
from builders import a_dataset, a_gradient, a_slice, dicom_bytes
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from scankin.retrieval.errors import FailedScan, Reason, RefusedScan, ScanError
from scankin.retrieval.reading import Limits, ReadRequest, read_scan
from scankin.retrieval.reading.dicom import are_even, pick
from scankin.retrieval.scan import Age, LookupTable, Scan, Sex, View, Window


def read(dataset: Dataset, **options: object) -> Scan:
    return read_scan(ReadRequest(data=dicom_bytes(dataset), **options))


def reason_of(data: bytes, limits: Limits = Limits(), **options: object) -> Reason:
    with pytest.raises(ScanError) as caught:
        read_scan(ReadRequest(data=data, **options), limits)
    return caught.value.reason


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 15, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_stored_values_are_kept_at_every_bit_depth(bits: int, photometric: str) -> None:
    pixels = a_gradient(top=2**bits - 1)
    scan = read(a_dataset(pixels, bits_stored=bits, PhotometricInterpretation=photometric))
    assert np.array_equal(scan.pixels[0], pixels)
    assert scan.is_inverted == (photometric == "MONOCHROME1")


def test_signed_values_of_fewer_bits_keep_their_sign() -> None:
    pixels = np.array([[-2048, -1], [0, 2047]])
    stored = pixels & 0x0FFF  # 12 bits, two's complement, the upper four bits clear
    scan = read(a_dataset(stored, bits_stored=12, PixelRepresentation=1))
    assert scan.pixels[0].tolist() == pixels.tolist()


def test_overlay_bits_above_the_stored_ones_are_cleared() -> None:
    scan = read(a_dataset(np.array([[0xF001, 0x1FFF]]), bits_stored=12))
    assert scan.pixels[0].tolist() == [[0x001, 0xFFF]]


def test_rescale_gives_hounsfield_units_and_fractions() -> None:
    whole = read(a_dataset(np.array([[0, 1024, 2000]]), bits_stored=12, RescaleSlope="2", RescaleIntercept="-1024"))
    assert whole.pixels[0].tolist() == [[-1024, 1024, 2976]]
    assert whole.pixels.dtype == np.int16
    part = read(a_dataset(np.array([[0, 3]]), bits_stored=12, RescaleSlope="0.5", RescaleIntercept="1"))
    assert part.pixels[0].tolist() == [[1.0, 2.5]]


@pytest.mark.parametrize(("photometric", "expected"), [("MONOCHROME2", 10), ("MONOCHROME1", 90)])
def test_padding_becomes_what_displays_black(photometric: str, expected: int) -> None:
    pixels = np.array([[0, 10], [50, 90]])
    scan = read(a_dataset(pixels, PixelPaddingValue=0, PhotometricInterpretation=photometric))
    assert scan.pixels[0].tolist() == [[expected, 10], [50, 90]]


def test_the_first_window_is_taken_and_a_table_goes_before_it() -> None:
    assert read(a_dataset(WindowCenter=["40", "-600"], WindowWidth=["400", "1500"])).window == Window(40.0, 400.0)
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [3, 5, 16], np.array([0, 10, 20], "<u2").tobytes()
    scan = read(a_dataset(WindowCenter="40", WindowWidth="400", VOILUTSequence=Sequence([item])))
    assert scan.window == LookupTable(5.0, (0.0, 0.5, 1.0))


def test_a_window_that_cannot_be_is_left_out() -> None:
    assert read(a_dataset(WindowCenter="40", WindowWidth="0")).window is None
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [9, 0, 16], b"\x01\x00"
    assert read(a_dataset(VOILUTSequence=Sequence([item]))).window is None


@pytest.mark.parametrize(
    ("series", "position", "view"),
    [
        ("Chest PA", "AP", View.PA),  # the description goes before the position
        ("W Chest PA", "", View.PA),
        ("X Chest AP", "", View.AP),
        ("Mobile AP", "", View.AP),
        ("Virtual Grid AP", "", View.AP),
        ("6 YR Chest AP", "", View.AP),
        ("NGT AP", "", View.AP),
        ("Chest LAT", "", View.LATERAL),
        ("", "LL", View.LATERAL),
        ("", "Lateral Decub", View.LATERAL),
        ("", "Supine", View.AP_SUPINE),
        ("", "CHEST PA", View.PA),
        ("Chest", "", None),
        ("PAEDIATRIC CHEST", "", None),  # no word PA in it
    ],
)
def test_view_is_read_from_the_texts_that_occur(series: str, position: str, view: View | None) -> None:
    assert read(a_dataset(SeriesDescription=series, ViewPosition=position)).view is view


@pytest.mark.parametrize(
    "changes",
    [
        {"ViewPosition": "Abdomen, AP"},
        {"ViewPosition": "T/X/Trolley Abdomen"},
        {"ViewPosition": "RENAL"},
        {"ViewPosition": "ADDOMEN, AP"},
        {"BodyPartExamined": "HAND"},
        {"SeriesDescription": "Pelvis AP"},
    ],
)
def test_another_part_of_the_body_is_refused(changes: dict[str, str]) -> None:
    assert reason_of(dicom_bytes(a_dataset(**changes))) is Reason.NOT_A_CHEST


@pytest.mark.parametrize(
    ("stated", "age"),
    [("071Y", 71.0), ("006M", 0.5), ("81", 81.0), ("000Y", None), ("999Y", None), ("old", None)],
)
def test_age_is_read_with_and_without_a_unit(stated: str, age: float | None) -> None:
    found = read(a_dataset(PatientAge=stated)).age
    assert (None if found is None else found.low) == age


def test_age_falls_back_to_study_year_less_birth_year() -> None:
    scan = read(a_dataset(PatientBirthDate="19480101", PatientSex="F"))
    assert (scan.age, scan.sex) == (Age.of(72.0), Sex.FEMALE)


def test_a_study_date_that_cannot_be_is_left_out() -> None:
    assert read(a_dataset(StudyDate="20450916")).study_date is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"NumberOfFrames": "3"}, Reason.MULTI_FRAME),
        ({"Modality": "MR"}, Reason.UNSUPPORTED_MODALITY),
        ({"PhotometricInterpretation": "RGB"}, Reason.UNSUPPORTED_PHOTOMETRIC),
        ({"PixelData": None}, Reason.NO_PIXELS),
        ({"Rows": 9000}, Reason.BROKEN_PIXELS),
        ({"Rows": 60000, "Columns": 60000}, Reason.TOO_LARGE),
        ({"PatientSpeciesDescription": "Canis lupus"}, Reason.NOT_HUMAN),
    ],
)
def test_unsuitable_films_are_refused_with_their_reason(changes: dict[str, object], reason: Reason) -> None:
    assert reason_of(dicom_bytes(a_dataset(**changes))) is reason


def test_an_unsupported_transfer_syntax_is_named() -> None:
    dataset = a_dataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2
    dataset.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00\x00\x00\x00\x00"
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(RefusedScan, match="MPEG2") as caught:
        read(dataset)
    assert caught.value.reason is Reason.UNSUPPORTED_TRANSFER_SYNTAX


def a_zip(*files: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for number, content in enumerate(files):
            archive.writestr(f"../{number}.dcm", content)
    return sink.getvalue()


def test_a_zip_of_slices_is_one_volume_ordered_by_position() -> None:
    slices = [dicom_bytes(a_slice("1.2.3", z, value)) for z, value in ((20, 300), (0, 100), (10, 200))]
    scan = read_scan(ReadRequest(data=a_zip(*slices)))
    assert scan.pixels[:, 0, 0].tolist() == [100, 200, 300]


def test_slices_are_picked_across_the_middle_of_the_series() -> None:
    slices = [dicom_bytes(a_slice("1.2.3", z, z)) for z in range(21)]
    scan = read_scan(ReadRequest(data=a_zip(*slices), slices=3))
    # 15 % and 85 % of 20 steps are slices 3 and 17, the middle is 10.
    assert scan.pixels[:, 0, 0].tolist() == [3, 10, 17]
    assert scan.slices_in_series == 21


@given(st.integers(1, 500), st.integers(1, 64))
def test_picked_slices_rise_and_lie_in_the_series(count: int, wanted: int) -> None:
    picked = pick(count, wanted)
    assert picked == sorted(set(picked)) and picked[0] >= 0 and picked[-1] < count
    assert len(picked) <= max(wanted, 1)


def test_two_series_in_one_zip_are_refused() -> None:
    assert reason_of(a_zip(dicom_bytes(a_slice("1.2", 0, 0)), dicom_bytes(a_slice("1.3", 1, 0)))) is Reason.MIXED_SERIES


def test_a_series_that_is_not_axial_is_refused() -> None:
    sagittal = a_slice("1.2", 0, 0, ImageOrientationPatient=["0", "1", "0", "0", "0", "-1"])
    assert reason_of(dicom_bytes(sagittal)) is Reason.NOT_AXIAL


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY_FILE),
        (b"a text file that somebody named .dcm\n", Reason.NOT_DICOM),
        (PNG, Reason.NOT_DICOM),
        (b"%PDF-1.7", Reason.NOT_DICOM),
        (a_zip(PNG, b"\xff\xd8\xff\xe0 holiday"), Reason.NO_DICOM_IN_ARCHIVE),
        (b"PK\x03\x04 and no more", Reason.BROKEN_ARCHIVE),
    ],
)
def test_what_is_no_dicom_is_told_from_what_is_broken(data: bytes, reason: Reason) -> None:
    assert reason_of(data) is reason


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_file_cut_short_fails(share: float) -> None:
    whole = dicom_bytes(a_dataset())
    with pytest.raises((FailedScan, RefusedScan)):
        read_scan(ReadRequest(data=whole[: int(len(whole) * share)]))


def test_eight_and_sixteen_bit_files_of_the_same_values_have_one_hash() -> None:
    values = a_gradient(top=200)
    assert read(a_dataset(values)).pixel_hash == read(a_dataset(values, bits_stored=12)).pixel_hash


@pytest.mark.parametrize(
    ("positions", "even"),
    [
        ([0, 10, 20, 30], True),
        ([0, 10.1, 19.9, 30], True),
        ([0, 10, 30, 40], False),  # one is missing
        ([0, 10, 10, 20], False),  # one comes twice
        ([0, 0, 0], False),
        ([0, 10], None),
        ([0, None, 20, 30], None),
    ],
)
def test_even_distances_of_slices(positions: list[float | None], even: bool | None) -> None:
    assert are_even(positions) is even


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        (
            {"PatientSize": "1.8", "PatientWeight": "80", "SmokingStatus": "NO"},
            {"height": 180.0, "weight": 80.0, "smoker": 0.0},
        ),
        ({"PatientSize": "180", "PatientWeight": "0", "SmokingStatus": "UNKNOWN"}, {}),
        ({}, {}),
    ],
    ids=["stated", "cannot be or blank", "absent"],
)
def test_height_weight_and_smoking_are_facts(changes: dict[str, str], facts: dict[str, float]) -> None:
    assert read(a_dataset(**changes)).facts == facts
