"""Heads fitted on vectors whose truth is known, and the way from a casebook to an encoder."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import KEYRING
from stores import a_source, reads

from scankin.index_build.adapt.head import fit_head
from scankin.index_build.adapt.run import FOLDS, HEAD, RESULTS, adapt, folds_of
from scankin.index_build.build import build
from scankin.index_build.cli import app
from scankin.index_build.evaluate.sample import Sample
from scankin.index_build.fitted import fits
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.ingest import ingest
from scankin.models import load_encoder
from scankin.retrieval.errors import CasebookError, InvalidRequest
from scankin.retrieval.records import ScanRecord
from scankin.retrieval.scan import Modality
from scankin.retrieval.source_tree import FolderTree
from scankin.retrieval.store import load_version


def a_sample(seed: int, films: int = 240) -> Sample:
    """Films of three sources; the source fills the first directions, the illness is weak and lies in others."""
    rng = np.random.default_rng(seed)
    sources, ill = rng.integers(0, 3, films), rng.random(films) < 0.5
    vectors = rng.normal(0, 1, (films, 24))
    vectors[:, 8:] *= 2.5  # what neither source nor illness explains
    vectors[:, :3] += 8 * np.eye(3)[sources]
    vectors[:, 5] += 3 * ill
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    records = tuple(
        ScanRecord(
            scan=f"s{n:015x}",
            patient=f"p{n}",
            collection=f"source {sources[n]}",
            modality=Modality.XRAY,
            pixel_hash=str(n),
            fingerprint=rng.bytes(32),
            findings={"COVID-19": True} if ill[n] else {"No Finding": True, "COVID-19": False},
        )
        for n in range(films)
    )
    unit = vectors.astype(np.float32)
    return Sample(
        records=records,
        vectors=unit,
        pixels=unit,
        people=np.arange(films),
        sources=sources,
        source_names=("a", "b", "c"),
        covid=ill.astype(np.int64),
        is_child=np.zeros(films, bool),
        joined=(),
    )


def test_a_head_finds_the_illness_that_the_source_hides() -> None:
    adaptation = adapt(a_sample(1))
    assert adaptation.gains["COVID-19 across sources, balanced"].difference.low > 0.05
    assert adaptation.gains["P@1 across sources"].difference.low > 0.05
    assert adaptation.gains["source told by ten neighbours"].difference.high < 0


def test_labels_dealt_out_at_random_gain_nothing_outside_the_fit() -> None:
    sample = a_sample(2)
    dealt = np.random.default_rng(3).permutation(len(sample))
    records = tuple(
        ScanRecord(**{**vars(record), "findings": sample.records[other].findings})
        for record, other in zip(sample.records, dealt, strict=True)
    )
    shuffled = replace(sample, records=records, covid=sample.covid[dealt])
    gain = adapt(shuffled).gains["P@1 across sources"]
    assert gain.difference.low < 0.05
    assert abs(gain.adapted.value - 0.5) < 0.12


def test_a_fit_is_deterministic_and_does_not_depend_on_the_order_of_films() -> None:
    sample = a_sample(4)
    classes = sample.covid
    head = fit_head(sample.vectors, classes, sample.sources, detail=0.5)
    turned = slice(None, None, -1)
    again = fit_head(sample.vectors[turned], classes[turned], sample.sources[turned], detail=0.5)
    one, other = head(sample.vectors), again(sample.vectors)
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-4)


def test_a_patient_is_in_one_fold() -> None:
    sample = a_sample(5)
    paired = replace(sample, people=np.arange(240) // 3)
    folds = folds_of(paired)
    assert all(len(set(folds[paired.people == person].tolist())) == 1 for person in np.unique(paired.people))
    assert set(folds.tolist()) == set(range(FOLDS))


def test_of_one_finding_set_no_head_can_be_fitted() -> None:
    sample = a_sample(6)
    alike = tuple(ScanRecord(**{**vars(record), "findings": {"COVID-19": True}}) for record in sample.records)
    with pytest.raises(CasebookError, match="two finding sets"):
        adapt(replace(sample, records=alike))


def reads_two_sets(opened: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """The usual films, of which every other one now shows "No Finding" instead of nothing."""
    for item in reads(opened):
        is_clear = isinstance(item, SourceScan) and not item.findings["COVID-19"]
        yield replace(item, findings={"No Finding": True, "COVID-19": False}) if is_clear else item  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapt")
    source = FolderTree(a_source(folder / "source"))
    ingest("test", reads_two_sets, source, folder / "casebook", KEYRING, workers=2)
    build(folder / "casebook", folder / "store", load_encoder("thumbnail"), workers=2)
    arguments = ["adapt", str(folder / "casebook"), "--encoder", "thumbnail", "--out", str(folder / "head")]
    app(arguments, standalone_mode=False)
    return folder


def test_an_adapted_encoder_builds_and_loads_like_any_other(place: Path) -> None:
    encoder = load_encoder("adapted", place / "head" / HEAD)
    account = build(place / "casebook", place / "adapted-store", encoder, workers=2)
    assert account.indexed == {"X-ray": 24}
    assert load_version(place / "adapted-store").encoder == encoder.identity
    raw = json.loads((place / "head" / RESULTS).read_text())
    assert raw["head_sha256"] == encoder.identity.weights
    assert raw["base"]["name"] == "thumbnail" and "P@1 pooled" in raw["gains"]


def test_the_casebook_knows_on_whom_it_was_fitted(place: Path) -> None:
    (fit,) = fits(place / "casebook")
    assert (fit.name, len(fit.patients)) == ("adapted", 12)


def test_no_head_a_broken_one_and_one_of_another_base_are_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="needs its head"):
        load_encoder("adapted")
    (tmp_path / "broken.npz").write_bytes(b"PK no")
    with pytest.raises(InvalidRequest, match="is no head"):
        load_encoder("adapted", tmp_path / "broken.npz")
    with np.load(place / "head" / HEAD) as held:
        np.savez(tmp_path / "other.npz", **{**held, "base_digest": np.array("0" * 64)})
    with pytest.raises(InvalidRequest, match="another thumbnail"):
        load_encoder("adapted", tmp_path / "other.npz")
