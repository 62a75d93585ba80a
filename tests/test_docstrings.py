"""The examples in the package's docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import bncourse

MODULES = [
    module.name
    for module in pkgutil.walk_packages(bncourse.__path__, "bncourse.")
    if not module.name.startswith(("bncourse.exercises", "bncourse.plots")) and not module.name.endswith("__main__")
]
# Modules whose main functions need an example each.
WITH_EXAMPLES = {
    "speed",
    "traffic",
    "fused",
    "forward",
    "inference",
    "backward",
    "invariance",
    "convolution",
    "network",
    "layer",
    "models",
    "data",
}


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert failed == 0
    assert attempted or name.removeprefix("bncourse.") not in WITH_EXAMPLES
