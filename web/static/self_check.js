// Exercises answered on the page: a question's options, which need no script but to be noted, and fields for a value.
"use strict";

for (const option of document.querySelectorAll(".self-check .right")) {
  option.addEventListener("toggle", () => {
    if (option.open && !document.body.classList.contains("printing")) progress.add(option.parentElement.dataset.exercise);
  });
}

for (const place of document.querySelectorAll(".value-check")) {
  const exercise = JSON.parse(place.dataset.check);
  const count = exercise.solution.numbers.length;
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  const names = exercise.solution.numbers.map((_, i) => exercise.labels[i] ?? (count > 1 ? `${i + 1}.` : exercise.comment || "your answer"));
  const fields = names.map(() => make("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: false, size: 12 }));
  const verdict = make("p", { className: "verdict" });
  verdict.setAttribute("role", "status");
  const form = make(
    "form",
    { noValidate: true },
    ...names.map((name, i) => make("label", {}, make("span", {}, name), fields[i])),
    make("button", { type: "submit" }, "Check"),
  );
  form.setAttribute("aria-label", exercise.title);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = fields.map((field) => valueCheck.read(field.value));
    const unread = values.indexOf(null);
    fields.forEach((field, i) => field.setAttribute("aria-invalid", values[i] === null));
    if (unread >= 0) {
      show(false, fields[unread].value.trim() ? "A number is asked for, such as `0.5`, `1/3` or `2**10`." : "An answer is missing.");
      fields[unread].focus();
      return;
    }
    const { passed, message } = valueCheck.check(exercise, values, values.every(Number.isInteger) && !fields.some(({ value }) => value.includes(".")));
    show(passed, message);
    if (passed) progress.add(place.dataset.exercise);
  });
  /** The words of the notebook's verdict; code stands between backticks. */
  function show(passed, message) {
    const pieces = message.split("`").map((piece, i) => (i % 2 ? make("code", {}, piece) : piece));
    verdict.className = `verdict ${passed ? "right" : "wrong"}`;
    verdict.replaceChildren(make("strong", {}, passed ? "✓ Correct." : "✗ Not yet."), " ", ...pieces);
  }
  place.prepend(make("p", { className: "value-hint" }, "Numbers, or arithmetic such as ", make("code", {}, "32*14*14"), "."), form, verdict);
}
