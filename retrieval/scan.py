"""What gets encoded: a chest film or a CT volume, with the few header facts that search and safety need."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

ADULT_FROM_YEARS = 18.0
"""Under 18 is a child: the NHS and UN CRC definition. Children never answer for adults by default."""

BANDS: tuple[tuple[int, int | None], ...] = (
    (0, 5),
    (6, 17),
    (18, 29),
    *((low, low + 9) for low in range(30, 90, 10)),
    (90, None),
)
"""Age bands shown and filtered on: coarse enough not to point at a person."""


class Modality(StrEnum):
    """What is searched together: films with films, CT with CT."""

    XRAY = "X-ray"
    CT = "CT"


class View(StrEnum):
    """Projection of a film, or plane of a CT image. ``AP_SUPINE`` and ``AP_ERECT`` are AP with the position stated."""

    PA = "PA"
    AP = "AP"
    AP_SUPINE = "AP Supine"
    AP_ERECT = "AP erect"
    LATERAL = "L"
    AXIAL = "Axial"
    CORONAL = "Coronal"


class Sex(StrEnum):
    """Sex as recorded; not recorded is ``None`` wherever a ``Sex`` is expected."""

    FEMALE = "F"
    MALE = "M"
    OTHER = "O"


@dataclass(frozen=True)
class Age:
    """Age in years as an interval, since collections state "50+" and "1-5" as well as "63".

    Attributes:
        low: Youngest possible age in years, at least 0.
        high: Oldest possible age in years, at least ``low``; infinite for "50+".
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError(f"Age: {self.low} to {self.high} years is not an interval of ages.")

    @classmethod
    def of(cls, years: float) -> Self:
        """Return the age of somebody exactly ``years`` old."""
        return cls(years, years)

    @property
    def is_child(self) -> bool | None:
        """Whether the age is under 18; None when the interval spans 18."""
        if self.high < ADULT_FROM_YEARS:
            return True
        return False if self.low >= ADULT_FROM_YEARS else None

    @property
    def band(self) -> str | None:
        """Age band such as "60-69", "0-5", "6-17" or "90+"; None when the interval does not fit one band."""
        low, high = math.floor(self.low), math.floor(self.high) if math.isfinite(self.high) else None
        for first, last in BANDS:
            if first <= low and (last is None or (high is not None and high <= last)):
                return f"{first}+" if last is None else f"{first}-{last}"
        return None


@dataclass(frozen=True)
class Window:
    """Linear display window (PS3.3 C.11.2.1.2), in the units of the pixels after the modality LUT.

    Attributes:
        centre: Window Center (0028,1050).
        width: Window Width (0028,1051), at least 1.
    """

    centre: float
    width: float


@dataclass(frozen=True)
class LookupTable:
    """VOI LUT (PS3.3 C.11.2.1.1).

    Attributes:
        first: Pixel value that maps to the first entry.
        entries: Output values in [0, 1].
    """

    first: float
    entries: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Scan:
    """One chest film or CT volume, decoded and oriented, not yet windowed or resized.

    Attributes:
        modality: Which index it belongs to.
        pixels: ``[slices, height, width]``, int16, uint16, uint8 or float32. After the modality LUT: Hounsfield
            units for CT read from DICOM (``is_hounsfield``), otherwise the modality's own units. Slices run from feet
            to head; a film has one. Padding is replaced by what displays as black.
        window: VOI transform of the header, None when it has none or for CT in HU.
        is_inverted: True when low values display white (MONOCHROME1).
        is_hounsfield: True when the pixels are Hounsfield units.
        slices_in_series: Slices the whole series has; more than ``pixels`` holds when slices were picked.
        is_even: Whether the slices of the whole series lie at even distances; None: no positions, or no distances.
        spacing_mm: Row and column spacing, None when the header has none.
        view: Projection or plane, None when not stated.
        sex: As recorded, None when not.
        age: At the scan, None when not recorded.
        study_date: StudyDate or AcquisitionDate, None when absent or implausible.
        patient_id: PatientID of the header. A pseudonym: used to leave the patient's own scans out, never shown.
        study_uid: StudyInstanceUID, and ``series_uid``: used to group, never shown.
        manufacturer: As recorded; for audits, never for search.
        facts: Further clinical facts of the header, by name of ``scankin.retrieval.clinical``, in its units.
    """

    modality: Modality
    pixels: NDArray[Any]
    window: Window | LookupTable | None = None
    is_inverted: bool = False
    is_hounsfield: bool = False
    slices_in_series: int = 1
    is_even: bool | None = None
    spacing_mm: tuple[float, float] | None = None
    view: View | None = None
    sex: Sex | None = None
    age: Age | None = None
    study_date: date | None = None
    patient_id: str | None = field(default=None, repr=False)
    study_uid: str | None = field(default=None, repr=False)
    series_uid: str | None = field(default=None, repr=False)
    manufacturer: str | None = None
    facts: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or 0 in self.pixels.shape:
            raise ValueError(f"Scan: pixels have shape {self.pixels.shape}; [slices, height, width] is needed.")
        if self.pixels.dtype not in (np.uint8, np.int16, np.uint16, np.float32):
            raise ValueError(f"Scan: pixels are {self.pixels.dtype}; uint8, int16, uint16 or float32 is needed.")
        if self.slices_in_series < len(self.pixels):
            raise ValueError("Scan: slices_in_series is less than the slices given.")

    @property
    def age_band(self) -> str | None:
        """Band of the age, None when it is not recorded or spans two."""
        return None if self.age is None else self.age.band

    @property
    def is_child(self) -> bool:
        """Whether the patient is surely under 18; an age that is not recorded counts as adult."""
        return self.age is not None and self.age.is_child is True

    @cached_property
    def pixel_hash(self) -> str:
        """SHA-256 (hex) of everything the rendered picture depends on: equal hashes render to equal pictures.

        Independent of how the values were stored: 8 bit and 16 bit files of the same values have the same hash.
        """
        digest = hashlib.sha256()
        digest.update(repr((self.modality.value, self.pixels.shape, self.window)).encode())
        digest.update(repr((self.is_inverted, self.is_hounsfield)).encode())
        digest.update(np.ascontiguousarray(self.pixels, dtype=self._hashed_dtype()).data)
        return digest.hexdigest()

    def _hashed_dtype(self) -> str:
        if self.pixels.dtype == np.float32:
            return "<f4"
        return "<i2" if self.pixels.min() < 0 else "<u2"

    def with_facts(
        self, *, view: View | None = None, sex: Sex | None = None, age: Age | None = None, patient_id: str | None = None
    ) -> Self:
        """Return the scan with facts filled in where the header has none; what the header states stays."""
        return replace(
            self,
            view=self.view or view,
            sex=self.sex or sex,
            age=self.age or age,
            patient_id=self.patient_id or patient_id,
        )
