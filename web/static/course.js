// What every page can do: change its colors, open its contents, copy code, say where the reader is. Pages read without it.
"use strict";

const root = document.documentElement;

function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // storage may be forbidden
  }
}
function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Then the choice lasts for this page.
  }
}

// Colors: as the system has them, until the reader chooses; a third press gives them back to the system.
const themeButton = document.querySelector(".theme-button");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
function showTheme() {
  const choice = root.dataset.choice ?? "auto";
  root.dataset.theme = choice === "dark" || (choice !== "light" && systemDark.matches) ? "dark" : "light";
  const name = { auto: "automatic", light: "light", dark: "dark" }[choice];
  themeButton.querySelector(".theme-name").textContent = `Colors: ${name}`;
  themeButton.title = `Colors: ${name}`;
}
themeButton.addEventListener("click", () => {
  const round = systemDark.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
  root.dataset.choice = round[(round.indexOf(root.dataset.choice ?? "auto") + 1) % 3];
  store("theme", root.dataset.choice);
  showTheme();
});
systemDark.addEventListener("change", showTheme);
showTheme();

// Keys: a slash searches, arrows turn pages, where the reader has not turned that off.
const keysButton = document.querySelector(".keys-button");
let keys = stored("keys") !== "off";
function showKeys() {
  keysButton.textContent = keys ? "Turn them off" : "Turn them on";
}
keysButton.addEventListener("click", () => {
  keys = !keys;
  store("keys", keys ? "on" : "off");
  showKeys();
});
showKeys();
const PAGING = { ArrowLeft: "prev", ArrowRight: "next" };
document.addEventListener("keydown", (event) => {
  const elsewhere = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || document.querySelector("dialog[open]");
  const idle = event.target === document.body || event.target.id === "main";
  const link = document.querySelector(`link[rel="${PAGING[event.key]}"]`);
  if (keys && link && idle && !elsewhere) location.href = link.href;
});

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
  const asked = (event.key === "/" && !writes && keys) || (event.key === "k" && (event.ctrlKey || event.metaKey));
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
  for (const covered of document.querySelectorAll("main, .foot")) covered.inert = open;
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

// What scrolls sideways can be scrolled by keyboard; a formula in the text that is wider than it becomes a line of its own.
function markScrollable() {
  for (const formula of document.querySelectorAll("mjx-container:not([display])")) {
    formula.classList.remove("wide");
    const width = formula.closest("p, li, dd, td, th, summary, h1, h2, h3, h4")?.clientWidth ?? Infinity;
    formula.classList.toggle("wide", formula.offsetWidth > width);
  }
  for (const box of document.querySelectorAll("pre, .scroll, .formula, div.math, mjx-container.wide")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", markScrollable);
addEventListener("load", markScrollable); // and math.js, once formulas are there

// Paper can't be unfolded: what is folded is opened, but for hints, solutions and code of figures, and afterwards is as it was.
let unfolded = [];
addEventListener("beforeprint", () => {
  document.body.classList.add("printing");
  unfolded = [...document.querySelectorAll("details:not([open], .hint, .solution, .code)")].map((details) => [details, details.name]);
  for (const [details] of unfolded) {
    details.removeAttribute("name"); // of those with one name only one may be open
    details.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const [details, name] of unfolded) {
    details.open = false;
    if (name) details.name = name;
  }
  requestAnimationFrame(() => document.body.classList.remove("printing"));
});
