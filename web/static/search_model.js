// How search finds sections: words and their stems, the glossary's synonyms, a score, an excerpt. `search.js` shows it.
// The texts, `searchIndex`, are those of `search_index.js`, which the site's build makes.
"use strict";

const courseSearch = (() => {
  const IGNORED = new Set(
    ("a an and are as at be but by can could did do does for from get has have how i if in into is it its me my of on or our " +
      "should so than that the their them then there these this to use was we what when where which who why will with you your").split(" "),
  );
  const GREEK = { α: "alpha", β: "beta", γ: "gamma", δ: "delta", ε: "epsilon", η: "eta", λ: "lambda", μ: "mu", σ: "sigma" };
  const WEIGHTS = { title: 7, above: 1.5, text: 1, code: 0.7 };
  const SYNONYM = 0.6; // of what the asked word itself would count
  const LENGTH = 160; // characters of an excerpt

  /** A word without its ending, so that "normalized" and "normalizing" are one. */
  function stem(word) {
    if (Object.hasOwn(GREEK, word)) return GREEK[word];
    if (word.length < 4 || /\d/.test(word)) return word;
    if (/^normali[sz]/.test(word)) return "norm";
    const base = word.replace(/is(e|ed|es|ing|ation|ations)$/, "iz$1").replace(/ies$/, "y").replace(/([^su])s$/, "$1");
    return base
      .replace(/(.{4})(ations?|ating|ated|ates?)$/, "$1")
      .replace(/(.{3})(ing|ed|ly|e)$/, "$1")
      .replace(/([^aeiouls])\1$/, "$1");
  }

  /** The words of a text with their places; Chinese, which has no spaces, in pairs of characters. */
  function* words(text) {
    for (const { 0: run, index } of text.matchAll(/\p{Script=Han}+|[\p{L}\p{N}_]+/gu)) {
      if (isChinese(run)) {
        for (let i = 0; i + 1 < run.length || i === 0; i++) yield { stem: run.slice(i, i + 2), at: index + i, length: 2 };
      } else {
        // moving_mean, batchnorm and BatchNormalization are found whole and by their parts.
        const parts = [...run.matchAll(/[Bb]atch(?=norm)|\p{Lu}?[\p{Ll}\p{N}\u0302]+|\p{Lu}+(?!\p{Ll})/gu)];
        if (parts.length > 1) yield { stem: run.toLowerCase(), at: index, length: run.length };
        for (const part of parts) {
          if (parts.length === 1 || part[0].length > 2) yield { stem: stem(part[0].toLowerCase()), at: index + part.index, length: part[0].length };
        }
      }
    }
  }
  const isChinese = (text) => /\p{Script=Han}/u.test(text);
  const stems = (text) => Array.from(words(text), (word) => word.stem);

  /** How often each stem occurs in each section. */
  function prepare({ pages, sections, terms }) {
    const above = [];
    const entries = sections.map(([page, anchor, title, level, text, code], number) => {
      above.length = level - 1;
      const path = above.filter(Boolean);
      above[level - 1] = title;
      const counts = {};
      const fields = { title, above: [pages[page][1], ...path].join(" "), text, code };
      for (const [field, content] of Object.entries(fields)) {
        counts[field] = new Map();
        for (const found of stems(content)) counts[field].set(found, (counts[field].get(found) ?? 0) + 1);
      }
      return { number, weight: pages[page][2], address: pages[page][0] + (anchor && `#${anchor}`), page: pages[page][1], path: path.slice(1), title, text, counts };
    });
    const frequency = new Map();
    for (const { counts } of entries) {
      const own = new Set(Object.values(counts).flatMap((field) => [...field.keys()]));
      for (const found of own) frequency.set(found, (frequency.get(found) ?? 0) + 1);
    }
    const synonyms = terms.map(([names, place]) => ({ names: names.map(stems), place }));
    return { entries, frequency, synonyms };
  }

  /** The glossary's terms in a query, longest first: the query's words that name each, its other names, its place. */
  function known(query, synonyms) {
    const found = [];
    for (const { names, place } of synonyms) {
      const isPart = (words) => isChinese(query[0]) && query.every((word) => words.includes(word)); // 冻结 of 冻结层
      const name = names.find((words) => words.length && (isPart(words) || words.every((word) => query.includes(word))));
      if (!name) continue;
      const covers = name.filter((word) => query.includes(word));
      found.push({ covers, others: names.filter((other) => other !== name), place, whole: covers.length === query.length });
    }
    return found.sort((a, b) => b.covers.length - a.covers.length);
  }

  /** How much a word says of a section. */
  function weight({ counts }, word, prefix) {
    let sum = 0;
    for (const [field, factor] of Object.entries(WEIGHTS)) {
      let count = counts[field].get(word) ?? 0;
      if (!count && prefix) for (const [other, times] of counts[field]) if (other.startsWith(word)) count += 0.6 * times;
      if (count) sum += (factor * count * 2) / (count + 1) / (field === "title" ? 1 + 0.08 * counts.title.size : 1);
    }
    return sum;
  }

  /** The sections that a query asks for, best first. */
  function find(index, text, limit = 12) {
    const all = stems(text);
    const useful = all.filter((word) => !IGNORED.has(word));
    const query = [...new Set(useful.length ? useful : all)];
    const last = text.length > 2 && /[\p{L}\p{N}]$/u.test(text) ? query.at(-1) : null; // it may not be whole yet
    const terms = known(query, index.synonyms);
    const rarity = (word) => Math.log(1 + index.entries.length / (1 + (index.frequency.get(word) ?? 0)));
    const scored = [];
    for (const entry of index.entries) {
      const points = new Map(query.map((word) => [word, weight(entry, word, word === last) * rarity(word)]));
      for (const { covers, others } of terms) {
        for (const name of others) {
          const said = name.map((part) => weight(entry, part, false) * rarity(part));
          if (!said.length || said.includes(0)) continue;
          const share = (SYNONYM * sum(said)) / covers.length;
          for (const word of covers) points.set(word, Math.max(points.get(word), share));
        }
      }
      const matched = query.filter((word) => points.get(word) > 0);
      if (!matched.length) continue;
      let score = sum([...points.values()]) * (sum(matched.map(rarity)) / sum(query.map(rarity))) ** 2;
      for (const { place, covers, whole } of terms) {
        if (place === entry.number) score += (whole ? 24 : 8) * Math.sqrt(covers.length);
      }
      scored.push({ entry, score: score * entry.weight });
    }
    const best = (a, b) => b.score - a.score || a.entry.number - b.entry.number;
    const candidates = scored.sort(best).slice(0, 60);
    for (const candidate of candidates) candidate.score += together(candidate.entry, useful, rarity);
    const marked = new Set([...query, ...terms.flatMap(({ others }) => others.flat())]);
    const isMarked = (word) => marked.has(word) || (last && word.startsWith(last));
    return candidates
      .sort(best)
      .slice(0, limit)
      .map(({ entry, score }) => ({ ...entry, score, titleParts: parts(entry.title, isMarked), excerpt: excerpt(entry.text, isMarked) }));
  }

  /** Words that stand side by side in the query and in a section. */
  function together({ title, text, weight }, query, rarity) {
    let points = 0;
    for (const [content, factor] of [[title, 3], [text, 1.5]]) {
      const own = stems(content).filter((word) => !IGNORED.has(word));
      for (let i = 0; i + 1 < query.length; i++) {
        if (own.some((word, at) => word === query[i] && own[at + 1] === query[i + 1])) points += factor * (rarity(query[i]) + rarity(query[i + 1]));
      }
    }
    return points * weight;
  }

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  /** A text in pieces: [text, whether it is what was asked for]. */
  function parts(text, isMarked) {
    const pieces = [];
    let done = 0;
    for (const { stem: word, at, length } of words(text)) {
      if (at < done || !isMarked(word)) continue;
      pieces.push([text.slice(done, at), false], [text.slice(at, at + length), true]);
      done = at + length;
    }
    return [...pieces, [text.slice(done), false]].filter(([piece]) => piece);
  }

  /** The part of a text that holds most of what was asked for. */
  function excerpt(text, isMarked) {
    const found = [...words(text)].filter((word) => isMarked(word.stem));
    let [best, start] = [0, 0];
    for (const { at } of found) {
      const inside = new Set(found.filter((other) => other.at >= at && other.at < at + LENGTH - 40).map((other) => other.stem)).size;
      if (inside > best) [best, start] = [inside, at];
    }
    const from = start > 40 ? text.indexOf(" ", start - 40) + 1 : 0;
    const to = from + LENGTH < text.length ? Math.max(text.lastIndexOf(" ", from + LENGTH), from + LENGTH / 2) : text.length;
    return parts(`${from ? "… " : ""}${text.slice(from, to)}${to < text.length ? " …" : ""}`, isMarked);
  }

  return { prepare, find, stems };
})();
