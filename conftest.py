"""What nbval needs to know about the chapters, and how it compares their pictures."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tools"))

import drawn

# Kernels inherit these. TensorFlow's start-up messages are no outputs.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Tests run side by side, a process a core: threads beyond that would only wait for each other.
for threads in ("OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(threads, "1")
drawn.enable()


def pytest_collectstart(collector):
    """Standard error from compiled code is stored by no one and differs between machines."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)


def pytest_itemcollected(item):
    """Beside the texts of a chapter's cell, compare what its pictures show."""
    texts_agree = getattr(item, "compare_outputs", None)
    if texts_agree is None:
        return

    def compare_outputs(fresh, stored, skip_compare=None):
        agree = texts_agree(fresh, stored, skip_compare)
        problems = list(drawn.compare(stored, fresh, drawn.tolerance(item.cell)))
        if problems:
            item.comparison_traceback += ["The picture is not what the code draws:", *problems]
        return agree and not problems

    item.compare_outputs = compare_outputs
