// The playground's picture: three number lines, x with handles to move, x̂ and y, and behind them the state before.
"use strict";

/** `move(index, value)` and `select(index)` tell what the reader does; `begin()` that a movement begins. */
function playgroundPicture({ limit, hasMoving, move, select, begin }) {
  const ROWS = { x: 62, xHat: 152, y: 242 }; // pixels from the top
  const HEIGHT = 292;
  const NAMES = { x: "x", xHat: "x̂", y: "y" };
  const REACH = 28; // how far from a point one may point
  const { significant, exact } = playgroundText;

  function make(name, attributes = {}, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }
  const svg = make("svg", { class: "lines", role: "group", "aria-label": "Number lines of x, x̂ and y; the values of x can be moved" });
  const layers = ["background", "ghosts", "threads", "results"].map((name) => make("g", { class: name, "aria-hidden": "true" }));
  const [background, ghosts, threads, results] = layers;
  const handles = make("g");
  svg.append(...layers, handles);

  let width = 640;
  let shown = null; // the state and its results, as drawn last
  const clamp = (value) => Math.min(limit, Math.max(-limit, value));
  const toPixel = (value) => width / 2 + (clamp(value) / limit) * (width / 2 - 26);
  const toValue = (pixel) => ((pixel - width / 2) / (width / 2 - 26)) * limit;

  // Pointing: the nearest value is meant, however close its neighbors are.
  let dragged = null;
  function nearest(values, pixel) {
    const distances = values.map((value) => Math.abs(toPixel(value) - pixel));
    const least = Math.min(...distances.filter((distance) => !Number.isNaN(distance)));
    if (!(least <= REACH)) return null;
    return distances[shown.state.selected] === least ? shown.state.selected : distances.lastIndexOf(least);
  }
  svg.addEventListener("pointerdown", (event) => {
    const box = svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = Object.keys(ROWS).find((name) => Math.abs(y - ROWS[name]) <= REACH);
    const index = row && nearest(row === "x" ? shown.state.x : shown[row], x);
    if (index === undefined || index === null) return;
    if (row !== "x") {
      select(index);
      return;
    }
    event.preventDefault();
    dragged = index;
    svg.setPointerCapture(event.pointerId);
    begin();
    handles.children[index].focus({ preventScroll: true });
    select(index);
  });
  svg.addEventListener("pointermove", (event) => {
    if (dragged !== null) move(dragged, toValue(event.clientX - svg.getBoundingClientRect().left));
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (dragged = null));

  function handle(index) {
    const node = make(
      "g",
      { class: "handle", tabindex: 0, role: "slider", "aria-label": `x ${index + 1}`, "aria-valuemin": -limit, "aria-valuemax": limit },
      make("circle", { class: "hit", r: 14 }),
      make("circle", { class: "dot", r: 8 }),
    );
    node.addEventListener("focus", () => dragged === null && select(index));
    node.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.1, ArrowDown: -0.1, ArrowRight: 0.1, ArrowUp: 0.1, PageDown: -1, PageUp: 1 };
      const ends = { Home: -limit, End: limit };
      if (!(event.key in steps || event.key in ends)) return;
      event.preventDefault();
      if (!event.repeat) begin(node);
      move(index, ends[event.key] ?? shown.state.x[index] + steps[event.key]);
    });
    return node;
  }

  function drawRow(row, values) {
    const top = ROWS[row];
    const { mean, variance } = BatchNorm.moments(values);
    const spread = Math.sqrt(variance);
    background.append(make("line", { class: "axis", x1: toPixel(-limit), x2: toPixel(limit), y1: top, y2: top }));
    if (Number.isFinite(mean)) {
      const left = toPixel(mean - spread);
      background.append(
        make("rect", { class: `band ${row}`, x: left, y: top - 13, width: Math.max(toPixel(mean + spread) - left, 1), height: 26, rx: 4 }),
        make("line", { class: `mean ${row}`, x1: toPixel(mean), x2: toPixel(mean), y1: top - 19, y2: top + 19 }),
      );
    }
    const told = Number.isFinite(mean) ? `mean ${significant(mean)}, std ${significant(spread)}` : "not a number";
    background.append(
      make("text", { class: "row-name", x: toPixel(-limit), y: top - 24 }, NAMES[row]),
      make("text", { class: "row-moments", x: toPixel(limit), y: top - 24 }, told),
    );
  }

  function drawMoving({ mean, variance }) {
    const spread = Math.sqrt(variance);
    const left = toPixel(mean - spread);
    background.append(
      make("rect", { class: "moving", x: left, y: ROWS.x - 17, width: toPixel(mean + spread) - left, height: 34, rx: 6 }),
      make("line", { class: "moving", x1: toPixel(mean), x2: toPixel(mean), y1: ROWS.x - 17, y2: ROWS.x + 17 }),
      make("text", { class: "moving-name", x: toPixel(mean), y: ROWS.x + 32 }, "moving"),
    );
  }

  function mark(row, value, name) {
    if (Number.isNaN(value)) return [];
    const [x, y] = [toPixel(value), ROWS[row]];
    const arrow = value > 0 ? `M${x} ${y - 8}l12 8l-12 8z` : `M${x} ${y - 8}l-12 8l12 8z`; // beyond the line's end
    return [Math.abs(value) > limit ? make("path", { class: name, d: arrow }) : make("circle", { class: name, cx: x, cy: y, r: 7 })];
  }

  function draw(state, found, before) {
    shown = { state, ...found };
    const { x, selected } = state;
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    background.replaceChildren();
    for (let tick = -limit; tick <= limit; tick += 4) {
      background.append(
        make("line", { class: "grid", x1: toPixel(tick), x2: toPixel(tick), y1: ROWS.x - 18, y2: ROWS.y + 24 }),
        make("text", { class: "tick", x: toPixel(tick), y: HEIGHT - 8 }, tick < 0 ? `−${-tick}` : `${tick}`),
      );
    }
    const rows = { x, xHat: found.xHat, y: found.y };
    for (const [row, values] of Object.entries(rows)) drawRow(row, values);
    if (hasMoving) drawMoving(state.moving);
    const old = Object.entries(before ?? {}).flatMap(([row, values]) => values.flatMap((value, i) => (value === rows[row][i] ? [] : mark(row, value, "ghost"))));
    ghosts.replaceChildren(...old);
    const line = (i) => [[x[i], ROWS.x], [found.xHat[i], ROWS.xHat], [found.y[i], ROWS.y]].map(([value, top]) => `${toPixel(value)},${top}`).join(" ");
    const whole = x.map((_, i) => i).filter((i) => !Number.isNaN(found.y[i]));
    threads.replaceChildren(...whole.map((i) => make("polyline", { class: i === selected ? "selected" : "", points: line(i) })));
    const marks = (row) => rows[row].flatMap((value, i) => mark(row, value, `result${i === selected ? " selected" : ""}`));
    results.replaceChildren(...marks("xHat"), ...marks("y"));
    while (handles.childElementCount > x.length) handles.lastChild.remove();
    while (handles.childElementCount < x.length) handles.append(handle(handles.childElementCount));
    [...handles.children].forEach((node, i) => {
      node.setAttribute("transform", `translate(${toPixel(x[i])} ${ROWS.x})`);
      node.setAttribute("aria-valuenow", x[i]);
      node.setAttribute("aria-valuetext", `${exact(x[i])}, normalized ${significant(found.xHat[i])}, output ${significant(found.y[i])}`);
      node.classList.toggle("selected", i === selected);
    });
  }

  function resize() {
    width = Math.max(svg.clientWidth, 240);
  }
  return { svg, draw, resize };
}
