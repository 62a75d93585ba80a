// The first page's picture runs: the lines are drawn as training went, the reader can stop, go to any step, choose a depth.
"use strict";

for (const figure of document.querySelectorAll("figure.race")) {
  const SECONDS = 7;
  const plots = [...figure.querySelectorAll(".race-plot")];
  const steps = plots[0].querySelector("svg").viewBox.baseVal.width;
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  const slider = make("input", { type: "range", min: 0, max: steps, value: steps });
  const button = make("button", { type: "button" });
  const shown = make("span", { className: "shown" });
  slider.setAttribute("aria-label", "Training step");
  shown.setAttribute("aria-hidden", "true"); // the slider says it
  const depths = plots.map((plot) => {
    const first = !plot.hidden;
    const input = make("input", { type: "radio", name: "depth", value: plot.dataset.depth, checked: first });
    input.addEventListener("change", () => choose(plot));
    return make("label", {}, input, ` ${plot.dataset.depth}`);
  });
  const choice = make("fieldset", { className: "race-choice" }, make("legend", {}, "Convolutions"), ...depths);
  plots.at(-1).after(make("div", { className: "race-controls" }, button, slider, shown), choice);

  let at = steps; // the step shown
  let last = null; // when the running animation drew last; null while it stands
  function show(step) {
    at = step;
    slider.value = step;
    slider.setAttribute("aria-valuetext", `step ${Math.round(step)} of ${steps}`);
    shown.textContent = `step ${Math.round(step)}`;
    button.textContent = last !== null ? "Pause" : step < steps ? "Go on" : "Train again";
    for (const lines of figure.querySelectorAll(".race-lines")) {
      lines.style.clipPath = step < steps ? `inset(-10% ${100 - (100 * step) / steps}% -10% 0)` : "none";
    }
    figure.classList.toggle("running", step < steps);
  }
  function frame(now) {
    if (last === null) return;
    const step = Math.min(at + (Math.max(now - last, 0) / (1000 * SECONDS)) * steps, steps);
    last = step < steps ? now : null;
    show(step);
    if (last !== null) requestAnimationFrame(frame);
  }
  function run() {
    if (at >= steps) show(0);
    last = performance.now();
    requestAnimationFrame(frame);
  }
  function stop() {
    last = null;
    show(at);
  }
  function choose(plot) {
    for (const other of plots) other.hidden = other !== plot;
    figure.querySelector(".race-depth").textContent = plot.dataset.depth;
    figure.querySelector(".race-means").hidden = plot === plots.at(-1);
  }
  button.addEventListener("click", () => (last === null ? run() : stop()));
  slider.addEventListener("input", () => {
    last = null;
    show(Number(slider.value));
  });
  show(steps);

  // It starts once the page is there and the picture is seen.
  const START = 1500; // milliseconds after that
  const seen = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      setTimeout(() => at === steps && last === null && run(), START);
    },
    { threshold: 0.6 },
  );
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!still) addEventListener("load", () => seen.observe(plots.find((plot) => !plot.hidden)));
}
