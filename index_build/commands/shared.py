"""What the commands have in common: the application, the consoles, arguments and progress bars."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="``scankin-index``: what researchers run to make, check and publish an index.",
)
out, err = Console(), Console(stderr=True)

Workers = Annotated[int, typer.Option(min=1, help="Processes that read, and threads that encode.")]
CasebookFolder = Annotated[Path, typer.Argument(help="Folder of the casebook.")]
StoreFolder = Annotated[Path, typer.Argument(help="Folder of the store.")]

CORES = os.cpu_count() or 1


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done, as it begins."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
    ) as shown:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done, total=total)

        yield progress


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar for one thing, gone when it is done."""
    with Progress(
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err, transient=True
    ) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
