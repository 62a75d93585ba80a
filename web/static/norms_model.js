// The arithmetic of the norm explorer: that of bncourse.variants for one array (examples, positions, channels), with
// gamma 1 and beta 0. `norms.js` shows it.
"use strict";

/** What two cells must have in common to share mean and variance, for each norm; two groups halve the channels. */
const NORMS = {
  batch: { name: "batch norm", share: "channel", key: (n, p, c) => [c] },
  example: { name: "layer norm per example", share: "example", key: (n) => [n] },
  position: { name: "layer norm per position", share: "example and position", key: (n, p) => [n, p] },
  group: { name: "group norm, 2 groups", share: "example and group of channels", key: (n, p, c, half) => [n, c < half] },
  instance: { name: "instance norm", share: "example and channel", key: (n, p, c) => [n, c] },
};

const IndexSets = {
  /** All cells [n, p, c] that share statistics with one of them. */
  members(x, norm, cell) {
    const half = x[0][0].length / 2;
    const key = (index) => String(NORMS[norm].key(...index, half));
    const cells = x.flatMap((example, n) => example.flatMap((position, p) => position.map((_, c) => [n, p, c])));
    return cells.filter((index) => key(index) === key(cell));
  },
  moments(x, cells) {
    const values = cells.map(([n, p, c]) => x[n][p][c]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, variance };
  },
  /** The normalized value of every cell, in the shape of x. */
  normalize(x, norm, epsilon) {
    return x.map((example, n) =>
      example.map((position, p) =>
        position.map((value, c) => {
          const { mean, variance } = IndexSets.moments(x, IndexSets.members(x, norm, [n, p, c]));
          return (value - mean) / Math.sqrt(variance + epsilon);
        }),
      ),
    );
  },
};
