"""The verdict on a query: conformal p-values of its distances, and the refusal in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.gate.depth import Depth
from scankin.retrieval.gate.picture import picture_features

FALSE_REFUSAL = 0.05
"""Share of scans like those of the index that is refused, unless set otherwise: EVALUATION.md, T14."""

MOST_FALSE_REFUSAL = 0.5

CONFIDENCE = 0.95
"""That the scans of one calibration set do not lead to more false refusals than was asked for."""

WORDS = {
    "vector": "what the encoder sees",
    "grey": "where it is light and dark",
    "outline": "where its edges run",
    "tone": "its tones and contrast",
}
"""Names of the depths, and what they are in words."""

USED = (
    ("vector", "nearest"),
    ("vector", "spread"),
    ("grey", "nearest"),
    ("outline", "nearest"),
    ("outline", "spread"),
    ("tone", "nearest"),
)
"""Distances that are combined: to the nearest reference scans, or to all of them in units of their spread."""


@dataclass(frozen=True)
class Measured:
    """How far a query lies at one depth, by one distance.

    Attributes:
        depth: A name of ``WORDS``.
        distance: "nearest" or "spread".
        p_value: Share of calibration scans and the query itself that lie as far or farther, in (0, 1].
    """

    depth: str
    distance: str
    p_value: float


@dataclass(frozen=True)
class Verdict:
    """What a gate says of one query.

    Attributes:
        p_value: Conformal p-value of all distances together, in (0, 1]; low: unlike the index.
        false_refusal: Share of scans like those of the index that may be refused.
        level: Refused is what has a p-value of at most this; see ``level_of``.
        measured: Every distance alone.
        spoke: Which of them was the most extreme.
        calibration_patients: Patients the p-values rest on.
    """

    p_value: float
    false_refusal: float
    level: float
    measured: tuple[Measured, ...]
    spoke: Measured
    calibration_patients: int

    @property
    def is_refused(self) -> bool:
        """Whether the index should not answer."""
        return self.p_value <= self.level + 1e-12

    @property
    def reason(self) -> str:
        """Why, in a sentence, whether refused or not."""
        rank = round(self.p_value * (self.calibration_patients + 1)) - 1
        to = "its nearest scans" if self.spoke.distance == "nearest" else "the whole of its scans"
        return (
            f"Of {self.calibration_patients:,} patients of the index who were set aside to compare with, {rank:,} are "
            f"as unlike the others as this picture, which stands out most by {WORDS[self.spoke.depth]}, far from {to} "
            f"(p {self.p_value:.4f}; {self.level:.4f} or less is refused)."
        )


@dataclass(frozen=True, eq=False)
class Gate:
    """Fitted on the scans of one modality.

    Attributes:
        depths: By the names of ``WORDS``.
        calibration: ``[patients, len(USED)]`` distances of one scan of each patient who is not in the reference.
        false_refusal: Share of scans like those of the index that is refused unless a query says otherwise.
    """

    depths: Mapping[str, Depth]
    calibration: NDArray[np.float64]
    false_refusal: float = FALSE_REFUSAL

    @property
    def least_false_refusal(self) -> float:
        """The smallest share at which anything can be refused: one in all calibration patients and the query."""
        return 1 / (len(self.calibration) + 1)

    def distances(self, vector: NDArray[np.float32], picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return ``[len(USED)]`` distances of a scan's unit vector ``[dim]`` and thumbnail ``[256, 256]``."""
        return distances_of(self.depths, vector, picture)

    def judge(self, distances: NDArray[np.float64], false_refusal: float | None = None) -> Verdict:
        """Return the verdict on a scan.

        The p-value is exact for exchangeable patients: the query is ranked among the calibration patients and itself,
        and what brings the distances to one scale (median and 95 % quantile) is taken of them all, the query included
        (full conformal prediction, Vovk et al. 2005).

        Args:
            distances: ``[len(USED)]``, see ``distances``.
            false_refusal: Instead of the index's own.

        Raises:
            InvalidRequest: Refusing so few is more than was calibrated for, or it is more than a half.
        """
        wanted = self.false_refusal if false_refusal is None else false_refusal
        self.require_possible(wanted)
        together = np.vstack([self.calibration, distances])
        middle, high = np.quantile(together, (0.5, 0.95), axis=0)
        scale = np.maximum(high - middle, 1e-9)
        scaled = (together - middle) / scale
        farthest = scaled.max(axis=1)
        measured = tuple(
            Measured(depth, distance, float((together[:, column] >= together[-1, column]).mean()))
            for column, (depth, distance) in enumerate(USED)
        )
        return Verdict(
            p_value=float((farthest >= farthest[-1]).mean()),
            false_refusal=wanted,
            level=level_of(wanted, len(self.calibration)),
            measured=measured,
            spoke=measured[int(scaled[-1].argmax())],
            calibration_patients=len(self.calibration),
        )

    def require_possible(self, false_refusal: float) -> None:
        """Raise InvalidRequest unless this gate can refuse such a share of its own scans."""
        if not self.least_false_refusal <= false_refusal <= MOST_FALSE_REFUSAL:
            raise InvalidRequest(
                f"A false-refusal rate of {false_refusal:g} cannot be kept: with {len(self.calibration)} calibration "
                f"patients {self.least_false_refusal:.4f} to {MOST_FALSE_REFUSAL} are possible, and 0 for no gate."
            )


@lru_cache(maxsize=64)
def level_of(false_refusal: float, patients: int) -> float:
    """Return the greatest conformal p-value that is refused, for a bound on false refusals and a calibration set.

    Of n calibration patients, refusing p-values up to k / (n + 1) refuses a share of the scans to come that varies with
    the set as Beta(k, n + 1 - k) (Vovk 2012). The largest k is taken that keeps the bound in 95 % of sets. Below 59
    patients (for 5 %) there is none: then k is 1 where the bound is kept on average over sets.
    """
    ranks = np.arange(1, patients + 1)
    kept = ranks[special.betainc(ranks, patients + 1 - ranks, false_refusal) >= CONFIDENCE]
    if len(kept):
        return float(kept[-1]) / (patients + 1)
    return 1 / (patients + 1) if false_refusal * (patients + 1) >= 1 else 0.0


def distances_of(
    depths: Mapping[str, Depth], vector: NDArray[np.float32], picture: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Return ``[len(USED)]`` distances of one scan to the reference of ``depths``."""
    features = {"vector": vector, **picture_features(picture)}
    found = {
        name: dict(zip(("nearest", "spread"), depth.distances(features[name]), strict=True))
        for name, depth in depths.items()
    }
    return np.array([found[depth][distance] for depth, distance in USED])
