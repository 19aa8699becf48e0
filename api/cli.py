"""``scankin``: search one scan, score many, or serve."""

import errno
import os
import sys
from dataclasses import replace
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
MixAges = Annotated[bool, typer.Option("--mix-ages", help="Let children and adults answer for each other.")]


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
    false_refusal: FalseRefusal = None,
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
) -> None:
    """Show the patients whose scans are most similar, and what became of them."""
    from scankin.api.engine import open_retriever, report_on  # noqa: PLC0415
    from scankin.api.explanations import require_empty, write_explanations  # noqa: PLC0415
    from scankin.api.renderers import json as as_json  # noqa: PLC0415
    from scankin.api.renderers import text as as_text  # noqa: PLC0415
    from scankin.api.scoring import request_of  # noqa: PLC0415
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
    if explain is not None:
        require_empty(explain)
    paths = tuple(sorted(path for path in scan.rglob("*") if path.is_file())) if scan.is_dir() else (scan,)
    if not paths:
        raise InvalidRequest("The folder holds no file. Name a folder of one CT series.")
    retriever = open_retriever(index, weights, device, engine)
    with ReadingPool(1) as pool:
        queried = pool.read(request_of(paths, retriever.encoder.slices))
    report = report_on(retriever, queried, replace(options, explain=explain is not None))
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
    inputs: Annotated[list[Path], typer.Argument(help="Folders, DICOM files, zips.")],
    index: Index,
    into: Annotated[Path, typer.Option("--out", help="Table to write: .csv, .parquet or .ndjson.")],
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
    weights: Weights = None,
    device: Device = "cpu",
    engine: Engine = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Scans read and encoded at once.")] = CORES,
) -> None:
    """Write a row for every scan, refused and failed ones included; an interrupted run resumes."""
    from scankin.api.engine import open_retriever  # noqa: PLC0415
    from scankin.api.rows import encoder_of  # noqa: PLC0415
    from scankin.api.scoring import score as run  # noqa: PLC0415

    encoder_of(into.suffix)
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
    retriever = open_retriever(index, weights, device, engine)
    with Progress(
        TextColumn("Scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err, transient=True
    ) as bars:
        task = bars.add_task("Scoring", total=None)
        account = run(
            inputs,
            retriever,
            into,
            options,
            workers=workers,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    counts = ", ".join(f"{account.statuses.get(status, 0):,} {status}" for status in ("ok", "refused", "failed"))
    err.print(f"{sum(account.statuses.values()):,} scans: {counts}; {account.resumed:,} from an interrupted run.")
    for reason, count in sorted(account.reasons.items()):
        err.print(f"  {count:,} {reason}")


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

    return Options(
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


def _end(message: str, code: int) -> None:
    err.print(message, style="red", soft_wrap=True, markup=False)
    sys.exit(code)
