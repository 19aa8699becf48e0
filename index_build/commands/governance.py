"""Patients taken out, their absence proved, agreements ended."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scankin.index_build.commands.shared import CasebookFolder, StoreFolder, app, out
from scankin.retrieval.errors import InvalidRequest


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
