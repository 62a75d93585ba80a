"""What nbval needs to know about the chapters."""

import os

# Kernels inherit these. TensorFlow's start-up messages are no outputs.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Tests run side by side, a process a core: BLAS threads beyond that would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_collectstart(collector):
    """Standard error from compiled code is stored by no one and differs between machines."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
