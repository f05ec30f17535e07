"use strict";
(() => {
  const TILES = 24;
  const ROWS = 50;
  const items = JSON.parse(document.getElementById("items").textContent);
  const by = (id) => document.getElementById(id);

  function element(tag, classes, text) {
    const made = document.createElement(tag);
    if (classes) made.className = classes;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function bytes(count) {
    for (const unit of ["B", "kB", "MB", "GB"]) {
      if (count < 999.5) return count.toFixed(unit === "B" || unit === "kB" || count >= 99.95 ? 0 : 1) + "\u00a0" + unit;
      count /= 1000;
    }
    return count.toFixed(1) + "\u00a0TB";
  }

  /* Shows one page of `rows` in `place`, each as `draw` makes it; only these are in the document. */
  function paged(place, pager, size, draw) {
    let rows = [];
    let page = 0;
    const back = element("button", "", "Previous");
    const told = element("span");
    const on = element("button", "", "Next");
    back.type = on.type = "button";
    told.setAttribute("aria-live", "polite");
    pager.append(back, told, on);

    function show(number) {
      const pages = Math.max(1, Math.ceil(rows.length / size));
      page = Math.min(Math.max(number, 0), pages - 1);
      place.replaceChildren(...rows.slice(page * size, (page + 1) * size).map(draw));
      told.textContent = `Page ${page + 1} of ${pages}`;
      back.disabled = page === 0;
      on.disabled = page === pages - 1;
      pager.hidden = pages === 1;
    }

    function turn(by) {
      show(page + by);
      pager.parentElement.scrollIntoView({ block: "start" });
    }

    back.addEventListener("click", () => turn(-1));
    on.addEventListener("click", () => turn(1));
    return (chosen) => { rows = chosen; show(0); };
  }

  function picture(data, kind, name) {
    const image = element("img", kind);
    image.src = "data:image/webp;base64," + data;
    image.alt = `${kind} – ${name}`;
    image.decoding = "async";
    image.draggable = false;
    return image;
  }

  function slider(view, item) {
    const range = element("input");
    range.type = "range";
    range.step = "any";
    range.setAttribute("aria-label", `Before and after of ${item.n}`);
    const at = (share) => {
      range.value = share;
      view.style.setProperty("--at", range.value + "%");
      range.setAttribute("aria-valuetext", `${Math.round(range.value)} % before`);
    };
    const follow = (event) => {
      const box = view.getBoundingClientRect();
      at(100 * (event.clientX - box.left) / box.width);
    };
    range.addEventListener("pointerdown", (event) => { range.setPointerCapture(event.pointerId); follow(event); });
    range.addEventListener("pointermove", (event) => { if (event.buttons) follow(event); });
    range.addEventListener("input", () => { if (!range.matches(":active")) at(range.value); });
    range.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -20, PageUp: 20, Home: -100, End: 100 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      at(Number(range.value) + steps[event.key]);
    });
    at(50);
    view.append(element("span", "edge"), element("span", "tag left", "before"), element("span", "tag right", "after"), range);
  }

  function look(item) {
    const view = element("div", "view");
    if (item.f) view.append(picture(item.f, "after", item.n));
    if (item.b) view.append(picture(item.b, "before", item.n));
    if (item.b && item.f) slider(view, item);
    if (!item.b && !item.f) view.append(element("span", "why", item.r || item.y || item.x || "no thumbnail"));
    return view;
  }

  function sizes(item) {
    if (!item.o) return item.s;
    if (item.s !== "written" || !item.i) return `${item.s} · ${bytes(item.o)}`;
    // Not to the nearest: what became one 300th of its size has not lost all of it.
    const change = Math.trunc(100 * (item.o - item.i) / item.i);
    return `${bytes(item.i)} → ${bytes(item.o)} · ${change > 0 ? "+" : change < 0 ? "−" : "±"}${Math.abs(change)}\u00a0%`;
  }

  function tile(item) {
    const made = element("li", "tile " + item.s);
    const figure = element("figure");
    const caption = element("figcaption");
    const name = element("bdi", "name", item.n);
    name.title = item.n;
    caption.append(name, element("span", "facts", sizes(item)));
    if (item.d) caption.append(element("span", "facts", item.d));
    if (item.f && item.x) caption.append(element("span", "facts", "before: " + item.x));
    if (item.b && item.y) caption.append(element("span", "facts", "after: " + item.y));
    for (const warning of item.w || []) caption.append(element("span", "warning", warning));
    figure.append(look(item), caption);
    made.append(figure);
    return made;
  }

  function line(words) {
    return (item) => {
      const row = element("tr");
      const name = element("th");
      name.scope = "row";
      name.append(element("bdi", "", item.n));
      row.append(name, ...words(item).map((text) => element("td", "", text)));
      return row;
    };
  }

  const all = new Map();

  function table(id, chosen, words) {
    const section = by(id);
    const rows = items.filter(chosen);
    if (!section || !rows.length) return;
    section.hidden = false;
    const show = paged(section.querySelector("tbody"), section.querySelector(".pager"), ROWS, line(words));
    show(rows);
    all.set(section, [rows, line(words), show]);
  }

  table("failed", (item) => item.s === "failed", (item) => [item.r, item.a || ""]);
  table("warned", (item) => item.w, (item) => [item.w.join("; ")]);
  table("skipped", (item) => item.s === "skipped", (item) => [item.r || ""]);

  /* On paper there are no pages to turn. */
  addEventListener("beforeprint", () => all.forEach(([rows, draw], section) => {
    section.querySelector("tbody").replaceChildren(...rows.slice(0, 2000).map(draw));
  }));
  addEventListener("afterprint", () => all.forEach(([rows, , show]) => show(rows)));

  const pictures = items.filter((item) => item.s !== "skipped" && item.s !== "pruned");
  const sheet = by("sheet");
  const show = paged(sheet, by("sheet-pager"), TILES, tile);

  function choose() {
    const name = by("name").value.trim().toLowerCase();
    const status = by("status").value;
    const chosen = pictures.filter((item) =>
      (!name || item.n.toLowerCase().includes(name)) &&
      (!status || (status === "warned" ? Boolean(item.w) : item.s === status)));
    show(chosen);
    by("shown").textContent = `${chosen.length.toLocaleString("en")} of ${pictures.length.toLocaleString("en")}`;
    if (!chosen.length) sheet.append(element("li", "none", pictures.length ? "No picture matches." : "There is nothing to show."));
  }

  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  by("name").addEventListener("input", choose);
  by("status").addEventListener("change", choose);
  choose();
})();
