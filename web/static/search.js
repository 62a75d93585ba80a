// Search as readers see it: a field and the sections found, in a dialog on every page and on the search page itself.
"use strict";

const searchView = (() => {
  const index = courseSearch.prepare(searchIndex);
  const base = document.documentElement.dataset.content_root;
  const make = (name, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  };
  /** Pieces of text, those asked for highlighted, Chinese named as such. */
  function shown(pieces) {
    return pieces.flatMap(([text, marked]) => {
      const runs = text.split(/(\p{Script=Han}+)/u).map((run, i) => (i % 2 ? make("span", { lang: "zh" }, run) : run));
      return marked ? [make("mark", {}, ...runs)] : runs;
    });
  }

  function item(found, follow) {
    const link = make("a", { href: base + found.address }, make("strong", {}, ...shown(found.titleParts)));
    const where = [found.page, ...found.path].filter((name) => name !== found.title).join(" › ");
    if (where) link.append(make("small", {}, where));
    link.append(make("span", { className: "excerpt" }, ...shown(found.excerpt)));
    link.addEventListener("click", follow);
    return make("li", {}, link);
  }

  /** A field with its results, in a place of the page. */
  function mount(place, follow = () => {}) {
    const field = make("input", { type: "search", placeholder: "A word, a name in code, 中文", autocomplete: "off", spellcheck: false });
    field.setAttribute("aria-label", "Search the course");
    const status = make("p", { className: "search-status" });
    status.setAttribute("role", "status");
    const list = make("ol", { className: "search-results" });
    place.append(make("div", { className: "search-field" }, field), status, list);

    function search() {
      const found = courseSearch.find(index, field.value.trim());
      list.replaceChildren(...found.map((result) => item(result, follow)));
      list.scrollTop = 0;
      const asked = field.value.trim();
      status.textContent = !asked ? "" : found.length ? `${found.length === 12 ? "The best 12" : found.length} places` : "Nothing found.";
    }
    field.addEventListener("input", search);
    place.addEventListener("keydown", (event) => {
      const links = [...list.querySelectorAll("a")];
      const at = links.indexOf(document.activeElement);
      if (event.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
      else if (event.key === "ArrowUp") (links[at - 1] ?? field).focus();
      else if (event.key === "Enter" && document.activeElement === field) links[0]?.click();
      else {
        // Who goes on typing, goes on in the field.
        if (at >= 0 && event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") field.focus();
        return;
      }
      event.preventDefault();
    });
    return { field, search };
  }

  let dialog, field;
  function open() {
    if (!dialog) {
      dialog = make("dialog", { className: "search-dialog" });
      dialog.setAttribute("aria-label", "Search");
      const close = make("button", { type: "button", className: "search-close" }, "Close");
      close.addEventListener("click", () => dialog.close());
      ({ field } = mount(dialog, () => dialog.close()));
      dialog.querySelector(".search-field").append(close);
      dialog.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return; // which would only empty the field
        event.preventDefault();
        dialog.close();
      });
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
    field.select();
  }

  const place = document.querySelector(".search-place");
  if (place) {
    const own = mount(place);
    own.field.value = new URLSearchParams(location.search).get("q") ?? "";
    own.search();
    own.field.focus();
    return { open: () => own.field.select() };
  }
  return { open };
})();
