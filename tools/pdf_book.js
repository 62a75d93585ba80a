// Joins the site's articles to one document; `tools/pdf.py` runs it in Chromium.
"use strict";

globalThis.book = {
  /** A page's article as HTML: anchors get the page's name in front, links between pages lead inside the document. */
  article(name) {
    const article = document.querySelector("main article");
    article.id = name;
    for (const node of article.querySelectorAll("[id]")) node.id = `${name}--${node.id}`;
    for (const link of article.querySelectorAll("a[href]")) {
      const [file, anchor] = link.getAttribute("href").split("#");
      if (/^\w+:/.test(file)) continue;
      const page = file ? file.replace(/^.*\//, "").replace(/\.html$/, "") : name;
      if (file && !file.endsWith(".html")) link.removeAttribute("href");
      else link.setAttribute("href", anchor ? `#${page}--${anchor}` : `#${page}`);
    }
    for (const details of article.querySelectorAll("details")) {
      details.removeAttribute("name");
      details.open = true;
    }
    return article.outerHTML;
  },

  /** Put the articles in the place of the page: a title, the contents, the articles, the solutions. */
  join(articles, version) {
    const make = (name, properties = {}, ...children) => {
      const node = Object.assign(document.createElement(name), properties);
      node.append(...children);
      return node;
    };
    const style = make("style", {}, `
      .book-part { break-before: page; }
      /* On one line: where a heading breaks, its bookmark would lose a space. */
      h1 { font-size: 17pt !important; white-space: nowrap; }
      .book-title { padding-top: 8cm; } .book-title h1 { font-size: 23pt !important; }
      .book-contents ol { padding: 0; list-style: none; } .book-contents li { margin: 0.15em 0; }
      .book-contents a { display: flex; text-decoration: none; } .book-contents a::after { content: attr(data-page); margin-left: auto; }
      .book-contents .inner { padding-left: 1.5em; font-size: 0.9em; }
      .book-solutions .solution { display: block !important; } .book-solutions summary { display: none; }
    `);
    const joined = make("main");
    joined.innerHTML = articles.map((article) => `<div class="book-part">${article}</div>`).join("");
    const solutions = make("article", { id: "solutions" }, make("h1", {}, "Solutions"));
    for (const solution of joined.querySelectorAll(".solution")) {
      const heading = solution.closest("section")?.querySelector("h2, h3, h4");
      const page = solution.closest("article");
      if (!solutions.querySelector(`[data-page-of="${page.id}"]`)) {
        const title = make("h2", {}, page.querySelector("h1").textContent.replace(/#$/, ""));
        title.dataset.pageOf = page.id;
        solutions.append(title);
      }
      const link = make("a", { href: `#${heading.closest("section").id}` }, heading.textContent.replace(/#$/, ""));
      solutions.append(make("h3", {}, link), solution);
    }
    const list = make("ol");
    for (const part of [...joined.querySelectorAll("article"), solutions]) {
      list.append(this.entry(part.id, part.querySelector("h1").textContent, ""));
      for (const section of part.querySelectorAll(":scope > section > section[id]")) {
        list.append(this.entry(section.id, section.querySelector("h2").textContent, "inner"));
      }
    }
    const title = make("div", { className: "book-title" }, make("h1", {}, "Batch Normalization in Convolutional Networks"), make("p", {}, `Version ${version}. The chapters run, and exercises are checked, at the course’s address.`));
    const contents = make("nav", { className: "book-part book-contents" }, make("h1", {}, "Contents"), list);
    joined.prepend(title, contents);
    joined.append(make("div", { className: "book-part book-solutions" }, solutions));
    document.body.className = "page";
    document.body.replaceChildren(joined);
    document.head.append(style);
    document.documentElement.dataset.theme = "light";
  },

  entry(id, text, className) {
    const link = Object.assign(document.createElement("a"), { href: `#${id}`, textContent: text.replace(/#$/, "") });
    link.dataset.page = "000";
    const item = Object.assign(document.createElement("li"), { className });
    item.append(link);
    return item;
  },

  /** Write page numbers into the contents. */
  number(pages) {
    for (const link of document.querySelectorAll(".book-contents a")) link.dataset.page = pages[link.hash.slice(1)] ?? "";
  },
};
