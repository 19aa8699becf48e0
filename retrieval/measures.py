"""Severity that people read from the picture, as a number on a fixed scale."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One severity scale.

    Attributes:
        name: As in reports.
        low: Least value of the scale.
        high: Greatest value of the scale.
        source: Who defined it.
    """

    name: str
    low: float
    high: float
    source: str


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "brixia",
            0,
            18,
            "Borghesi and Maroldi 2020: six lung zones, 0 to 3 each; the senior reader's where two read",
        ),
        Measure("extent", 0, 8, "Cohen 2020: geographic extent, 0 to 4 a lung, mean of three raters"),
        Measure("opacity", 0, 6, "Cohen 2020: degree of opacity, 0 to 3 a lung, mean of three raters"),
        Measure("cxr_severity", 1, 3, "NCCID schema 2.1: 1 mild, 2 moderate, 3 severe, by the site's radiologist"),
    )
}
