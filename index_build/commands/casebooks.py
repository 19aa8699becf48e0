"""Casebooks and stores: taken in, built, described, checked, rolled back; and the constructed cohort."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scankin.index_build.commands.shared import CORES, CasebookFolder, StoreFolder, Workers, app, bar, err, out


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
    with bar("Reading") as progress:
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
    with bar("Encoding") as progress:
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

    with bar("Drawing") as progress:
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
