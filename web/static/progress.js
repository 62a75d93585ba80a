// What the reader has solved on the pages, kept on this device alone.
"use strict";

const progress = (() => {
  const KEY = "solved";
  function stored() {
    try {
      return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
    } catch {
      return new Set(); // storage may be forbidden, or hold something else
    }
  }
  let solved = stored();

  function keep() {
    try {
      if (solved.size) localStorage.setItem(KEY, JSON.stringify([...solved]));
      else localStorage.removeItem(KEY);
    } catch {
      // Then it lasts for this page.
    }
    show();
  }
  function add(id) {
    solved = stored().union?.(solved) ?? solved;
    solved.add(id);
    keep();
  }

  /** A mark at the heading of each exercise that is solved, and in the list of all. */
  function show() {
    for (const place of document.querySelectorAll("[data-exercise]")) {
      const heading = place.closest("section").querySelector("h2, h3, h4");
      heading.querySelector(".solved")?.remove();
      if (solved.has(place.dataset.exercise)) heading.append(sign());
    }
    const listed = [...document.querySelectorAll("[data-solved]")];
    for (const place of listed) place.replaceChildren(...(solved.has(place.dataset.solved) ? [sign()] : []));
    for (const place of document.querySelectorAll(".progress")) {
      const count = listed.filter(({ dataset }) => solved.has(dataset.solved)).length;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Forget it", onclick: forget });
      place.replaceChildren(`Solved on this device: ${count} of the ${listed.length} that can be answered on the pages. `, ...(count ? [button] : []));
    }
  }
  function sign() {
    const node = Object.assign(document.createElement("span"), { className: "solved", textContent: "✓ " });
    node.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: "solved" }));
    return node;
  }
  function forget() {
    solved = new Set();
    keep();
  }

  show();
  return { add };
})();
