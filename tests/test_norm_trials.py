"""`bncourse.norm_trials`: networks that differ in their norm alone; the stored runs are those of the command."""

import json

import numpy as np
import pytest

from bncourse import norm_trials
from bncourse.backward import numerical_gradient
from bncourse.norm_trials import CHOOSING, NORMS, RATES, REPORTED, best_rate, network, reported, stored, trial


def test_the_store_holds_every_run_and_says_which_command_made_it():
    file = json.loads(norm_trials.STORE.read_text())
    assert file["made_by"] == "python -m bncourse.norm_trials"
    runs = stored()
    assert len(runs) == len(file["runs"]) == len(NORMS) * (len(RATES) * len(CHOOSING) + len(REPORTED))
    assert all(len(reported(runs, norm)) == len(REPORTED) for norm in NORMS)
    assert not set(CHOOSING) & set(REPORTED)


def test_the_best_rate_is_chosen_by_the_mean():
    runs = {
        ("batch", rate, seed): {0.3: 0.5, 1.0: 0.9 * (seed > 2)}.get(rate, 0.1) for rate in RATES for seed in CHOOSING
    }
    assert best_rate(runs, "batch") == 0.3


@pytest.mark.parametrize("norm", NORMS)
def test_all_start_from_the_same_kernels(norm):
    kernels = [layer.parameters["kernel"] for layer in network(norm, 3).layers if "kernel" in layer.parameters]
    others = [layer.parameters["kernel"] for layer in network("batch", 3).layers if "kernel" in layer.parameters]
    assert all(np.array_equal(one, other) for one, other in zip(kernels, others, strict=True))


@pytest.mark.parametrize("norm", [norm for norm in NORMS if norm != "none"])
def test_the_gradient_of_a_whole_network_is_the_numerical_one(norm):
    generator = np.random.default_rng(0)
    images, labels = generator.normal(size=(4, 28, 28, 1)), generator.integers(0, 10, 4)
    net = network(norm, 0)
    for layer in net.layers:
        for name, value in layer.parameters.items():
            layer.parameters[name] = value.astype(np.float64) + 0.1 * generator.normal(size=value.shape)
    _, gradients = net.loss_and_gradients(images, labels)
    kernel = net.layers[0].parameters["kernel"]

    def along(step):
        net.layers[0].parameters["kernel"] = kernel + step * gradients[0]["kernel"]
        return net.loss_and_gradients(images, labels)[0]

    # So small a step that no ReLU changes sides.
    [slope] = numerical_gradient(lambda step: along(step[0]), np.zeros(1), step=1e-8)
    assert slope == pytest.approx(np.sum(gradients[0]["kernel"] ** 2), rel=1e-5)


def test_a_stored_run_comes_out_again():
    """Last digits differ between processors and grow over the steps, so the accuracy is the same only roughly."""
    key = ("group", 0.03, 0)
    assert trial(*key) == pytest.approx(stored()[key], abs=0.05)


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="expected norm to be one of none, batch, .*, received 'weight'"):
        network("weight", 0)
