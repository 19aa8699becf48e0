"""The invented hospitals that send in patients: uneven in size, in patients and in equipment."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

POSITIVE_SHARE = 0.34
"""Of all patients: 6,660 of 19,700 in NCCID's final count."""

MAKERS = ("Constructed Imaging", "Invented Radiography", "Example X-ray Works", "Drawn Systems")


@dataclass(frozen=True)
class Room:
    """One X-ray machine, and how its films are stored.

    Attributes:
        modality: "DX" or "CR".
        maker: Manufacturer, invented.
        model: Its name, invented.
        bits_stored: 8, 10, 12, 14 or 16.
        voi: What the header says of display: "window", "table" or "none".
        rows: Pixels along the longer side.
    """

    modality: str
    maker: str
    model: str
    bits_stored: int
    voi: str
    rows: int


@dataclass(frozen=True)
class Centre:
    """One submitting centre.

    Attributes:
        name: SubmittingCentre.
        positive_share: Of its patients.
        blank_share: Of its laboratory fields.
        dirt: How carelessly it fills in its files, 0.3 to 2; 1 is average.
        units: Unit by quantity, where it differs by centre.
        fixed: Where those who can stand are taken, PA.
        mobile: What is brought to the bed, AP.
    """

    name: str
    positive_share: float
    blank_share: float
    dirt: float
    units: Mapping[str, str]
    fixed: Room
    mobile: Room


@dataclass(frozen=True)
class Centres:
    """All centres with their sizes.

    Attributes:
        centres: In order of number.
        weights: Share of the patients, adding up to 1.
    """

    centres: tuple[Centre, ...]
    weights: tuple[float, ...]


def centres_of(seed: int, count: int) -> Centres:
    """Return ``count`` centres, the same for the same seed and count; positives come to ``POSITIVE_SHARE`` overall."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(count, 0)))
    weights = rng.dirichlet(np.full(count, 1.3))
    shift = rng.normal(0, 0.09, count)
    shift -= (shift * weights).sum()
    shares = np.clip(POSITIVE_SHARE + shift, 0.08, 0.75)
    made = [
        Centre(
            name=f"Constructed NHS Trust {number + 1:02d}",
            positive_share=float(shares[number]),
            blank_share=float(rng.uniform(0.03, 0.3)),
            dirt=float(rng.uniform(0.3, 2.0)),
            units=_units(rng),
            fixed=_room(rng, "DX" if rng.random() < 0.75 else "CR"),
            mobile=_room(rng, "DX" if rng.random() < 0.45 else "CR"),
        )
        for number in range(count)
    ]
    return Centres(tuple(made), tuple(weights.tolist()))


def _units(rng: np.random.Generator) -> dict[str, str]:
    """Most report D-dimer in ng/mL, one in ten troponin I in ng/mL, one in six a saturation as PaO2 (NCCID.md 2.6)."""
    units = {"D-dimer": str(rng.choice(["mg/L", "ng/mL", "µg/L"], p=[0.2, 0.65, 0.15]))}
    units["Troponin I"] = "ng/mL" if rng.random() < 0.1 else "ng/L"
    units["PaO2/O2 saturation"] = "%" if rng.random() < 1 / 6 else "kPa"
    return units


def _room(rng: np.random.Generator, modality: str) -> Room:
    maker = int(rng.integers(len(MAKERS)))
    return Room(
        modality=modality,
        maker=MAKERS[maker],
        model=f"{modality}-{maker + 1}{rng.integers(10, 99)}",
        bits_stored=int(rng.choice([8, 10, 12, 14, 16], p=[0.15, 0.2, 0.35, 0.2, 0.1])),
        voi=str(rng.choice(["window", "table", "none"], p=[0.6, 0.2, 0.2])),
        rows=int(rng.choice([512, 576, 640], p=[0.6, 0.25, 0.15])),
    )
