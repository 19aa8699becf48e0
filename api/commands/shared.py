"""What the commands have in common: the application, the consoles, and the options of a query."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from scankin.api.engine import Options

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="``scankin``: search one scan, score many, or serve.",
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

CORES = os.cpu_count() or 1

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


def options_of(
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
    """Return what the options of a query ask for.

    Raises:
        InvalidRequest: A value is none of those there are.
    """
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
