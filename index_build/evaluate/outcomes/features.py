"""What the simpler methods are given of a film: principal components of the vectors, and terms of age and sex."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scankin.retrieval.estimates.age_sex import age_sex_terms
from scankin.retrieval.records import ScanRecord

COMPONENTS = 128
"""At most; of fewer films fitted on, all there are. A penalty does the rest."""

Floats = NDArray[np.float64]


def components(fitted: NDArray[np.float32], asked: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return the principal components of vectors fitted on and of those asked, ``[n, c]`` and ``[q, c]``.

    Their variances over those fitted on add up to 1, so that a penalty means the same whatever the encoder.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415 (an extra)

    count = min(COMPONENTS, len(fitted) - 1, fitted.shape[1])
    pca = PCA(count, svd_solver="full").fit(fitted.astype(np.float64))
    scale = np.sqrt(max(float(pca.explained_variance_.sum()), 1e-12))
    return pca.transform(fitted.astype(np.float64)) / scale, pca.transform(asked.astype(np.float64)) / scale


def age_and_sex(records: Sequence[ScanRecord]) -> Floats:
    """Return ``[n, 4]``: tens of years from 60, their square, sex, and whether the age is stated; without it 0."""
    found = np.zeros((len(records), 4))
    for place, record in enumerate(records):
        terms = age_sex_terms(record.age, record.sex)
        if terms is not None:
            _, decades, squared, male = terms
            found[place] = decades, squared / 4, male, 1.0
    return found
