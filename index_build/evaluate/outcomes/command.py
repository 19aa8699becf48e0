"""What ``scankin-index evaluate --outcomes`` does: load, encode anew where asked, measure, and write all of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scankin.index_build.evaluate.command import is_named_in, lung_finder
from scankin.index_build.evaluate.outcomes.altered import altered
from scankin.index_build.evaluate.outcomes.cohort import load_cohort
from scankin.index_build.evaluate.outcomes.document import write_document
from scankin.index_build.evaluate.outcomes.page import write_page
from scankin.index_build.evaluate.outcomes.run import OutcomeEvaluation, evaluate_outcomes
from scankin.index_build.evaluate.outcomes.truth import load_truth
from scankin.models import fitted_list, load_encoder
from scankin.models.network.weights import library

EXTRA = "evaluate"


@dataclass(frozen=True)
class Asked:
    """What is to be evaluated.

    Attributes:
        encoder: Name.
        weights: Of the encoder; None: those of its package.
        fitted: As in ``scankin.index_build.evaluate.command``.
        truth: Of a constructed cohort; None: none is known.
        reencode: How many films are read and encoded anew, at most; None: none.
    """

    encoder: str
    weights: Path | None
    fitted: Path | None
    truth: Path | None
    reencode: int | None


def evaluate_casebook_outcomes(
    casebook: Path, out: Path, asked: Asked, *, workers: int, progress: Callable[[str, int, int], None]
) -> OutcomeEvaluation:
    """Evaluate what neighbours foretell on a casebook, write what was found, and return it.

    Raises:
        InvalidRequest: The libraries of the extra are not installed.
        CasebookError: No film has a vector of the encoder, or the truth cannot be read.
    """
    for name in ("sklearn", "sksurv"):
        library(name, EXTRA)
    encoder = load_encoder(asked.encoder, asked.weights)
    shipped = fitted_list(asked.encoder) if asked.weights is None and asked.fitted is None else asked.fitted
    risks = None if asked.truth is None else load_truth(asked.truth)
    cohort = load_cohort(casebook, encoder.identity, is_named_in([] if shipped is None else [shipped]))
    seen = None
    if asked.reencode is not None:
        seen = altered(
            cohort,
            casebook,
            encoder,
            lung_finder(),
            films=asked.reencode,
            workers=workers,
            progress=lambda done, of: progress("Encoding", done, of or done),
            on_fold=lambda done, of: progress("Altered films", done, of or done),
        )
    found = evaluate_outcomes(cohort, risks=risks, altered=seen, progress=progress)
    write_document(found, out)
    write_page(found, out)
    return found
