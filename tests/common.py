"""What several test files share: tolerances, shapes, random tensors."""

import numpy as np

# Relative and absolute tolerance for a result against an independent route, by what bounds the agreement.
TOLERANCE = {
    "exact": dict(rtol=0, atol=0),  # the same operations in the same order
    "float64": dict(rtol=1e-10, atol=1e-10),  # both routes in float64, other order of operations
    "float32": dict(rtol=1e-4, atol=1e-5),  # one route in float32: 24 bits, sums of up to 1e5 terms
    "numerical": dict(rtol=1e-6, atol=1e-7),  # central differences with step 1e-5 in float64
}

SHAPES = ((8, 3), (2, 3, 4, 3))  # dense and image layout, both channels last


def random(shape, seed=0, dtype=np.float64, scale=1.0, offset=0.0):
    """A normal tensor away from symmetry: the mean of channel c is `offset` + c."""
    generator = np.random.default_rng(seed)
    channel_means = offset + np.arange(shape[-1])
    return (scale * generator.standard_normal(shape) + channel_means).astype(dtype)
