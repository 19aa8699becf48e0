"""Films and CT slices of invented patients as DICOM data sets (PS3.3 A.2 CR, A.26 DX, A.3 CT)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
)

from scankin.index_build.construct.film import Film
from scankin.index_build.construct.headers import a_dataset
from scankin.index_build.construct.patients import Patient
from scankin.index_build.construct.studies import Study
from scankin.index_build.construct.volume import Volume

MONOCHROME1_SHARE = 0.15
"""Of films."""

VIEW_TEXTS = {
    "PA": ("Chest PA", "Chest PA", "W Chest PA", "PA NO GRID"),
    "AP": ("Chest AP", "X Chest AP", "Mobile AP", "AP Landscape", "AP Skyplate", "CR (AP)", "Chest Mobile"),
}
"""Series descriptions as seen in NCCID (NCCID.md 3.3)."""

_VIEW_CODES = {"PA": ("399348003", "postero-anterior"), "AP": ("399067008", "antero-posterior")}


def film_dataset(
    rng: np.random.Generator, patient: Patient, study: Study, film: Film, uids: tuple[UID, UID, UID]
) -> FileDataset:
    """Return a film as its room stores it: bits, MONOCHROME1 or 2, a window, a table or nothing for display."""
    room = patient.centre.mobile if study.is_ap else patient.centre.fixed
    is_dx = room.modality == "DX"
    view = "AP" if study.is_ap else "PA"
    is_inverted = bool(rng.random() < MONOCHROME1_SHARE)
    made = a_dataset(
        patient, study, DigitalXRayImageStorageForPresentation if is_dx else ComputedRadiographyImageStorage, uids
    )
    made.Modality, made.Manufacturer, made.ManufacturerModelName = room.modality, room.maker, room.model
    made.ImageType = ["ORIGINAL", "PRIMARY"] if not is_dx else ["ORIGINAL", "PRIMARY", ""]
    made.SeriesDescription = str(rng.choice(VIEW_TEXTS[view]))
    made.ViewPosition = view
    made.PatientOrientation = ["L", "F"]
    spacing = [f"{10 * film.pixel_cm:.4f}"] * 2
    top = 2**room.bits_stored - 1
    shown = 1 - film.pixels if is_inverted else film.pixels
    # detectors leave a little room at both ends
    values = np.round((0.03 + 0.94 * shown) * np.float32(top)).astype(np.uint8 if room.bits_stored == 8 else np.uint16)
    _set_pixels(made, values, room.bits_stored, "MONOCHROME1" if is_inverted else "MONOCHROME2")
    if is_dx:
        _add_dx(made, view, spacing, is_inverted=is_inverted)
    else:
        made.ImagerPixelSpacing = spacing
        made.PhotometricInterpretation = "MONOCHROME1" if is_inverted else "MONOCHROME2"
    _add_voi(made, room.voi, top, required=is_dx)
    return made


def slice_dataset(
    patient: Patient, study: Study, volume: Volume, index: int, frame: UID, uids: tuple[UID, UID, UID]
) -> FileDataset:
    """Return slice ``index`` of a volume as a thin axial CT image, counted from the head."""
    made = _ct(patient, study, frame, uids)
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.SeriesDescription, made.SeriesNumber = "Chest HRCT 1.0 B70f", 2
    made.InstanceNumber, made.AcquisitionNumber = index + 1, 1
    made.SliceThickness, made.KVP, made.ConvolutionKernel = "1.0", "120", "B70f"
    corner = 10 * (volume.left_cm + volume.pixel_cm / 2)
    made.ImagePositionPatient = [f"{corner:.3f}", f"{corner:.3f}", f"{-10 * volume.height_cm[index]:.3f}"]
    made.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    made.PixelSpacing = [f"{10 * volume.pixel_cm:.5f}"] * 2
    _set_hounsfield(made, volume.hounsfield[index])
    made.RescaleType = "HU"
    made.WindowCenter, made.WindowWidth = "-600", "1500"
    return made


def localizer_dataset(
    patient: Patient, study: Study, film: Film, frame: UID, uids: tuple[UID, UID, UID]
) -> FileDataset:
    """Return the scout view that a CT begins with: coronal, and no part of the axial series."""
    made = _ct(patient, study, frame, uids)
    made.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    made.SeriesDescription, made.SeriesNumber = "Topogram", 1
    made.InstanceNumber, made.AcquisitionNumber = 1, 1
    made.SliceThickness, made.KVP = "0.6", "120"
    rows, columns = film.pixels.shape
    half_width, top = 5 * film.pixel_cm * columns, 5 * film.pixel_cm * rows
    made.ImagePositionPatient = [f"{-half_width:.3f}", "0", f"{top - 150:.3f}"]
    made.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
    made.PixelSpacing = [f"{10 * film.pixel_cm:.5f}"] * 2
    _set_hounsfield(made, np.round(film.pixels * 1400 - 1000).astype(np.int16))
    made.WindowCenter, made.WindowWidth = "-300", "1400"
    return made


def _ct(patient: Patient, study: Study, frame: UID, uids: tuple[UID, UID, UID]) -> FileDataset:
    made = a_dataset(patient, study, CTImageStorage, uids)
    made.Modality, made.Manufacturer = "CT", patient.centre.fixed.maker
    made.ManufacturerModelName = f"CT-{patient.centre.fixed.model[-3:]}"
    made.FrameOfReferenceUID, made.PositionReferenceIndicator = frame, ""
    made.PatientPosition = "HFS"
    return made


def _set_hounsfield(made: FileDataset, hounsfield: NDArray[np.int16]) -> None:
    """Store Hounsfield units as scanners do: unsigned 12 bit, 1024 above."""
    made.RescaleIntercept, made.RescaleSlope = "-1024", "1"
    _set_pixels(made, np.clip(hounsfield.astype(np.int32) + 1024, 0, 4095).astype(np.uint16), 12, "MONOCHROME2")


def _set_pixels(made: FileDataset, values: NDArray[Any], bits: int, photometric: str) -> None:
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, photometric
    made.Rows, made.Columns = values.shape
    made.BitsAllocated, made.BitsStored, made.HighBit = 8 * values.dtype.itemsize, bits, bits - 1
    made.PixelRepresentation = 0
    data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    made.add_new("PixelData", "OB" if bits == 8 else "OW", data + b"\x00" * (len(data) % 2))


def _add_voi(made: FileDataset, voi: str, top: int, *, required: bool) -> None:
    """Add how to display: a window over the whole range, or a table with the S-shape of film, or nothing."""
    if voi == "table":
        entries = np.linspace(-1, 1, 1024)
        curve = 1 / (1 + np.exp(-2.2 * entries))
        curve = (curve - curve[0]) / (curve[-1] - curve[0])
        table = Dataset()
        # as many entries as there are values, up to a coarse kilo-entry table spread by the display
        count = min(top + 1, 65_535)
        levels = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, 1024), curve)
        table.LUTDescriptor = [count if count < 65_536 else 0, 0, 16]
        table.LUTExplanation = "CONSTRUCTED"
        table.LUTData = np.round(levels * 65_535).astype("<u2").tobytes()
        table["LUTData"].VR = "OW"
        made.VOILUTSequence = Sequence([table])
    elif voi == "window" or required:
        made.WindowCenter, made.WindowWidth = str((top + 1) // 2), str(top + 1)


def _add_dx(made: FileDataset, view: str, spacing: list[str], *, is_inverted: bool) -> None:
    """Add what the DX IOD demands beyond CR (PS3.3 C.8.11)."""
    made.PresentationIntentType = "FOR PRESENTATION"
    made.ImageLaterality = "U"
    made.PixelIntensityRelationship, made.PixelIntensityRelationshipSign = "LOG", 1 if is_inverted else -1
    made.RescaleIntercept, made.RescaleSlope, made.RescaleType = "0", "1", "US"
    made.PresentationLUTShape = "INVERSE" if is_inverted else "IDENTITY"
    made.LossyImageCompression, made.BurnedInAnnotation = "00", "NO"
    made.DetectorType, made.PositionerType = "DIRECT", ""
    made.ImagerPixelSpacing = spacing
    made.AcquisitionContextSequence = Sequence([])
    made.AnatomicRegionSequence = Sequence([_code("51185008", "Chest")])
    made.ViewCodeSequence = Sequence([_code(*_VIEW_CODES[view])])
    made.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence([])


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code
