"""Encoders: evaluated, explained, trained, exported, adapted; and the gate measured."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scankin.index_build.commands.shared import CORES, CasebookFolder, StoreFolder, Workers, app, bar, bars, out
from scankin.retrieval.errors import InvalidRequest
from scankin.retrieval.report import NOTICE


@app.command()
def evaluate(
    casebook: CasebookFolder,
    encoder: Annotated[str, typer.Option(help="Encoder whose vectors are cached: an index was built with it.")],
    into: Annotated[Path, typer.Option("--out", help="Folder for the report, metrics.json, results.md and lists.")],
    against: Annotated[str | None, typer.Option(help="Another encoder, for paired differences.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Local weights; default: those of the package.")] = None,
    audit: Annotated[
        str, typer.Option(help="full: films are read and encoded anew too (T1, T2, T8, T13); quick.")
    ] = "full",
    reencode: Annotated[int, typer.Option(min=50, help="Films encoded anew for T1, T2 and T8, about.")] = 600,
    fitted: Annotated[
        Path | None, typer.Option(help="File with SHA-256 of the source's ids of films that the encoder was fitted on.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Show small pictures of films in the report.")] = True,
    outcomes: Annotated[
        bool, typer.Option("--outcomes", help="Measure what neighbours foretell of outcomes instead of retrieval.")
    ] = False,
    truth: Annotated[
        Path | None, typer.Option(help="With --outcomes: truth.jsonl of a constructed cohort, for true chances.")
    ] = None,
    workers: Workers = CORES,
) -> None:
    """Measure how well an encoder retrieves, or what neighbours foretell, with the shortcut audit."""
    from scankin.index_build.evaluate.command import AUDITS, Asked, evaluate_casebook  # noqa: PLC0415

    if audit not in AUDITS:
        raise InvalidRequest(f"--audit {audit}: there is no such audit. Give one of: {', '.join(AUDITS)}.")
    if outcomes:
        if against is not None:
            raise InvalidRequest("--against is of the retrieval report. Leave it out, or --outcomes.")
        _evaluate_outcomes(
            casebook, into, encoder, weights, fitted, truth, workers, None if audit == "quick" else reencode
        )
        return
    if truth is not None:
        raise InvalidRequest("--truth is of the report about outcomes. Give --outcomes too.")
    with bar("Encoding") as progress:
        said, page = evaluate_casebook(
            casebook,
            into,
            Asked(encoder, against, weights, fitted, audit == "full", reencode, pictures),
            workers=workers,
            progress=progress,
        )
    out.print(said, highlight=False)
    out.print(f"The report: {page.name}, with metrics.json, results.md, splits.json and duplicates.csv beside it.")


def _evaluate_outcomes(
    casebook: Path,
    into: Path,
    encoder: str,
    weights: Path | None,
    fitted: Path | None,
    truth: Path | None,
    workers: int,
    reencode: int | None,
) -> None:
    from scankin.index_build.evaluate.outcomes.command import Asked, evaluate_casebook_outcomes  # noqa: PLC0415
    from scankin.index_build.evaluate.outcomes.words import adds, adds_to_times, headline, table_rows  # noqa: PLC0415

    asked = Asked(encoder, weights, fitted, truth, reencode)
    with bars() as progress:
        found = evaluate_casebook_outcomes(casebook, into, asked, workers=workers, progress=progress)
    table = Table("outcome", title="What neighbours foretell, 95 % intervals", title_justify="left")
    table.columns[0].overflow = "fold"
    for column in ("patients", "with it", "AUC", "less age and sex", "less logistic", "Brier less base rate's"):
        table.add_column(column, justify="right")
    for row in table_rows(found):
        table.add_row(*row)
    out.print(table)
    for text in (*map(adds, found.outcomes.values()), *map(adds_to_times, found.times.values())):
        out.print(text[0].upper() + text[1:], highlight=False, soft_wrap=True)
    out.print(headline(found), style="bold", highlight=False, soft_wrap=True)
    out.print("The report: outcomes.html, with outcomes.json beside it.")
    out.print(NOTICE, soft_wrap=True)


@app.command(name="explain-audit")
def explain_audit(
    store: StoreFolder,
    casebook: CasebookFolder,
    into: Annotated[Path, typer.Option("--out", help="Folder for explain-audit.json.")],
    films: Annotated[int, typer.Option(min=1, help="Films to explain, one a patient; some seconds each.")] = 100,
    outlines: Annotated[
        Path | None,
        typer.Option(help="Table with image_path and lung_mask_path: only films with an outline. Default: a network."),
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Local weights of the encoder.")] = None,
    device: Annotated[str, typer.Option(help="Torch device.")] = "cpu",
) -> None:
    """Measure how often the maps that explain a similarity are true, and how much of them lies in the lungs."""
    from scankin.index_build.explain_audit import explain_audit as run  # noqa: PLC0415
    from scankin.index_build.explain_audit import outlines_of  # noqa: PLC0415
    from scankin.models import load_encoder  # noqa: PLC0415
    from scankin.retrieval.retriever import Retriever  # noqa: PLC0415
    from scankin.retrieval.store import load_version  # noqa: PLC0415

    version = load_version(store)
    retriever = Retriever(version, load_encoder(version.encoder.name, weights, device))
    held = None if outlines is None else outlines_of(outlines)
    with bar("Explaining") as progress:
        audit = run(casebook, retriever, films, outlines=held, progress=progress)
    path = audit.write(into)
    raw = audit.as_json()
    faithful, lungs = raw["faithful"], raw["lungs"]
    low, high = faithful["interval"]
    out.print(
        f"{faithful['count']} of {raw['films']} maps are faithful ({faithful['share']:.0%}, 95 % interval {low:.0%} to "
        f"{high:.0%}; by chance {faithful['by_chance']:.0%}).",
        highlight=False,
    )
    if lungs["films"]:
        out.print(
            f"{lungs['share_of_map']['value']:.0%} of a map lies in the lungs, which are "
            f"{lungs['share_of_picture']['value']:.0%} of the picture ({lungs['films']} films, {lungs['from']}).",
            highlight=False,
        )
    out.print(f"The figures, with deletion and insertion: {path.name}.")


@app.command()
def train(
    casebook: CasebookFolder,
    recipe: Annotated[str, typer.Option(help="Name of a recipe, a TOML file, or lungs for the lung finder.")],
    into: Annotated[Path, typer.Option("--out", help="Folder for weights, checkpoints and results.")],
    masks: Annotated[Path | None, typer.Option(help="For lungs: folder of masks named like their film.")] = None,
    name_films: Annotated[
        bool, typer.Option("--name-films", help="Write hashes of the films learned from; for public ids only.")
    ] = False,
    workers: Workers = CORES,
) -> None:
    """Train the chest encoder or the lung finder; an interrupted training goes on from its last epoch."""
    if recipe == "lungs":
        _train_lungs(casebook, masks, into, workers)
        return
    from scankin.index_build.train.choose import PRIMARY  # noqa: PLC0415
    from scankin.index_build.train.recipe import load_recipe  # noqa: PLC0415
    from scankin.index_build.train.run import train as run  # noqa: PLC0415

    settings = load_recipe(recipe)
    with bars() as progress:
        found = run(casebook, settings, into, name_films=name_films, workers=workers, progress=progress)
    table = Table(title="Inner fold: patients not learned from", title_justify="left")
    for name in found.course.measured[0]:
        table.add_column(name, justify="right")
    for figures in found.course.measured:
        table.add_row(*(f"{value:.0f}" if name == "epoch" else f"{value:.3f}" for name, value in figures.items()))
    out.print(table)
    out.print(f"Chosen by {PRIMARY}: {found.epochs} epochs, then fitted again with the inner fold.")
    out.print(f"{found.learned:,} films were learned from; {found.kept_aside:,} are of patients kept aside, not seen.")
    out.print(f"The weights: {found.weights.name}, with train.json and learning-curve.svg beside them.")


def _train_lungs(casebook: Path, masks: Path | None, into: Path, workers: int) -> None:
    from scankin.index_build.train.lungs import train_lungs  # noqa: PLC0415

    if masks is None:
        raise InvalidRequest("The lung finder learns from outlines: name their folder with --masks.")
    with bar("Training") as progress:
        found = train_lungs(casebook, masks, into, workers=workers, progress=progress)
    out.print(
        f"{found.weights.name}: Dice {found.dice[0]:.3f} on average, 5th percentile {found.dice[1]:.3f}, on "
        f"{found.kept_aside:,} outlined films kept aside; {found.learned:,} were learned from."
    )


@app.command()
def export(
    casebook: CasebookFolder,
    encoder: Annotated[str, typer.Option(help="Encoder whose network is written.")],
    into: Annotated[Path, typer.Option("--out", help="File to write, .onnx; its card is written beside it.")],
    weights: Annotated[Path | None, typer.Option(help="Local weights; default: those of the package.")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Write it in int8, and measure which neighbours stay.")] = False,
    scans: Annotated[int, typer.Option(min=1, help="Scans on which torch and onnxruntime are compared.")] = 64,
    workers: Workers = CORES,
) -> None:
    """Write an encoder's network to ONNX for onnxruntime; it is kept only if it gives torch's vectors on real scans."""
    from scankin.index_build.export.card import Measured, write_card  # noqa: PLC0415
    from scankin.index_build.export.network import export as run  # noqa: PLC0415
    from scankin.index_build.export.quantised import export_int8  # noqa: PLC0415
    from scankin.models import load_encoder  # noqa: PLC0415

    loaded = load_encoder(encoder, weights, engine="torch")
    with bar("Comparing") as progress:
        found: Measured
        if int8:
            found = export_int8(casebook, loaded, into, scans=scans, workers=workers, progress=progress)
        else:
            found = run(casebook, loaded, into, scans=scans, progress=progress)
    card = write_card(found, loaded.identity, into)
    out.print(found.sentence(), highlight=False)
    out.print(f"The network: {into.name}; its card: {card.name}. Use it: --weights {into.name}", highlight=False)


@app.command(name="evaluate-gate")
def evaluate_gate(
    store: StoreFolder,
    outsiders: Annotated[Path, typer.Option(help="Folder with a folder for every kind of what should be refused.")],
    insiders: Annotated[Path | None, typer.Option(help="Folder of scans of patients who are not in the index.")] = None,
    into: Annotated[Path | None, typer.Option("--out", help="Also write the figures here (JSON).")] = None,
    false_refusal: Annotated[float | None, typer.Option(min=0, max=0.5, help="Instead of the index's own.")] = None,
    weights: Annotated[Path | None, typer.Option(help="Local weights of the encoder.")] = None,
    device: Annotated[str, typer.Option(help="Torch device.")] = "cpu",
    workers: Workers = CORES,
) -> None:
    """Measure T14: which share of outsiders the gate refuses, by kind, and of new patients like the index's."""
    from scankin.index_build.gate.audit import audit_gate  # noqa: PLC0415
    from scankin.index_build.gate.page import as_table  # noqa: PLC0415
    from scankin.models import load_encoder  # noqa: PLC0415
    from scankin.retrieval.files import replaced  # noqa: PLC0415
    from scankin.retrieval.retriever import Retriever  # noqa: PLC0415
    from scankin.retrieval.store import load_version  # noqa: PLC0415

    version = load_version(store)
    retriever = Retriever(version, load_encoder(version.encoder.name, weights, device))
    audit = audit_gate(retriever, outsiders, insiders, false_refusal, workers=workers)
    if into is not None:
        replaced(into, json.dumps(audit.as_json(), indent=1).encode())
    out.print(as_table(audit))
    out.print(NOTICE, soft_wrap=True)


@app.command()
def adapt(
    casebook: CasebookFolder,
    encoder: Annotated[str, typer.Option(help="Base encoder whose vectors are cached: an index was built with it.")],
    into: Annotated[Path, typer.Option("--out", help="Folder for head.npz and adapt.json.")],
) -> None:
    """Fit a linear head on an encoder's frozen vectors; it becomes an encoder like any other."""
    from scankin.index_build.adapt.run import adapt as run  # noqa: PLC0415
    from scankin.index_build.adapt.run import write  # noqa: PLC0415
    from scankin.index_build.evaluate.sample import load_sample  # noqa: PLC0415
    from scankin.models import load_encoder  # noqa: PLC0415

    base = load_encoder(encoder).identity
    sample = load_sample(casebook, base)
    adaptation = run(sample)
    head = write(adaptation, base, sample, casebook, into)
    table = Table("figure, patients outside the fit", title="What the head gains", title_justify="left")
    for column in (encoder, "adapted", "difference [95 % interval]"):
        table.add_column(column, justify="right")
    for name, gain in adaptation.gains.items():
        less = gain.difference
        interval = f"{less.value:+.3f} [{less.low:+.3f}, {less.high:+.3f}]"
        table.add_row(name, f"{gain.base.value:.3f}", f"{gain.adapted.value:.3f}", interval)
    out.print(table)
    out.print(f"The head: {head.name}. Use it: scankin-index build CASEBOOK STORE --encoder adapted --weights HEAD")
