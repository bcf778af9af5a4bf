// Finds contacts and marks what fails with a zone. Everything happens in the browser: no server learns who is looked for.
"use strict";
(() => {
  const plain = { "ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d" };
  const folded = (text) => text.toLowerCase().replace(/ß/g, "ss").normalize("NFKD").replace(/\p{M}/gu, "")
    .replace(/[øłđıæœþð]/g, (letter) => plain[letter]);
  const digitsOf = (text) => text.replace("(0)", "").replace(/\D/g, "").replace(/^0+/, "");
  const find = document.getElementById("find"), down = document.getElementById("down");
  const found = document.getElementById("found");
  const sections = [...document.querySelectorAll("main section")].map((section) => ({
    section,
    labels: section.dataset.labels.split(" "),
    entries: [...section.querySelectorAll("article")].map((article) => ({
      article, text: article.dataset.find, digits: article.dataset.digits,
    })),
  }));
  const labels = new Set(sections.flatMap((each) => each.labels));

  // A word is a ccTLD where it begins with a dot, or is the label of one: "nl" is not every address that ends in it.
  const testsOf = (words, withLabels) => words.map((word) => {
    if (word.startsWith(".") && word.length > 1) {
      const label = word.slice(1).toLowerCase();
      return (each) => each.labels.some((own) => own.startsWith(label));
    }
    if (withLabels && labels.has(word.toLowerCase())) return (each) => each.labels.includes(word.toLowerCase());
    const text = folded(word);
    return (_, entry) => entry.text.includes(text);
  });

  const show = (holds) => {
    let count = 0;
    for (const each of sections) {
      let seen = 0;
      for (const entry of each.entries) {
        const is = holds(each, entry);
        entry.article.hidden = !is;
        seen += is;
      }
      each.section.hidden = !seen;
      count += seen;
    }
    return count;
  };

  const search = () => {
    const typed = find.value.trim().replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
    const digits = digitsOf(typed);
    let count;
    if (/^\+?[\d\s()./-]+$/.test(typed) && digits.length >= 3) {
      count = show((_, entry) => entry.digits.includes(digits));
    } else {
      const words = typed.split(/\s+/).filter(Boolean);
      const tests = testsOf(words, true);
      count = show((each, entry) => tests.every((test) => test(each, entry)));
      if (!count && words.length) {
        const others = testsOf(words, false);
        count = show((each, entry) => others.every((test) => test(each, entry)));
      }
    }
    found.textContent = !typed ? "" : !count ? "Nobody is found" : count === 1 ? "1 entry" : `${count} entries`;
  };

  const failing = () => {
    const zones = new Set(down.value.toLowerCase().split(/[\s,;]+/).map((zone) => zone.replace(/^\./, "")).filter(Boolean));
    // Zones are typed as people write them; the page holds A-labels.
    const chosen = new Set(sections.filter((each) => each.labels.some((label) => zones.has(label))).map((each) => each.labels[0]));
    for (const zone of zones) if (/^([a-z]{2}|xn--[a-z0-9-]+)$/.test(zone)) chosen.add(zone);
    const dotted = (text) => (text || "").split(" ").filter((label) => chosen.has(label)).map((label) => `.${label}`).join(" ");
    for (const list of document.querySelectorAll("main ul")) {
      const items = [...list.children];
      items.forEach((item, at) => { if (!item.dataset.at) item.dataset.at = at; });
      for (const item of items) {
        const fails = dotted(item.dataset.fails), may = dotted(item.dataset.may);
        item.className = fails ? "fails" : may ? "may" : "";
        item.querySelector("em")?.remove();
        if (!fails && !may) continue;
        const remark = document.createElement("em");
        remark.textContent = fails ? ` fails with ${fails}` : ` may fail with ${may}`;
        item.append(remark);
      }
      const rank = (item) => (item.className === "fails" ? 2000 : item.className === "may" ? 1000 : 0) + Number(item.dataset.at);
      list.append(...items.sort((a, b) => rank(a) - rank(b)));
    }
  };

  const clocks = () => {
    const now = new Date();
    for (const clock of document.querySelectorAll(".clock")) {
      try {
        const time = new Intl.DateTimeFormat("en-GB", { timeZone: clock.dataset.zone, weekday: "short", hour: "2-digit", minute: "2-digit" });
        clock.dataset.written ??= clock.textContent;
        clock.textContent = `${time.format(now)}, ${clock.dataset.written}`;
      } catch { /* a browser that does not know the zone shows it as it is written */ }
    }
  };

  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
  for (const part of document.querySelectorAll(".without-script")) part.hidden = true;
  find.addEventListener("input", search);
  down.addEventListener("input", failing);
  document.querySelector(".tools").addEventListener("submit", (event) => event.preventDefault());
  clocks();
  setInterval(clocks, 60000);
  if (find.value) search();
  if (down.value) failing();
})();
