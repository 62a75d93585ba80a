// What every page can do: change its colors, open its contents, copy code, say where the reader is. Pages read without it.
"use strict";

const root = document.documentElement;

// Colors: as the system has them, until the reader chooses.
const themeButton = document.querySelector(".theme-button");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
function showTheme() {
  const dark = root.dataset.choice === "dark" || (root.dataset.choice !== "light" && systemDark.matches);
  root.dataset.theme = dark ? "dark" : "light";
  themeButton.querySelector("span").textContent = dark ? "Light colors" : "Dark colors";
}
themeButton.addEventListener("click", () => {
  root.dataset.choice = root.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.choice);
  } catch {
    // Storage may be forbidden; then the choice lasts for this page.
  }
  showTheme();
});
systemDark.addEventListener("change", showTheme);
showTheme();

// Search: its scripts come when it is asked for.
let search;
function openSearch() {
  search ??= ["search_index.js", "search_model.js", "search.js"].reduce(
    (before, name) => before.then(() => load(`${root.dataset.content_root}_static/${name}`)),
    Promise.resolve(),
  );
  search.then(() => searchView.open());
}
function load(address) {
  return new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement("script"), { src: address, onload: resolve, onerror: reject }));
  });
}
document.querySelector(".search-button").addEventListener("click", openSearch);
document.addEventListener("keydown", (event) => {
  const writes = event.target.closest("input:not([type=range], [type=radio]), textarea, select, [contenteditable]");
  const asked = (event.key === "/" && !writes) || (event.key === "k" && (event.ctrlKey || event.metaKey));
  if (!asked || event.altKey) return;
  event.preventDefault();
  openSearch();
});
if (document.querySelector(".search-place")) openSearch();

// Contents: beside the text where there is room, else a sheet.
const contents = document.getElementById("contents");
const contentsButton = document.querySelector(".contents-button");
function openContents(open) {
  contents.classList.toggle("open", open);
  contentsButton.setAttribute("aria-expanded", open);
  (open ? contents : contentsButton).focus();
}
contentsButton.addEventListener("click", () => openContents(!contents.classList.contains("open")));
contents.addEventListener("click", (event) => {
  if (event.target.closest("a") && contents.classList.contains("open")) openContents(false);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && contents.classList.contains("open")) openContents(false);
});
const current = contents.querySelector("[aria-current]");
if (current) contents.scrollTop = current.offsetTop - contents.clientHeight / 3;

// The section being read is marked in the contents.
const entries = new Map([...contents.querySelectorAll(".sections a")].map((link) => [link.hash.slice(1), link]));
const sections = [...entries.keys()].map((id) => document.getElementById(decodeURIComponent(id)));
function markSection() {
  const here = sections.findLast((section) => section?.getBoundingClientRect().top < innerHeight / 3);
  for (const [id, link] of entries) link.classList.toggle("here", id === here?.id);
}
if (sections.length) addEventListener("scroll", markSection, { passive: true });

// Code can be copied.
for (const block of document.querySelectorAll(".cell_input .highlight, .highlight-python .highlight, .highlight-bash .highlight")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector("pre").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
}

// What scrolls sideways can be scrolled by keyboard.
function markScrollable() {
  for (const box of document.querySelectorAll("pre, .scroll, div.math")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", markScrollable);
addEventListener("resize", markScrollable);
window.MathJax?.startup?.promise?.then(markScrollable);

// Paper can't be unfolded.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const details of unfolded) {
    details.removeAttribute("name");
    details.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const details of unfolded) details.open = false;
});
