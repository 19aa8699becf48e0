import numpy as np

from scankin.index_build.evaluate.outcomes.folds import FEW_FOLDS, MANY_FOLDS, dealt, folds_needed


def test_every_fold_has_its_share_of_every_outcome() -> None:
    rng = np.random.default_rng(1)
    codes = np.stack([rng.integers(1, 3, 200), np.where(rng.random(200) < 0.3, rng.integers(1, 3, 200), 0)], axis=1)
    folds = dealt(codes, [f"p{n}" for n in range(200)], 10)
    assert np.bincount(folds).tolist() == [20] * 10
    for column in codes.T:
        for code in (1, 2):
            by_fold = np.bincount(folds[column == code], minlength=10)
            assert by_fold.max() - by_fold.min() <= 3  # by chance it would be about 9


def test_the_order_of_patients_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    codes, names = rng.integers(0, 3, (50, 2)), [f"p{n}" for n in range(50)]
    shuffled = rng.permutation(50)
    again = dealt(codes[shuffled], [names[place] for place in shuffled], 7)
    assert (again == dealt(codes, names, 7)[shuffled]).all()


def test_twenty_folds_only_where_ten_would_leave_too_few_to_fit() -> None:
    def of(yes: int, no: int) -> np.ndarray:
        return np.array([2] * yes + [1] * no)[:, np.newaxis]

    assert folds_needed(of(100, 100)) == FEW_FOLDS
    assert folds_needed(of(38, 26)) == MANY_FOLDS  # 64 patients: nine tenths are 57.6, and 60 are needed
    assert folds_needed(of(30, 20)) == FEW_FOLDS  # cannot be fitted in any case
    assert folds_needed(of(11, 89)) == MANY_FOLDS  # nine tenths of 11 are under 10
