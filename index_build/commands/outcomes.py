"""Outcomes: forecasts of beds, measured on the past."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scankin.index_build.commands.shared import CasebookFolder, app, bar, out


@app.command(name="capacity-backtest")
def capacity_backtest(
    casebook: CasebookFolder,
    encoder: Annotated[str, typer.Option(help="Encoder whose vectors are cached: an index was built with it.")],
    into: Annotated[Path, typer.Option("--out", help="Folder for backtest.json and backtest.html.")],
    step_days: Annotated[int, typer.Option(min=1, help="Days that one forecast is of.")] = 7,
) -> None:
    """Forecast the beds of every past week with what was known by then, and compare with what came."""
    from scankin.index_build.backtest.cohort import load_dated  # noqa: PLC0415
    from scankin.index_build.backtest.page import write_page  # noqa: PLC0415
    from scankin.index_build.backtest.run import backtest as run  # noqa: PLC0415
    from scankin.index_build.backtest.run import write  # noqa: PLC0415
    from scankin.models import load_encoder  # noqa: PLC0415

    cohort = load_dated(casebook, load_encoder(encoder).identity)
    with bar("Forecasting") as progress:
        found = run(cohort, step_days=step_days, progress=progress)
    path, page = write(found, into), write_page(found, into)
    table = Table("outcome", title="Forecasts and what came", title_justify="left")
    table.columns[0].overflow = "fold"  # the names tell the outcomes apart at their ends
    for column in ("windows", "expected", "happened", "95 % held", "CRPS less base rate's [95 % interval]"):
        table.add_column(column, justify="right")
    for name, one in found.scores.items():
        low, high = one.crps_less_base_interval
        held = one.coverage["95"]
        less = f"{one.crps_less_base:+.3f} [{low:+.3f}, {high:+.3f}]"
        table.add_row(name, str(one.windows), f"{one.expected:.1f}", str(one.happened), f"{held.share:.3f}", less)
    out.print(table)
    out.print(f"The report: {page.name}, with {path.name} beside it; give it to scankin capacity --backtest.")
