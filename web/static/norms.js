// The norm explorer: choose a norm and a cell; the cells that share its mean and variance light up, with the numbers.
// The arithmetic, `NORMS` and `IndexSets`, is that of `norms_model.js`, which is loaded first.
"use strict";

for (const place of document.querySelectorAll(".norms")) explorer(place);

function explorer(place) {
  const EPSILON = 0.001;
  // Four examples of 2 x 2 positions (in a row of four) with four channels. Whole numbers whose means have two decimals
  // and whose variances have four in every set, so that what is shown is exact, but for the normalized value.
  const X = [
    [[0, 6, 3, 5], [2, 7, 2, 5], [2, 3, 2, 1], [0, 6, 5, 7]],
    [[4, 5, 4, 8], [3, 7, 6, 5], [2, 6, 6, 5], [6, 7, 6, 8]],
    [[0, 4, 0, 5], [0, 5, 2, 6], [1, 5, 1, 7], [0, 3, 0, 5]],
    [[4, 5, 0, 8], [5, 5, 1, 9], [1, 4, 2, 4], [2, 6, 0, 8]],
  ];
  const state = { norm: "batch", show: "x", cell: [1, 1, 2] };

  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  function choices(legend, key, options) {
    const labels = Object.entries(options).map(([value, label]) => {
      const input = element("input", { type: "radio", name: `norms-${key}`, value });
      input.checked = state[key] === value;
      input.addEventListener("change", () => change({ [key]: value }));
      return element("label", {}, input, ` ${label}`);
    });
    return element("fieldset", { class: "statistics" }, element("legend", {}, legend), ...labels);
  }

  const names = Object.fromEntries(Object.entries(NORMS).map(([key, norm]) => [key, norm.name]));
  const cells = new Map(); // "n,p,c" to its button
  const slices = element("div", { class: "norm-slices" });
  X.forEach((example, n) => {
    const grid = element("div", { class: "norm-grid" });
    example.forEach((position, p) =>
      position.forEach((_, c) => {
        const button = element("button", { type: "button" });
        button.addEventListener("click", () => change({ cell: [n, p, c] }));
        button.addEventListener("keydown", (event) => move(event, [n, p, c]));
        cells.set(String([n, p, c]), button);
        grid.append(button);
      }),
    );
    slices.append(element("div", { role: "group", "aria-label": `example ${n + 1}` }, element("p", {}, `example ${n + 1}`), grid));
  });

  /** Arrow keys go along channels and positions, page up and page down to another example. */
  function move(event, [n, p, c]) {
    const steps = { ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], PageUp: [-1, 0, 0], PageDown: [1, 0, 0] };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = [n, p, c].map((value, axis) => value + steps[event.key][axis]);
    const button = cells.get(String(next));
    if (!button) return;
    change({ cell: next });
    button.focus();
  }

  const formula = element("div", { class: "formula" });
  const live = element("p", { class: "visually-hidden", role: "status" });
  let announcement;
  function change(part) {
    Object.assign(state, part);
    const spoken = draw();
    clearTimeout(announcement);
    announcement = setTimeout(() => (live.textContent = spoken), 600);
  }

  /** Show the state; returns it in a sentence. */
  function draw() {
    const { norm, show, cell } = state;
    const members = IndexSets.members(X, norm, cell);
    const inside = new Set(members.map(String));
    const { mean, variance } = IndexSets.moments(X, members);
    const xHat = IndexSets.normalize(X, norm, EPSILON);
    const at = (values, [n, p, c]) => values[n][p][c];
    for (const [key, button] of cells) {
      const index = key.split(",").map(Number);
      const chosen = key === String(cell);
      button.textContent = show === "x" ? String(at(X, index)) : signed(at(xHat, index).toFixed(2));
      button.classList.toggle("member", inside.has(key));
      button.tabIndex = chosen ? 0 : -1;
      button.setAttribute("aria-pressed", String(chosen));
      const [n, p, c] = index.map((i) => i + 1);
      const role = chosen ? "chosen" : inside.has(key) ? "shares its statistics" : "does not share them";
      button.setAttribute("aria-label", `example ${n}, position ${p}, channel ${c}: ${button.textContent}, ${role}`);
    }
    const [x, mu, sigma, result] = [String(at(X, cell)), exact(mean), exact(variance), three(at(xHat, cell))];
    const set = `${members.length} cells share mean and variance: those with the same ${NORMS[norm].share}`;
    formula.innerHTML = `
      <div><small>${set}</small></div>
      <div><i>μ</i> = <span data-number="mean">${mu}</span></div>
      <div><i>σ</i>² = <span data-number="variance">${sigma}</span></div>
      <div class="result-line"><i>x̂</i> = <span class="fraction"><span><b class="of-x" data-number="x">${x}</b> − ${mu}</span><span>√<span class="root">${sigma} + ${EPSILON}</span></span></span> = <b class="of-y" data-number="result">${result}</b></div>`;
    return `${set}. Mean ${mu}, variance ${sigma}. The chosen cell: ${x}, normalized ${result}.`;
  }

  place.replaceChildren(
    element("p", { class: "advice" }, "Choose a norm, and a cell by a click or the arrow keys. In each square the rows are positions, the columns are channels."),
    choices("Norm", "norm", names),
    choices("Show", "show", { x: "the input x", xHat: "the normalized x̂" }),
    slices,
    formula,
    live,
  );
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Norm explorer: which cells share mean and variance");
  draw();
}

function signed(text) {
  return (Number(text) < 0 ? "−" : "") + text.replace("-", "");
}

/** A mean or variance of whole numbers in sets of 4, 8 or 16, without rounding. */
function exact(value) {
  return signed(String(Number(value.toFixed(4))));
}

function three(value) {
  return signed(value.toPrecision(3));
}
