"""What a collection's labels state of a film: present, stated absent, or not stated. Not stated is never absent."""

from collections.abc import Iterable

NO_FINDING = "No Finding"
COVID = "COVID-19"
PNEUMONIA = "Pneumonia"

PARENTS = {
    "COVID-19": "Viral Pneumonia",
    "SARS": "Viral Pneumonia",
    "MERS-CoV": "Viral Pneumonia",
    "Influenza": "Viral Pneumonia",
    "Varicella": "Viral Pneumonia",
    "Herpes": "Viral Pneumonia",
    "H1N1": "Viral Pneumonia",
    "Streptococcus": "Bacterial Pneumonia",
    "Mycoplasma": "Bacterial Pneumonia",
    "Klebsiella": "Bacterial Pneumonia",
    "E.Coli": "Bacterial Pneumonia",
    "Legionella": "Bacterial Pneumonia",
    "Chlamydophila": "Bacterial Pneumonia",
    "Nocardia": "Bacterial Pneumonia",
    "Staphylococcus": "Bacterial Pneumonia",
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

NOT_FINDINGS = frozenset({"Non-COVID CT"})
"""Labels that name a class of a data set, not something seen in the picture."""


def stated_findings(
    labels: Iterable[str], *, covid: bool | None = None, vocabulary: Iterable[str] = ()
) -> dict[str, bool]:
    """Return what is stated: True present, False stated absent; what is not stated is left out.

    A label is present together with what it implies. "No Finding" states that pneumonia, COVID-19 and the vocabulary
    are absent; any other finding states that "No Finding" is not so.

    Args:
        labels: As the collection gives them, spelled as here.
        covid: COVID-19 stated present, stated absent, or None.
        vocabulary: Findings that the collection states for every film it labels.
    """
    present = {label for label in labels if label and label not in NOT_FINDINGS}
    if covid:
        present.add(COVID)
    for label in list(present):
        while label in PARENTS:
            label = PARENTS[label]  # noqa: PLW2901 (walks up)
            present.add(label)
    absent: set[str] = set()
    if present == {NO_FINDING}:
        absent |= {PNEUMONIA, COVID, *vocabulary}
    elif present:
        absent |= {NO_FINDING, *vocabulary}
    if covid is False:
        absent.add(COVID)
    return {name: name in present for name in sorted(present | absent)}
