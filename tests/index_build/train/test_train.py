"""What a training may see, what it pulls together, and the way from a casebook to an encoder."""

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from builders import KEYRING, a_record
from stores import a_source, reads

from scankin.index_build.build import build
from scankin.index_build.fitted import fits
from scankin.index_build.importers import OpenedSource, Refusal, SourceCase, SourceScan
from scankin.index_build.ingest import ingest
from scankin.index_build.train.augment import Augmentation
from scankin.index_build.train.choose import PRIMARY, best_epoch
from scankin.index_build.train.films import Films
from scankin.index_build.train.fit import Fit
from scankin.index_build.train.losses import contrast, pairs_of
from scankin.index_build.train.network import mix_styles
from scankin.index_build.train.recipe import Recipe, load_recipe, recipe_names
from scankin.index_build.train.run import FITTED, RESULTS, train
from scankin.index_build.train.split import Part, parts_of
from scankin.index_build.train.whiten import fit_whitening
from scankin.models import load_encoder
from scankin.retrieval.errors import CasebookError, InvalidRequest, UnknownName
from scankin.retrieval.scan import Age
from scankin.retrieval.source_tree import FolderTree

SMALL = Recipe("small", side=64, epochs=2, batch=4, fewest_films=2)


def some_films(*stated: tuple[str, int, dict[str, bool], float]) -> Films:
    """Films of (source, person, findings, age)."""
    names = tuple(sorted({source for source, *_ in stated}))
    return Films(
        records=tuple(
            a_record(n, findings=findings, age=Age.of(age)) for n, (_, _, findings, age) in enumerate(stated)
        ),
        source_ids=tuple(str(n) for n in range(len(stated))),
        crops=np.random.default_rng(0).integers(0, 255, (len(stated), 224, 224)).astype(np.uint8),
        people=np.array([person for _, person, _, _ in stated]),
        sources=np.array([names.index(source) for source, *_ in stated]),
        source_names=names,
        parts=np.full(len(stated), Part.FIT),
    )


def test_patients_who_share_a_picture_are_in_one_part() -> None:
    ids = [f"film-{n}" for n in range(4000)]
    people = np.arange(4000) // 2
    parts = parts_of(ids, people)
    assert np.array_equal(parts[::2], parts[1::2])
    assert np.mean(parts == Part.KEPT_ASIDE) == pytest.approx(0.2, abs=0.03)
    assert np.mean(parts == Part.INNER) == pytest.approx(0.2, abs=0.03)


def test_part_of_a_film_does_not_depend_on_which_other_films_are_there() -> None:
    ids = [f"film-{n}" for n in range(100)]
    every = parts_of(ids, np.arange(100))
    assert np.array_equal(parts_of(ids[50:], np.arange(50)), every[50:])


def test_films_of_other_sources_are_pulled_by_what_they_share() -> None:
    films = some_films(
        ("a", 0, {"X": True, "Y": True}, 50),
        ("b", 1, {"X": True}, 50),
        ("a", 2, {"X": True, "Y": True}, 50),  # of the first one's source, and like it
        ("b", 3, {"Z": True}, 50),
        ("b", 0, {"X": True}, 50),  # the first one's own patient
        ("b", 5, {"X": True}, 4),  # a child
        ("b", 6, {"X": False}, 50),  # nothing is shown
    )
    pull, keep = pairs_of(films)
    assert pull[0].tolist() == [0, 0.5, 0, 0, 0, 0, 0]
    assert keep[0].tolist() == [False, True, False, True, False, False, False]
    assert np.array_equal(pull, pull.T)


def test_contrast_is_the_hand_computed_one() -> None:
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    pull = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.float32)
    keep = ~np.eye(3, dtype=bool)
    cosine = 1 / np.sqrt(2)
    expected = -np.log(1 / (1 + np.exp(cosine / 0.1)))  # exp(0) for the positive, beside the third film
    assert float(contrast(vectors, pull, keep)) == pytest.approx(expected, abs=1e-3)


def test_contrast_without_positives_is_nothing() -> None:
    assert float(contrast(torch.ones(3, 4), np.zeros((3, 3), np.float32), np.ones((3, 3), bool))) == 0


def test_mixed_styles_keep_what_lies_within_a_film() -> None:
    maps = torch.randn(6, 3, 8, 8) * 4 + 1
    mixed = mix_styles(maps, np.random.default_rng(1))
    flat, held = mixed.flatten(2), maps.flatten(2)
    whitened = (flat - flat.mean(2, keepdim=True)) / flat.std(2, keepdim=True)
    assert torch.allclose(whitened, (held - held.mean(2, keepdim=True)) / held.std(2, keepdim=True), atol=1e-3)
    assert not torch.allclose(mixed, maps, atol=0.1)


def test_features_are_moved_away_from_what_tells_the_source() -> None:
    films = some_films(*((("a", "b")[n % 2], n, {"COVID-19": True}, 50) for n in range(8)))
    fit = Fit(SMALL, films, np.arange(8))
    features = torch.randn(8, 1280, requires_grad=True)
    from scankin.index_build.train.losses import losses

    losses(features, fit.heads, fit.targets, np.arange(8), 1.0)["adversary"].backward()
    classifier = fit.heads.source[1]
    plain = features.detach().clone().requires_grad_(True)
    torch.nn.functional.cross_entropy(classifier(plain), fit.targets.sources).backward()
    assert features.grad is not None
    assert plain.grad is not None
    assert torch.allclose(features.grad, -plain.grad, atol=1e-6)


def test_augmented_films_stay_in_range_and_differ() -> None:
    crops = np.random.default_rng(2).integers(0, 255, (4, 224, 224)).astype(np.uint8)
    draw = Augmentation(64, spectra=0.5)
    one, other = draw(crops, np.random.default_rng(1)), draw(crops, np.random.default_rng(2))
    assert one.shape == (4, 1, 64, 64)
    assert float(one.min()) >= 0
    assert float(one.max()) <= 1
    assert not torch.allclose(one, other, atol=0.05)
    assert torch.equal(one, draw(crops, np.random.default_rng(1)))


def test_whitened_features_have_spreads_of_the_root_of_what_they_were() -> None:
    rng = np.random.default_rng(5)
    features = (rng.normal(0, 1, (4000, 3)) * [100.0, 10.0, 1.0] + 7).astype(np.float32)
    mean, matrix = fit_whitening(features)
    spreads = ((features - mean) @ matrix).std(axis=0)
    assert spreads / spreads[2] == pytest.approx([10.0, np.sqrt(10.0), 1.0], rel=0.05)


def test_best_epoch_is_smoothed() -> None:
    values = (0.5, 0.9, 0.5, 0.7, 0.75, 0.74)
    measured = [{"epoch": float(epoch), PRIMARY: value} for epoch, value in enumerate(values, start=4)]
    assert best_epoch(measured) == 9


def test_every_recipe_can_be_read() -> None:
    assert "scankin_cxr" in recipe_names()
    for name in recipe_names():
        assert load_recipe(name).name == name


def test_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(UnknownName, match="scankin_cxr"):
        load_recipe("best")


@pytest.mark.parametrize(
    "text, said", [("epoch = 3", "epoch"), ('epochs = "3"', "int"), ("side = 1.5", "int"), ("=", "TOML")]
)
def test_recipe_that_cannot_be_is_refused(tmp_path, text, said) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(InvalidRequest, match=said):
        load_recipe(str(tmp_path / "mine.toml"))


def many(opened: OpenedSource) -> Iterator[SourceScan | SourceCase | Refusal]:
    """The films of ``a_source`` as those of two collections."""
    for item in reads(opened):
        if isinstance(item, SourceScan):
            yield SourceScan(**{**vars(item), "collection": "one" if item.source_id < "012" else "two"})
        elif isinstance(item, SourceCase):
            yield from (SourceCase(**{**vars(item), "collection": name}) for name in ("one", "two"))
        else:
            yield item


@pytest.fixture(scope="module")
def casebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    ingest("test", many, FolderTree(a_source(folder / "source")), folder / "casebook", KEYRING, workers=2)
    build(folder / "casebook", folder / "store", load_encoder("thumbnail"), workers=2)
    return folder / "casebook"


def silent(_what: str, _done: int, _of: int) -> None:
    pass


@pytest.mark.slow
def test_interrupted_training_ends_with_the_same_weights(casebook, tmp_path) -> None:
    whole = train(casebook, SMALL, tmp_path / "whole", workers=1, progress=silent)

    def interrupt(what: str, done: int, _of: int) -> None:
        if what == "Choosing" and done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(casebook, SMALL, tmp_path / "cut", workers=1, progress=interrupt)
    resumed = train(casebook, SMALL, tmp_path / "cut", workers=1, progress=silent)
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()
    assert resumed.course.losses == whole.course.losses


def test_trained_weights_are_an_encoder_and_their_patients_are_noted(casebook, tmp_path) -> None:
    found = train(casebook, SMALL, tmp_path, name_films=True, workers=1, progress=silent)
    sha256 = hashlib.sha256(found.weights.read_bytes()).hexdigest()
    assert found.weights.stat().st_size < 25e6
    noted = {fit.sha256: fit for fit in fits(casebook)}[sha256]
    assert len(noted.patients) > 0
    results = json.loads((tmp_path / RESULTS).read_text())
    assert results["weights_sha256"] == sha256
    assert results["films"]["kept aside"] == found.kept_aside
    assert len((tmp_path / FITTED).read_text().split()) == found.learned
    assert (tmp_path / "learning-curve.svg").read_text().count("<svg") == 1
    assert load_encoder("scankin_cxr", found.weights).identity.weights == sha256


def test_checkpoint_of_another_recipe_is_not_gone_on_with(casebook, tmp_path) -> None:
    train(casebook, SMALL, tmp_path, workers=1, progress=silent)
    with pytest.raises(InvalidRequest, match="another recipe"):
        train(
            casebook, Recipe("other", side=64, epochs=3, batch=4, fewest_films=2), tmp_path, workers=1, progress=silent
        )


def test_too_few_films_are_no_training(casebook, tmp_path) -> None:
    with pytest.raises(CasebookError, match="32"):
        train(casebook, Recipe("big"), tmp_path, workers=1, progress=silent)
