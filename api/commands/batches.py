"""Many scans: batch scoring and the beds that it lets one expect."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scankin.api.commands.shared import (
    CORES,
    AsOf,
    Bands,
    Collections,
    Device,
    Engine,
    FalseRefusal,
    Index,
    K,
    MaxDays,
    MinDays,
    MixAges,
    Sexes,
    Sites,
    Views,
    Weights,
    app,
    err,
    options_of,
    out,
)
from scankin.retrieval.errors import InvalidRequest

GAP_DAYS = 30  # as ``admissions.DEFAULT_GAP_DAYS``, which a short command does not load


class By(StrEnum):
    """What capacity is told by, besides all together."""

    SITE = "site"


@app.command()
def score(
    index: Index,
    into: Annotated[Path, typer.Option("--out", help="Table of the scans to write: .csv, .parquet or .ndjson.")],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(help="Folders, DICOM files, zips, lists (.txt, .csv), URLs such as s3://BUCKET/DAY."),
    ] = None,
    watch: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Score what arrives in this folder until ended by Ctrl-C.")
    ] = None,
    poll_seconds: Annotated[float, typer.Option(min=0.1, help="Between two looks into the watched folder.")] = 5.0,
    patients_out: Annotated[
        Path | None, typer.Option(help="Table of the admissions; default: STEM.patients.SUFFIX beside --out.")
    ] = None,
    admission_gap: Annotated[
        int, typer.Option(min=0, help="More days than this between two films of a patient: another admission.")
    ] = GAP_DAYS,
    k: K = 10,
    age_band: Bands = None,
    sex: Sexes = None,
    view: Views = None,
    site: Sites = None,
    collection: Collections = None,
    min_days_since_admission: MinDays = None,
    max_days_since_admission: MaxDays = None,
    mix_ages: MixAges = False,
    false_refusal: FalseRefusal = None,
    as_of: AsOf = None,
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Scans read and encoded at once.")] = CORES,
) -> None:
    """Write a row for every scan, refused and failed ones included, and one for every patient's admission.

    An interrupted run resumes.
    """
    from scankin.api.engine import open_retriever  # noqa: PLC0415
    from scankin.api.scoring import Tables  # noqa: PLC0415
    from scankin.api.scoring import score as run  # noqa: PLC0415
    from scankin.retrieval.course.asked import parsed_time  # noqa: PLC0415

    tables = Tables(into, patients_out, admission_gap)
    options = options_of(
        k,
        age_band,
        sex,
        view,
        site,
        collection,
        (min_days_since_admission, max_days_since_admission),
        mix_ages,
        false_refusal,
    )
    time = parsed_time(as_of=as_of and as_of.date())
    options = replace(options, question=replace(options.question, time=time))
    if bool(inputs) == (watch is not None):
        raise InvalidRequest("Name either what to score, or a folder to --watch.")
    retriever = open_retriever(index, weights, device, engine)
    if watch is not None:
        from scankin.api.watching import ended_by_signals  # noqa: PLC0415
        from scankin.api.watching import watch as run_watch  # noqa: PLC0415

        with ended_by_signals() as ended:
            err.print("Watching. End with Ctrl-C; the same command goes on from there.")
            account = run_watch(
                watch,
                retriever,
                tables,
                options,
                workers=workers,
                poll_seconds=poll_seconds,
                ended=ended,
                progress=lambda so_far: err.print(_counts("scans", so_far.statuses)),
            )
    else:
        with Progress(
            TextColumn("Scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err, transient=True
        ) as bars:
            task = bars.add_task("Scoring", total=None)
            account = run(
                inputs or (),
                retriever,
                tables,
                options,
                workers=workers,
                progress=lambda done, total: bars.update(task, completed=done, total=total),
            )
    err.print(f"{_counts('scans', account.statuses)}; {account.resumed:,} from an interrupted run.")
    err.print(f"{_counts('admissions', account.admissions)}; {account.patients:,} patients.")
    for reason, count in sorted(account.reasons.items()):
        err.print(f"  {count:,} {reason}")


@app.command()
def capacity(
    scores: Annotated[Path, typer.Argument(help="Table of admissions of `score`: STEM.patients.csv or .parquet.")],
    into: Annotated[Path, typer.Option("--out", help="Folder for capacity.csv, .json and .html.")],
    by: Annotated[By | None, typer.Option(help="Each site by itself too.")] = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only admissions of this day.")] = None,
    backtest: Annotated[
        Path | None, typer.Option(help="backtest.json of `scankin-index capacity-backtest`: how estimates drift.")
    ] = None,
) -> None:
    """Tell how many of the admitted may need intensive care and ventilation within 7 and 14 days."""
    from scankin.api.capacity.page import words  # noqa: PLC0415
    from scankin.api.capacity.plan import ALL_SITES  # noqa: PLC0415
    from scankin.api.capacity.run import PAGE  # noqa: PLC0415
    from scankin.api.capacity.run import capacity as run  # noqa: PLC0415
    from scankin.retrieval.report import NOTICE  # noqa: PLC0415

    only = day.date().isoformat() if day else None
    plan = run(scores, into, by_site=by is By.SITE, day=only, backtest=backtest)
    for need in plan.needs:
        if need.site == ALL_SITES:
            low, high = need.forecast.interval(0.95) if need.forecast else (None, None)
            number = f"{need.forecast.mean:.1f} ({low} to {high})" if need.forecast else "cannot be told"
            out.print(
                f"{words(need)}: {number} of {need.patients - need.not_estimated:,}; {need.abstained:,} of them at the "
                f"base rate, {need.not_estimated:,} more not estimated.",
                soft_wrap=True,
            )
    out.print(f"The page: {PAGE}, with capacity.csv and capacity.json beside it. {NOTICE}", soft_wrap=True)


def _counts(what: str, statuses: Mapping[str, int]) -> str:
    counts = ", ".join(f"{statuses.get(status, 0):,} {status}" for status in ("ok", "refused", "failed"))
    return f"{sum(statuses.values()):,} {what}: {counts}"
