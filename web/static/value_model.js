// What is wrong with the numbers of an answer, in the sentences of `bncourse/exercises/_numbers.py`, whose code this
// follows line by line; `tests/test_site_exercises.py` holds the two equal. `self_check.js` shows the verdict.
// An exercise is what `web/value_check.py` writes into the page: labels, comment, tolerance, whether the numbers are
// categories, and as `{numbers, whole}` (which of them are counts) the solution, other accepted answers, known mistakes and what the solution gives when one place in it is changed; `way` are the numbers on the way to it.
"use strict";

const valueCheck = (() => {
  const ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
  const ENDS = "it is off by one: is an end counted, or a number rounded, the wrong way?";
  const ordinal = (i) => ORDINALS[i] ?? `${i + 1}th`;
  const capital = (text) => (text[1] === " " && !"aA".includes(text[0]) ? text : text.slice(0, 1).toUpperCase() + text.slice(1));
  const uncapital = (text) => text.slice(0, 1).toLowerCase() + text.slice(1);

  /** `toExponential`, but a half goes to the even digit, as in Python. */
  function exponential(value, decimals) {
    const [all, exponent] = value.toExponential(60).split("e");
    const kept = all.slice(0, all.indexOf(".") + 1 + decimals);
    const isHalf = /^50*$/.test(all.slice(kept.length)) && "02468".includes(kept.at(-1));
    return isHalf ? `${kept}e${exponent}` : value.toExponential(decimals);
  }

  /** A number with so many significant digits, as Python's format "g" writes it. */
  function general(value, digits) {
    if (value === 0) return Object.is(value, -0) ? "-0" : "0";
    const [mantissa, exponent] = exponential(value, digits - 1).split("e");
    const power = Number(exponent);
    const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (power >= -4 && power < digits) return trim(Number(`${mantissa}e${exponent}`).toFixed(digits - 1 - power));
    return `${trim(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }

  /** Python's `round`: a half goes to the even neighbor. */
  function rounded(value, digits) {
    if (digits < 0) {
      const scaled = value / 10 ** -digits;
      const below = Math.floor(scaled);
      const up = scaled - below > 0.5 || (scaled - below === 0.5 && below % 2 !== 0);
      return (below + Number(up)) * 10 ** -digits;
    }
    const size = Math.abs(value);
    const all = size.toFixed(60);
    const kept = all.slice(0, all.indexOf(".") + (digits && digits + 1));
    const isHalf = /^\.?50*$/.test(all.slice(kept.length)) && "02468".includes(kept.at(-1));
    return Math.sign(value) * Number(isHalf ? kept : size.toFixed(digits));
  }

  const NEARLY_ZERO = 1e-6;
  /** Whether two numbers agree within the tolerance, relative to the truth; counts agree exactly. */
  const close = (one, other, truth, tolerance, whole) =>
    Math.abs(one - other) <= (whole && Number.isInteger(other) ? 0 : tolerance * Math.abs(truth) || NEARLY_ZERO);
  /** Whether a number is what a general mistake gives: a count to the last digit, another number nearly. */
  const isIt = (value, candidate, whole) => Math.abs(value - candidate) <= (whole ? 1e-9 : 1e-3) * Math.abs(candidate);

  /** The verdict on numbers: {passed, message}. `whole`: whether all of them were given as whole numbers. */
  function check(exercise, numbers, whole) {
    const words = explain(exercise, numbers, (value) => (whole ? String(value) : general(value, 6)));
    return { passed: words === null, message: words ?? "" };
  }

  /** What is wrong with the numbers of an answer; null if they are right. */
  function explain(exercise, numbers, written) {
    const { solution, accepted, tolerance, labels } = exercise;
    const truth = solution.numbers;
    const places = truth.map((_, i) => i);
    const agrees = (i, answer) => close(numbers[i], answer.numbers[i], answer.numbers[i], tolerance, answer.whole[i]);
    const wrong = places.filter((i) => ![solution, ...accepted].some((answer) => agrees(i, answer)));
    if (!wrong.length) return null;
    const names = places.map((i) => label(i, labels, truth.length));
    const [mistakes, left] = known(exercise, numbers, wrong);
    if (mistakes.length === 1 && !left.length) return told(mistakes[0].mistake);
    const rest = whatIsRight(names, wrong);
    if (exercise.categories) return `${joined(wrong.map((i) => names[i]))} ${is(wrong)} wrong.${rest}`;
    const together = truth.length > 1 && !labels.length; // numbers of one kind, such as the elements of a gradient
    const words = together && !mistakes.length ? asOne(exercise, numbers) : null;
    if (words) return words;
    const too = (i) => `is too ${numbers[i] > truth[i] ? "large" : "small"}`;
    if (together && wrong.length === 1) {
      const [i] = wrong;
      return `Only ${uncapital(names[i])}, ${written(numbers[i])}, is wrong: it ${too(i)}.`;
    }
    if (wrong.length > 1 && reordered(numbers, solution, tolerance)) return `The right numbers in the wrong order.${order(exercise)}`;
    const common = wrong.length > 1 ? inCommon(numbers, truth, tolerance) : null;
    if (common) return common;
    const texts = mistakes.map(({ mistake, own }) => `${joined(own.map((i) => names[i]))}: ${told(mistake)}`);
    const homes = together ? new Map() : homesOf(left, numbers, solution, tolerance);
    for (const i of left) {
      const start = `${names[i]}, ${written(numbers[i])}`;
      if (homes.has(i)) texts.push(`${start}: that is what the ${ordinal(homes.get(i))} number should be.`);
      else if (homes.size) texts.push(`${start}, is wrong where it stands.`); // this one may be meant for another place, too
      else {
        const words = together ? null : kind(i, exercise, numbers);
        texts.push(start + (words ? `: ${words}` : `, ${too(i)}.`));
      }
    }
    const start = `${names[0]}: `;
    const shown = truth.length === 1 ? texts.map((text) => (text.startsWith(start) ? text.slice(start.length) : text)) : texts;
    return shown.join(" ") + rest;
  }

  const FACTORS = [[2, "twice"], [0.5, "half of"], [10, "ten times"], [0.1, "a tenth of"], [1e3, "1,000 times"], [1e-3, "1/1,000 of"]];
  /** One factor that all numbers are off by. */
  function inCommon(numbers, truth, tolerance) {
    const sizes = truth.map(Math.abs);
    if (!truth.every(Boolean) || !numbers.every(Boolean) || Math.max(...sizes) === Math.min(...sizes)) return null;
    const factors = numbers.map((value, i) => value / truth[i]);
    if (Math.max(...factors) - Math.min(...factors) > 2 * tolerance * Math.abs(factors[0])) return null;
    if (factors.some((factor) => Math.abs(factor - 1) < 10 * tolerance)) return null;
    const found = FACTORS.find(([factor]) => Math.abs(factors[0] - factor) <= 2 * tolerance * factor);
    if (found) return `All of your numbers are ${found[1]} what they should be.`;
    return "All of your numbers are off by the same factor, and right otherwise: what have they in common?";
  }

  const is = (things) => (things.length === 1 ? "is" : "are");
  const told = ({ name, hint }) => `${capital(name)}. ${hint}`;

  function label(i, labels, count) {
    if (count === 1) return "Your answer";
    return `The ${ordinal(i)} number${labels.length ? ` (${labels[i]})` : ""}`;
  }

  function whatIsRight(names, wrong) {
    const right = names.filter((_, i) => !wrong.includes(i));
    return right.length ? ` ${joined(right)} ${is(right)} right.` : "";
  }

  function joined(names) {
    const inside = names.map((name, i) => (i ? uncapital(name) : name));
    return inside.length === 1 ? inside[0] : `${inside.slice(0, -1).join(", ")} and ${inside.at(-1)}`;
  }

  const order = ({ comment }) => (comment.startsWith("(") ? ` Asked for is ${comment}.` : "");

  /** The known mistakes that are shown in full, with their numbers, and the numbers that they leave unexplained. */
  function known({ solution, mistakes, tolerance, labels }, numbers, wrong) {
    const truth = solution.numbers;
    const places = truth.map((_, i) => i);
    const shown = [];
    for (const mistake of mistakes) {
      const theirs = mistake.numbers;
      const own = places.filter((i) => !close(theirs[i], truth[i], truth[i], tolerance, solution.whole[i]));
      // In a long array of numbers of one kind some agree by chance.
      const compared = labels.length || truth.length < 3 ? own : places;
      const same = (i) => close(numbers[i], theirs[i], truth[i] || theirs[i], tolerance, (truth[i] ? solution : mistake).whole[i]);
      if (own.every((i) => wrong.includes(i)) && compared.every(same)) shown.push({ mistake, own });
    }
    let left = wrong;
    const chosen = [];
    for (const found of shown.sort((a, b) => b.own.length - a.own.length)) {
      if (!found.own.every((i) => left.includes(i))) continue;
      chosen.push(found);
      left = left.filter((i) => !found.own.includes(i));
    }
    return [chosen, left];
  }

  /** Whether all right numbers are there, in another order. */
  function reordered(numbers, { numbers: truth, whole }, tolerance) {
    const rest = truth.map((number, i) => ({ number, whole: whole[i] }));
    for (const value of numbers) {
      const at = rest.findIndex((right) => close(value, right.number, right.number, tolerance, right.whole));
      if (at < 0) return false;
      rest.splice(at, 1);
    }
    return new Set(truth.map((right) => right.toFixed(9))).size > 1;
  }

  /** Wrong numbers that would be right at the place of another wrong one, and not by chance, with that place. */
  function homesOf(wrong, numbers, { numbers: truth, whole }, tolerance) {
    const homes = new Map();
    for (const i of wrong) {
      const fits = (j) => j !== i && close(numbers[i], truth[j], truth[j], tolerance, whole[j]);
      const home = telling(numbers[i]) ? wrong.findLast(fits) : undefined;
      if (home !== undefined) homes.set(i, home);
    }
    return homes;
  }

  /** Whether a number agrees with another one hardly by chance, as small whole numbers do. */
  const telling = (value) => !(Number.isInteger(value) && Math.abs(value) < 10);

  /** How several numbers of one kind relate to the right ones as a whole. */
  function asOne({ solution, changed, tolerance }, numbers) {
    if (numbers.every((value) => value === 0)) return "All of your numbers are 0.";
    for (const { words, rank, numbers: theirs, whole } of changed) {
      if (rank <= 2 && numbers.every((value, i) => close(value, theirs[i], theirs[i], tolerance, whole[i]))) return words;
    }
    return relation(numbers, solution.numbers, tolerance);
  }

  const largest = (values) => Math.max(0, ...values.map(Math.abs));
  function equal(one, other, tolerance) {
    const distance = tolerance * Math.max(largest(one), largest(other));
    return one.every((value, i) => value === other[i] || Math.abs(value - other[i]) <= distance);
  }

  /** What turns the right numbers into those received: `relation` of `bncourse/exercises/_general.py`. */
  function relation(received, truth, tolerance) {
    return factorOf(received, truth, tolerance) ?? offsetOf(received, truth, tolerance) ?? functionOf(received, truth, tolerance) ?? orderOf(received, truth, tolerance);
  }

  function factorOf(received, truth, tolerance) {
    if (!truth.some(Boolean)) return null;
    const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const factor = dot(received, truth) / dot(truth, truth);
    if (factor === 0 || Math.abs(factor - 1) < 2 * tolerance) return null;
    if (!equal(received, truth.map((value) => factor * value), tolerance)) return null;
    if (Math.abs(factor + 1) < 2 * tolerance) return "Every number has the wrong sign.";
    let [top, bottom] = [Math.round(factor), 1];
    for (let under = 2; under <= 16; under++) {
      const over = Math.round(factor * under);
      if (Math.abs(over / under - factor) < Math.abs(top / bottom - factor)) [top, bottom] = [over, under];
    }
    if (Math.abs(top / bottom - factor) > 2 * tolerance * Math.abs(factor) || Math.abs(factor) > 1e4) return null;
    const fraction = bottom === 1 ? `${top}` : `${top}/${bottom}`;
    const words = { 2: "twice", "1/2": "half of" }[fraction] ?? `${fraction} times`;
    return `Every number is ${words} what it should be.`;
  }

  function offsetOf(received, truth, tolerance) {
    const offsets = received.map((value, i) => value - truth[i]);
    const size = largest(truth);
    const range = Math.max(...offsets) - Math.min(...offsets);
    if (offsets.length < 2 || Math.abs(offsets[0]) < 10 * tolerance * size || range > 2 * tolerance * size) return null;
    const more = { 1: "one more", "-1": "one less" }[offsets[0]];
    return `Every number is ${more ?? `${general(Math.abs(offsets[0]), 4)} ${offsets[0] > 0 ? "more" : "less"}`} than it should be.`;
  }

  const FUNCTIONS = [
    [(t) => t ** 2, "is the square of what it should be: a root is missing, or a square is one too many."],
    [Math.sqrt, "is the root of what it should be: a square is missing, or a root is one too many."],
    [(t) => 1 / t, "is upside down: one divided by what it should be."],
    [(t) => 1 / t ** 2, "is upside down and squared."],
    [Math.abs, "has lost its sign."],
    [Math.floor, "is rounded down."],
    [Math.ceil, "is rounded up."],
    [(t) => rounded(t, 0), "is rounded to a whole number."],
    [Math.log, "is the logarithm of what it should be."],
    [Math.exp, "is the exponential of what it should be."],
  ];
  function functionOf(received, truth, tolerance) {
    if (truth.every((value) => [0, 1, -1].includes(value))) return null;
    const found = FUNCTIONS.find(([change]) => {
      const changed = truth.map(change);
      return changed.every((value) => !Number.isNaN(value)) && equal(received, changed, tolerance);
    });
    return found ? `Every number ${found[1]}` : null;
  }

  function orderOf(received, truth, tolerance) {
    if (equal(received, [...truth].reverse(), tolerance)) return "Your result is turned round: its order along axis 0 is reversed.";
    const sorted = (values) => [...values].sort((a, b) => a - b);
    if (truth.length > 2 && equal(sorted(received), sorted(truth), tolerance)) return "Your result holds the right numbers in the wrong places.";
    return null;
  }

  /** How one wrong number relates to the right one, if that is no accident. */
  function kind(i, exercise, numbers) {
    const { solution, tolerance } = exercise;
    const [value, right, whole] = [numbers[i], solution.numbers[i], solution.whole[i]];
    const precision = roundedTooMuch(value, right, tolerance);
    if (precision) return precision;
    if (right && close(value, -right, right, tolerance, whole)) return "it has the wrong sign.";
    const words = telling(value) ? changedPlace(i, value, exercise) : null;
    if (words) return words;
    if (telling(value) && exercise.way.some((step) => isIt(value, step, whole))) return "that is a number on the way to the answer, not yet the answer.";
    const counts = Number.isInteger(right) && right > 9;
    const relations = [
      [right > 0 && right < 1 ? 1 - right : null, "it is one minus what it should be."],
      [right ? 1 / right : null, "it is upside down: one divided by what it should be."],
      [100 * right, "it is in percent."],
      [right / 100, "it is a hundredth of what it should be."],
      [right ** 2, "it is the square of what it should be: a root is missing."],
      [Math.abs(right) ** 0.5, "it is the root of what it should be."],
      [2 * right, "it is twice what it should be."],
      [right / 2, "it is half of what it should be."],
      [10 * right, "it is ten times what it should be."],
      [right / 10, "it is a tenth of what it should be."],
      [counts ? right + 1 : null, ENDS],
      [counts ? right - 1 : null, ENDS],
    ];
    return relations.find(([near]) => near !== null && isIt(value, near, whole) && telling(value))?.[1] ?? null;
  }

  /** The words for a changed place in the solution that gives this number, if there is only one such change. */
  function changedPlace(i, value, { changed, solution }) {
    const changes = changed.filter(({ rank }) => rank <= 2);
    const found = new Set(changes.filter(({ numbers }) => isIt(value, numbers[i], solution.whole[i])).map(({ words }) => words));
    if (found.size !== 1 || crowded(value, solution.numbers[i], new Set(changes.map(({ numbers }) => numbers[i])))) return null;
    const [words] = found;
    return words.startsWith("A ") || words.startsWith("`") ? words : uncapital(words);
  }

  /** Whether any whole number as far from the right one would be one of the others with a chance above 1 in 25. */
  function crowded(value, right, others) {
    const reach = Math.abs(value - right);
    const isNear = (other) => Number.isInteger(other) && other !== right && Math.abs(other - right) <= reach;
    return Number.isInteger(value) && Number.isInteger(right) && 25 * [...others].filter(isNear).length > 2 * reach;
  }

  /** What the right number gives where it is rounded more than the tolerance allows; others may give it, too. */
  function roundedTooMuch(value, right, tolerance) {
    if (Number.isInteger(right) || Math.abs(value - right) > 0.06 * Math.abs(right)) return null;
    for (let digits = -2; digits < 4; digits++) {
      if (rounded(right, digits) === value) return `close, but a precision of ${general(100 * tolerance, 6)}% is wanted.`;
    }
    return null;
  }

  /** The number that a reader wrote: 0.5, 1/3, 32*14*14, 1.05**15; null if it is none. */
  function read(text) {
    const tokens = text.replaceAll("−", "-").replaceAll("×", "*").replaceAll("^", "**").match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|\*\*|[-+*/()]|\S/gi) ?? [];
    let at = 0;
    const next = (...wanted) => (wanted.includes(tokens[at]) ? tokens[at++] : null);
    function sum() {
      let value = product();
      for (let sign; (sign = next("+", "-")); ) value += (sign === "+" ? 1 : -1) * product();
      return value;
    }
    function product() {
      let value = signed();
      for (let sign; (sign = next("*", "/")); ) value = sign === "*" ? value * signed() : value / signed();
      return value;
    }
    function signed() {
      if (next("-")) return -signed();
      if (next("+")) return signed();
      const base = atom();
      return next("**") ? base ** signed() : base;
    }
    function atom() {
      if (next("(")) {
        const value = sum();
        return next(")") ? value : NaN;
      }
      return /^[\d.]/.test(tokens[at] ?? "") ? Number(tokens[at++]) : NaN;
    }
    const value = sum();
    return at === tokens.length && Number.isFinite(value) ? value : null;
  }

  return { check, read, general, rounded };
})();
