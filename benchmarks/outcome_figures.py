"""Evaluates outcomes on constructed cohorts, whose true chances are known, with and without a planted shortcut.

Usage: ``python benchmarks/outcome_figures.py FOLDER --seed 4 [--patients 2000] [--encoder NAME] [--reencode 300]``.
Of each seed the positive patients' first films since admission are drawn and encoded, as ``outcome_coverage.py`` has
them; then once more with the marker of the centre where ``construct --shortcut`` would put it, mostly on films of those
who die. Both cohorts are evaluated as ``scankin-index evaluate --outcomes`` does it, with the truth. FOLDER keeps the
vectors and the reports.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from outcome_coverage import CENTRES, Cohort, cohort_of, key_of

from scankin.index_build.construct.centres import centres_of
from scankin.index_build.construct.images import picture_of
from scankin.index_build.construct.other_films import marked
from scankin.index_build.construct.tree import MARKER_ELSE, MARKER_IF_DIED, cohort_patient
from scankin.index_build.evaluate.alterations import SIDE, frame_only, lungs_only
from scankin.index_build.evaluate.outcomes.altered import FRAME_ONLY, LUNGS_ONLY, Altered, chosen, foretold
from scankin.index_build.evaluate.outcomes.cohort import OutcomeCohort, groups_of
from scankin.index_build.evaluate.outcomes.document import write_document
from scankin.index_build.evaluate.outcomes.page import write_page
from scankin.index_build.evaluate.outcomes.run import evaluate_outcomes
from scankin.index_build.evaluate.outcomes.words import headline, verdicts
from scankin.models import load_encoder
from scankin.models.lungs import lung_mask
from scankin.retrieval.encoder import Encoder, embed
from scankin.retrieval.rendering import render
from scankin.retrieval.scan import Modality, Scan, View

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Drawn:
    """One film of a constructed patient."""

    number: int
    pixels: NDArray[np.uint16]
    marked: NDArray[np.uint16] | None  # with the marker of the centre; None: this film would carry none


def main(
    folder: Path,
    seed: Annotated[list[int], typer.Option()],
    patients: int = 2000,
    encoder: str = "efficientnet_lite0",
    reencode: int = 300,
) -> None:
    """Print for every seed, with and without the shortcut, the headline, the audit, and where the report is."""
    for one in seed:
        plain, numbers = plain_cohort(one, patients, encoder, folder)
        altered, shortcut = encoded(plain, numbers, one, encoder, reencode, folder)
        risks = {record.scan: risk for record, risk in zip(plain.index.records, plain.risks, strict=True)}
        for kind, vectors in (("no shortcut", plain.index.vectors), ("shortcut", shortcut)):
            cohort = asked_cohort(plain, numbers, vectors, one)
            seen = foretold_from(cohort, altered[kind])
            found = evaluate_outcomes(cohort, risks=risks, altered=seen)
            into = folder / f"{encoder}-{one}-{patients}-{kind.replace(' ', '-')}"
            write_document(found, into)
            write_page(found, into)
            typer.echo(f"seed {one}, {kind}: {headline(found)}")
            for verdict in verdicts(found):
                typer.echo(f"  {verdict.test} {verdict.name}: {verdict.result}. {verdict.said}")


def plain_cohort(seed: int, patients: int, encoder: str, folder: Path) -> tuple[Cohort, list[int]]:
    """Return the cohort without a shortcut, and the number of each film's patient."""
    found = cohort_of(seed, patients, encoder, folder)
    number_of = {f"s{key_of(seed, number)}": number for number in range(patients)}
    return found, [number_of[record.scan] for record in found.index.records]


def asked_cohort(plain: Cohort, numbers: list[int], vectors: Vectors, seed: int) -> OutcomeCohort:
    """Return the cohort with some vectors, sites, devices and projections as the generator has them."""
    made = centres_of(seed, CENTRES)
    records, devices = [], []
    for record, number in zip(plain.index.records, numbers, strict=True):
        patient, _ = cohort_patient(seed, number, made)
        film = next(s for s in patient.studies if patient.course and not s.is_ct and s.day >= patient.course.admitted)
        room = patient.centre.mobile if film.is_ap else patient.centre.fixed
        records.append(replace(record, site=patient.centre.name, view=View.AP if film.is_ap else View.PA))
        devices.append(f"{room.maker} {room.model}")
    return OutcomeCohort(
        records=tuple(records),
        vectors=vectors,
        people=np.arange(len(records)),
        cases=plain.cases,
        may_ask=np.ones(len(records), np.bool_),
        encoder=plain.index.encoder,
        groups=groups_of(tuple(records), plain.cases, devices),
        source_ids=tuple(record.scan for record in records),
    )


def foretold_from(cohort: OutcomeCohort, altered: dict[str, Vectors]) -> Altered:
    """Return what whole and altered films foretell; a film without lungs has vectors of NaN."""
    has_both = np.flatnonzero(np.all([np.isfinite(held).all(axis=1) for held in altered.values()], axis=0))
    some = cohort.only(has_both)
    tried = int(np.any([np.isfinite(held).any(axis=1) for held in altered.values()], axis=0).sum())
    return foretold(some, {kind: held[has_both] for kind, held in altered.items()}, without_lungs=tried - len(some))


def encoded(
    plain: Cohort, numbers: list[int], seed: int, encoder: str, reencode: int, folder: Path
) -> tuple[dict[str, dict[str, Vectors]], Vectors]:
    """Return vectors of altered films by cohort and kind, NaN where there is none, and those of films with markers."""
    kept = folder / f"{encoder}-{seed}-altered-{reencode}.npz"
    names = {"no shortcut": "plain", "shortcut": "marked"}
    if not kept.is_file():
        cohort = asked_cohort(plain, numbers, plain.index.vectors, seed)
        some = set(chosen(cohort, reencode).tolist())
        loaded = load_encoder(encoder)
        empty = np.full(plain.index.vectors.shape, np.nan, np.float32)
        held = {f"{name}-{kind}": empty.copy() for name in names.values() for kind in (LUNGS_ONLY, FRAME_ONLY)}
        whole = plain.index.vectors.copy()
        for row, film in enumerate(films_of(numbers, seed)):
            if film.marked is not None:
                whole[row] = _vector(loaded, film.marked)
            if row in some:
                for name, pixels in (("plain", film.pixels), ("marked", film.marked)):
                    for kind, vector in _altered(loaded, pixels).items() if pixels is not None else ():
                        held[f"{name}-{kind}"][row] = vector
                if film.marked is None:
                    for kind in (LUNGS_ONLY, FRAME_ONLY):
                        held[f"marked-{kind}"][row] = held[f"plain-{kind}"][row]
        np.savez(kept, whole=whole, **held)
    found = np.load(kept)
    return {
        kind: {alteration: found[f"{name}-{alteration}"] for alteration in (LUNGS_ONLY, FRAME_ONLY)}
        for kind, name in names.items()
    }, found["whole"]


def films_of(numbers: list[int], seed: int) -> Iterator[Drawn]:
    """Yield the film of each patient, with the marker too where the film of such a patient would carry one."""
    made = centres_of(seed, CENTRES)
    for number in numbers:
        patient, _ = cohort_patient(seed, number, made)
        course = patient.course
        if course is None:
            raise typer.BadParameter(f"seed {seed}: the kept vectors are of another generator. Delete them.")
        film = picture_of(patient, next(s for s in patient.studies if not s.is_ct and s.day >= course.admitted))
        share = MARKER_ELSE if course.died is None else MARKER_IF_DIED
        centre = made.centres.index(patient.centre) + 1
        has_marker = np.random.default_rng([seed, number]).random() < share
        yield Drawn(number, _stored(film.pixels), _stored(marked(film, centre).pixels) if has_marker else None)


def _stored(pixels: NDArray[np.float32]) -> NDArray[np.uint16]:
    return (pixels * 4095).astype(np.uint16)


def _vector(encoder: Encoder, pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = embed(encoder, Scan(Modality.XRAY, pixels[np.newaxis])).vectors[0]
    return vector


def _altered(encoder: Encoder, pixels: NDArray[np.uint16]) -> dict[str, NDArray[np.float32]]:
    picture = render(Scan(Modality.XRAY, pixels[np.newaxis]), SIDE)[0]
    mask = lung_mask(picture)
    made = {LUNGS_ONLY: lungs_only(picture, mask), FRAME_ONLY: frame_only(picture, mask)}
    return {
        kind: embed(encoder, Scan(Modality.XRAY, one[np.newaxis])).vectors[0]
        for kind, one in made.items()
        if one is not None
    }


if __name__ == "__main__":
    typer.run(main)
