"""Answers to the exercises of chapter `distributed`."""

import numpy as np
from answers import right, wrong

wrong("distributed.1", "averages", (4, 0.5))
wrong("distributed.1", "weighted averages", (3, 0.75))
wrong("distributed.1", "right mean, plain average of variances", (3, 0.5))
wrong("distributed.1", "equal weights", (4, 4.5))
wrong("distributed.1", "between only", (3, 3))
wrong("distributed.1", "n - 1", (3, 5))
wrong("distributed.1", "standard deviation", (3, 1.94))
wrong("distributed.1", "swapped", (3.75, 3))
right("distributed.1", (3, 3.75))


@wrong("distributed.2", "weights the means, averages the variances")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    return all_reduce(x.sum(0)) / n, all_reduce(x.var(0) * len(x)) / n


@wrong("distributed.2", "variance around the own mean")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(0)) / n
    return mean, all_reduce(((x - x.mean(0)) ** 2).sum(0)) / n


@wrong("distributed.2", "common mean, but averaged over replicas")
def synchronized_moments(x, all_reduce):
    r = all_reduce(1)
    mean = all_reduce(x.mean(0)) / r
    return mean, all_reduce(((x - mean) ** 2).mean(0)) / r


@wrong("distributed.2", "divided by the own count")
def synchronized_moments(x, all_reduce):
    mean = all_reduce(x.sum(0)) / len(x)
    return mean, all_reduce(((x - mean) ** 2).sum(0)) / len(x)


@wrong("distributed.2", "local")
def synchronized_moments(x, all_reduce):
    return x.mean(0), x.var(0)


@wrong("distributed.2", "sums")
def synchronized_moments(x, all_reduce):
    mean = all_reduce(x.sum(0)) / all_reduce(len(x))
    return mean, all_reduce(((x - mean) ** 2).sum(0))


@wrong("distributed.2", "n - 1")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(0)) / n
    return mean, all_reduce(((x - mean) ** 2).sum(0)) / (n - 1)


@wrong("distributed.2", "square forgotten in E[x2] - E[x]2")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(0)) / n
    return mean, all_reduce((x**2).sum(0)) / n - mean


@wrong("distributed.2", "standard deviation")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(0)) / n
    return mean, np.sqrt(all_reduce(((x - mean) ** 2).sum(0)) / n)


@wrong("distributed.2", "one replica leaves early: the others wait")
def synchronized_moments(x, all_reduce):
    if len(x) < 3:
        return x.mean(0), x.var(0)
    n = all_reduce(len(x))
    mean = all_reduce(x.sum(0)) / n
    return mean, all_reduce(((x - mean) ** 2).sum(0)) / n


@right("distributed.2")
def synchronized_moments(x, all_reduce):
    n = all_reduce(len(x))
    mean = all_reduce(len(x) * x.mean(0)) / n
    return mean, all_reduce(len(x) * (x.var(0) + (x.mean(0) - mean) ** 2)) / n


@right("distributed.2")
def synchronized_moments(x, all_reduce):
    both = all_reduce(np.stack([x.sum(0), (x**2).sum(0)]))
    n = all_reduce(len(x))
    return both[0] / n, both[1] / n - (both[0] / n) ** 2


@wrong("distributed.3", "constants")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    return gamma * inv_std * dy


@wrong("distributed.3", "mean of means")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    r = all_reduce(1)
    a, b = all_reduce(dy.mean(0)) / r, all_reduce((dy * x_hat).mean(0)) / r
    return gamma * inv_std * (dy - a - x_hat * b)


@wrong("distributed.3", "own count")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    a, b = all_reduce(dy.sum(0)) / len(dy), all_reduce((dy * x_hat).sum(0)) / len(dy)
    return gamma * inv_std * (dy - a - x_hat * b)


@wrong("distributed.3", "only one synchronized")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n = all_reduce(len(dy))
    return gamma * inv_std * (dy - all_reduce(dy.sum(0)) / n - x_hat * (dy * x_hat).mean(0))


@wrong("distributed.3", "dx added up")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n = all_reduce(len(dy))
    a, b = all_reduce(dy.sum(0)) / n, all_reduce((dy * x_hat).sum(0)) / n
    return gamma * inv_std * (dy + a + x_hat * b)


@wrong("distributed.3", "gamma forgotten")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n = all_reduce(len(dy))
    a, b = all_reduce(dy.sum(0)) / n, all_reduce((dy * x_hat).sum(0)) / n
    return inv_std * (dy - a - x_hat * b)


@wrong("distributed.3", "x_hat forgotten")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    n = all_reduce(len(dy))
    a, b = all_reduce(dy.sum(0)) / n, all_reduce((dy * x_hat).sum(0)) / n
    return gamma * inv_std * (dy - a - b)


@wrong("distributed.3", "sums")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    a, b = all_reduce(dy.sum(0)), all_reduce((dy * x_hat).sum(0))
    return gamma * inv_std * (dy - a - x_hat * b)


@right("distributed.3")
def synchronized_gradient(dy, x_hat, inv_std, gamma, all_reduce):
    total = all_reduce(np.array([dy.sum(0), (dy * x_hat).sum(0), np.full(dy.shape[1], len(dy))]))
    return gamma * inv_std * (dy - total[0] / total[2] - x_hat * total[1] / total[2])


@wrong("distributed.4", "mean")
def replica_loss(losses, global_batch, replicas):
    return np.mean(losses)


@wrong("distributed.4", "mean with a guard")
def replica_loss(losses, global_batch, replicas):
    return 0.0 if not len(losses) else np.mean(losses) / replicas


@wrong("distributed.4", "sum")
def replica_loss(losses, global_batch, replicas):
    return np.sum(losses)


@wrong("distributed.4", "divided twice")
def replica_loss(losses, global_batch, replicas):
    return losses.sum() / (global_batch * replicas)


@wrong("distributed.4", "global batch taken for per replica")
def replica_loss(losses, global_batch, replicas):
    return losses.sum() / (global_batch / replicas)


@wrong("distributed.4", "weighted by the shard, upside down")
def replica_loss(losses, global_batch, replicas):
    return losses.sum() * global_batch


@wrong("distributed.4", "losses returned")
def replica_loss(losses, global_batch, replicas):
    return losses / global_batch


@wrong("distributed.4", "by the own count and the replicas")
def replica_loss(losses, global_batch, replicas):
    return losses.sum() / max(len(losses), 1) / replicas


@right("distributed.4")
def replica_loss(losses, global_batch, replicas):
    return float(sum(losses)) / global_batch


for letter in "acd":
    wrong("distributed.5", f"option {letter}", letter)

wrong("distributed.6", "unchanged", (0.6, 0.6))
wrong("distributed.6", "linear", (0.1296, 0.9))
wrong("distributed.6", "swapped", (0.8801, 0.1296))
wrong("distributed.6", "of the new value", (0.8704, 0.1199))
wrong("distributed.6", "power", (0.1296, 0.1296))
wrong("distributed.6", "only left forgotten", (0.6, 0.8801))
wrong("distributed.6", "divided by four", (0.15, 0.15))
wrong("distributed.6", "two steps", (0.36, 0.7746))
right("distributed.6", (0.13, 0.88))
right("distributed.6", (0.6**4, 0.6**0.25))
