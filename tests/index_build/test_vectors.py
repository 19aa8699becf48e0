"""The cache of vectors, across runtimes of one encoder."""

from pathlib import Path

import numpy as np
import pytest
from builders import an_identity

from scankin.index_build.vectors import VectorCache

TORCH, ONNX = (an_identity(engine=f"{runtime}-float32-cpu") for runtime in ("torch", "onnxruntime"))
INT8 = an_identity(engine="onnxruntime-int8-cpu")
VECTOR = np.array([1, 0, 0, 0], np.float32)


@pytest.fixture
def cache(tmp_path: Path):
    with VectorCache(tmp_path) as opened:
        yield opened


def test_vectors_are_kept_apart_by_runtime(cache: VectorCache) -> None:
    cache.add(TORCH, "a", VECTOR, b"png")
    assert list(cache.vectors(TORCH, ["a"])) == ["a"] and not cache.vectors(ONNX, ["a"])


def test_where_one_runtime_encoded_the_other_finds_its_vectors(cache: VectorCache) -> None:
    assert cache.held_as(ONNX) == ONNX
    cache.add(TORCH, "a", VECTOR, b"png")
    assert cache.held_as(ONNX) == TORCH == cache.held_as(TORCH)


def test_the_runtime_with_most_vectors_is_taken_and_the_own_of_as_many(cache: VectorCache) -> None:
    cache.add(TORCH, "a", VECTOR, b"png")
    cache.add(ONNX, "a", VECTOR, b"png")
    assert cache.held_as(ONNX) == ONNX and cache.held_as(TORCH) == TORCH
    cache.add(TORCH, "b", VECTOR, b"png")
    assert cache.held_as(ONNX) == TORCH


def test_another_precision_or_other_weights_never_stand_in(cache: VectorCache) -> None:
    cache.add(TORCH, "a", VECTOR, b"png")
    for other in (INT8, an_identity(engine=TORCH.engine, weights="x")):
        assert cache.held_as(other) == other
