"""One scan or a few: search, blinded sheets, and whether an index may answer."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from scankin.api.commands.shared import (
    CORES,
    Admitted,
    AsOf,
    Bands,
    Collections,
    CounterOutcome,
    DaysWeight,
    Device,
    Earlier,
    Engine,
    Fact,
    Facts,
    FactsWeight,
    FalseRefusal,
    Index,
    K,
    MaxDays,
    MinDays,
    MixAges,
    Onset,
    Sexes,
    Sites,
    Swab,
    TrajectoryWeight,
    Views,
    Weights,
    app,
    err,
    options_of,
    out,
)

SCAN_EXIT = 3
"""Of a command that refused, or could not read, a scan."""


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
    from scankin.api.further import files_of_scan  # noqa: PLC0415
    from scankin.api.scoring import request_of  # noqa: PLC0415
    from scankin.retrieval.reading import ReadingPool  # noqa: PLC0415
    from scankin.retrieval.report import NOTICE  # noqa: PLC0415

    require_apart(into, key)
    retriever = open_retriever(index, weights, device, engine)
    with ReadingPool(1) as pool:
        read = [pool.read(request_of(files_of_scan(scan), retriever.encoder.slices)) for scan in scans]
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
