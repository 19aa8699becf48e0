"""What age and sex alone let one expect: a logistic curve fitted when the index was built."""

import math
from dataclasses import dataclass

from scankin.retrieval.scan import Age, Sex

_CENTRE_YEARS, _STEP_YEARS = 60.0, 10.0


@dataclass(frozen=True)
class AgeSexModel:
    """Chance of an outcome by age and sex.

    Attributes:
        intercept: Log odds at 60 years, sex not stated.
        per_decade: Added per ten years of age.
        per_decade_squared: Added per square of the tens of years from 60.
        male: Half of the log odds ratio of men to women: added for men, subtracted for women.
    """

    intercept: float
    per_decade: float
    per_decade_squared: float
    male: float

    def estimate(self, age: Age | None, sex: Sex | None) -> float | None:
        """Return the chance in (0, 1); None when the age is not stated, or so vaguely that it has no middle."""
        terms = age_sex_terms(age, sex)
        if terms is None:
            return None
        one, decades, squared, male = terms
        odds = self.intercept * one + self.per_decade * decades + self.per_decade_squared * squared + self.male * male
        return 1 / (1 + math.exp(-odds))


def age_sex_terms(age: Age | None, sex: Sex | None) -> tuple[float, float, float, float] | None:
    """Return what the model's four coefficients multiply; None where the age has no middle."""
    if age is None or not math.isfinite(age.high):
        return None
    decades = ((age.low + age.high) / 2 - _CENTRE_YEARS) / _STEP_YEARS
    male = 1.0 if sex is Sex.MALE else -1.0 if sex is Sex.FEMALE else 0.0
    return 1.0, decades, decades**2, male
