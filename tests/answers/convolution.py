"""Answers to the exercises of chapter `convolution`."""

import numpy as np
from answers import junk, right, wrong


@wrong("convolution.2", "kernel radius on each side subtracted: wrong for even kernels")
def positions(size, kernel_size, padding, stride):
    return (size + 2 * padding - 2 * (kernel_size // 2) - 1) // stride + 1


@wrong("convolution.2", "padding subtracted")
def positions(size, kernel_size, padding, stride):
    return (size - 2 * padding - kernel_size) // stride + 1


@wrong("convolution.2", "stride multiplied")
def positions(size, kernel_size, padding, stride):
    return (size + 2 * padding - kernel_size) * stride + 1


@wrong("convolution.2", "kernel forgotten")
def positions(size, kernel_size, padding, stride):
    return (size + 2 * padding) // stride


@wrong("convolution.2", "assumes that padding is same")
def positions(size, kernel_size, padding, stride):
    return -(-size // stride)


@wrong("convolution.2", "counts by a loop that stops one early")
def positions(size, kernel_size, padding, stride):
    count, place = 0, 0
    while place + kernel_size < size + 2 * padding:
        count, place = count + 1, place + stride
    return count


@wrong("convolution.2", "kernel not required to fit: range over the whole padded axis")
def positions(size, kernel_size, padding, stride):
    return len(range(0, size + 2 * padding, stride))


@wrong("convolution.2", "rounds to nearest")
def positions(size, kernel_size, padding, stride):
    return round((size + 2 * padding - kernel_size) / stride) + 1


@wrong("convolution.2", "two positions too many: plus one for each end")
def positions(size, kernel_size, padding, stride):
    return (size + 2 * padding - kernel_size) // stride + 2


@wrong("convolution.2", "prints and returns nothing")
def positions(size, kernel_size, padding, stride):
    print((size + 2 * padding - kernel_size) // stride + 1)


@right("convolution.2")
def positions(size, kernel_size, padding, stride):
    return len(range(0, size + 2 * padding - kernel_size + 1, stride))


@right("convolution.2")
def positions(size, k, p, s):
    count, place = 0, 0
    while place + k <= size + 2 * p:
        count, place = count + 1, place + s
    return count


wrong("convolution.3", "pooling rounded up", (6, 6, 16))
wrong("convolution.3", "first convolution counted without the plus one", (5, 5, 16))
wrong("convolution.3", "stride of the second convolution ignored", (11, 10, 16))
wrong("convolution.3", "valid for the second, too", (5, 4, 16))
wrong("convolution.3", "channels first", (16, 6, 5))
wrong("convolution.3", "channels added", (6, 5, 24))
wrong("convolution.3", "nothing but the channels", (26, 25, 16))
wrong("convolution.3", "height and width exchanged", (5, 6, 16))
right("convolution.3", [6, 5, 16])
wrong("convolution.4", "biases per channel and filter", (1152 + 8 * 16, 903168))
wrong("convolution.4", "multiplications of the valid positions", (1168, 1152 * 26 * 26))
wrong("convolution.4", "bias counted as a multiplication", (1168, 1168 * 784))
wrong("convolution.4", "additions counted too", (1168, 2 * 903168))
wrong("convolution.4", "filters forgotten", (72 + 1, 72 * 784))
wrong("convolution.4", "swapped", (903168, 1168))
wrong("convolution.4", "one channel alone", (160, 144 * 784))
wrong("convolution.4", "multiplications by channels again", (1168, 903168 * 8))
right("convolution.4", (1168, 903168))
for letter in "abd":
    wrong("convolution.1", f"option {letter}", letter)
right("convolution.1", "c")


def _filter(image, kernel, rows, columns, mode="constant"):
    padded = np.pad(image, (rows, columns), mode=mode)
    h, w = kernel.shape
    out = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            out[i, j] = np.sum(padded[i : i + h, j : j + w] * kernel)
    return out


@wrong("convolution.5", "np.pad with one pair: the same before and after on both axes")
def filter_image(image, kernel):
    height, width = kernel.shape
    padded = np.pad(image, (height // 2, width // 2))
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


@wrong("convolution.5", "pads by width everywhere")
def filter_image(image, kernel):
    n = kernel.shape[1] // 2
    return _filter(image, kernel, (n, n), (n, n))


@wrong("convolution.5", "pads by the larger half")
def filter_image(image, kernel):
    n = max(kernel.shape) // 2
    return _filter(image, kernel, (n, n), (n, n))


@wrong("convolution.5", "reflects")
def filter_image(image, kernel):
    h, w = kernel.shape
    return _filter(image, kernel, (h // 2, h // 2), (w // 2, w // 2), "reflect")


@wrong("convolution.5", "sums without the kernel's weights")
def filter_image(image, kernel):
    h, w = kernel.shape
    return _filter(image, np.ones_like(kernel), (h // 2, h // 2), (w // 2, w // 2))


@wrong("convolution.5", "mean instead of sum")
def filter_image(image, kernel):
    h, w = kernel.shape
    return _filter(image, kernel, (h // 2, h // 2), (w // 2, w // 2)) / kernel.size


@wrong("convolution.5", "kernel flipped left to right")
def filter_image(image, kernel):
    h, w = kernel.shape
    return _filter(image, kernel[:, ::-1], (h // 2, h // 2), (w // 2, w // 2))


@wrong("convolution.5", "loop ends before the last column")
def filter_image(image, kernel):
    h, w = kernel.shape
    out = _filter(image, kernel, (h // 2, h // 2), (w // 2, w // 2))
    out[:, -1] = 0
    return out


@wrong("convolution.5", "valid output")
def filter_image(image, kernel):
    h, w = kernel.shape
    out = np.zeros((image.shape[0] - h + 1, image.shape[1] - w + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + h, j : j + w] * kernel)
    return out


@right("convolution.5")
def filter_image(image, kernel):
    h, w = kernel.shape
    return _filter(image, kernel, (h // 2, h // 2), (w // 2, w // 2))


@wrong("convolution.6", "divides by the number of pixels of the image")
def average_pool2d_backward(dy, size):
    dx = np.repeat(np.repeat(dy, size, 1), size, 2)
    return dx / (dx.shape[1] * dx.shape[2])


@wrong("convolution.6", "multiplies by size")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, 1), size, 2) * size


@wrong("convolution.6", "only rows repeated")
def average_pool2d_backward(dy, size):
    return np.repeat(dy, size, 1) / size


@wrong("convolution.6", "dy returned")
def average_pool2d_backward(dy, size):
    return dy


@wrong("convolution.6", "divides by 4 always")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, 1), size, 2) / 4


@wrong("convolution.6", "writes the average of dy")
def average_pool2d_backward(dy, size):
    dx = np.zeros((dy.shape[0], dy.shape[1] * size, dy.shape[2] * size, dy.shape[3]))
    return dx + dy.mean()


@wrong("convolution.6", "divides by 2 * size")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, 1), size, 2) / (2 * size)


@wrong("convolution.6", "repeats axes 0 and 1")
def average_pool2d_backward(dy, size):
    return np.repeat(np.repeat(dy, size, 0), size, 1) / size**2


@wrong("convolution.6", "loops write the last pixel of a tile alone")
def average_pool2d_backward(dy, size):
    dx = np.zeros((dy.shape[0], dy.shape[1] * size, dy.shape[2] * size, dy.shape[3]))
    dx[:, size - 1 :: size, size - 1 :: size] = dy / size**2
    return dx


@right("convolution.6")
def average_pool2d_backward(dy, size):
    return np.kron(dy, np.ones((1, size, size, 1))) / size**2


@junk("convolution.6")
def average_pool2d_backward(dy, size):
    while True:
        pass


@junk("convolution.2")
def positions(*anything):
    raise GeneratorExit("out")
