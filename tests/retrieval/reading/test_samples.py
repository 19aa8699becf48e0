"""Real files by real encoders, against their uncompressed twins and against GDCM."""

from pathlib import Path

import gdcm
import numpy as np
import pytest
from real_data import data_dir

from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.reading import ReadRequest, read_scan
from scankin.retrieval.scan import Modality, Scan, View

LOSSY = (
    "JPEG2000TransferSyntax",
    "JPEGLSLossy",
    "JPEGProcess10_12",
    "JPEGProcess1Transfer",
    "JPEGProcess2_4",
    "JPEGProcess6_8",
)


def read(path: Path) -> Scan:
    return read_scan(ReadRequest(paths=(path,)))


def gdcm_stored(path: Path) -> np.ndarray:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    image = reader.GetImage()
    pixels = image.GetPixelFormat()
    kind = f"{'i' if pixels.GetPixelRepresentation() else 'u'}{pixels.GetBitsAllocated() // 8}"
    raw = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(raw, kind).reshape(image.GetDimension(1), image.GetDimension(0))


def test_lossless_encodings_give_the_pixels_of_their_uncompressed_twin() -> None:
    folder = data_dir("dicom-samples") / "ct-syntaxes"
    twin = read(folder / "CTImage.dcm")
    paths = [path for path in sorted(folder.iterdir()) if not any(lossy in path.name for lossy in LOSSY)]
    assert len(paths) == 10
    for path in paths:
        scan = read(path)
        assert np.array_equal(scan.pixels, twin.pixels), path.name
        assert scan.pixel_hash == twin.pixel_hash, path.name


def test_lossy_encodings_stay_near_their_twin() -> None:
    folder = data_dir("dicom-samples") / "ct-syntaxes"
    twin = read(folder / "CTImage.dcm").pixels.astype(float)
    paths = [path for path in sorted(folder.iterdir()) if any(lossy in path.name for lossy in LOSSY)]
    assert len(paths) == 6
    for path in paths:
        # 8 bit JPEG keeps steps of 32 HU of this slice, the 12 bit ones steps of 2.
        bound = 20 if "JPEGProcess1Transfer" in path.name else 8
        assert np.abs(read(path).pixels - twin).mean() < bound, path.name


@pytest.mark.parametrize("folder", ["ct-syntaxes", "cxr", "ct"])
def test_stored_values_equal_those_of_other_software(folder: str) -> None:
    import pydicom

    compared = 0
    for path in sorted((data_dir("dicom-samples") / folder).glob("*.dcm")):
        try:
            scan = read(path)
        except RefusedScan:
            continue
        header = pydicom.dcmread(path, stop_before_pixels=True)
        slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
        expected = gdcm_stored(path).astype(np.float64) * slope + intercept
        padding = header.get("PixelPaddingValue")
        differs = np.abs(scan.pixels[0] - expected) > 1e-3
        if padding is not None:
            differs &= gdcm_stored(path) != padding
        assert not differs.any(), path.name
        compared += 1
    assert compared == {"ct-syntaxes": 16, "cxr": 7, "ct": 2}[folder]


def test_every_chest_film_is_read_or_refused_with_a_reason() -> None:
    folder = data_dir("dicom-samples") / "cxr"
    seen = {}
    for path in folder.glob("*.dcm"):
        try:
            scan = read(path)
            seen[path.name[:12]] = (scan.view, scan.is_inverted)
        except RefusedScan as error:
            seen[path.name[:12]] = error.reason
    assert seen == {
        "1.2.276.0.72": (View.PA, False),
        "1.3.6.1.4.1.": (None, False),
        "Fake_MONOHR1": (View.PA, True),
        "RG1_J2KI.dcm": (View.PA, True),
        "RG1_JLSN.dcm": (View.PA, True),
        "c64d5667-a77": (View.AP, False),
        "dx_image.dcm": Reason.NOT_HUMAN,
        "gdcm-CR-MONO": (View.PA, True),
    }


def test_localizer_is_refused() -> None:
    with pytest.raises(RefusedScan) as caught:
        read(data_dir("dicom-samples") / "ct" / "CT_JPEG70.dcm")
    assert caught.value.reason is Reason.LOCALIZER


def test_a_real_series_is_one_volume_from_feet_to_head_in_any_order_of_files() -> None:
    paths = list((data_dir("dicom-samples") / "ct-series" / "LIDC-IDRI-0001").iterdir())
    volume = read_scan(ReadRequest(paths=tuple(paths)))
    backwards = read_scan(ReadRequest(paths=tuple(reversed(paths))))
    assert volume.modality is Modality.CT and volume.is_hounsfield
    assert volume.pixels.shape == (16, 512, 512)
    assert volume.pixel_hash == backwards.pixel_hash
    # File names are the positions in mm; higher is nearer to the head.
    lowest = min(paths, key=lambda path: float(path.stem))
    assert np.array_equal(volume.pixels[0], read(lowest).pixels[0])
