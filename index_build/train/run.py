"""Trains the chest encoder by a recipe: chooses the number of epochs, fits again with all that may be seen, writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scankin.index_build.casebook import Casebook
from scankin.index_build.fitted import record_fit
from scankin.index_build.train.choose import best_epoch, inner_rows, measured_on_inner
from scankin.index_build.train.curve import write_curve
from scankin.index_build.train.films import Films, load_films
from scankin.index_build.train.fit import Course, Fit
from scankin.index_build.train.recipe import Recipe
from scankin.index_build.train.split import Part
from scankin.index_build.train.weights import fitted_marks, write_weights
from scankin.retrieval.errors import CasebookError
from scankin.retrieval.files import replaced, sha256_of
from scankin.retrieval.report import NOTICE

ENCODER = "scankin_cxr"
WEIGHTS, RESULTS, FITTED = "scankin_cxr.safetensors", "train.json", "scankin_cxr.fitted.txt"
Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, of how much."""


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Attributes:
        weights: The file.
        epochs: Chosen on the inner fold.
        course: Of the training that chose.
        learned, kept_aside: Films.
    """

    weights: Path
    epochs: int
    course: Course
    learned: int
    kept_aside: int


def train(
    casebook: Path, recipe: Recipe, out: Path, *, name_films: bool = False, workers: int, progress: Progress
) -> Trained:
    """Train, and write weights, learning curve, results and who was learned from into ``out``.

    A fifth of the patients is kept aside and never looked at. Of the others a fifth is the inner fold: the recipe is
    first trained without it, to see after how many epochs the encoder is best, and then with it for so many epochs.
    Interrupted, it goes on from the last finished epoch.

    Args:
        casebook: Its frontal films are learned from.
        recipe: How.
        out: Made when it is not there.
        name_films: Also write a plain hash of each film's source id, for collections whose ids are public.
        workers: Reading processes, and threads of the network.
        progress: Told what is done and how much of it.

    Raises:
        CasebookError: There are too few films to learn from.
        InvalidRequest: ``out`` holds the checkpoint of another recipe or other films.
    """
    import torch  # noqa: PLC0415

    torch.set_num_threads(workers)
    films = load_films(casebook, out, workers=workers, progress=lambda done, of: progress("Reading", done, of))
    fit_rows = np.flatnonzero(films.parts == Part.FIT)
    if len(fit_rows) < recipe.batch or not (films.parts == Part.INNER).any():
        raise CasebookError(
            f"{casebook.name}: {len(fit_rows)} films to learn from; at least {recipe.batch} are needed."
        )
    chosen = _choose(recipe, films, fit_rows, out, progress)
    epochs = best_epoch(chosen.course.measured)
    write_curve(chosen.course, epochs, out)
    final = Fit(recipe, films, inner_rows(films))
    final.run(epochs, out / "refit.pt", progress=lambda done, of: progress("Refitting", done, of))
    with final.averaged():
        path = write_weights(final, out / WEIGHTS)
    _write_results(recipe, films, chosen.course, epochs, path, out)
    rows = inner_rows(films)
    record_fit(Casebook.load(casebook), ENCODER, sha256_of(path), {films.records[row].patient for row in rows})
    if name_films:
        replaced(out / FITTED, "".join(f"{mark}\n" for mark in fitted_marks(films, rows)).encode())
    return Trained(path, epochs, chosen.course, len(final.rows), len(films) - len(final.rows))


def _choose(recipe: Recipe, films: Films, rows: NDArray[np.int64], out: Path, progress: Progress) -> Fit:
    fit = Fit(recipe, films, rows)
    fit.run(
        recipe.epochs,
        out / "choose.pt",
        measured_on_inner(films, recipe.side),
        progress=lambda done, of: progress("Choosing", done, of),
    )
    return fit


def _write_results(recipe: Recipe, films: Films, course: Course, epochs: int, weights: Path, out: Path) -> None:
    counts = {
        name: int((films.parts == part).sum())
        for name, part in (("fit", Part.FIT), ("inner fold", Part.INNER), ("kept aside", Part.KEPT_ASIDE))
    }
    raw = {
        "schema": "scankin.training/1",
        "recipe": recipe.as_json(),
        "films": counts,
        "sources": {name: int((films.sources == n).sum()) for n, name in enumerate(films.source_names)},
        "epochs": epochs,
        "losses": course.losses,
        "inner fold": course.measured,
        "seconds": round(course.seconds),
        "weights_sha256": sha256_of(weights),
        "libraries": {name: version(name) for name in ("torch", "numpy")},
        "notice": NOTICE,
    }
    replaced(out / RESULTS, json.dumps(raw, indent=1).encode())
