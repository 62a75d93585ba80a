// Formulas, a few at a time, so that the page answers meanwhile: first those at hand, then the others from the top.
"use strict";

MathJax.startup.promise.then(async () => {
  const AT_ONCE = 12;
  const distance = (formula) => {
    const { top, bottom } = formula.getBoundingClientRect();
    return bottom >= 0 && top <= innerHeight ? 0 : 1;
  };
  const places = new Map([...document.querySelectorAll(".math")].map((formula) => [formula, distance(formula)]));
  const formulas = [...places.keys()].sort((one, other) => places.get(one) - places.get(other));
  while (formulas.length) {
    await MathJax.typesetPromise(formulas.splice(0, AT_ONCE));
    await new Promise((resolve) => setTimeout(resolve));
  }
  markScrollable();
});
