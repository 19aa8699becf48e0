"""How many beds the admissions of a table may need, by site, need and horizon."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scankin.api.capacity.admitted import Admitted, Answer
from scankin.retrieval.capacity import Forecast, GroupRisks, beds, needs
from scankin.retrieval.capacity.forecast import LEVELS, QUANTILES
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.outcomes import Outcome

SCHEMA = "scankin.capacity/1"
ALL_SITES = "all sites"
NOT_STATED = "not stated"


@dataclass(frozen=True, eq=False)
class Need:
    """One need of one site's patients.

    Attributes:
        site: ``ALL_SITES``, a site, or ``NOT_STATED``.
        outcome: What is counted.
        patients: Admitted.
        estimated: With an estimate of their own.
        abstained: With an answer but no estimate: at the base rate, with its doubt.
        not_estimated: Every film refused or failed, or no base rate: in no figure; each may need a bed.
        base_rate: Of the index; None where it is not known.
        drift: Common error of log odds that is carried.
        forecast: Of the estimated and the abstained; None where there are none.
    """

    site: str
    outcome: Outcome
    patients: int
    estimated: int
    abstained: int
    not_estimated: int
    base_rate: float | None
    drift: float
    forecast: Forecast | None

    def row(self) -> dict[str, Any]:
        """Return the need as a flat row; numbers are empty where there is no forecast."""
        forecast = self.forecast
        columns: dict[str, Any] = {
            "site": self.site,
            "outcome": self.outcome.name,
            "need": self.outcome.kind.value,
            "horizon_days": self.outcome.horizon_days,
            "patients": self.patients,
            "estimated_patients": self.estimated,
            "abstained_patients": self.abstained,
            "not_estimated_patients": self.not_estimated,
            "base_rate": self.base_rate,
            "drift": self.drift,
            "expected": forecast and round(forecast.mean, 3),
            "sd": forecast and round(forecast.sd, 3),
        }
        for level in LEVELS:
            low, high = forecast.interval(level) if forecast else (None, None)
            columns |= {f"low_{100 * level:.0f}": low, f"high_{100 * level:.0f}": high}
        return columns | {f"q{100 * q:02.0f}": forecast.quantile(q) if forecast else None for q in QUANTILES}


@dataclass(frozen=True, eq=False)
class Plan:
    """The needs of a table's admissions.

    Attributes:
        needs: All sites together first, then by site; each with every need and horizon.
        days: First and last day of the admissions; None where none is known.
        undated: Admissions without a day.
        index: Version, encoder, manifest and licence line of the index that answered.
        has_backtest: Whether the drift was measured; without, none is carried.
    """

    needs: tuple[Need, ...]
    days: tuple[str, str] | None
    undated: int
    index: tuple[str, ...]
    has_backtest: bool


def plan_of(
    admitted: Sequence[Admitted], *, by_site: bool, day: str | None = None, drifts: Mapping[str, float] | None = None
) -> Plan:
    """Return what the admissions may need.

    Args:
        admitted: All of a table.
        by_site: Each site by itself too.
        day: Only the admissions of this day, ISO 8601.
        drifts: Common error of log odds by outcome, measured by a backtest; None: none is carried.

    Raises:
        InvalidRequest: There is no admission, or two indexes answered.
    """
    chosen = [one for one in admitted if day is None or one.day == day]
    if not chosen:
        raise InvalidRequest("The table holds no admission of that day." if day else "The table holds no admission.")
    indexes = sorted({one.index for one in chosen if one.index})
    if len(indexes) > 1:
        raise InvalidRequest("Two indexes answered the rows of this table. Score all of it with one.")
    groups: dict[str, list[Admitted]] = {ALL_SITES: chosen}
    for one in sorted(chosen, key=lambda one: (one.site is None, one.site or "")) if by_site else ():
        groups.setdefault(one.site or NOT_STATED, []).append(one)
    days = sorted(one.day for one in chosen if one.day)
    return Plan(
        needs=tuple(
            _need(site, outcome, held, (drifts or {}).get(outcome.name, 0.0))
            for site, held in groups.items()
            for outcome in needs()
        ),
        days=(days[0], days[-1]) if days else None,
        undated=len(chosen) - len(days),
        index=indexes[0] if indexes else (),
        has_backtest=drifts is not None,
    )


def drifts_of(path: Path) -> dict[str, float]:
    """Return the drift by outcome of a backtest's file.

    Raises:
        InvalidRequest: It is not one.
    """
    try:
        raw = json.loads(path.read_bytes())
        return {name: float(one["drift"]) for name, one in raw["outcomes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidRequest(
            "That is no backtest. Name the backtest.json that `scankin-index capacity-backtest` writes."
        ) from None


def _need(site: str, outcome: Outcome, admitted: Sequence[Admitted], drift: float) -> Need:
    answers = [one.answers[outcome.name] for one in admitted if one.is_answered]
    usable = [answer for answer in answers if answer.base_rate is not None and answer.base_patients]
    group = _group(usable)
    return Need(
        site=site,
        outcome=outcome,
        patients=len(admitted),
        estimated=len(group.risks) if group else 0,
        abstained=group.abstained if group else 0,
        not_estimated=len(admitted) - len(usable),
        base_rate=None if group is None else group.base_rate,
        drift=drift,
        forecast=beds(group, drift) if group else None,
    )


def _group(answers: Sequence[Answer]) -> GroupRisks | None:
    """Return the group; base rates of films and CTs differ, so theirs is weighted by the patients who take it."""
    if not answers:
        return None
    risks = tuple(answer.risk for answer in answers if answer.risk is not None)
    takers = [answer for answer in answers if answer.risk is None] or answers
    base = sum(answer.base_rate or 0.0 for answer in takers) / len(takers)
    return GroupRisks(risks, len(answers) - len(risks), base, min(answer.base_patients for answer in answers))
