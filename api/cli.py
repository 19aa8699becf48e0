"""``scankin``: search one scan, score many, or serve."""

import errno
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scankin.retrieval.errors import InvalidRequest, ScanError, ScankinError, StoreError
from scankin.retrieval.leaving import run_and_leave

if TYPE_CHECKING:
    from scankin.api.engine import Options

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

USAGE_EXIT, SCAN_EXIT, STORE_EXIT, INTERRUPTED_EXIT = 2, 3, 4, 130
CORES = os.cpu_count() or 1
GAP_DAYS = 30  # as ``admissions.DEFAULT_GAP_DAYS``, which a short command does not load
WRITE_ERRORS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENOENT,
)


class By(StrEnum):
    """What capacity is told by, besides all together."""

    SITE = "site"


Index = Annotated[Path, typer.Option("--index", help="Folder of the store.")]
K = Annotated[int, typer.Option("-k", help="Patients wanted, 1 to 1,000.")]
Weights = Annotated[Path | None, typer.Option(help="Local weights of the encoder, a file or a folder.")]
Device = Annotated[str, typer.Option(help="Torch device.")]
Engine = Annotated[str, typer.Option(help="What runs the encoder's network: auto, torch or onnxruntime.")]
Bands = Annotated[list[str] | None, typer.Option("--age-band", help="Only this band, such as 60-69; repeatable.")]
Sexes = Annotated[list[str] | None, typer.Option("--sex", help="Only F or M.")]
Views = Annotated[list[str] | None, typer.Option("--view", help="Only this view, such as PA; repeatable.")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site; repeatable.")]
Collections = Annotated[list[str] | None, typer.Option("--collection", help="Only this collection; repeatable.")]
MinDays = Annotated[int | None, typer.Option(help="Least days since admission.")]
MaxDays = Annotated[int | None, typer.Option(help="Most days since admission.")]
FalseRefusal = Annotated[
    float | None,
    typer.Option(min=0, max=0.5, help="Share of scans like the index's that may be refused; 0: no gate."),
]
Facts = Annotated[
    Path | None,
    typer.Option(help="Clinical facts of the patient: JSON by name, or a FHIR R4 resource (docs/clinical.md)."),
]
Fact = Annotated[list[str] | None, typer.Option("--fact", help="One fact, such as spo2=88 or crp=120mg/L; repeatable.")]
FactsWeight = Annotated[
    float | None, typer.Option(help="What full likeness in facts adds to the cosine that orders; 0 only shows them.")
]
CounterOutcome = Annotated[
    str | None, typer.Option("--counter", help="An outcome: show the nearest patients with it and without it too.")
]
MixAges = Annotated[bool, typer.Option("--mix-ages", help="Let children and adults answer for each other.")]

Admitted = Annotated[
    int | None,
    typer.Option("--days-since-admission", help="Of the scan's patient: neighbours of like days come first."),
]
Onset = Annotated[int | None, typer.Option("--days-since-onset", help="Likewise, since the first symptom.")]
Swab = Annotated[int | None, typer.Option("--days-since-swab", help="Likewise, since the first positive swab.")]
DaysWeight = Annotated[float | None, typer.Option(help="What the same days add to a cosine, 0 to 10.")]
TrajectoryWeight = Annotated[float | None, typer.Option(help="What the same course adds to a cosine, 0 to 10.")]
Earlier = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE[@DAY]",
        help="Earlier scan of the same patient, and its day from the scan, such as old.dcm@-3; without a day, by the "
        "StudyDates; repeatable.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Only what was known at the end of this day informs the answer."),
]


@app.command()
def search(
    scan: Annotated[Path, typer.Argument(help="DICOM file, folder or zip of one CT series, PNG or JPEG.")],
    index: Index,
    k: K = 10,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    age_band: Bands = None,
    sex: Sexes = None,
    view: Views = None,
    site: Sites = None,
    collection: Collections = None,
    min_days_since_admission: MinDays = None,
    max_days_since_admission: MaxDays = None,
    mix_ages: MixAges = False,
    explain: Annotated[
        Path | None,
        typer.Option(
            help="New folder for a picture a neighbour: where its similarity comes from. Films only; seconds."
        ),
    ] = None,
    facts: Facts = None,
    fact: Fact = None,
    facts_weight: FactsWeight = None,
    counter: CounterOutcome = None,
    false_refusal: FalseRefusal = None,
    days_since_admission: Admitted = None,
    days_since_onset: Onset = None,
    days_since_swab: Swab = None,
    days_weight: DaysWeight = None,
    earlier: Earlier = None,
    trajectory_weight: TrajectoryWeight = None,
    as_of: AsOf = None,
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
) -> None:
    """Show the patients whose scans are most similar, and what became of them."""
    from scankin.api.engine import open_retriever, report_on  # noqa: PLC0415
    from scankin.api.explanations import require_empty, write_explanations  # noqa: PLC0415
    from scankin.api.further import files_of_scan, named_scans, others_of  # noqa: PLC0415
    from scankin.api.renderers import json as as_json  # noqa: PLC0415
    from scankin.api.renderers import text as as_text  # noqa: PLC0415
    from scankin.api.scoring import request_of  # noqa: PLC0415
    from scankin.api.stated_facts import facts_asked, facts_text  # noqa: PLC0415
    from scankin.retrieval.course.asked import parsed_time  # noqa: PLC0415
    from scankin.retrieval.reading import ReadingPool  # noqa: PLC0415

    options = _options(
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
    time = parsed_time(
        since_admission=days_since_admission,
        since_onset=days_since_onset,
        since_swab=days_since_swab,
        days_weight=days_weight,
        trajectory_weight=trajectory_weight,
        as_of=as_of and as_of.date(),
    )
    asked = facts_asked(facts_text(facts), fact or (), facts_weight)
    options = replace(options, question=replace(options.question, time=time, facts=asked, counter=counter))
    named = named_scans(earlier or ())
    if explain is not None:
        require_empty(explain)
    paths = files_of_scan(scan)
    retriever = open_retriever(index, weights, device, engine)
    with ReadingPool(1) as pool:
        queried = pool.read(request_of(paths, retriever.encoder.slices))
        requests = [request_of(one.paths, retriever.encoder.slices) for one in named]
        others = others_of(pool, requests, [one.day for one in named])
    report = report_on(retriever, queried, replace(options, explain=explain is not None), others)
    if explain is not None:
        write_explanations(explain, retriever, queried, report)
    if json:
        typer.echo(as_json.render(report).decode())
    else:
        out.print(as_text.page(report))
    if explain is not None:
        err.print(f"Explanations of {len(report.neighbours)} neighbours were written to the folder.")


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
    options = _options(
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


@app.command()
def blind(
    scans: Annotated[
        list[Path], typer.Argument(help="Queries: DICOM files, folders or zips of one CT series, PNG, JPEG.")
    ],
    index: Index,
    into: Annotated[Path, typer.Option("--out", help="New folder for the sheets, one HTML file a query.")],
    key: Annotated[Path, typer.Option(help="JSON to write outside of the folder: which case is which.")],
    k: K = 5,
    random: Annotated[int, typer.Option(min=1, help="Random cases a sheet.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same sheets.")] = 1,
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
) -> None:
    """Write blinded sheets for a reader study: similar cases among random ones, without anything that tells them."""
    from scankin.api.blind.run import blind as run  # noqa: PLC0415
    from scankin.api.blind.run import random_missing, require_apart  # noqa: PLC0415
    from scankin.api.engine import open_retriever  # noqa: PLC0415
    from scankin.api.scoring import request_of  # noqa: PLC0415
    from scankin.retrieval.reading import ReadingPool  # noqa: PLC0415
    from scankin.retrieval.report import NOTICE  # noqa: PLC0415

    require_apart(into, key)
    retriever = open_retriever(index, weights, device, engine)
    with ReadingPool(1) as pool:
        read = [pool.read(request_of(_files(scan), retriever.encoder.slices)) for scan in scans]
    sheets = run(read, retriever, into, key, k=k, random=random, seed=seed)
    err.print(f"{len(sheets):,} sheets of {sum(len(sheet.cases) for sheet in sheets):,} cases; the key lies apart.")
    if missing := random_missing(sheets, random):
        err.print(f"{missing:,} random cases fewer than asked for: no more patients may answer.")
    err.print(NOTICE)


@app.command()
def check(
    scan: Annotated[Path, typer.Argument(help="DICOM file, picture, or a folder of scans.")],
    index: Index,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON line for every scan.")] = False,
    mix_ages: MixAges = False,
    false_refusal: FalseRefusal = None,
    weights: Weights = None,
    device: Device = "cpu",
    workers: Annotated[int, typer.Option(min=1, help="Scans read and encoded at once.")] = CORES,
) -> None:
    """Say whether the index may answer, and why not; exit 3 when any scan is refused or failed."""
    from scankin.api.checking import check as run  # noqa: PLC0415
    from scankin.api.engine import open_retriever  # noqa: PLC0415

    checked = run(scan, open_retriever(index, weights, device), false_refusal, mix_ages=mix_ages, workers=workers)
    for one in checked:
        typer.echo(one.line() if json else one.text())
    if any(one.status != "ok" for one in checked):
        raise typer.Exit(SCAN_EXIT)


@app.command()
def serve(
    index: Index,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
) -> None:
    """Answer over HTTP; every other setting is a SCANKIN_ variable (docs/settings.md)."""
    import uvicorn  # noqa: PLC0415

    from scankin.api.app import create_app  # noqa: PLC0415
    from scankin.api.logs import configure_logs  # noqa: PLC0415
    from scankin.api.settings import Settings  # noqa: PLC0415

    configure_logs()
    service = create_app(Settings(index=index, weights=weights, device=device, engine=engine))
    err.print(f"Scankin answers on http://{host}:{port} (description: /openapi.json). Research use only.")
    uvicorn.run(service, host=host, port=port, log_config=None, access_log=False)


def main() -> None:
    """Run the command line; what can be foreseen ends in one clear line, not a traceback."""
    run_and_leave(_run)


def _run() -> None:
    try:
        app()
    except ScanError as error:
        _end(f"{error.status}: {error.reason.value}: {error.message}", SCAN_EXIT)
    except StoreError as error:
        _end(f"{type(error).__name__}: {error}", STORE_EXIT)
    except ScankinError as error:
        _end(f"{type(error).__name__}: {error}", USAGE_EXIT)
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        _end(f"The output cannot be written: {error.strerror}. What was there before is unchanged.", STORE_EXIT)
    except KeyboardInterrupt:
        err.print("Interrupted. Run the same command again to go on from here.")
        sys.exit(INTERRUPTED_EXIT)


def _options(
    k: int,
    age_band: list[str] | None,
    sex: list[str] | None,
    view: list[str] | None,
    site: list[str] | None,
    collection: list[str] | None,
    days: tuple[int | None, int | None],
    mix_ages: bool,
    false_refusal: float | None,
) -> "Options":
    from scankin.api.engine import Options  # noqa: PLC0415
    from scankin.retrieval.filters import Filters, days_between  # noqa: PLC0415
    from scankin.retrieval.question import Question  # noqa: PLC0415

    question = Question(
        k,
        Filters.parse(
            age_bands=age_band or (),
            sexes=sex or (),
            views=view or (),
            sites=site or (),
            collections=collection or (),
            days_since_admission=days_between(*days),
            mix_ages=mix_ages,
        ),
        false_refusal=false_refusal,
    )
    return Options(question)


def _files(scan: Path) -> tuple[Path, ...]:
    """Return the files of one scan: itself, or everything in a folder."""
    paths = tuple(sorted(path for path in scan.rglob("*") if path.is_file())) if scan.is_dir() else (scan,)
    if not paths:
        raise InvalidRequest("The folder holds no file. Name a folder of one CT series.")
    return paths


def _counts(what: str, statuses: Mapping[str, int]) -> str:
    counts = ", ".join(f"{statuses.get(status, 0):,} {status}" for status in ("ok", "refused", "failed"))
    return f"{sum(statuses.values()):,} {what}: {counts}"


def _end(message: str, code: int) -> None:
    err.print(message, style="red", soft_wrap=True, markup=False)
    sys.exit(code)
