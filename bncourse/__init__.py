"""Companion package of the course *Batch Normalization in Convolutional Networks*.

One slug names a chapter, its module, its tests and its exercises: `06_backward.ipynb`, `bncourse.backward`,
`tests/test_backward.py`, `bncourse.exercises.backward`. The chapter's number stands in its file name alone.
"""

from typing import NamedTuple

__version__ = "0.1.0"


class Chapter(NamedTuple):
    """One chapter: its slug, and the caption of the part it stands in."""

    slug: str
    part: str


#: The chapters in reading order.
CHAPTERS = (
    Chapter("convolution", "Introduction"),
    Chapter("training", "Introduction"),
    Chapter("shift", "Internal covariate shift"),
    Chapter("forward", "The mathematics"),
    Chapter("inference", "The mathematics"),
    Chapter("backward", "The mathematics"),
    Chapter("invariance", "The mathematics"),
    Chapter("layer", "Implementation"),
    Chapter("speedup", "Implementation"),
)
