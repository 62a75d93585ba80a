// The playground's arithmetic: that of bncourse.forward and bncourse.inference for one feature, and random numbers.
// `playground_text.js` writes its numbers, `playground_picture.js` draws them, `playground.js` puts it on the page.
"use strict";

const BatchNorm = {
  moments(x) {
    // A mean of equal values is that value, which rounded sums may miss.
    if (x.every((value) => value === x[0])) return { mean: x[0], variance: 0 };
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    return { mean, variance };
  },
  normalize(x, moments, epsilon) {
    return x.map((value) => (value - moments.mean) / Math.sqrt(moments.variance + epsilon));
  },
  scale(xHat, gamma, beta) {
    return xHat.map((value) => gamma * value + beta);
  },
  updateMoving(moving, batch, momentum) {
    return {
      mean: momentum * moving.mean + (1 - momentum) * batch.mean,
      variance: momentum * moving.variance + (1 - momentum) * batch.variance,
    };
  },
  /** All that follows from a state: {batch, used, xHat, y}. */
  results({ x, gamma, beta, epsilon, moving, useMoving }) {
    const batch = BatchNorm.moments(x);
    const used = useMoving ? moving : batch;
    const xHat = BatchNorm.normalize(x, used, epsilon);
    return { batch, used, xHat, y: BatchNorm.scale(xHat, gamma, beta) };
  },
};

/** Normal random numbers, the same in every visit (mulberry32, Box and Muller). */
function generator(seed) {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
