// The playground: a batch of values that the reader drags, and what batch normalization makes of it, at once.
// `<div class="playground" data-view="batch">` shows one batch; `data-view="moving"` adds the moving statistics.
// The arithmetic, `BatchNorm` and `generator`, is that of `playground_model.js`, which is loaded first.
"use strict";

for (const place of document.querySelectorAll(".playground")) playground(place);

function playground(place) {
  const LIMIT = 8; // the number lines run from -8 to 8
  const ROWS = { x: 62, xHat: 152, y: 242 }; // pixels from the top
  const HEIGHT = 292;
  const NAMES = { x: "x", xHat: "x̂", y: "y" };
  const hasMoving = place.dataset.view === "moving";
  const START = hasMoving ? [1.6, 4.4, 2.2, 3.7, 5.3, 2.9] : [3.4, 6.1, 4.2, 5.0, 6.8, 4.6];
  const FILL = [5.6, 3.9, 5.3, 4.0]; // what a larger batch brings along
  const OUTLIER = -7;

  const fresh = () => ({
    x: [...START],
    gamma: 1,
    beta: 0,
    epsilon: 1e-3,
    momentum: 0.9,
    moving: { mean: 0, variance: 1 },
    steps: 0,
    useMoving: false,
    kept: null, // the value that the outlier replaced
    selected: 0,
  });
  let state = fresh();
  let random = generator(1);

  const element = (name, attributes = {}, ...children) => build(document.createElement(name), attributes, children);
  const svgElement = (name, attributes = {}, ...children) =>
    build(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  function build(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  // Controls
  const updates = []; // what brings a control in line with the state
  function slider(label, { min, max, step, show, get, set }) {
    const input = element("input", { type: "range", min, max, step });
    const output = element("output");
    input.addEventListener("input", () => {
      set(Number(input.value));
      draw();
    });
    updates.push(() => {
      input.value = get();
      output.textContent = show(get());
      input.setAttribute("aria-valuetext", show(get()));
    });
    return element("label", { class: "control" }, element("span", {}, label), input, output);
  }
  /** A slider for one number of the state. */
  function parameter(label, key, [min, max, step]) {
    return slider(label, { min, max, step, show: format, get: () => state[key], set: (value) => (state[key] = value) });
  }
  function button(label, action, pressed) {
    const node = element("button", { type: "button" }, label);
    node.addEventListener("click", () => {
      action();
      draw();
    });
    if (pressed) updates.push(() => node.setAttribute("aria-pressed", pressed()));
    return node;
  }
  function choice(label, value) {
    const input = element("input", { type: "radio", name: "statistics", value });
    input.addEventListener("change", () => {
      state.useMoving = value === "moving";
      draw();
    });
    updates.push(() => (input.checked = state.useMoving === (value === "moving")));
    return element("label", {}, input, ` ${label}`);
  }

  const sliders = element(
    "div",
    { class: "controls" },
    slider("batch size m", { min: 1, max: 10, step: 1, show: String, get: () => state.x.length, set: resize }),
    parameter("scale γ", "gamma", [-2, 2, 0.1]),
    parameter("shift β", "beta", [-2, 2, 0.1]),
    slider("epsilon ε", {
      min: -5,
      max: 1,
      step: 0.5,
      show: (exponent) => formatSmall(10 ** exponent),
      get: () => Math.log10(state.epsilon),
      set: (exponent) => (state.epsilon = 10 ** exponent),
    }),
  );
  const buttons = element(
    "div",
    { class: "buttons" },
    button("One outlier", toggleOutlier, () => state.kept !== null),
    button("Nearly equal values", () => setBatch(state.x.map((_, i) => 5 + 0.02 * ((i % 3) - 1)))),
  );
  let statistics = "";
  if (hasMoving) {
    sliders.append(parameter("momentum", "momentum", [0, 0.99, 0.01]));
    buttons.replaceChildren(
      button("Train one step", () => train(1)),
      button("Train 20 steps", () => train(20)),
      button("A batch from elsewhere", () => setBatch(drawBatch(-3))),
      button("One outlier", toggleOutlier, () => state.kept !== null),
    );
    statistics = element(
      "fieldset",
      { class: "statistics" },
      element("legend", {}, "Normalize with"),
      choice("this batch’s statistics (training)", "batch"),
      choice("moving statistics (inference)", "moving"),
    );
  }
  buttons.append(
    button("Reset", () => {
      state = fresh();
      random = generator(1);
    }),
  );

  // Changes of the state
  function setBatch(x) {
    state.x = x;
    state.kept = null;
    state.selected = Math.min(state.selected, x.length - 1);
  }
  function resize(size) {
    const larger = [...state.x, ...START.slice(state.x.length), ...FILL.slice(Math.max(0, state.x.length - START.length))];
    setBatch(larger.slice(0, size));
  }
  function toggleOutlier() {
    const last = state.x.length - 1;
    const value = state.kept ?? OUTLIER;
    state.kept = state.kept === null ? state.x[last] : null;
    state.x[last] = value;
    state.selected = last;
  }
  function drawBatch(center) {
    return state.x.map(() => clamp(center + 1.5 * random()));
  }
  function train(steps) {
    for (let step = 0; step < steps; step++) {
      setBatch(drawBatch(3.5));
      state.moving = BatchNorm.updateMoving(state.moving, BatchNorm.moments(state.x), state.momentum);
      state.steps += 1;
    }
  }

  // The picture
  const svg = svgElement("svg", { class: "lines", role: "group", "aria-label": "Number lines of x, x̂ and y; the values of x can be moved" });
  const background = svgElement("g", { "aria-hidden": "true" });
  const threads = svgElement("g", { "aria-hidden": "true", class: "threads" });
  const results = svgElement("g", { "aria-hidden": "true" });
  const handles = svgElement("g");
  svg.append(background, threads, results, handles);
  let width = 640;
  const toPixel = (value) => width / 2 + (clamp(value) / LIMIT) * (width / 2 - 26);
  const toValue = (pixel) => clamp(((pixel - width / 2) / (width / 2 - 26)) * LIMIT);

  function handle(index) {
    const node = svgElement(
      "g",
      { class: "handle", tabindex: 0, role: "slider", "aria-label": `x ${index + 1}`, "aria-valuemin": -LIMIT, "aria-valuemax": LIMIT },
      svgElement("circle", { class: "hit", r: 20 }),
      svgElement("circle", { class: "dot", r: 8 }),
    );
    const move = (value) => {
      state.x[index] = Math.round(clamp(value) * 100) / 100;
      state.selected = index;
      draw();
    };
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      node.focus({ preventScroll: true });
    });
    node.addEventListener("pointermove", (event) => {
      if (node.hasPointerCapture(event.pointerId)) move(toValue(event.clientX - svg.getBoundingClientRect().left));
    });
    node.addEventListener("focus", () => {
      state.selected = index;
      draw();
    });
    node.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 };
      const ends = { Home: -LIMIT, End: LIMIT };
      if (event.key in steps) move(state.x[index] + steps[event.key]);
      else if (event.key in ends) move(ends[event.key]);
      else return;
      event.preventDefault();
    });
    return node;
  }

  function drawRow(row, values) {
    const top = ROWS[row];
    const { mean, variance } = BatchNorm.moments(values);
    const spread = Math.sqrt(variance);
    const left = toPixel(mean - spread);
    background.append(
      svgElement("line", { class: "axis", x1: toPixel(-LIMIT), x2: toPixel(LIMIT), y1: top, y2: top }),
      svgElement("rect", { class: `band ${row}`, x: left, y: top - 13, width: Math.max(toPixel(mean + spread) - left, 1), height: 26, rx: 4 }),
      svgElement("line", { class: `mean ${row}`, x1: toPixel(mean), x2: toPixel(mean), y1: top - 19, y2: top + 19 }),
      svgElement("text", { class: "row-name", x: toPixel(-LIMIT), y: top - 24 }, NAMES[row]),
      svgElement("text", { class: "row-moments", x: toPixel(LIMIT), y: top - 24 }, `mean ${format(mean)}, std ${format(spread)}`),
    );
  }

  function drawMoving() {
    const { mean, variance } = state.moving;
    const spread = Math.sqrt(variance);
    const left = toPixel(mean - spread);
    background.append(
      svgElement("rect", { class: "moving", x: left, y: ROWS.x - 17, width: toPixel(mean + spread) - left, height: 34, rx: 6 }),
      svgElement("line", { class: "moving", x1: toPixel(mean), x2: toPixel(mean), y1: ROWS.x - 17, y2: ROWS.x + 17 }),
      svgElement("text", { class: "moving-name", x: toPixel(mean), y: ROWS.x + 32 }, "moving"),
    );
  }

  function mark(row, value, selected) {
    const [x, y] = [toPixel(value), ROWS[row]];
    const beyond = Math.abs(value) > LIMIT;
    const shape = beyond
      ? svgElement("path", { d: value > 0 ? `M${x} ${y - 8}l12 8l-12 8z` : `M${x} ${y - 8}l-12 8l12 8z` })
      : svgElement("circle", { cx: x, cy: y, r: 7 });
    shape.setAttribute("class", `result${selected ? " selected" : ""}`);
    return shape;
  }

  // The formula with its numbers, and the same numbers as a table
  const formula = element("div", { class: "formula" });
  const table = element("tbody");
  const numbers = element(
    "details",
    { class: "numbers" },
    element("summary", {}, "All values as a table"),
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...["value", "x", "x̂", "y"].map((name) => element("th", { scope: "col" }, name)))),
      table,
    ),
  );
  const live = element("p", { class: "visually-hidden", role: "status" });
  let announcement;

  function draw() {
    const batch = BatchNorm.moments(state.x);
    const used = state.useMoving ? state.moving : batch;
    const xHat = BatchNorm.normalize(state.x, used, state.epsilon);
    const y = BatchNorm.scale(xHat, state.gamma, state.beta);
    const chosen = state.selected;

    updates.forEach((update) => update());
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    background.replaceChildren();
    for (let tick = -LIMIT; tick <= LIMIT; tick += 4) {
      background.append(
        svgElement("line", { class: "grid", x1: toPixel(tick), x2: toPixel(tick), y1: ROWS.x - 18, y2: ROWS.y + 24 }),
        svgElement("text", { class: "tick", x: toPixel(tick), y: HEIGHT - 8 }, tick < 0 ? `−${-tick}` : `${tick}`),
      );
    }
    drawRow("x", state.x);
    drawRow("xHat", xHat);
    drawRow("y", y);
    if (hasMoving) drawMoving();
    threads.replaceChildren(
      ...state.x.map((value, i) =>
        svgElement("polyline", {
          class: i === chosen ? "selected" : "",
          points: `${toPixel(value)},${ROWS.x} ${toPixel(xHat[i])},${ROWS.xHat} ${toPixel(y[i])},${ROWS.y}`,
        }),
      ),
    );
    results.replaceChildren(...xHat.map((value, i) => mark("xHat", value, i === chosen)), ...y.map((value, i) => mark("y", value, i === chosen)));
    while (handles.childElementCount > state.x.length) handles.lastChild.remove();
    while (handles.childElementCount < state.x.length) handles.append(handle(handles.childElementCount));
    [...handles.children].forEach((node, i) => {
      node.setAttribute("transform", `translate(${toPixel(state.x[i])} ${ROWS.x})`);
      node.setAttribute("aria-valuenow", state.x[i]);
      node.setAttribute("aria-valuetext", `${format(state.x[i])}, normalized ${format(xHat[i])}, output ${format(y[i])}`);
      node.classList.toggle("selected", i === chosen);
    });

    const [mean, variance] = [format(used.mean), format(used.variance, 3)];
    const source = state.useMoving ? "moving" : `mean of ${state.x.length}`;
    const index = `<sub>${chosen + 1}</sub>`;
    formula.innerHTML = `
      <div><i>μ</i> = ${mean} <small>${source}</small></div>
      <div><i>σ</i>² = ${variance} <small>${state.useMoving ? "moving" : "mean of (<i>x</i> − <i>μ</i>)²"}</small></div>
      <div class="result-line"><i>x̂</i>${index} = <span class="fraction"><span><b class="of-x">${format(state.x[chosen])}</b> − ${bracket(mean)}</span><span>√<span class="root">${variance} + ${formatSmall(state.epsilon)}</span></span></span> = <b class="of-y">${format(xHat[chosen])}</b></div>
      <div class="result-line"><i>y</i>${index} = ${format(state.gamma)} · ${bracket(format(xHat[chosen]))} + ${bracket(format(state.beta))} = <b class="of-y">${format(y[chosen])}</b></div>
      ${hasMoving ? `<div><small>after ${state.steps} training steps: moving mean ${format(state.moving.mean)}, moving variance ${format(state.moving.variance)}</small></div>` : ""}`;
    table.replaceChildren(
      ...state.x.map((value, i) =>
        element("tr", {}, element("th", { scope: "row" }, String(i + 1)), ...[value, xHat[i], y[i]].map((v) => element("td", {}, format(v, 3)))),
      ),
    );
    clearTimeout(announcement);
    announcement = setTimeout(() => {
      live.textContent = `Mean ${mean}, variance ${variance}. Value ${chosen + 1}: x ${format(state.x[chosen])}, normalized ${format(xHat[chosen])}, output ${format(y[chosen])}.`;
    }, 600);
  }

  function clamp(value) {
    return Math.min(LIMIT, Math.max(-LIMIT, value));
  }

  const advice = hasMoving
    ? "Drag a value of x. With the batch’s statistics all outputs move with it; with moving statistics only its own does."
    : "Drag a value of x, or move it with the arrow keys: all of x̂ and y move with it, since they share mean and variance.";
  place.replaceChildren(
    element("p", { class: "advice" }, advice),
    ...(statistics ? [statistics] : []),
    element("div", { class: "stage" }, svg, formula),
    sliders,
    buttons,
    numbers,
    live,
  );
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Playground: batch normalization of one feature");
  new ResizeObserver(() => {
    width = Math.max(svg.clientWidth, 240);
    draw();
  }).observe(svg);
  draw();
}

function format(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
}

function formatSmall(value) {
  return value >= 0.01 ? format(value) : Number(value.toPrecision(1)).toString().replace("e-", "e−");
}

function bracket(number) {
  return number.startsWith("−") ? `(${number})` : number;
}
