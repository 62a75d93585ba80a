// What a link cites is told beside it, while it is pointed at or focused.
"use strict";

{
  const tip = Object.assign(document.createElement("div"), { id: "cited", className: "cited", hidden: true });
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);
  let [link, leaving] = [null, 0];

  function show(next) {
    clearTimeout(leaving);
    link?.removeAttribute("aria-describedby");
    link = next;
    tip.textContent = link.dataset.cited;
    tip.hidden = false;
    link.setAttribute("aria-describedby", tip.id);
    place();
  }
  function place() {
    const at = link.getClientRects()[0];
    const left = Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
    const below = at.bottom + tip.offsetHeight + 8 < innerHeight;
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${below ? at.bottom + 4 : at.top - tip.offsetHeight - 4}px`;
  }
  function hide() {
    tip.hidden = true;
    link?.removeAttribute("aria-describedby");
    link = null;
  }
  /** The pointer may go on to the text itself. */
  const leave = () => (leaving = setTimeout(hide, 250));

  for (const cited of document.querySelectorAll("[data-cited]")) {
    cited.addEventListener("mouseenter", () => show(cited));
    cited.addEventListener("focus", () => show(cited));
    cited.addEventListener("mouseleave", leave);
    cited.addEventListener("blur", hide);
  }
  tip.addEventListener("mouseenter", () => clearTimeout(leaving));
  tip.addEventListener("mouseleave", leave);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("scroll", () => link && place(), { passive: true });
}
