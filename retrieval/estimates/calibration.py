"""What was fitted when an index was built, so that its estimates mean what they say; a file of the version."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from scankin.retrieval.errors import StoreCorrupt
from scankin.retrieval.estimates.age_sex import AgeSexModel
from scankin.retrieval.estimates.evidence import BaseRate
from scankin.retrieval.estimates.joint import JointFit
from scankin.retrieval.estimates.kernel import Kernel
from scankin.retrieval.estimates.posterior import Shape
from scankin.retrieval.estimates.prognosis import Prognosis, prognoses_bytes, prognoses_of
from scankin.retrieval.scan import Modality

CALIBRATION_SCHEMA = "scankin.calibration/2"


@dataclass(frozen=True)
class Losses:
    """Mean log loss on patients held out, weighted as their evidence; less is better.

    Attributes:
        neighbours: Of the estimate from alike patients.
        age_sex: Of age and sex alone, in the same patients; None where too few have an age.
        base_rate: Of the base rate alone.
    """

    neighbours: float
    age_sex: float | None
    base_rate: float


@dataclass(frozen=True)
class Fit:
    """What one outcome's estimates are made with.

    Attributes:
        kernel: Weighs alike patients.
        shape: Shrinkage, recalibration and width of intervals.
        least_size: Below this effective sample size no estimate is given.
        losses: How it did on patients held out.
    """

    kernel: Kernel
    shape: Shape
    least_size: float
    losses: Losses


@dataclass(frozen=True)
class OutcomeCalibration:
    """One outcome in one modality.

    Attributes:
        base: Base rate; None where it cannot be known.
        fit: None where too few patients are known for one.
        age_sex: None where too few patients are known who have an age.
        refusal: Why there is no fit; None where there is one.
        joint: How an estimate from picture and facts did; None where too few state facts, or published before.
    """

    base: BaseRate | None
    fit: Fit | None = None
    age_sex: AgeSexModel | None = None
    refusal: str | None = None
    joint: JointFit | None = None

    def __post_init__(self) -> None:
        if (self.fit is None) != (self.refusal is not None):
            raise ValueError("OutcomeCalibration: a refusal is stated exactly where there is no fit.")

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the calibration of plain JSON values."""
        fit = raw["fit"]
        return cls(
            base=raw["base"] and BaseRate(**raw["base"]),
            fit=fit and Fit(Kernel(**fit["kernel"]), Shape(**fit["shape"]), fit["least_size"], Losses(**fit["losses"])),
            age_sex=raw["age_sex"] and AgeSexModel(**raw["age_sex"]),
            refusal=raw["refusal"],
            joint=JointFit.from_json(raw["joint"]) if raw.get("joint") else None,
        )


@dataclass(frozen=True)
class ModalityCalibration:
    """What was fitted in one modality.

    Attributes:
        outcomes: By name.
        edge_similarity: Nineteen of twenty patients held out have a patient more similar than this; a query whose
            nearest is less so lies near the edge of the index. None where too few were held out to tell.
        prognoses: Prognostic scores of the outcomes that were fitted; a file of their own.
    """

    outcomes: Mapping[str, OutcomeCalibration]
    edge_similarity: float | None = None
    prognoses: Mapping[str, Prognosis] = field(default_factory=dict)


Calibration = Mapping[Modality, ModalityCalibration]
"""By modality."""


def calibration_bytes(calibration: Calibration) -> tuple[bytes, bytes]:
    """Return the two files of a calibration, numbers and scores, the same for the same values."""
    held = {
        modality.value: {
            "outcomes": {name: asdict(outcome) for name, outcome in one.outcomes.items()},
            "edge_similarity": one.edge_similarity,
        }
        for modality, one in calibration.items()
    }
    numbers = json.dumps({"schema": CALIBRATION_SCHEMA, "modalities": held}, indent=1, sort_keys=True).encode()
    return numbers, prognoses_bytes({modality: one.prognoses for modality, one in calibration.items()})


def calibration_of(data: bytes, scores: bytes, version: str) -> Calibration:
    """Return the calibration of the bytes of its two files.

    Raises:
        StoreCorrupt: It is not a calibration of this format.
    """
    try:
        raw = json.loads(data)
        if raw["schema"] != CALIBRATION_SCHEMA:
            raise StoreCorrupt(f"{version}: calibration of format {raw['schema']!r}; {CALIBRATION_SCHEMA!r} is read.")
        prognoses = prognoses_of(scores, version)
        return {
            Modality(modality): ModalityCalibration(
                {name: OutcomeCalibration.from_json(one) for name, one in by["outcomes"].items()},
                by["edge_similarity"],
                prognoses[Modality(modality)],
            )
            for modality, by in raw["modalities"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorrupt(f"{version}: its calibration cannot be read. Roll back or rebuild.") from error
