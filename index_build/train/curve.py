"""The learning curve of a training, as one SVG."""

import io
from pathlib import Path

from scankin.index_build.train.fit import Course
from scankin.retrieval.files import replaced

CURVE = "learning-curve.svg"


def write_curve(course: Course, best: int, out: Path) -> Path:
    """Draw the losses and the figures of the inner fold by epoch, the chosen epoch marked, and return where."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (half a second)

    picture = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = picture.subplots(1, 2)
    epochs = range(1, len(course.losses) + 1)
    for name in course.losses[0]:
        start = course.losses[0][name] or 1.0
        left.plot(epochs, [one[name] / start for one in course.losses], label=name)
    left.set(xlabel="epoch", ylabel="loss, as a share of the first epoch's", title="Films that are learned from")
    left.legend(fontsize=8)
    measured_at = [one["epoch"] for one in course.measured]
    for name in (name for name in course.measured[0] if name != "epoch" and not name.startswith("MAE")):
        right.plot(measured_at, [one[name] for one in course.measured], marker="o", label=name)
    right.axvline(best, color="0.5", linestyle="--", label=f"chosen: {best} epochs")
    right.set(xlabel="epoch", title="Inner fold, patients not learned from")
    right.legend(fontsize=8)
    sink = io.BytesIO()
    picture.savefig(sink, format="svg", metadata={"Date": None})
    replaced(out / CURVE, sink.getvalue())
    return out / CURVE
