// Formulas. MathJax is fetched when the first of them comes near, or when the page has been at rest for a while: a
// phone is busy with it for a second. Then they are set a few at a time, so that the page answers meanwhile: first
// those at hand, then the others from the top.
"use strict";

const typesetFormulas = (() => {
  const AT_ONCE = 12;
  const REST = 4000; // milliseconds
  const source = new URL("mathjax/tex-mml-chtml.js", document.currentScript.src);
  let typeset = null;

  function fetched() {
    const script = document.createElement("script");
    script.src = source.href;
    document.head.append(script);
    return new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = reject;
    }).then(() => MathJax.startup.promise);
  }

  async function all() {
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
  }

  /** Set all formulas of the page, once; fulfilled when they stand. */
  const start = () => (typeset ??= fetched().then(all));

  const near = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && start(), {
    rootMargin: "50% 0px",
  });
  for (const formula of document.querySelectorAll(".math")) near.observe(formula);
  addEventListener("load", () => setTimeout(start, REST));
  return start;
})();
