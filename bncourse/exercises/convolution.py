"""Exercises of chapter `convolution`: what a filter sees, sizes, costs, padding, and a gradient."""

import numpy as np

from bncourse.exercises import Choice, Function, Mistake, Value


def positions(size, kernel_size, padding, stride):
    """How many positions a kernel takes along an axis, padded at both ends."""
    free = size + 2 * padding - kernel_size  # how far the first position can move
    return free // stride + 1


def _positions_probes():
    for size, kernel_size, padding, stride in (
        (28, 5, 0, 1),
        (28, 3, 1, 1),
        (28, 3, 1, 2),
        (29, 4, 2, 3),
        (29, 4, 0, 1),
        (12, 2, 1, 2),
        (9, 6, 3, 1),
        (11, 11, 0, 4),
        (10, 3, 3, 4),
        (64, 7, 3, 2),
        (5, 1, 0, 2),
    ):
        yield dict(size=size, kernel_size=kernel_size, padding=padding, stride=stride)


def filter_image(image, kernel):
    """Filter an image (H, W), zeros around it, with a kernel of odd sizes: (H, W)."""
    height, width = kernel.shape
    padded = np.pad(image, ((height // 2, height // 2), (width // 2, width // 2)))
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


def _filter_image_broken(image, kernel):
    """Filter an image (H, W), zeros around it, with a kernel of odd sizes: (H, W)."""
    height, width = kernel.shape
    padded = np.pad(image, height // 2)
    result = np.zeros(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


def _filtered(image, kernel, before, after, **how):
    """`filter_image` with other pixels around the image: `before` and `after` it, (rows, columns)."""
    height, width = kernel.shape
    padded = np.pad(image, tuple(zip(before, after, strict=True)), **how)
    result = np.zeros(image.shape)
    for i, j in np.ndindex(*image.shape):
        result[i, j] = np.sum(padded[i : i + height, j : j + width] * kernel)
    return result


def _half(kernel):
    return kernel.shape[0] // 2, kernel.shape[1] // 2


def _filter_probes():
    generator = np.random.default_rng(1)
    for image_shape, kernel_shape in (((4, 5), (3, 3)), ((6, 4), (5, 3)), ((5, 6), (3, 5)), ((4, 4), (1, 3))):
        yield dict(image=generator.uniform(1, 3, image_shape), kernel=generator.normal(0.5, 1, kernel_shape))


def average_pool2d_backward(dy, size):
    """From dy (N, H/size, W/size, C), the gradient for the images (N, H, W, C)."""
    rows = np.repeat(dy, size, axis=1)  # (N, H, W/size, C)
    return np.repeat(rows, size, axis=2) / size**2


def _spread(dy, size):
    return np.repeat(np.repeat(dy, size, axis=1), size, axis=2)


def _corner(dy, size):
    images, rows, columns, channels = dy.shape
    dx = np.zeros((images, rows * size, columns * size, channels))
    dx[:, ::size, ::size] = dy
    return dx


def _pool_probes():
    generator = np.random.default_rng(2)
    yield dict(dy=generator.normal(1, 1, (2, 3, 2, 2)), size=2)
    yield dict(dy=generator.normal(-2, 1, (1, 2, 3, 3)), size=3)
    yield dict(dy=generator.normal(1, 2, (3, 1, 2, 1)), size=4)


EXERCISES = (
    Choice(
        id="convolution.1",
        title="What does this filter see?",
        statement=r"""
A filter is slid over a gray image (0 is black, 1 is white), as `conv2d` does it:

$$\begin{bmatrix} -1 & 0 & 1 \\ -1 & 0 & 1 \\ -1 & 0 & 1 \end{bmatrix}$$

Where is its output large and positive?
""",
        options={
            "a": "on bright areas without structure",
            "b": "on horizontal edges: dark above, bright below",
            "c": "on vertical edges: dark on the left, bright on the right",
            "d": "on vertical edges: bright on the left, dark on the right",
        },
        reasons={
            "a": "The weights sum to 0: where pixels are equal, the left column takes away what the right one adds.",
            "b": "All rows of the filter are equal, so it can't tell above from below: it gives 0 on such an edge.",
            "c": "It adds the three pixels on the right and takes away the three on the left: largest, 3, where black "
            "meets white.",
            "d": "There the bright pixels lie under -1: the output is large but negative, and a ReLU removes it.",
        },
        solution="c",
        name="edge",
        hints=(
            "Put the filter on an area of one brightness first. What is the sum?",
            "Now put it on an image whose left column is 0 and whose other columns are 1.",
        ),
    ),
    Function(
        id="convolution.2",
        title="Count the positions",
        statement="""
`conv2d` knows "same" and "valid" padding. In general, `padding` zeros are added at *both* ends of an axis, and the
kernel moves `stride` pixels at a time, as long as it fits. Write the function that counts its positions along one axis.
""",
        solution=positions,
        probes=_positions_probes,
        hints=(
            "How long is the axis once the zeros are there?",
            "The first position is at pixel 0. How far from there can the kernel still move?",
            "A step that does not fit any more is not taken: integer division, `//`.",
        ),
        explanation='With `padding=0` this is "valid"; with an odd kernel, `padding = kernel_size // 2` and stride 1, '
        'the output is as long as the input: "same".',
        mistakes=(
            Mistake(
                "The first position is not counted",
                "You count the steps. The kernel stands somewhere before the first step: there is one position more.",
                lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size) // stride,
            ),
            Mistake(
                "Padding at one end alone",
                "The zeros are added at both ends: the axis grows by `2 * padding`.",
                lambda size, kernel_size, padding, stride: (size + padding - kernel_size) // stride + 1,
            ),
            Mistake(
                "Padding ignored",
                "Zeros make the axis longer before the kernel moves: it has `size + 2 * padding` pixels.",
                lambda size, kernel_size, padding, stride: (size - kernel_size) // stride + 1,
            ),
            Mistake(
                "Rounded up",
                "A last step that leaves the image is not taken: round the number of steps down, with `//`.",
                lambda size, kernel_size, padding, stride: -(-(size + 2 * padding - kernel_size) // stride) + 1,
            ),
            Mistake(
                "Not rounded",
                "`/` gives a fraction of a step where the kernel no longer fits. Integer division `//` leaves it out.",
                lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size) / stride + 1,
            ),
            Mistake(
                "One added before the division",
                "The steps are divided by the stride, the first position is not: add 1 at the end.",
                lambda size, kernel_size, padding, stride: (size + 2 * padding - kernel_size + 1) // stride,
            ),
            Mistake(
                "Stride ignored",
                "The kernel moves `stride` pixels at a time: divide how far it can move by the stride.",
                lambda size, kernel_size, padding, stride: size + 2 * padding - kernel_size + 1,
            ),
        ),
    ),
    Value(
        id="convolution.3",
        title="Follow the shape",
        statement="""
Images of shape `(26, 25, 3)` go through

1. a convolution with 8 filters of 5 x 5, "valid" padding, stride 1,
2. max pooling with tiles of 2 x 2,
3. a convolution with 16 filters of 3 x 3, "same" padding, stride 2.

Which shape has one image at the end? Work it out on paper, then give the shape.
""",
        name="final_shape",
        comment="(height, width, channels)",
        solution_code="""
height, width = 26 - 5 + 1, 25 - 5 + 1  # 22, 21: "valid" keeps the kernel inside
height, width = height // 2, width // 2  # 11, 10: the last column does not fill a tile
height, width = -(-height // 2), -(-width // 2)  # 6, 5: "same" rounds up
final_shape = (height, width, 16)
""".strip(),
        hints=(
            "Follow height and width apart. The first convolution leaves 26 - 5 + 1 rows.",
            'Pooling leaves out pixels that do not fill a tile. "same" with stride 2 rounds up.',
        ),
        mistakes=(
            Mistake(
                '"valid" taken for "same"',
                'The first convolution is "valid": a kernel that stays inside has 26 - 5 + 1 positions in a column.',
                (7, 6, 16),
            ),
            Mistake(
                "Pooling left out",
                "Tiles of 2 x 2 halve height and width between the two convolutions.",
                (11, 11, 16),
            ),
            Mistake(
                "Halved only once",
                "Two steps halve height and width: the tiles of the pooling stand side by side, two pixels apart, and "
                "the second convolution has stride 2.",
                (11, 10, 16),
            ),
            Mistake(
                "A row lost on the way",
                'Count the rows again at two places: "valid" leaves 26 - 5 + 1 of them, and with "same" padding and '
                "stride 2 every second of 11 is a position, the last one too.",
                (5, 5, 16),
            ),
            Mistake(
                'The second convolution taken for "valid"',
                'With "same" padding every second pixel is a position, also at the border.',
                (5, 4, 16),
            ),
            Mistake(
                "Pooling rounded up",
                "21 columns fill 10 tiles of two. The last column does not fill a tile, and is left out.",
                (6, 6, 16),
            ),
            Mistake(
                "Channels multiplied",
                "Each filter of the second convolution sees all 8 channels and gives one: 16 filters, 16 channels.",
                (6, 5, 128),
            ),
            Mistake(
                "Channels of the first convolution",
                "The number of channels is the number of filters of the last convolution.",
                (6, 5, 8),
            ),
        ),
    ),
    Value(
        id="convolution.4",
        title="Count what it costs",
        statement="""
A convolution with 16 filters of 3 x 3, "same" padding, stride 1 and a bias takes images of shape `(28, 28, 8)`.

How many parameters does it learn, and how many multiplications does it do for one image? (The bias is added: no
multiplication. Products with the zeros of the padding count.)
""",
        name="parameters_and_multiplications",
        comment="(parameters, multiplications)",
        solution_code="""
weights = 3 * 3 * 8 * 16  # a filter spans all input channels
positions = 28 * 28
parameters_and_multiplications = (weights + 16, weights * positions)
""".strip(),
        hints=(
            "How many numbers does *one* filter hold? It sees 3 x 3 pixels of all 8 channels.",
            "All positions share a filter's weights, and at each position every weight is multiplied once.",
        ),
        explanation="1,168 parameters, 903,168 multiplications: sharing weights saves parameters, not work. A dense "
        "layer from the same input to the same output would hold 28 · 28 · 8 · 28 · 28 · 16 weights, 79 million.",
        mistakes=(
            Mistake(
                "Bias forgotten",
                "Each of the 16 filters has one bias more to learn.",
                (1152, 903168),
            ),
            Mistake(
                "Input channels forgotten",
                "A filter is not 3 x 3 but 3 x 3 x 8: it has weights of its own for every input channel.",
                (160, 112896),
            ),
            Mistake(
                "A bias for each weight's channel",
                "There is one bias a filter, 16 in all, and none for the input channels.",
                (1160, 903168),
            ),
            Mistake(
                "Bias for every position",
                "The bias is shared like the weights: one a filter, not one a pixel.",
                (13696, 903168),
            ),
            Mistake(
                "One position alone",
                "That is the work at a single position. There are 28 x 28 of them.",
                (1168, 1152),
            ),
            Mistake(
                "Bias multiplied",
                "The bias is added at each position, not multiplied.",
                (1168, 915712),
            ),
            Mistake(
                '"valid" positions',
                'With "same" padding there are as many positions as pixels, 28 x 28.',
                (1168, 778752),
            ),
            Mistake(
                "Weights for each position",
                "That is a layer without shared weights. A convolution has one set of filters for all positions.",
                (903184, 903168),
            ),
            Mistake(
                "A bias for each input channel of each filter",
                "A filter adds up its input channels and has one bias: 16 in all.",
                (9 * 8 * 16 + 8 * 16, 9 * 8 * 16 * 28 * 28),
            ),
            Mistake(
                "One bias for all filters",
                "Each of the 16 filters has its own.",
                (9 * 8 * 16 + 1, 9 * 8 * 16 * 28 * 28),
            ),
        ),
    ),
    Function(
        id="convolution.5",
        title="Mend the padding",
        statement="""
This function passed its tests with kernels of 3 x 3 and 5 x 5. With one of 5 x 3 its picture is shifted, and with 3 x 5
it raises an error. One line is wrong. Find it and mend it.
""",
        solution=filter_image,
        broken=_filter_image_broken,
        probes=_filter_probes,
        hints=(
            "What do kernels of 3 x 3 and 5 x 5 have in common?",
            "How many zeros does a kernel of 5 x 3 need above the image, and how many on its left?",
            "`np.pad(image, ((above, below), (left, right)))`",
        ),
        explanation="Tests with square shapes hide swapped axes. Wherever this course tests, height and width differ.",
        mistakes=(
            Mistake(
                "As many zeros on each side",
                "`np.pad(image, n)` adds n pixels on all four sides. A kernel that is not square needs "
                "`height // 2` rows above and below, and `width // 2` columns left and right.",
                lambda image, kernel: _filter_image_broken(image, kernel),
            ),
            Mistake(
                "Zeros on the wrong axis",
                "`np.pad` takes a pair for each axis, the rows first: `((above, below), (left, right))`. A single pair "
                "means before and after, on both axes.",
                lambda image, kernel: _filtered(image, kernel, _half(kernel)[::-1], _half(kernel)[::-1]),
            ),
            Mistake(
                "All zeros at one end",
                "With all zeros above and left, the result moves down and right. Half of them go to each end.",
                lambda image, kernel: _filtered(image, kernel, (kernel.shape[0] - 1, kernel.shape[1] - 1), (0, 0)),
            ),
            Mistake(
                "No zeros above and left",
                "With all zeros below and right, the result moves up and left. Half of them go to each end.",
                lambda image, kernel: _filtered(image, kernel, (0, 0), (kernel.shape[0] - 1, kernel.shape[1] - 1)),
            ),
            Mistake(
                "Border pixels instead of zeros",
                '`mode="edge"` repeats the border. What was asked for, and what `conv2d` does, is zeros.',
                lambda image, kernel: _filtered(image, kernel, _half(kernel), _half(kernel), mode="edge"),
            ),
            Mistake(
                "Kernel turned over",
                "You turn the kernel by 180 degrees, as mathematicians do. Deep learning's convolution does not.",
                lambda image, kernel: _filtered(image, kernel[::-1, ::-1], _half(kernel), _half(kernel)),
            ),
        ),
    ),
    Function(
        id="convolution.6",
        title="The gradient of average pooling",
        statement=r"""
Average pooling replaces each tile of `size` x `size` pixels by its mean. Write its backward function: `dy` holds
$\partial L / \partial y$ for every tile, and $\partial L / \partial x$ is wanted for every pixel.

In max pooling the winner takes all of its tile's gradient. Who takes how much here?
""",
        solution=average_pool2d_backward,
        probes=_pool_probes,
        hints=(
            "A tile of 2 x 2 pixels has the mean $y = (x_1 + x_2 + x_3 + x_4) / 4$. What is the derivative by $x_1$?",
            "Every pixel of a tile gets the same. `np.repeat(dy, size, axis=1)` repeats each row `size` times.",
        ),
        explanation="The gradient of a tile adds up to its `dy`, as in max pooling: a check worth writing.",
        mistakes=(
            Mistake(
                "Not divided",
                "Each pixel moves the mean by only a part of its own change: divide by the number of pixels in a tile.",
                _spread,
            ),
            Mistake(
                "Divided by `size`",
                "A tile has `size` rows *and* `size` columns: `size**2` pixels.",
                lambda dy, size: _spread(dy, size) / size,
            ),
            Mistake(
                "Tiles laid side by side",
                "`np.tile` repeats the whole map. A tile's pixels are neighbors: `np.repeat` repeats each element.",
                lambda dy, size: np.tile(dy, (1, size, size, 1)) / size**2,
            ),
            Mistake(
                "One pixel takes all",
                "That is max pooling's way. In a mean all pixels of the tile count the same.",
                _corner,
            ),
            Mistake(
                "Multiplied instead of divided",
                "The mean divides by the number of pixels, and so does its derivative.",
                lambda dy, size: _spread(dy, size) * size**2,
            ),
            Mistake(
                "Averaged over the batch",
                "`dy` is the gradient of the loss already. Divide by the pixels of a tile, and by nothing else.",
                lambda dy, size: _spread(dy, size) / size**2 / len(dy),
            ),
        ),
    ),
)
