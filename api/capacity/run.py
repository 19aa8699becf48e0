"""Reads the table, makes the plan, writes its three files."""

import json
from pathlib import Path

from scankin.api.capacity.admitted import admitted_of
from scankin.api.capacity.page import render
from scankin.api.capacity.plan import SCHEMA, Plan, drifts_of, plan_of
from scankin.api.tables import writer_of
from scankin.retrieval.capacity import needs
from scankin.retrieval.files import replaced, replacing
from scankin.retrieval.report import NOTICE

TABLE, VALUES, PAGE = "capacity.csv", "capacity.json", "capacity.html"


def capacity(
    scores: Path, into: Path, *, by_site: bool = False, day: str | None = None, backtest: Path | None = None
) -> Plan:
    """Write ``capacity.csv``, ``.json`` and ``.html`` into a folder, made when it is not there; return the plan.

    Args:
        scores: Table of admissions.
        into: The folder.
        by_site: Each site by itself too.
        day: Only admissions of this day, ISO 8601.
        backtest: File of a backtest, for the drift.

    Raises:
        InvalidRequest: The table or the backtest cannot be used, or nobody was admitted that day.
        OSError: The disk refused a write; a file that was not finished is as it was.
    """
    drifts = drifts_of(backtest) if backtest is not None else None
    admitted = admitted_of(scores, [outcome.name for outcome in needs()])
    plan = plan_of(admitted, by_site=by_site, day=day, drifts=drifts)
    into.mkdir(parents=True, exist_ok=True)
    rows = [need.row() | {"notice": NOTICE} for need in plan.needs]
    with replacing(into / TABLE) as file:
        writer_of(".csv")(file, list(rows[0]), rows)
    replaced(into / VALUES, _json(plan))
    replaced(into / PAGE, render(plan).encode())
    return plan


def _json(plan: Plan) -> bytes:
    raw = {
        "schema": SCHEMA,
        "days": plan.days,
        "undated": plan.undated,
        "has_backtest": plan.has_backtest,
        "index": dict(zip(("version", "encoder", "manifest", "licence"), plan.index, strict=False)),
        "needs": [
            need.row() | {"chances": None if need.forecast is None else need.forecast.chances.round(6).tolist()}
            for need in plan.needs
        ],
        "notice": NOTICE,
    }
    return json.dumps(raw, indent=1, allow_nan=False).encode()
