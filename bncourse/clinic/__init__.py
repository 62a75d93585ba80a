"""A clinic for anybody's Keras model with batch normalization: a model in, findings out.

`examine` looks at a model, `Report` says what it found, `recalibrate_model` mends stale statistics. From a shell:
`python -m bncourse.clinic model.keras --data images.npz`.
"""

from .cures import recalibrate_model
from .examination import examine
from .report import CODES, Finding, Report

__all__ = ["CODES", "Finding", "Report", "examine", "recalibrate_model"]
