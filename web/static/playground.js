// The playground: a batch of values that the reader drags, and what batch normalization makes of it, at once.
// `<div class="playground" data-view="batch">` shows one batch; `data-view="moving"` adds the moving statistics.
"use strict";

for (const place of document.querySelectorAll(".playground")) playground(place, place.dataset.view);

function playground(place, view) {
  const LIMIT = 8; // the number lines run from -8 to 8
  const hasMoving = view === "moving";
  const START = hasMoving ? [1.6, 4.4, 2.2, 3.7, 5.3, 2.9] : [3.4, 6.1, 4.2, 5.0, 6.8, 4.6];
  const FILL = [5.6, 3.9, 5.2, 4.0]; // what a larger batch brings along
  const OUTLIER = -7;
  const EPSILONS = [0, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
  const { significant, exact, short, formula, address, fromAddress } = playgroundText;

  const fresh = () => ({
    x: [...START],
    gamma: 1,
    beta: 0,
    epsilon: 1e-3,
    momentum: 0.9,
    moving: { mean: 0, variance: 1 },
    steps: 0,
    useMoving: false,
    kept: null, // the last value, where an outlier has taken its place
    selected: 0,
  });
  let state = fresh();
  let random = generator(1);

  // The state before: of one gesture, however many steps it has.
  const PAUSE = 1500; // milliseconds after which the same control begins anew
  let before = null;
  let [mover, moved] = [null, 0];
  function begin(control = {}) {
    if (control !== mover || Date.now() - moved > PAUSE) {
      const { xHat, y } = BatchNorm.results(state);
      before = { x: [...state.x], xHat, y };
    }
    [mover, moved] = [control, Date.now()];
  }
  /** What the reader has done is shown, and said. */
  function done() {
    draw();
    clearTimeout(announcement);
    announcement = setTimeout(announce, 600);
  }

  const element = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };

  // Controls
  const updates = []; // what brings a control in line with the state
  function slider(label, { min, max, step, show, get, set }) {
    const input = element("input", { type: "range", min, max, step });
    const shown = element("span", { class: "shown", "aria-hidden": "true" });
    input.addEventListener("input", () => {
      begin(input);
      set(Number(input.value));
      done();
    });
    updates.push(() => {
      input.value = get();
      shown.textContent = show(get());
      input.setAttribute("aria-valuetext", show(get()));
    });
    return element("label", { class: "control" }, element("span", {}, label), input, shown);
  }
  /** A slider for one number of the state. */
  function parameter(label, key, [min, max, step]) {
    return slider(label, { min, max, step, show: exact, get: () => state[key], set: (value) => (state[key] = value) });
  }
  function button(label, action, pressed) {
    const node = element("button", { type: "button" }, label);
    node.addEventListener("click", () => {
      begin();
      action();
      done();
    });
    if (pressed) updates.push(() => node.setAttribute("aria-pressed", pressed()));
    return node;
  }
  function choice(label, value) {
    const input = element("input", { type: "radio", name: "statistics", value });
    input.addEventListener("change", () => {
      begin();
      state.useMoving = value === "moving";
      done();
    });
    updates.push(() => (input.checked = state.useMoving === (value === "moving")));
    return element("label", {}, input, ` ${label}`);
  }

  // Changes of the state
  const clamp = (value) => Math.min(LIMIT, Math.max(-LIMIT, value));
  const hundredths = (value) => Math.round(clamp(value) * 100) / 100;
  function setBatch(x) {
    state.x = x.map(hundredths);
    state.kept = null;
    state.selected = Math.min(state.selected, x.length - 1);
  }
  function resize(size) {
    const isOut = state.kept !== null;
    if (isOut) toggleOutlier();
    const larger = [...state.x, ...START.slice(state.x.length), ...FILL.slice(Math.max(0, state.x.length - START.length))];
    setBatch(larger.slice(0, size));
    if (isOut) toggleOutlier();
  }
  function toggleOutlier() {
    const last = state.x.length - 1;
    const value = state.kept ?? OUTLIER;
    state.kept = state.kept === null ? state.x[last] : null;
    state.x[last] = value;
    state.selected = last;
  }
  const drawBatch = (center) => state.x.map(() => center + 1.5 * random());
  function train(steps) {
    for (let step = 0; step < steps; step++) {
      setBatch(drawBatch(3.5));
      state.moving = BatchNorm.updateMoving(state.moving, BatchNorm.moments(state.x), state.momentum);
      state.steps += 1;
    }
  }
  function restart() {
    state = fresh();
    random = generator(1);
  }
  /** What a question's `act` may set; `then` goes on with the batch as it has become. */
  function set({ x, outlier, steps, useMoving, elsewhere }, then) {
    if (x) setBatch(x);
    if (outlier) toggleOutlier();
    if (steps) train(steps);
    if (useMoving) state.useMoving = true;
    if (elsewhere) setBatch(drawBatch(-3));
    if (then) {
      begin();
      then(state.x);
    }
  }

  const picture = playgroundPicture({
    limit: LIMIT,
    hasMoving,
    begin,
    select(index) {
      state.selected = index;
      draw();
    },
    move(index, value) {
      if (state.kept !== null && index === state.x.length - 1) state.kept = null; // it is the reader's value now
      state.x[index] = hundredths(value);
      state.selected = index;
      done();
    },
  });

  const controls = element(
    "div",
    { class: "controls" },
    slider("batch size m", { min: 1, max: 10, step: 1, show: String, get: () => state.x.length, set: resize }),
    parameter("scale γ", "gamma", [-2, 2, 0.1]),
    parameter("shift β", "beta", [-2, 2, 0.1]),
    slider("epsilon ε", {
      min: 0,
      max: EPSILONS.length - 1,
      step: 1,
      show: (place) => short(EPSILONS[place]),
      get: () => EPSILONS.findLastIndex((epsilon) => epsilon <= state.epsilon),
      set: (place) => (state.epsilon = EPSILONS[place]),
    }),
    ...(hasMoving ? [parameter("momentum", "momentum", [0, 0.99, 0.01])] : []),
  );
  const outlier = button("One outlier", toggleOutlier, () => state.kept !== null);
  const buttons = element(
    "div",
    { class: "buttons" },
    ...(hasMoving
      ? [
          button("Train one step", () => train(1)),
          button("Train 20 steps", () => train(20)),
          button("A batch from elsewhere", () => setBatch(drawBatch(-3))),
          outlier,
        ]
      : [
          outlier,
          button("Nearly equal values", () => setBatch(state.x.map((_, i) => 5 + 0.02 * ((i % 3) - 1)))),
          button("Equal values", () => setBatch(state.x.map(() => 5))),
        ]),
    button("Reset", restart),
  );
  const statistics = element(
    "fieldset",
    { class: "statistics" },
    element("legend", {}, "Normalize with"),
    choice("this batch’s statistics (training)", "batch"),
    choice("moving statistics (inference)", "moving"),
  );

  // A link that brings this state back
  const linkButton = element("button", { type: "button" }, "Link to this state");
  linkButton.addEventListener("click", async () => {
    history.replaceState(null, "", address(view, state));
    let told = "It is in the address bar";
    try {
      await navigator.clipboard.writeText(location.href);
      told = "Copied";
    } catch {
      // The address bar has it.
    }
    linkButton.textContent = told;
    live.textContent = told;
    setTimeout(() => (linkButton.textContent = "Link to this state"), 2500);
  });
  buttons.append(linkButton);
  function restore() {
    const given = fromAddress(view, location.hash, LIMIT);
    if (!given) return;
    state = { ...fresh(), ...given };
    before = null;
    draw();
    place.scrollIntoView();
  }
  addEventListener("hashchange", restore);

  // The formula with its numbers, and the same numbers as a table
  const lines = element("div", { class: "formula" });
  const table = element("tbody");
  const heads = ["value", "x", "x̂", "y"].map((name) => element("th", { scope: "col" }, name));
  const numbers = element(
    "details",
    { class: "numbers" },
    element("summary", {}, "All values as a table"),
    element("table", {}, element("thead", {}, element("tr", {}, ...heads)), table),
  );
  const live = element("p", { class: "visually-hidden", role: "status" });
  let announcement;
  function announce() {
    const { used, xHat, y } = BatchNorm.results(state);
    const i = state.selected;
    live.textContent = `Mean ${significant(used.mean)}, variance ${significant(used.variance)}. Value ${i + 1}: x ${exact(state.x[i])}, normalized ${significant(xHat[i])}, output ${significant(y[i])}.`;
  }

  const bracket = (number) => (number.startsWith("−") ? `(${number})` : number);
  function draw() {
    const found = BatchNorm.results(state);
    const { used, xHat, y } = found;
    updates.forEach((update) => update());
    picture.draw(state, found, before);
    const i = state.selected;
    const shown = formula(state, used, state.x[i]);
    const index = `<sub>${i + 1}</sub>`;
    const isNumber = Number.isFinite(xHat[i]);
    lines.innerHTML = `
      <div><i>μ</i> = ${shown.mean} <small>${state.useMoving ? "moving" : `mean of ${state.x.length}`}</small></div>
      <div><i>σ</i>² = ${shown.variance} <small>${state.useMoving ? "moving" : "mean of (<i>x</i> − <i>μ</i>)²"}</small></div>
      <div class="result-line"><i>x</i>${index} − <i>μ</i> = <b class="of-x">${exact(state.x[i])}</b> − ${bracket(shown.mean)} = ${shown.difference}</div>
      <div class="result-line"><i>x̂</i>${index} = <span class="fraction"><span>${shown.difference}</span><span>√<span class="root">${shown.variance} + ${short(state.epsilon)}</span></span></span> = <b class="of-y">${shown.xHat}</b></div>
      ${
        isNumber
          ? `<div class="result-line"><i>y</i>${index} = ${exact(state.gamma)} · ${bracket(shown.xHat)} + ${bracket(exact(state.beta))} = <b class="of-y">${shown.y}</b></div>`
          : `<div class="no-number">${Number.isNaN(xHat[i]) ? "0 divided by 0 is not a number (NaN)" : "a division by 0"}, and neither is what follows from it. Any ε above 0 prevents it.</div>`
      }
      ${hasMoving ? `<div><small>after ${state.steps} training steps: moving mean ${significant(state.moving.mean)}, moving variance ${significant(state.moving.variance)}</small></div>` : ""}`;
    table.replaceChildren(
      ...state.x.map((value, row) => {
        const cells = [exact(value), significant(xHat[row]), significant(y[row])].map((text) => element("td", {}, text));
        return element("tr", {}, element("th", { scope: "row" }, String(row + 1)), ...cells);
      }),
    );
  }

  // Predict first, then look
  const predict = element("section", { class: "predict", "aria-label": "Predict, then look" });
  function ask(number) {
    const questions = playgroundQuestions[view];
    const { asks, options, right, act, because } = questions[number];
    const answer = element("p", { class: "answer", role: "status" });
    const choices = options.map((option, i) => {
      const node = element("button", { type: "button" }, option);
      node.addEventListener("click", () => {
        restart();
        before = null;
        begin();
        act(set, state.x);
        draw();
        choices.forEach((other, j) => other.classList.toggle("chosen", i === j));
        answer.replaceChildren(element("strong", {}, i === right ? "So it is." : `No: ${options[right]}`), ` ${because}`);
        next.hidden = false;
      });
      return node;
    });
    const next = element("button", { type: "button" }, number + 1 < questions.length ? "Another question" : "From the first question");
    next.hidden = true;
    next.addEventListener("click", () => {
      ask((number + 1) % questions.length);
      predict.querySelector("button").focus();
    });
    predict.replaceChildren(element("p", {}, element("strong", {}, "Predict. "), asks), element("div", { class: "buttons" }, ...choices), answer, next);
  }

  const advice = hasMoving
    ? "Drag a value of x. With the batch’s statistics all outputs move with it; with moving statistics only its own does."
    : "Drag a value of x, or move it with the arrow keys: all of x̂ and y move with it, since they share mean and variance.";
  place.replaceChildren(
    element("p", { class: "advice" }, `${advice} Hollow circles are the state before.`),
    ...(hasMoving ? [statistics] : []),
    element("div", { class: "stage" }, picture.svg, lines),
    controls,
    buttons,
    numbers,
    predict,
    live,
  );
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", "Playground: batch normalization of one feature");
  ask(0);
  new ResizeObserver(() => {
    picture.resize();
    draw();
  }).observe(picture.svg);
  draw();
  restore();
}
