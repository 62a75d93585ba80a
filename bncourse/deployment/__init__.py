"""Batch norm in a network that is used: folded into its neighbors, converted for small devices, quantized.

`formulas` and `quantization` are NumPy. The rest works on Keras models and is loaded when it is asked for, so that the
formulas run without TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING

from .formulas import Affine, affine, fold, fold_in_front
from .quantization import quantize

if TYPE_CHECKING:
    from .lite import convert, operations, predict
    from .planning import Plan, plan
    from .rebuilding import fold_model

__all__ = [
    "Affine",
    "Plan",
    "affine",
    "convert",
    "fold",
    "fold_in_front",
    "fold_model",
    "operations",
    "plan",
    "predict",
    "quantize",
]

_HOMES = {
    "Plan": "planning",
    "plan": "planning",
    "fold_model": "rebuilding",
    "convert": "lite",
    "operations": "lite",
    "predict": "lite",
}


def __getattr__(name: str):
    """Load what needs Keras when it is asked for."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
