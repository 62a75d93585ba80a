// The first page's picture runs: the lines are drawn as training went, and the reader can go to any step.
"use strict";

for (const figure of document.querySelectorAll("figure.race")) {
  const SECONDS = 7;
  const svg = figure.querySelector("svg");
  const steps = svg.viewBox.baseVal.width;
  const lines = figure.querySelector(".race-lines");
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: steps, value: steps });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Train again" });
  const output = document.createElement("output");
  const controls = document.createElement("div");
  slider.setAttribute("aria-label", "Training step");
  controls.className = "race-controls";
  controls.append(button, slider, output);
  figure.querySelector(".race-plot").after(controls);

  let start = null; // when the running animation began
  function show(step) {
    slider.value = step;
    output.textContent = `step ${Math.round(step)}`;
    lines.style.clipPath = step < steps ? `inset(-10% ${100 - (100 * step) / steps}% -10% 0)` : "none";
    figure.classList.toggle("running", step < steps);
  }
  function frame(now) {
    if (start === null) return;
    const step = ((now - start) / (1000 * SECONDS)) * steps;
    show(Math.min(step, steps));
    if (step < steps) requestAnimationFrame(frame);
    else start = null;
  }
  function run() {
    requestAnimationFrame((now) => {
      start = now;
      frame(now);
    });
  }
  button.addEventListener("click", run);
  slider.addEventListener("input", () => {
    start = null;
    show(Number(slider.value));
  });
  show(steps);
  // The page comes first: the picture stands still until all of it is there.
  const START = 1500; // milliseconds after that
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) addEventListener("load", () => setTimeout(run, START));
}
