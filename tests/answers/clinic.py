"""Answers to the exercises of chapter `clinic`."""

import numpy as np
from answers import right, wrong


@right("clinic.1")
def companions_matter(predict, images):
    together = predict(images)
    for i in range(len(images)):
        if not np.allclose(predict(images[i][None])[0], together[i], rtol=0, atol=1e-3):
            return True
    return False


@right("clinic.1")
def companions_matter(predict, images):
    alone = np.vstack([predict(image[np.newaxis]) for image in images])
    return np.max(np.abs(alone - predict(images))) > 0.001


@right("clinic.1")
def companions_matter(predict, images):
    return any(abs(predict(images[i : i + 1]) - predict(images)[i : i + 1]).max() > 1e-3 for i in range(len(images)))


@wrong("clinic.1", "not a batch")
def companions_matter(predict, images):
    return np.abs(predict(images)[0] - predict(images[0])).max() > 1e-3


@wrong("clinic.1", "the first image only")
def companions_matter(predict, images):
    return bool(np.abs(predict(images)[:1] - predict(images[:1])).max() < 1e-3)


@wrong("clinic.1", "the last image only")
def companions_matter(predict, images):
    return bool(np.abs(predict(images)[-1:] - predict(images[-1:])).max() > 1e-3)


@wrong("clinic.1", "twice the same")
def companions_matter(predict, images):
    a, b = predict(images), predict(images)
    return bool(np.abs(a - b).max() > 1e-3)


@wrong("clinic.1", "exactly")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return bool((alone != predict(images)).any())


@wrong("clinic.1", "turned round")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return bool(np.abs(alone - predict(images)).max() <= 1e-3)


@wrong("clinic.1", "no absolute value")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return bool((predict(images) - alone).max() > 1e-3)


@wrong("clinic.1", "always")
def companions_matter(predict, images):
    return True


@wrong("clinic.1", "the difference itself")
def companions_matter(predict, images):
    alone = np.concatenate([predict(images[i : i + 1]) for i in range(len(images))])
    return np.abs(alone - predict(images)).max()


wrong("clinic.2", "epochs for steps", (0.99**5, 459))
wrong("clinic.2", "the new share", (0.331, 58))
wrong("clinic.2", "steps", (0.669, 459))
wrong("clinic.2", "57", (0.669, 57))
wrong("clinic.2", "images", (0.99**320, 8))
wrong("clinic.2", "percent", (66.9, 58))
wrong("clinic.2", "momentum 0.9", (0.9**40, 6))
right("clinic.2", (0.669, 58))
right("clinic.2", (0.99**40, 58))


@right("clinic.3")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    z = (moving_mean - batch_mean) / (moving_variance + epsilon) ** 0.5
    return np.median(abs(z))


@right("clinic.3")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.sqrt((moving_mean - batch_mean) ** 2 / (moving_variance + epsilon)))


@wrong("clinic.3", "variance")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.abs(moving_mean - batch_mean) / (moving_variance + epsilon))


@wrong("clinic.3", "the batch's")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.abs(moving_mean - batch_mean) / np.sqrt(batch_variance + epsilon))


@wrong("clinic.3", "mean")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.mean(np.abs(moving_mean - batch_mean) / np.sqrt(moving_variance + epsilon))


@wrong("clinic.3", "max")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.max(np.abs(moving_mean - batch_mean) / np.sqrt(moving_variance + epsilon))


@wrong("clinic.3", "no epsilon")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median(np.abs(moving_mean - batch_mean) / np.sqrt(moving_variance))


@wrong("clinic.3", "one number for each channel")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.abs(moving_mean - batch_mean) / np.sqrt(moving_variance + epsilon)


@wrong("clinic.3", "the median first")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.abs(np.median(moving_mean - batch_mean)) / np.sqrt(np.median(moving_variance) + epsilon)


@wrong("clinic.3", "squared")
def misfit(moving_mean, moving_variance, batch_mean, batch_variance, epsilon):
    return np.median((moving_mean - batch_mean) ** 2 / (moving_variance + epsilon))


for letter in "bcd":
    wrong("clinic.4", f"option {letter}", letter)

wrong("clinic.5", "mean left out", (4, 0.707))
wrong("clinic.5", "mean of the squares", (6, 0.577))
wrong("clinic.5", "variance", (5, 0.4))
wrong("clinic.5", "turned round", (5, 1.58))
wrong("clinic.5", "unscaled", (1.25, 1.265))
wrong("clinic.5", "no change", (2, 1))
right("clinic.5", (5, 0.632))
right("clinic.5", (5, 0.4**0.5))
