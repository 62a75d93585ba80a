// The playground's numbers as text, so that who computes with what is shown gets what is shown; and states as links.
"use strict";

const playgroundText = (() => {
  const NOISE = 1e-12; // a difference of equal numbers

  /** A number with so many significant digits. */
  function significant(value, digits = 3) {
    if (Number.isNaN(value)) return "0/0";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    if (Math.abs(value) < NOISE) return "0";
    const [mantissa, exponent] = Math.abs(value).toExponential(digits - 1).split("e");
    const power = Number(exponent);
    const text = power < -4 || power >= 5 ? `${mantissa}e${exponent}` : Math.abs(value).toFixed(Math.max(digits - 1 - power, 0));
    return (value < 0 ? "−" : "") + text.replace("e-", "e−").replace("e+", "e");
  }
  const read = (text) => Number(text.replaceAll("−", "-"));

  /** A number that the reader sets, as exact as it is. */
  function exact(value, digits = 2) {
    if (value && Math.abs(value) < 10 ** -digits) return String(value).replace("-", "−");
    const text = Math.abs(value).toFixed(digits);
    return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
  }

  /** A number of the state without zeros at its end. */
  const short = (value) => exact(value, 3).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

  /** The numbers of the formula for one value, with as few digits as let each line agree in three significant ones. */
  function formula({ gamma, beta, epsilon }, used, x) {
    const difference = x - used.mean;
    const xHat = difference / Math.sqrt(used.variance + epsilon);
    const y = gamma * xHat + beta;
    let shown;
    for (let digits = 3; digits <= 12; digits++) {
      shown = {
        mean: significant(used.mean, digits),
        variance: significant(used.variance, digits),
        difference: significant(difference, digits),
        xHat: significant(xHat, digits),
        y: significant(y, 3),
      };
      if (!Number.isFinite(xHat) || agree(shown, { gamma, beta, epsilon, x })) break;
    }
    return shown;
  }

  function agree(shown, { gamma, beta, epsilon, x }) {
    const [mean, variance, difference, xHat] = [shown.mean, shown.variance, shown.difference, shown.xHat].map(read);
    const same = (one, other) => significant(one) === significant(other);
    return same(x - mean, difference) && same(difference / Math.sqrt(variance + epsilon), xHat) && same(gamma * xHat + beta, read(shown.y));
  }

  /** A state as the end of an address, and back; null where an address holds none. */
  const NUMBERS = ["gamma", "beta", "epsilon", "momentum", "steps", "mean", "variance"];
  function address(view, state) {
    const numbers = { ...state, ...state.moving };
    const parts = NUMBERS.map((name) => `${name}=${numbers[name]}`);
    return `#playground;${[`view=${view}`, `x=${state.x.join(",")}`, ...parts, `moving=${Number(state.useMoving)}`].join(";")}`;
  }
  function fromAddress(view, hash, limit) {
    const [name, ...parts] = decodeURIComponent(hash).split(";");
    const given = Object.fromEntries(parts.map((part) => part.split("=")));
    if (name !== "#playground" || given.view !== view) return null;
    const x = (given.x ?? "").split(",").map(Number);
    const numbers = NUMBERS.map((key) => Number(given[key]));
    const sound = [...x, ...numbers].every(Number.isFinite) && x.length <= 10 && x.every((value) => Math.abs(value) <= limit);
    if (!sound || given.x === "") return null;
    const [gamma, beta, epsilon, momentum, steps, mean, variance] = numbers;
    if (epsilon < 0 || variance < 0) return null;
    return { x, gamma, beta, epsilon, momentum, steps, moving: { mean, variance }, useMoving: given.moving === "1" };
  }

  return { significant, exact, short, formula, address, fromAddress };
})();
