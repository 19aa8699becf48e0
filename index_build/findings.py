"""What a collection's labels state of a film: present, stated absent, or not stated. Not stated is never absent."""

from collections.abc import Iterable

NO_FINDING = "No Finding"
COVID = "COVID-19"
PNEUMONIA = "Pneumonia"
VIRAL = "Viral Pneumonia"
NON_COVID_CT = "Non-COVID CT"

PARENTS = {
    "COVID-19": "Viral Pneumonia",
    "SARS": "Viral Pneumonia",
    "MERS-CoV": "Viral Pneumonia",
    "Influenza": "Viral Pneumonia",
    "H1N1": "Influenza",
    "Varicella": "Viral Pneumonia",
    "Herpes": "Viral Pneumonia",
    "Streptococcus": "Bacterial Pneumonia",
    "Mycoplasma": "Bacterial Pneumonia",
    "Klebsiella": "Bacterial Pneumonia",
    "E.Coli": "Bacterial Pneumonia",
    "Legionella": "Bacterial Pneumonia",
    "Chlamydophila": "Bacterial Pneumonia",
    "Nocardia": "Bacterial Pneumonia",
    "Staphylococcus": "Bacterial Pneumonia",
    "MRSA": "Staphylococcus",
    "Pneumocystis": "Fungal Pneumonia",
    "Aspergillosis": "Fungal Pneumonia",
    "Viral Pneumonia": "Pneumonia",
    "Bacterial Pneumonia": "Pneumonia",
    "Fungal Pneumonia": "Pneumonia",
    "Lipoid Pneumonia": "Pneumonia",
    "Aspiration Pneumonia": "Pneumonia",
}
"""A cause implies its kind of pneumonia."""

NIH_VOCABULARY = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumonia",
    "Pneumothorax",
)
"""NIH ChestX-ray14 labels every film for each of these fourteen (Wang 2017), so an absent one is stated absent."""


def stated_findings(
    labels: Iterable[str], *, covid: bool | None = None, vocabulary: Iterable[str] = ()
) -> dict[str, bool]:
    """Return what is stated: True present, False stated absent; what is not stated is left out. Sorted by name.

    Args:
        labels: As the collection gives them, spelled as here; empty: nothing is stated but ``covid``.
        covid: COVID-19 stated by the collection beside its labels: present, absent, or None.
        vocabulary: Findings that the collection states for every film it labels.
    """
    given = {label for label in labels if label}
    # The class "Non-COVID CT" of ucsd-covid-ct names no finding: of such a picture only COVID-19 is known, as absent.
    seen = given - {NO_FINDING, NON_COVID_CT}
    present = {name for label in seen for name in (label, *implied_by(label))}
    absent: set[str] = set()
    if seen:
        # Something was found, so "No Finding" is not so; of a labelled film the vocabulary's others are absent.
        absent = {NO_FINDING, *vocabulary} - present
    elif NO_FINDING in given:
        # Nothing was found: no pneumonia of any cause, and none of what the collection looks for.
        present, absent = {NO_FINDING}, {PNEUMONIA, COVID, *vocabulary}
    if covid is None and NON_COVID_CT in given:
        covid = False
    if covid is not None:
        # A statement beside the labels, such as a swab, is of the disease: it implies nothing seen in the film, and
        # outweighs what the film's being clear says. Against a label of COVID-19 it leaves the matter open.
        present, absent = present - {COVID}, absent - {COVID}
        if COVID not in seen or covid:
            (present if covid else absent).add(COVID)
    return {name: name in present for name in sorted(present | absent)}


def implied_by(label: str) -> tuple[str, ...]:
    """Return what a label implies, nearest first: COVID-19 is a viral pneumonia, which is a pneumonia."""
    parent = PARENTS.get(label)
    return () if parent is None else (parent, *implied_by(parent))


def names_another_cause(labels: Iterable[str]) -> bool:
    """Return whether the labels name a cause of pneumonia that is not COVID-19, and do not name COVID-19.

    "Pneumonia" and "Viral Pneumonia" leave the cause open, as does what is no pneumonia.
    """
    causes = {label for label in labels if label in PARENTS} - {VIRAL}
    return bool(causes) and COVID not in causes
