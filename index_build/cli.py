"""``scankin-index``: what researchers run to make, check and publish an index."""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from scankin.retrieval.errors import CasebookError, InvalidRequest, ScankinError, StoreError
from scankin.retrieval.leaving import run_and_leave
from scankin.retrieval.report import NOTICE

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
out, err = Console(), Console(stderr=True)

Workers = Annotated[int, typer.Option(min=1, help="Processes that read, and threads that encode.")]
CasebookFolder = Annotated[Path, typer.Argument(help="Folder of the casebook.")]
StoreFolder = Annotated[Path, typer.Argument(help="Folder of the store.")]

CORES = os.cpu_count() or 1
USAGE_EXIT, STORE_EXIT, INTERRUPTED_EXIT = 2, 4, 130
WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EROFS, errno.EPERM)


@app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="Folder of the collection, or s3://BUCKET/PREFIX (NCCID).")],
    casebook: CasebookFolder,
    from_: Annotated[
        str, typer.Option("--from", help="Importer: open-cxr, hannover, nccid ...; auto recognises the folder.")
    ],
    name: Annotated[str | None, typer.Option(help="How the casebook calls the source; default: the importer.")] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings (TOML); default: those the casebook has.")] = None,
    withdrawn: Annotated[
        Path | None, typer.Option(help="File with the ids of patients not to take in, one a line.")
    ] = None,
    workers: Workers = CORES,
) -> None:
    """Read a collection into a casebook; what was read before is not read again."""
    from scankin.index_build.accounts import print_ingest  # noqa: PLC0415
    from scankin.index_build.importers import OpenedSource, load_importer, recognise  # noqa: PLC0415
    from scankin.index_build.ingest import ingest as run  # noqa: PLC0415
    from scankin.index_build.lists import ids_of  # noqa: PLC0415
    from scankin.retrieval.keys import load_keyring  # noqa: PLC0415
    from scankin.retrieval.source_tree import open_tree  # noqa: PLC0415

    tree = open_tree(source)
    importer = recognise(OpenedSource(tree)) if from_ == "auto" else from_
    reads = load_importer(importer).read
    keyring = load_keyring(
        on_created=lambda path: err.print(f"A new key for this machine's casebooks was made: {path}. Keep it safe.")
    )
    with _bar("Reading") as progress:
        account = run(
            importer,
            reads,
            tree,
            casebook,
            keyring,
            name=name,
            settings=settings,
            withdrawn=ids_of(withdrawn) if withdrawn else (),
            workers=workers,
            progress=progress,
        )
    print_ingest(account, casebook, out)


@app.command()
def build(
    casebook: CasebookFolder,
    store: StoreFolder,
    encoder: Annotated[str, typer.Option(help="Encoder: efficientnet_lite0, thumbnail ...")],
    weights: Annotated[
        Path | None, typer.Option(help="Local weights, a file or folder; default: those of the package.")
    ] = None,
    device: Annotated[str, typer.Option(help="Torch device.")] = "cpu",
    explanations: Annotated[
        bool, typer.Option("--explanations", help="Keep the places of films, to draw a neighbour's map: 125 KB a film.")
    ] = False,
    engine: Annotated[str, typer.Option(help="What runs the encoder's network: auto, torch or onnxruntime.")] = "auto",
    false_refusal: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Share of scans like those of the index that may be refused.")
    ] = 0.05,
    workers: Workers = CORES,
) -> None:
    """Encode what is new in a casebook and publish an index of it."""
    from scankin.index_build.build import build as run  # noqa: PLC0415
    from scankin.models import load_encoder  # noqa: PLC0415

    loaded = load_encoder(encoder, weights, device, engine)
    with _bar("Encoding") as progress:
        account = run(
            casebook,
            store,
            loaded,
            workers=workers,
            explanations=explanations,
            false_refusal=false_refusal,
            progress=progress,
        )
    indexed = ", ".join(f"{count:,} {modality}" for modality, count in sorted(account.indexed.items()))
    refused = ", ".join(f"{count:,} {reason}" for reason, count in sorted(account.refused.items()))
    out.print(f"{account.scans:,} scans in the casebook: indexed {indexed}; refused {refused or 'none'}.")
    out.print(f"{account.encoded:,} encoded in this run, the other vectors were cached.")
    if account.duplicates:
        people = sum(len(set(pair.patients)) > 1 for pair in account.duplicates)
        out.print(
            f"Pairs of films that are one picture: {len(account.duplicates):,}, of two patients: {people:,}. "
            "See duplicates.csv of the casebook, and join such patients at the source.",
            style="yellow",
            soft_wrap=True,
        )
    verb = "Published" if account.is_new else "Nothing new; current stays"
    out.print(f"{verb} version {account.version}.")


@app.command(name="describe")
def describe_casebook(
    casebook: CasebookFolder,
    into: Annotated[Path, typer.Option("--out", help="Folder of the page; made when it is not there.")],
) -> None:
    """Write a page about a casebook: what is in it, what is missing, what leaks the label. It names no patient."""
    from scankin.index_build.describe import describe as run  # noqa: PLC0415

    described = run(casebook, into)
    out.print(described.worst_leak, highlight=False, soft_wrap=True)
    out.print(f"The page: {described.page}", highlight=False, soft_wrap=True)


@app.command()
def verify(store: StoreFolder) -> None:
    """Check every file of every version against its hash, and load the current one."""
    from scankin.retrieval.store import check_files, load_version, version_names  # noqa: PLC0415

    for name in version_names(store):
        manifest = check_files(store, name)
        out.print(f"{name}: {len(manifest.files)} files match their hashes.")
    loaded = load_version(store)
    counts = ", ".join(f"{len(index):,} {modality}" for modality, index in loaded.indexes.items())
    out.print(f"Current version {loaded.name} loads: {counts} scans, {len(loaded.cases):,} patients.")


@app.command(name="list")
def list_versions(store: StoreFolder) -> None:
    """List the versions of a store, the current one marked."""
    from scankin.retrieval.store import current_name, read_manifest, version_names  # noqa: PLC0415

    current = current_name(store)
    table = Table("", "version", "created", "encoder", "X-ray", "CT")
    for name in version_names(store):
        manifest, _ = read_manifest(store, name)
        counts = [f"{manifest.counts.get(modality, {}).get('scans', 0):,}" for modality in ("X-ray", "CT")]
        table.add_row("*" if name == current else "", name, manifest.created, manifest.encoder.name, *counts)
    out.print(table)


@app.command()
def rollback(
    store: StoreFolder,
    version: Annotated[str | None, typer.Option(help="Version to make current; default: the one before.")] = None,
) -> None:
    """Make an older version current again, after checking it in full."""
    from scankin.index_build.publish import roll_back  # noqa: PLC0415

    out.print(f"Current is now {roll_back(store, version)}.")


@app.command()
def construct(
    into: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    patients: Annotated[int, typer.Option(min=1, help="Patients.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    centres: Annotated[int, typer.Option(min=1, help="Submitting centres.")] = 25,
    truth: Annotated[Path | None, typer.Option(help="Folder for the truth; default: OUT-truth.")] = None,
    shortcut: Annotated[
        bool, typer.Option("--shortcut", help="Plant a shortcut: markers of centres that go with death.")
    ] = False,
    pixels_for: Annotated[
        int | None, typer.Option(min=0, help="Patients with pixels; the others have metadata only.")
    ] = None,
    new_patient: Annotated[
        Path | None, typer.Option(help="Folder for one film of a patient who is not in the cohort.")
    ] = None,
) -> None:
    """Write a constructed cohort in the NCCID layout. No film of it is real."""
    from scankin.index_build.construct import construct as run  # noqa: PLC0415
    from scankin.index_build.construct import held_out_patient  # noqa: PLC0415

    with _bar("Drawing") as progress:
        account = run(
            into,
            patients=patients,
            seed=seed,
            centres=centres,
            truth=truth,
            has_shortcut=shortcut,
            pixels_for=pixels_for,
            progress=progress,
        )
    out.print(
        f"{account.patients:,} constructed patients: {account.films:,} films, {account.series:,} CT series. Not real."
    )
    if new_patient is not None:
        held_out = held_out_patient(new_patient, seed=seed)
        end = "dies" if held_out.died else "lives"
        out.print(f"A new constructed patient, severity {held_out.severity:.2f} of 1, who {end}: {held_out.path}")


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
    workers: Workers = CORES,
) -> None:
    """Measure how well an encoder retrieves, within and across sources, with the shortcut audit."""
    from scankin.index_build.evaluate.command import AUDITS, Asked, evaluate_casebook  # noqa: PLC0415

    if audit not in AUDITS:
        raise InvalidRequest(f"--audit {audit}: there is no such audit. Give one of: {', '.join(AUDITS)}.")
    with _bar("Encoding") as progress:
        said, page = evaluate_casebook(
            casebook,
            into,
            Asked(encoder, against, weights, fitted, audit == "full", reencode, pictures),
            workers=workers,
            progress=progress,
        )
    out.print(said, highlight=False)
    out.print(f"The report: {page.name}, with metrics.json, results.md, splits.json and duplicates.csv beside it.")


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
    with _bar("Explaining") as progress:
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
    with _bars() as progress:
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
    with _bar("Training") as progress:
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
    with _bar("Comparing") as progress:
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
    with _bar("Forecasting") as progress:
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


@app.command()
def withdraw(
    store: StoreFolder,
    casebook: CasebookFolder,
    list_: Annotated[Path, typer.Option("--list", help="File with pseudonyms or keys of patients, one a line.")],
) -> None:
    """Remove patients for real: tables, caches, every version of the store; leave tombstones and a receipt."""
    from scankin.index_build.governance.withdraw import withdraw as run  # noqa: PLC0415
    from scankin.index_build.lists import ids_of  # noqa: PLC0415

    receipt, path = run(ids_of(list_), casebook, store)
    table = Table("artefact", title="What was removed", title_justify="left")
    table.add_column("count", justify="right")
    for artefact, count in receipt.removed.items():
        table.add_row(artefact, f"{count:,}")
    out.print(table)
    out.print(f"{receipt.listed:,} on the list, {receipt.patients:,} of them known here; all have a tombstone.")
    for name, (before, after) in receipt.manifests.items():
        out.print(
            f"{name}: manifest {(before or 'none')[:16]} before, {(after or 'none')[:16]} after.", highlight=False
        )
    out.print(f"Versions destroyed: {', '.join(receipt.versions_destroyed) or 'none held them'}.", soft_wrap=True)
    for name, sha, count in receipt.weights:
        out.print(f"Weights {name} ({sha[:16]}) were fitted on {count:,} of them: fit them again.", style="yellow")
    if not receipt.weights:
        out.print("No weights are recorded as fitted on any of them.")
    out.print(f"Receipt: receipts/{path.name} of the casebook. Check it: scankin-index prove-absent.")


@app.command(name="prove-absent")
def prove_absent(
    store: StoreFolder,
    casebook: CasebookFolder,
    list_: Annotated[Path, typer.Option("--list", help="The list of the withdrawal.")],
) -> None:
    """Search every byte of a store and a casebook for withdrawn patients; exit 1 when anything is left."""
    from scankin.index_build.governance.prove import prove_absent as run  # noqa: PLC0415
    from scankin.index_build.lists import ids_of  # noqa: PLC0415

    ids = ids_of(list_)
    proof = run(ids, casebook, store)
    for line in proof.found:
        out.print(line, style="red")
    out.print(
        f"{'Absent' if proof.is_absent else 'NOT absent'}: {len(ids):,} patients sought in {proof.files:,} files, "
        f"{proof.searched_bytes:,} bytes and {proof.cells:,} values of tables."
    )
    if not proof.is_absent:
        raise typer.Exit(1)


@app.command()
def expire(
    folders: Annotated[list[Path], typer.Argument(help="Casebooks and stores of the agreement.")],
    inventory: Annotated[Path, typer.Option(help="File for the inventory, outside of them.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it: everything in these folders is deleted.")] = False,
) -> None:
    """Destroy all artefacts of a data agreement and write the inventory for a certificate of destruction."""
    from scankin.index_build.governance.expire import expire as run  # noqa: PLC0415

    if not yes:
        raise InvalidRequest("Nothing was deleted. Say --yes to destroy these folders whole.")
    raw = run(folders, inventory)
    files = sum(len(artefact["files"]) for artefact in raw["artefacts"])
    out.print(f"Destroyed {len(folders)} folders with {files:,} files. The inventory is {inventory.name}.")
    out.print("Not deleted: the source itself, its backups, and the institution's key file (SCANKIN_KEY_FILE).")


def main() -> None:
    """Run the command line; what can be foreseen ends in one clear line, not a traceback."""
    run_and_leave(_run)


def _run() -> None:
    try:
        app()
    except (CasebookError, StoreError) as error:
        _end(error, STORE_EXIT)
    except ScankinError as error:
        _end(error, USAGE_EXIT)
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        _end(
            InvalidRequest(f"The disk refused a write: {error.strerror}. Nothing that was published changed."),
            STORE_EXIT,
        )
    except KeyboardInterrupt:
        err.print("Interrupted. Run the same command again to go on from here.")
        sys.exit(INTERRUPTED_EXIT)


def _end(error: ScankinError, code: int) -> None:
    err.print(f"{type(error).__name__}: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(code)


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done, as it begins."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    with Progress(
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err, transient=True
    ) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
