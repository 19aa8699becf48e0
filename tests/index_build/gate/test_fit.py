import io
from dataclasses import replace

import numpy as np
import pytest
from builders import a_record
from PIL import Image

from scankin.index_build.gate.fit import fit_gates
from scankin.models import load_encoder
from scankin.retrieval.encoder import Embeddings, embed
from scankin.retrieval.errors import StoreCorrupt
from scankin.retrieval.fingerprint import fingerprint
from scankin.retrieval.gate.file import gates_from, notes_in
from scankin.retrieval.index import ScanIndex
from scankin.retrieval.scan import Modality, Scan, View
from scankin.retrieval.thumbnails import thumbnail, thumbnail_png

ENCODER = load_encoder("thumbnail")


def a_blurred_film(seed: int) -> Scan:
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8)).astype(np.uint8)
    return Scan(Modality.XRAY, np.asarray(Image.fromarray(coarse).resize((128, 128), Image.Resampling.BICUBIC))[None])


FILMS = [a_blurred_film(seed) for seed in range(100)]
RECORDS = [a_record(n, fingerprint=fingerprint(film)) for n, film in enumerate(FILMS)]
PNG = {record.scan: thumbnail_png(film) for record, film in zip(RECORDS, FILMS, strict=True)}
VECTORS = {r.scan: embed(ENCODER, film).vectors[0] for r, film in zip(RECORDS, FILMS, strict=True)}


def indexed(records):
    return {
        Modality.XRAY: ScanIndex.of(records, Embeddings(np.stack([VECTORS[r.scan] for r in records]), ENCODER.identity))
    }


def fitted(records=RECORDS, **options):
    return fit_gates(indexed(records), PNG.__getitem__, **options)


def judged(gates, scan: Scan):
    gate = gates.by_modality[Modality.XRAY]
    return gate.judge(gate.distances(embed(ENCODER, scan).vectors[0], thumbnail(scan)))


def test_noise_and_stripes_are_refused_and_films_of_new_patients_are_not() -> None:
    gates = fitted()
    rng = np.random.default_rng(0)
    noise = Scan(Modality.XRAY, rng.integers(0, 255, (1, 128, 128)).astype(np.uint8))
    stripes = Scan(Modality.XRAY, np.tile((np.arange(128) % 8 * 30).astype(np.uint8), (1, 128, 1)))
    assert judged(gates, noise).is_refused and judged(gates, stripes).is_refused
    new = [judged(gates, a_blurred_film(1000 + n)).is_refused for n in range(60)]
    # 40 patients calibrate, one rank of 41 is refused: 1.5 of 60 are expected, eight or more once in 5,000.
    assert sum(new) < 8


def test_nobody_is_on_both_sides_and_nobody_calibrates_twice() -> None:
    twice = [*RECORDS, *(replace(r, scan=f"t{n:015x}") for n, r in enumerate(RECORDS))]
    PNG.update({f"t{n:015x}": PNG[r.scan] for n, r in enumerate(RECORDS)})
    VECTORS.update({f"t{n:015x}": VECTORS[r.scan] for n, r in enumerate(RECORDS)})
    gates = fitted(twice)
    reference = {r.patient for r in twice if r.scan in gates.references[Modality.XRAY]}
    assert len(reference) == 60 and len(gates.references[Modality.XRAY]) == 120
    assert len(gates.by_modality[Modality.XRAY].calibration) == 40


def test_patients_of_the_same_picture_are_one_patient() -> None:
    same = [replace(record, fingerprint=RECORDS[0].fingerprint) for record in RECORDS[:70]] + RECORDS[70:]
    assert fitted(same).notes["X-ray"] == "too few patients to fit a gate: 31, 40 are needed"


def test_laterals_are_not_what_a_gate_is_fitted_on() -> None:
    lateral = [replace(record, view=View.LATERAL) for record in RECORDS[:65]] + RECORDS[65:]
    assert fitted(lateral).notes["X-ray"] == "too few patients to fit a gate: 35, 40 are needed"


def test_a_rate_that_so_few_patients_cannot_keep_leaves_no_gate() -> None:
    gates = fitted(RECORDS[:45], false_refusal=0.01)
    assert not gates.by_modality and "too few for a false refusal of 0.01" in gates.notes["X-ray"]


def test_a_gate_comes_back_from_its_file_as_it_was() -> None:
    gates = fitted(false_refusal=0.1)
    data = gates.to_bytes()
    again = gates_from(data, indexed(RECORDS))
    noise = Scan(Modality.XRAY, np.random.default_rng(1).integers(0, 255, (1, 64, 64)).astype(np.uint8))
    assert judged(again, noise) == judged(gates, noise)
    assert notes_in(data) == gates.notes and "60 scans, calibrated on 40 other patients" in gates.notes["X-ray"]
    with pytest.raises(StoreCorrupt, match="does not fit its index"):
        gates_from(data, indexed(RECORDS[:50]))


def test_the_file_does_not_hold_the_vectors_which_the_index_has() -> None:
    with np.load(io.BytesIO(fitted().to_bytes())) as held:
        assert "XRAY.vector.reference" not in held and "XRAY.grey.reference" in held


def test_the_order_of_the_scans_does_not_matter() -> None:
    noise = Scan(Modality.XRAY, np.random.default_rng(2).integers(90, 160, (1, 64, 64)).astype(np.uint8))
    one, other = judged(fitted(), noise), judged(fitted(RECORDS[::-1]), noise)
    assert one.p_value == other.p_value and one.measured == other.measured
