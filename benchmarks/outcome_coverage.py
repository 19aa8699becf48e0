"""Holds estimates of outcomes against the chances that constructed patients were drawn with.

Usage: ``python benchmarks/outcome_coverage.py FOLDER --seed 4 --seed 5 [--patients 2000] [--encoder NAME]``.
Each seed's positive patients are an index (their first film since admission, drawn and encoded; records as dirty as
NCCID's), and the patients of the other seeds ask it. FOLDER keeps the vectors. Negative patients have no outcomes, and
are left out. Two truths are known of each patient who asks:

- own: the patient's own chance, which follows from a severity and an age that no film tells exactly;
- alike: its mean over patients with films as alike, which is what an estimate from films can aim at. It is a kernel
  ridge regression of the own chances of all seeds on the vectors, for each patient fitted without them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import KFold, cross_val_predict

from scankin.index_build.calibrate.fit import calibrate
from scankin.index_build.construct.centres import centres_of
from scankin.index_build.construct.images import picture_of
from scankin.index_build.construct.patients import generator
from scankin.index_build.construct.risks import true_risks
from scankin.index_build.construct.tree import cohort_patient
from scankin.index_build.construct.truth import known_course
from scankin.index_build.construct.uploads import uploads_of
from scankin.models import load_encoder
from scankin.retrieval.case import Case, Clock, Event, EventKind
from scankin.retrieval.encoder import Embeddings, EncoderIdentity, embed
from scankin.retrieval.estimates.calibration import ModalityCalibration
from scankin.retrieval.estimates.curves import CURVE_OUTCOMES
from scankin.retrieval.estimates.estimate import Estimator, Expected
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Age, Modality, Scan, Sex

Floats = NDArray[np.float64]

_FIELDS = {
    "death": EventKind.DEATH,
    "itu_admission": EventKind.ICU_ADMISSION,
    "intubation": EventKind.INTUBATION,
}
_EPOCH = date(1970, 1, 1).toordinal()
_DIRT_KEY = 7
CENTRES = 25
RIDGE, WIDTH, COMPONENTS = 0.3, 0.03, 60


@dataclass(frozen=True, eq=False)
class Cohort:
    """Positive patients of one seed: an index, its cases, and the true chances row by row."""

    index: ScanIndex
    cases: Mapping[str, Case]
    risks: tuple[Mapping[str, float], ...]


def main(
    folder: Path,
    seed: Annotated[list[int], typer.Option()],
    patients: int = 2000,
    encoder: str = "efficientnet_lite0",
) -> None:
    """Print coverage, calibration error, and error given and withheld, averaged over the ordered pairs of seeds."""
    cohorts = [cohort_of(one, patients, encoder, folder) for one in seed]
    alike = alike_chances(cohorts)
    rows: dict[str, list[Floats]] = {}
    bands: dict[str, list[float]] = {}
    for here, index in enumerate(cohorts):
        calibration = calibrate({Modality.XRAY: index.index}, index.cases)[Modality.XRAY]
        estimator = Estimator(index.index.records, index.cases, calibration)
        never_abstains = Estimator(index.index.records, index.cases, without_threshold(calibration))
        for there, asking in enumerate(cohorts):
            if here == there:
                continue
            said, always = (
                [
                    one.answer(
                        vector,
                        index.index.vectors @ vector,
                        np.ones(len(index.index), np.bool_),
                        record.age,
                        record.sex,
                    )
                    for vector, record in zip(asking.index.vectors, asking.index.records, strict=True)
                ]
                for one in (estimator, never_abstains)
            )
            for name in asking.risks[0]:
                own = np.array([risk[name] for risk in asking.risks])
                rows.setdefault(name, []).append(measured(name, said, always, own, alike[there][name]))
            for name in CURVE_OUTCOMES:
                bands.setdefault(name, []).extend(band_coverage(name, said, asking.risks, alike[there]))
    heads = "asked  given   base   true   ECE  alike   own  width    err withheld base-err beats"
    typer.echo(f"{'outcome':<20}{heads}")
    for name, parts in rows.items():
        means = [
            column[~np.isnan(column)].mean() if (~np.isnan(column)).any() else None for column in np.array(parts).T
        ]
        typer.echo(
            f"{name:<20}{means[0]:5.0f} {means[1]:6.3f}"
            + "".join("      -" if value is None else f" {value:6.3f}" for value in means[2:]),
        )
    for name, covered in bands.items():
        typer.echo(f"curve to {name:<20} bands cover the alike chance at 7, 14, 30 days: {np.mean(covered):.3f}")


def without_threshold(held: ModalityCalibration) -> ModalityCalibration:
    """Return a calibration that never abstains for want of similar patients."""
    outcomes = {
        name: one if one.fit is None else replace(one, fit=replace(one.fit, least_size=0.0))
        for name, one in held.outcomes.items()
    }
    return replace(held, outcomes=outcomes)


def measured(name: str, said: Sequence[Expected], always: Sequence[Expected], own: Floats, alike: Floats) -> Floats:
    """Return the figures of one outcome; patients in whom it had happened are not asked about."""
    held = [next(one for one in expected.estimates if one.name == name) for expected in said]
    at_risk = np.ones(len(own), np.bool_) if not name.endswith("d") or name in ("died", "intubated") else own > 0
    given = at_risk & np.array([one.estimate is not None for one in held])
    if not given.any():
        return np.array([at_risk.sum(), 0.0, *[np.nan] * 10])
    estimates = np.array([one.estimate for one, yes in zip(held, given, strict=True) if yes], np.float64)
    low, high = np.array([one.interval for one, yes in zip(held, given, strict=True) if yes]).T
    kept_back = at_risk & ~given
    forced = [next(one for one in expected.estimates if one.name == name) for expected in always]
    withheld = np.array([one.estimate for one, no in zip(forced, kept_back, strict=True) if no], np.float64)
    their_error = (withheld - alike[kept_back]) ** 2
    own, alike = own[given], alike[given]
    tenths = np.array_split(np.argsort(estimates), 10)
    ece = sum(abs(estimates[part].mean() - own[part].mean()) * len(part) for part in tenths) / len(own)
    error = (estimates - alike) ** 2
    base = next(one.base.share for one in held if one.base is not None)
    return np.array(
        [
            at_risk.sum(),
            given.sum() / at_risk.sum(),
            base,
            own.mean(),
            ece,
            np.mean((low <= alike) & (alike <= high)),
            np.mean((low <= own) & (own <= high)),
            np.mean(high - low),
            np.sqrt(error.mean()),
            np.sqrt(their_error.mean()) if len(their_error) else np.nan,
            np.sqrt(np.mean((base - alike) ** 2)),
            float(bool(held[0].beats_age_sex)),
        ]
    )


def band_coverage(
    name: str, said: Sequence[Expected], risks: Sequence[Mapping[str, float]], alike: Mapping[str, Floats]
) -> list[float]:
    """Return for each patient at risk and each of three days whether the band holds the alike chance."""
    covered = []
    stem = name.removesuffix("30d")
    for place, expected in enumerate(said):
        found = next((one for one in expected.curves if one.name == name), None)
        if found is None or risks[place][name] == 0:
            continue
        for day in (7, 14, 30):
            chance = alike[f"{stem}{day}d"][place]
            covered.append(float(found.low[day] <= chance <= found.high[day]))
    return covered


def alike_chances(cohorts: Sequence[Cohort]) -> list[dict[str, Floats]]:
    """Return by cohort and outcome the mean own chance of patients with films as alike."""
    vectors = np.concatenate([cohort.index.vectors for cohort in cohorts])
    parts = PCA(COMPONENTS, random_state=0).fit_transform(vectors)
    parts /= parts[:, 0].std()
    ends = np.cumsum([len(cohort.index) for cohort in cohorts])[:-1]
    folds = KFold(10, shuffle=True, random_state=1)
    found: list[dict[str, Floats]] = [{} for _ in cohorts]
    for name in cohorts[0].risks[0]:
        own = np.array([risk[name] for cohort in cohorts for risk in cohort.risks])
        model = KernelRidge(kernel="rbf", alpha=RIDGE, gamma=WIDTH)
        smooth = cross_val_predict(model, parts, own - own.mean(), cv=folds) + own.mean()
        for held, part in zip(found, np.split(np.clip(smooth, 0.005, 0.995), ends), strict=True):
            held[name] = part
    return found


def key_of(seed: int, number: int) -> str:
    """Return the key of a patient and their film, without its letter."""
    return hashlib.sha256(f"{seed} {number}".encode()).hexdigest()[:15]


def cohort_of(seed: int, patients: int, encoder: str, folder: Path) -> Cohort:
    """Return the cohort of a seed; its vectors are kept in ``folder``."""
    made = centres_of(seed, CENTRES)
    kept = folder / f"{encoder}-{seed}-{patients}.npz"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        loaded = load_encoder(encoder)
        drawn = []
        for number in range(patients):
            patient, _ = cohort_patient(seed, number, made)
            course = patient.course
            films = [s for s in patient.studies if course and not s.is_ct and s.day >= course.admitted]
            if films:
                pixels = (picture_of(patient, films[0]).pixels * 4095).astype(np.uint16)
                vector = embed(loaded, Scan(Modality.XRAY, pixels[np.newaxis])).vectors[0]
                drawn.append((number, films[0].day.toordinal(), vector))
        numbers, days, vectors = zip(*drawn, strict=True)
        np.savez(kept, index=numbers, day=days, vectors=np.stack(vectors))
    held = np.load(kept)
    records, cases, risks = [], {}, []
    for number, ordinal in zip(held["index"].tolist(), held["day"].tolist(), strict=True):
        patient, _ = cohort_patient(seed, number, made)
        course = patient.course
        if course is None:
            raise typer.BadParameter(f"{kept.name} is of another generator. Delete it.")
        day = date.fromordinal(ordinal)
        known = known_course(uploads_of(generator(seed, number, _DIRT_KEY), patient, made).known)
        events = [
            Event(kind, stated, on.toordinal() - _EPOCH if stated and (on := known.days[name]) else None)
            for name, kind in _FIELDS.items()
            if (stated := known.happened[name]) is not None
        ]
        key = key_of(seed, number)
        alive = None if known.alive is None else known.alive.toordinal() - _EPOCH
        cases[f"p{key}"] = Case(f"p{key}", "nccid", Clock.CALENDAR, tuple(events), alive)
        records.append(
            ScanRecord(
                f"s{key}",
                f"p{key}",
                "nccid",
                Modality.XRAY,
                key,
                bytes(32),
                sex=Sex.FEMALE if patient.is_female else Sex.MALE,
                age=Age.of(patient.age(day)),
                day=ordinal - _EPOCH,
            )
        )
        risks.append(true_risks(course, patient.age(patient.swab), day))
    order = np.argsort([record.scan for record in records])
    vectors = held["vectors"][order]
    identity = EncoderIdentity(encoder, "drawn", "drawn", "drawn", vectors.shape[1])
    index = ScanIndex.of([records[place] for place in order], Embeddings(vectors, identity))
    return Cohort(index, cases, tuple(risks[place] for place in order))


if __name__ == "__main__":
    typer.run(main)
