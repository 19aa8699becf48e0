"""Accounts of what was done, as tables that a person reads."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scankin.index_build.changes import Changes
from scankin.index_build.ingest import IngestAccount

VANISHED = "vanished.txt"
_MOST_ROWS = 60


def print_ingest(account: IngestAccount, casebook: Path, out: Console) -> None:
    """Print what came in by centre, modality and cohort, what was refused and why, and what differs from before."""
    out.print(_scans(account))
    if account.refusals:
        out.print(_refusals(account))
    if account.flags:
        out.print(_counted("Clinical fields by how they were read", "flag", account.flags))
    if account.contradictions:
        out.print(_counted("What cannot all be so", "contradiction", account.contradictions))
    scans, refused = sum(account.scans.values()), sum(account.refusals.values())
    out.print(
        f"{account.items:,} items = {scans:,} scans + {refused:,} refusals (reasons in refusals.parquet); "
        f"{account.patients:,} patients; {account.read:,} scans read in this run."
    )
    _print_changes(account.changes, casebook, out)


def _scans(account: IngestAccount) -> Table:
    modalities = sorted({modality for *_, modality in account.scans})
    rows: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for (collection, site, cohort, modality), count in account.scans.items():
        rows[collection, site, cohort][modality] += count
    for (collection, site, cohort, _), count in account.refusals.items():
        rows[collection, site, cohort]["refused"] += count
    table = Table("collection", "site", "cohort", title="What came in", title_justify="left")
    for column in (*modalities, "refused"):
        table.add_column(column, justify="right")
    if len(rows) > _MOST_ROWS:  # one row a collection and cohort then
        folded: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        for (collection, _, cohort), counts in rows.items():
            folded[collection, "all", cohort].update(counts)
        rows = folded
    for key, counts in sorted(rows.items()):
        table.add_row(*key, *(f"{counts[column]:,}" if counts[column] else "" for column in (*modalities, "refused")))
    return table


def _refusals(account: IngestAccount) -> Table:
    reasons: Counter[tuple[str, str]] = Counter()
    for (collection, _, _, reason), count in account.refusals.items():
        reasons[collection, reason] += count
    table = Table("collection", "reason", title="What was refused", title_justify="left")
    table.add_column("items", justify="right")
    for key, count in sorted(reasons.items()):
        table.add_row(*key, f"{count:,}")
    return table


def _counted(title: str, what: str, counts: Mapping[str, int]) -> Table:
    table = Table(what, title=title, title_justify="left")
    table.add_column("count", justify="right")
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}")
    return table


def _print_changes(changes: Changes, casebook: Path, out: Console) -> None:
    if changes == Changes():
        return
    out.print(
        f"Against the ingest before: {len(changes.new):,} new patients, {len(changes.corrected):,} corrected, "
        f"{len(changes.vanished):,} vanished, {len(changes.vanished_studies):,} studies of others vanished."
    )
    if changes.vanished:
        (casebook / VANISHED).write_text("".join(f"{key}\n" for key in changes.vanished), encoding="utf-8")
        out.print(
            f"The keys of the vanished are in {VANISHED} of the casebook. They are withdrawn at the source: "
            f"scankin-index withdraw STORE CASEBOOK --list {VANISHED} takes them out of indexes and caches too."
        )
