"""The figures of a gate's audit as a table."""

from rich.table import Table

from scankin.index_build.gate.audit import GateAudit, Refusals


def as_table(audit: GateAudit) -> Table:
    """Return a row for every kind of outsider and insider: how many were refused, the share with its interval, why."""
    table = Table("", "kind", title="T14: what the gate refuses", title_justify="left")
    for column in ("refused", "of", "share [95 % interval]"):
        table.add_column(column, justify="right")
    table.add_column("reasons")
    for side, kinds in (("outsiders", audit.outsiders), ("insiders", audit.insiders)):
        for kind, held in kinds.items():
            table.add_row(side, kind, f"{held.refused:,}", f"{held.asked:,}", _share(held), _reasons(held))
    return table


def _share(held: Refusals) -> str:
    if held.interval is None:
        return "none asked"
    low, high = held.interval
    return f"{held.refused / held.asked:.3f} [{low:.3f}, {high:.3f}]"


def _reasons(held: Refusals) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in held.reasons.items())
