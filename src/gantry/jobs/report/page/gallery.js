// The pictures: what has changed, and the gallery of all. Cells exist only while they can be seen.

const text_of = (uri) => new TextDecoder().decode(
  Uint8Array.from(atob(uri.slice(uri.indexOf(",") + 1)), (letter) => letter.charCodeAt(0)));
function to_uri(text) {
  return `data:image/svg+xml,${encodeURIComponent(text)}`;
}

// A drawing in currentColor takes the colour of the text around it. An <img> has none, so on the
// dark ground it is told the one it would have there. What has no other colour is inverted instead:
// a second drawing would cost the browser as much as the first.
const on_dark = new Map();
function dark_look(index) {
  if (!on_dark.has(index)) on_dark.set(index, find_dark_look(pictures.uris[index]));
  return on_dark.get(index);
}

function find_dark_look(uri) {
  if (!uri.startsWith("data:image/svg+xml")) return { uri };
  const text = text_of(uri);
  if (!text.includes("currentColor") || /<svg[^>]*\scolor\s*=/.test(text)) return { uri };
  if (!/["':;\s](#[0-9a-f]{3,8}|(rgb|hsl|url)\(|white|black|red)|<(image|style)/i.test(text)) {
    return { uri, inverted: true };
  }
  return { uri: to_uri(text.replace("<svg", '<svg color="#f1f3f7"')) };
}

// A browser takes milliseconds for each SVG, so that a screenful at once would stop the scrolling:
// a few are drawn at a time, and none that has left the page in the meantime.
const queue = [];
let being_drawn = 0;
function draw_some() {
  while (being_drawn < 6 && queue.length) {
    const { image, uri, place } = queue.shift();
    if (!image.isConnected) continue;
    ++being_drawn;
    const done = () => {
      --being_drawn;
      draw_soon();
    };
    image.addEventListener("load", done, { once: true });
    image.addEventListener("error", () => {
      place.classList.add("broken");
      done();
    }, { once: true });
    image.src = uri;
  }
}

let is_draw_due = false;
function draw_soon() {
  if (is_draw_due) return;
  is_draw_due = true;
  setTimeout(() => {
    is_draw_due = false;
    draw_some();
  });
}

// A picture on a ground; without an index, why there is none.
function ground(look, index, why = "not on this page") {
  const place = make("span", `ground ${look}`);
  if (index === null || index === undefined) {
    place.append(why);
    return place;
  }
  const { uri, inverted } = look === "dark" ? dark_look(index) : { uri: pictures.uris[index] };
  const image = make("img", inverted ? "inverted" : "");
  image.alt = "";
  place.append(image);
  queue.push({ image, uri, place });
  draw_soon();
  return place;
}

const not_written = (item) => report.dryRun && item.state !== "unchanged" ? "not written: a dry run" : undefined;
const light_of = (item) => ground("light", item.image, not_written(item));
const dark_of = (item) => ground("dark", item.darkPath ? item.darkImage : item.image, not_written(item));
const job_name = (item) => report.results[item.job].name;

function caption(item) {
  const line = make("span", "caption", make("span", "name", item.name));
  if (item.state !== "unchanged") {
    const dot = make("span", `dot ${item.state}`);
    dot.title = item.state;
    line.append(dot);
  }
  line.firstChild.title = item.name;
  return line;
}

function pair_sides(item, before, after, look) {
  const old = ground(look, before, before === undefined ? "there was none" : "was not kept");
  return make("div", "sides", old, ground(look, after, not_written(item)));
}

const before_after = (item) => {
  const rows = [];
  if (item.before !== undefined) rows.push(pair_sides(item, item.before, item.image, "light"));
  if (item.darkBefore !== undefined || (item.darkPath && !rows.length)) {
    rows.push(pair_sides(item, item.darkBefore, item.darkImage, "dark"));
  } else if (!item.darkPath) {
    rows.push(pair_sides(item, item.before, item.image, "dark"));
  }
  return rows;
};

function pair(item) {
  const titles = make("div", "sides", make("span", "side", "Before"), make("span", "side", "After"));
  titles.style.marginBottom = "2px";
  return make("div", "pair", titles, ...before_after(item),
    make("div", "name", item.name), make("div", "quiet path", item.path));
}

const tile = (picture) => (item) => make("div", "tile", picture(item), caption(item));

function change_list(title, items, look, portion, render) {
  if (!items.length) return;
  const block = by("change-lists").appendChild(make("div", "", make("h3", "", `${title} (${count(items.length)})`)));
  in_portions(block, "div", items, portion, render).className = look;
}

function show_changes() {
  const of = (state) => pictures.items.filter((item) => item.state === state);
  const all_new = of("added").length === pictures.items.length;
  change_list("Changed", of("changed"), "pairs", 24, pair);
  change_list("Removed", pictures.removed, "tiles", 48,
    tile((item) => ground("light", item.before, "was not kept")));
  if (!all_new) change_list("Added", of("added"), "tiles", 48, tile(light_of));
  else if (pictures.items.length) {
    by("change-lists").append(make("p", "quiet", "All pictures are new: they are in the gallery below."));
  }
  if (!by("change-lists").children.length) {
    by("change-lists").append(make("p", "quiet", "No picture has been added, changed or removed."));
  }
  by("changes").hidden = !pictures.items.length && !pictures.removed.length;
}

const filter = { terms: [], job: "", state: "" };
let found = [];
const cells = new Map();
const gap = 10;
const cell_height = 118;

function matches(item) {
  return (filter.job === "" || item.job === Number(filter.job)) &&
    (filter.state === "" || item.state === filter.state) &&
    filter.terms.every((term) => item.search.includes(term));
}

function apply_filter() {
  filter.terms = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  found = pictures.items.filter(matches);
  by("found").textContent = found.length === pictures.items.length
    ? plural(found.length, "picture") : `${count(found.length)} of ${plural(pictures.items.length, "picture")}`;
  cells.clear();
  by("grid").replaceChildren();
  if (!found.length) by("grid").append(make("p", "none", "No picture matches."));
  lay_out();
}

function cell_at(index) {
  const item = found[index];
  const both = make("span", "both", light_of(item), dark_of(item));
  const cell = make("button", "cell", both, caption(item));
  cell.type = "button";
  cell.addEventListener("click", () => view(index));
  const place = make("div", "", cell);
  place.setAttribute("role", "listitem");
  place.setAttribute("aria-setsize", found.length);
  place.setAttribute("aria-posinset", index + 1);
  return place;
}

// In the order of the gallery, so that Tab goes from one to the next.
function add_cell(index) {
  const place = cell_at(index);
  place.dataset.index = index;
  const next = [...by("grid").children].find((other) => Number(other.dataset.index) > index);
  by("grid").insertBefore(place, next ?? null);
  cells.set(index, place);
}

// Puts the cells of the rows in sight, and a few around, into the document, and takes others out.
function lay_out() {
  const grid = by("grid");
  const width = grid.clientWidth;
  const columns = Math.max(1, Math.floor((width + gap) / (166 + gap)));
  const cell_width = (width - gap * (columns - 1)) / columns;
  const rows = Math.ceil(found.length / columns);
  const pitch = cell_height + gap;
  grid.style.height = found.length ? `${rows * pitch}px` : "";
  const top = -grid.getBoundingClientRect().top;
  const wanted = new Set();
  const want = (first_row, last_row) => {
    const end = Math.min(found.length, last_row * columns);
    for (let index = Math.max(0, first_row * columns); index < end; ++index) wanted.add(index);
  };
  want(Math.floor(top / pitch) - 2, Math.ceil((top + innerHeight) / pitch) + 2);
  // Around the focus too, so that Tab finds the next one however fast it is pressed.
  const focused = document.activeElement.closest("#grid > div");
  if (focused) {
    const row = Math.floor(focused.dataset.index / columns);
    want(row - 1, row + 3);
  }
  for (const [index, place] of cells) {
    if (wanted.has(index)) continue;
    place.remove();
    cells.delete(index);
  }
  for (const index of wanted) {
    if (!cells.has(index)) add_cell(index);
  }
  for (const [index, place] of cells) {
    const { style } = place.firstChild;
    style.width = `${cell_width}px`;
    style.height = `${cell_height}px`;
    style.left = `${(index % columns) * (cell_width + gap)}px`;
    style.top = `${Math.floor(index / columns) * pitch}px`;
  }
}

let is_due = false;
function lay_out_soon() {
  if (is_due) return;
  is_due = true;
  requestAnimationFrame(() => {
    is_due = false;
    lay_out();
  });
}

function show_states() {
  const number = (state) => pictures.items.filter((item) => !state || item.state === state).length;
  for (const state of ["", "added", "changed", "unchanged"]) {
    const label = state ? state[0].toUpperCase() + state.slice(1) : "All";
    const button = make("button", "", label, make("span", "count", count(number(state))));
    button.type = "button";
    button.dataset.state = state;
    button.setAttribute("aria-pressed", String(state === ""));
    button.addEventListener("click", () => {
      filter.state = state;
      for (const other of by("states").children) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      apply_filter();
    });
    by("states").append(button);
  }
}

function show_configurations() {
  const option = (value, text) => by("configuration").append(new Option(text, value));
  option("", "All configurations");
  for (const job of new Set(pictures.items.map((item) => item.job))) option(job, report.results[job].name);
  by("configuration").hidden = by("configuration").options.length < 3;
  by("configuration").addEventListener("change", (event) => {
    filter.job = event.target.value;
    apply_filter();
  });
}

function show_left_out() {
  const texts = [];
  if (pictures.leftOut) {
    texts.push(`${plural(pictures.leftOut, "picture")} would make this page too large and cannot be seen here`);
  }
  if (pictures.unreadable) texts.push(`${plural(pictures.unreadable, "picture")} could not be read`);
  by("left-out").textContent = `${texts.join("; ")}.`;
  by("left-out").hidden = !texts.length;
}

// What has not changed is before as it is now.
function before_of(item) {
  const light = item.before === undefined ? item.image : item.before;
  const dark = item.darkBefore === undefined ? item.darkImage : item.darkBefore;
  return [ground("light", light, "was not kept"), item.darkAdded ? ground("dark", null, "there was none")
    : ground("dark", item.darkPath ? dark : light, "was not kept")];
}

let viewed = 0;
function view(index) {
  viewed = index;
  const item = found[index];
  by("viewer-title").replaceChildren(make("span", "name", item.name));
  const parts = [light_of(item), dark_of(item)];
  if (item.state === "changed") {
    parts.unshift(make("span", "side", "Now"));
    parts.push(make("span", "side", "Before"), ...before_of(item));
  }
  by("viewer-pictures").replaceChildren(...parts);
  by("viewer-pictures").classList.toggle("pairs-shown", item.state === "changed");
  const facts = [["File", item.path, "path"], ["Dark file", item.darkPath, "path"],
    ["Configuration", job_name(item), "name"], ["Kind", item.kind, ""], ["State", item.state, ""]];
  by("viewer-facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value, look]) =>
    [make("dt", "", name), make("dd", look, value)]));
  by("viewer-previous").disabled = index === 0;
  by("viewer-next").disabled = index === found.length - 1;
  if (!by("viewer").open) by("viewer").showModal();
}

const move = (by_how_many) => found[viewed + by_how_many] && view(viewed + by_how_many);
by("viewer-previous").addEventListener("click", () => move(-1));
by("viewer-next").addEventListener("click", () => move(1));
by("viewer-close").addEventListener("click", () => by("viewer").close());
by("viewer").addEventListener("click", (event) => event.target === by("viewer") && by("viewer").close());
by("viewer").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") move(-1);
  if (event.key === "ArrowRight") move(1);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select, dialog")) {
    event.preventDefault();
    by("search").focus();
  }
});

show_changes();
if (pictures.items.length) {
  for (const item of pictures.items) item.search = item.name.toLowerCase();
  // Within a configuration by name, as people look for them.
  pictures.items.sort((a, b) => a.job - b.job || (a.search < b.search ? -1 : a.search > b.search ? 1 : 0));
  by("gallery").hidden = false;
  show_states();
  show_configurations();
  show_left_out();
  by("search").addEventListener("input", apply_filter);
  by("grid").addEventListener("focusin", lay_out);
  addEventListener("scroll", lay_out_soon, { passive: true });
  new ResizeObserver(lay_out_soon).observe(by("grid"));
  new ResizeObserver(lay_out_soon).observe(document.body);
  apply_filter();
}
