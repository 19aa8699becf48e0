"""Projection and body part from the free text of headers: NCCID holds dozens of spellings."""

import re

from pydicom.dataset import Dataset

from scankin.retrieval.errors import Reason, RefusedScan
from scankin.retrieval.scan import View

_VIEWS = (
    # What the text says, in this order: "AP Supine" before "AP", laterals before both ("Lateral Decub" is a lateral).
    (re.compile(r"\b(LAT|LATERAL|LL|RL|LLAT|RLAT|L-?LAT)\b"), View.LATERAL),
    (re.compile(r"\bAP\b.*\bSUPINE\b|\bSUPINE\b"), View.AP_SUPINE),
    (re.compile(r"\bAP\b.*\bERECT\b"), View.AP_ERECT),
    (re.compile(r"(?<![A-Z])PA(?![A-Z])"), View.PA),
    (re.compile(r"(?<![A-Z])AP(?![A-Z])"), View.AP),
    # Mobile and trolley films are taken from the front: the plate lies behind the patient.
    (re.compile(r"\b(MOBILE|PORTABLE|TROLLEY|SKYPLATE|NGT?)\b"), View.AP),
)

_NOT_CHEST = re.compile(
    r"\b(ABDO\w*|ADDOMEN|RENAL|KUB|PELVIS|HIPS?|SKULL|SPINE|[CTL]-SPINE|KNEES?|HANDS?|FOOT|FEET|ANKLES?|WRISTS?|"
    r"SHOULDERS?|FEMUR|TIBIA|ELBOW|HUMERUS|FINGERS?|TOES?|BRAIN|HEAD|NECK|SINUS\w*|DENTAL|MAMMO\w*|LEGS?|ARMS?|EXTREMITY)\b"
)
_CHEST = re.compile(r"\b(CHEST|THORAX|TORAX|THORACIC|LUNGS?|RIBS?|CXR|CHEST_?\w*|HEART|PULMON\w*)\b|CHEST")

_ANIMAL = re.compile(r"\b(CANINE|FELINE|EQUINE|BOVINE|AVIAN|VETERINAR\w*|VET HOSPITAL)\b")


def view_of(dataset: Dataset) -> View | None:
    """Return the projection: SeriesDescription says it first, then ViewPosition, then what the protocol is called."""
    for keyword in ("SeriesDescription", "ViewPosition", "ProtocolName", "AcquisitionDeviceProcessingDescription"):
        text = text_of(dataset, keyword)
        for pattern, view in _VIEWS:
            if pattern.search(text):
                return view
    return None


def require_chest(dataset: Dataset) -> None:
    """Raise RefusedScan when the header says that the image is of an animal or of another part of the body.

    BodyPartExamined decides where it names a known part; then the descriptions do. A description that names the chest
    among others ("chest and abdomen") counts as chest. HEART counts as chest: cardiac CT shows the lungs beside it.
    """
    species = " ".join(
        text_of(dataset, keyword)
        for keyword in ("PatientSpeciesDescription", "AcquisitionDeviceProcessingDescription", "InstitutionName")
    )
    if _ANIMAL.search(species) or (text_of(dataset, "PatientSpeciesDescription") not in ("", "HOMO SAPIENS", "HUMAN")):
        raise RefusedScan(Reason.NOT_HUMAN, "The header says that this is an animal. Only people are compared.")
    texts = [text_of(dataset, k) for k in ("BodyPartExamined", "SeriesDescription", "ViewPosition", "StudyDescription")]
    if any(_CHEST.search(text) for text in texts[:2]):
        return
    for text in texts[:3]:
        if _NOT_CHEST.search(text):
            raise RefusedScan(Reason.NOT_A_CHEST, "The header names another part of the body. Send a chest scan.")


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return an element as one line of capitals, punctuation of lists removed; empty when it is absent."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    return re.sub(r"[\s:;,()\[\]'^]+", " ", str(value).replace("_", " ")).strip().upper()
