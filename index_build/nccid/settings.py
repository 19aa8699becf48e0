"""How NCCID is read: what a site may set."""

from dataclasses import dataclass
from pathlib import Path

COVID_WINDOW_DAYS = (-14, 28)
"""Days of a film from a positive swab within which it shows COVID-19 (Harkness's rule on NCCID, both ends excluded)."""


@dataclass(frozen=True)
class NccidSettings:
    """Settings of the importer.

    Attributes:
        covid_window_days: See ``COVID_WINDOW_DAYS``.
        units: Table of laboratory units by site in the form of NCCID_site_specific_units; None: the six known trusts.
    """

    covid_window_days: tuple[int, int] = COVID_WINDOW_DAYS
    units: Path | None = None
