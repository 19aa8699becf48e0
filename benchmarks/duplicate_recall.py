"""How many altered films the detector of duplicates finds among all films of a casebook.

Usage: ``python benchmarks/duplicate_recall.py CASEBOOK [FILMS]``. Films are read again from their source, altered at
full size, and sought among the thumbnails of all; an index must have been built, so that these are cached.
"""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from scankin.index_build.casebook import Casebook
from scankin.index_build.duplicates.candidates import candidates
from scankin.index_build.duplicates.finding import SAME, inner_of
from scankin.index_build.duplicates.keypoints import Keypoints
from scankin.index_build.scan_files import scan_files
from scankin.index_build.vectors import VectorCache
from scankin.retrieval.encoder import DEFAULT_SLICES
from scankin.retrieval.reading import ReadingPool
from scankin.retrieval.rendering import render
from scankin.retrieval.scan import Modality, Scan
from scankin.retrieval.summaries import wilson
from scankin.retrieval.thumbnails import thumbnail_png

Grey = NDArray[np.uint8]
_SEED = 3


def cropped(share: float) -> Callable[[Grey, np.random.Generator], Grey]:
    """Return a crop by a share of width and height, cut at random sides."""

    def crop(film: Grey, rng: np.random.Generator) -> Grey:
        height, width = (round(side * (1 - share)) for side in film.shape)
        top, left = rng.integers(0, film.shape[0] - height + 1), rng.integers(0, film.shape[1] - width + 1)
        return film[top : top + height, left : left + width]

    return crop


def as_jpeg(film: Grey, _rng: np.random.Generator) -> Grey:
    """Return a film as JPEG of quality 50 leaves it."""
    sink = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(film)).save(sink, "JPEG", quality=50)
    return np.asarray(Image.open(sink))


def brighter(film: Grey, _rng: np.random.Generator) -> Grey:
    """Return a film with gamma 0.7 and a tenth of its highlights clipped."""
    return np.clip(255 * (film / 255.0) ** 0.7 * 1.1, 0, 255).astype(np.uint8)


ALTERATIONS: dict[str, Callable[[Grey, np.random.Generator], Grey]] = {
    "cropped by 5 %": cropped(0.05),
    "cropped by 10 %": cropped(0.10),
    "cropped by 15 %": cropped(0.15),
    "half the size": lambda film, _rng: cv2.resize(film, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "JPEG 50": as_jpeg,
    "brighter": brighter,
    "mirrored": lambda film, _rng: film[:, ::-1],
    "cropped by 10 %, mirrored, brighter, JPEG 50": lambda film, rng: as_jpeg(
        brighter(cropped(0.10)(film, rng)[:, ::-1], rng), rng
    ),
}


def main(casebook: Path, films: int = 60) -> None:
    """Print the share found of each alteration, with its interval, and how many other films were taken for one."""
    held = [one for one in scan_files(Casebook.load(casebook)) if one.record.modality is Modality.XRAY]
    with VectorCache(casebook) as cache:
        known = cache.pixel_hashes()
        held = [one for one in held if one.record.pixel_hash in known]
        pictures = [inner_of(png) for _, png in cache.thumbnails((o.record.scan, o.record.pixel_hash) for o in held)]
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(len(held), min(films, len(held)), replace=False)
    with ReadingPool(1) as pool:
        read = [np.round(255 * render(held[row].read(pool, DEFAULT_SLICES), 512)[0]).astype(np.uint8) for row in drawn]
    whole = [picture[np.ix_(picture.any(axis=1), picture.any(axis=0))] for picture in read]
    for name, alter in ALTERATIONS.items():
        altered = [Scan(Modality.XRAY, np.ascontiguousarray(alter(film, rng))[np.newaxis]) for film in whole]
        found, others = sought(pictures, [inner_of(thumbnail_png(scan)) for scan in altered], drawn)
        low, high = wilson(found / len(drawn), len(drawn))
        typer.echo(
            f"{name}: {found} of {len(drawn)} found, {found / len(drawn):.3f} [{low:.3f}, {high:.3f}]; "
            f"{others} other films taken for one"
        )


def sought(pictures: list[Grey], altered: list[Grey], originals: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many altered films were paired with their original, and how many with another film."""
    both = [*pictures, *altered]
    keypoints = Keypoints(both)
    found, others = set(), set()
    for a, b, is_mirrored in sorted(set(candidates(both))):
        number = b - len(pictures)
        if a < len(pictures) <= b and keypoints.agreement(a, b, is_mirrored=is_mirrored) >= SAME:
            (found if a == originals[number] else others).add((a, b))
    return len(found), len(others)


if __name__ == "__main__":
    typer.run(main)
