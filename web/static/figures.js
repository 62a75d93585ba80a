// Figures open large: by a click on the picture, or by the button below it.
"use strict";

for (const caption of document.querySelectorAll(".figure-caption")) {
  const picture = caption.parentElement.querySelectorAll("img")[[...caption.parentElement.querySelectorAll(".figure-caption")].indexOf(caption)];
  if (!picture) continue;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "enlarge", textContent: "Enlarge" });
  button.setAttribute("aria-label", `Enlarge ${caption.querySelector("a").textContent.replace(/\.$/, "")}`);
  caption.append(" ", button);
  for (const opener of [button, picture]) opener.addEventListener("click", () => enlarge(picture));
  picture.classList.add("zoomable");
}

function enlarge(picture) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "figure-dialog" });
  dialog.setAttribute("aria-label", "Figure, enlarged");
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close", onclick: () => dialog.close() });
  const place = Object.assign(document.createElement("div"), { className: "figure-large cell_output", tabIndex: 0 });
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", "Picture");
  const large = picture.cloneNode();
  large.removeAttribute("width");
  large.removeAttribute("height");
  large.classList.remove("zoomable");
  place.append(large);
  dialog.append(close, place);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
