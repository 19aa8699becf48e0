"""What to read: a file, the slices of a series, an archive, or the bytes of an upload."""

from dataclasses import dataclass, field
from pathlib import Path

from scankin.retrieval.scan import Modality


@dataclass(frozen=True)
class ReadRequest:
    """One scan to read.

    Attributes:
        paths: One DICOM file, picture or zip; or every slice of one CT series in any order. Empty when ``data`` is.
        data: The bytes of an upload: one DICOM file, or a zip of one. None when ``paths`` are given.
        slices: Slices of a CT series to pick, from the headers and across the lungs, before decoding; None: all.
        pictures: True accepts PNG and JPEG, for research collections.
        modality: What a picture shows; X-ray unless said.
    """

    paths: tuple[Path, ...] = ()
    data: bytes | None = field(default=None, repr=False)
    slices: int | None = None
    pictures: bool = False
    modality: Modality | None = None

    def __post_init__(self) -> None:
        if bool(self.paths) == (self.data is not None):
            raise ValueError("ReadRequest: either paths or data are needed.")
        if self.slices is not None and self.slices < 1:
            raise ValueError(f"ReadRequest: {self.slices} slices cannot be picked; at least 1.")
