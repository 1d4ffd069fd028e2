// The matrix of several classes: a table of few, a picture of many; sorted, searched, normalised.
const Classes = async (data) => {
  "use strict";
  const TABLE = 30, PARTNERS = 9;
  const at = (id) => document.getElementById(id);
  const levels = await Levels(data);
  let now = levels(0); // the classes, or what they are at the level that is shown
  const share = (i, j, how) => {
    const whole = how === "pred" ? now.down[j] : now.across[i];
    return whole ? now.cell(i, j) / whole : NaN;
  };
  const amount = (x) => Numbers.amounts([data.weighted ? x : BigInt(x)])[0];
  const percent = (x) => (Number.isNaN(x) ? "–" : Numbers.percent(x));

  // ── which classes, in which order ──
  const fields = ["level", "find", "order", "how", "hide", "zoom"].filter(at);
  const read = () => ({ level: at("level")?.value ?? "0", find: at("find").value.trim().toLowerCase(),
    order: at("order").value, how: at("how").value, hide: at("hide").checked, zoom: Number(at("zoom").value) });
  const orders = {
    given: (list) => list,
    rate: (list) => list.toSorted((a, b) => (now.wrong(b) / now.across[b] || 0) - (now.wrong(a) / now.across[a] || 0) || a - b),
    rows: (list) => list.toSorted((a, b) => now.wrong(b) - now.wrong(a) || a - b),
    similar: (list) => {
      if (!now.similar) return list;
      const place = new Map([...now.similar, ...now.all.slice(now.k)].map((x, i) => [x, i]));
      return list.toSorted((a, b) => place.get(a) - place.get(b));
    },
  };
  const shown = ({ find, order }) => {
    const named = now.all.filter((i) => now.known[i].some((x) => x.includes(find)));
    if (!find || named.length === now.size) return orders[order](now.all);
    const whole = named.filter((i) => now.known[i].includes(find)), found = whole.length ? whole : named;
    const confused = new Map();
    for (const i of found) {
      for (const j of now.all) if (!found.includes(j)) confused.set(j, (confused.get(j) ?? 0) + now.cell(i, j) + now.cell(j, i));
    }
    const partners = [...confused].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, PARTNERS);
    return orders[order]([...found, ...partners.map(([j]) => j)].sort((a, b) => a - b));
  };
  const strength = (list, { how, hide }) => {
    const of = (i, j) => (hide && i === j ? 0 : share(i, j, how === "pred" ? "pred" : "true") || 0);
    let most = 1;
    if (hide) {
      most = 0;
      for (const i of list) for (const j of list) most = Math.max(most, of(i, j));
    }
    return (i, j) => of(i, j) / (most || 1);
  };
  const told = (i, j) => `Actual ${now.axis[i]}, called ${now.axis[j]}: ${amount(now.cell(i, j))}; `
    + `${percent(share(i, j, "true"))} of the actual, ${percent(share(i, j, "pred"))} of those called so.`;

  // ── a table of few ──
  const made = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text, ...more });
  const name = (i, scope) => {
    const title = (now.members[i] ?? []).join(", "), className = now.axis[i].length > 14 ? "long" : "";
    const head = made("th", "", { scope, className, title });
    head.append(made("bdi", now.axis[i]));
    return head;
  };
  const table = (list, state) => {
    const made_ = made("table", "", { className: "matrix small" }), by = strength(list, state);
    const texts = Numbers.amounts(list.flatMap((i) => list.map((j) => (data.weighted ? now.cell(i, j) : BigInt(now.cell(i, j))))));
    const top = made_.createTHead(), over = top.insertRow(), heads = top.insertRow();
    over.append(made("td", "", { colSpan: 2, rowSpan: 2 }), made("th", "Predicted class", { colSpan: list.length, scope: "colgroup" }));
    heads.append(...list.map((j) => name(j, "col")));
    const body = made_.createTBody();
    list.forEach((i, row) => {
      const line = body.insertRow();
      if (row === 0) line.append(made("th", "Actual class", { rowSpan: list.length, scope: "rowgroup", className: "turned" }));
      line.append(name(i, "row"));
      list.forEach((j, column) => {
        const hidden = state.hide && i === j;
        const text = hidden ? "" : state.how === "count" ? texts[row * list.length + column] : percent(share(i, j, state.how));
        const one = made("td", text, { className: i === j ? "right" : "wrong", title: hidden ? "" : told(i, j) });
        one.style.setProperty("--share", by(i, j));
        line.append(one);
      });
    });
    return made_;
  };

  // ── a picture of many ──
  const canvas = made("canvas", "", { tabIndex: 0 });
  canvas.setAttribute("role", "img");
  let list = [], cursor = null, side = 1;
  const colour = (name) => {
    const probe = made("i", "");
    probe.style.color = `var(--${name})`;
    canvas.after(probe);
    const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    probe.remove();
    return found;
  };
  const picture = (state, width) => {
    const n = list.length, by = strength(list, state), context = canvas.getContext("2d");
    side = Math.max(1, Math.min(Math.floor(8000 / n), Math.max(1, Math.floor(width / n)) * state.zoom));
    [canvas.width, canvas.height] = [n * side, n * side];
    canvas.setAttribute("aria-label", `Matrix of ${n} classes, rows actual, columns predicted. Arrow keys read a cell; `
      + "the search shows one class with those it is confused with as a table.");
    const [paper, right, wrongly] = ["raised", "first", "second"].map(colour);
    const image = new ImageData(n, n);
    list.forEach((i, row) => list.forEach((j, column) => {
      const part = Math.sqrt(by(i, j)), hue = i === j ? right : wrongly, place = 4 * (row * n + column);
      for (let c = 0; c < 3; c++) image.data[place + c] = paper[c] + (hue[c] - paper[c]) * part;
      image.data[place + 3] = 255;
    }));
    const small = new OffscreenCanvas(n, n);
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, n * side, n * side);
    if (cursor) {
      context.strokeStyle = getComputedStyle(canvas).color;
      context.lineWidth = 2;
      context.strokeRect(cursor[1] * side - 1, cursor[0] * side - 1, side + 2, side + 2);
    }
  };
  const point = (row, column) => {
    const inside = (x) => Math.min(list.length - 1, Math.max(0, x));
    cursor = [inside(row), inside(column)];
    at("reading").textContent = told(list[cursor[0]], list[cursor[1]]);
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect();
    return [Math.floor((event.clientY - box.top) / side), Math.floor((event.clientX - box.left) / side)];
  };

  // ── showing and listening ──
  const show = () => {
    const state = read(), place = at("classes-view");
    now = levels(state.level);
    at("order").querySelector("[value=similar]").hidden = !now.similar;
    document.querySelectorAll("[data-level]").forEach((one) => { one.hidden = one.dataset.level !== state.level; });
    list = shown(state);
    cursor = null;
    const few = list.length <= TABLE;
    at("reading").textContent = list.length
      ? `${list.length === now.size ? "All " : `${list.length} of `}${Numbers.grouped(String(now.size))} shown.` : "No class has such a name.";
    at("zoom").disabled = few;
    if (few) place.replaceChildren(...(list.length ? [table(list, state)] : []));
    else {
      place.replaceChildren(made("p", "Down: actual class. Across: predicted class.", { className: "axes" }), canvas);
      picture(state, place.clientWidth);
    }
    const address = Address.read();
    fields.forEach((id) => {
      const field = at(id), value = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
      if (value && value !== field.dataset.start) address.set(id, value);
      else address.delete(id);
    });
    Address.write(address);
  };
  canvas.addEventListener("pointermove", (event) => point(...under(event)));
  canvas.addEventListener("click", (event) => {
    const [row] = under(event);
    at("find").value = now.axis[list[row]];
    show();
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const [row, column] = cursor ?? [-by[0], -by[1]];
    point(row + by[0], column + by[1]);
    picture(read(), at("classes-view").clientWidth);
  });
  const written = data.weighted ? Numbers.repr : String;
  const csv = () => [`actual,predicted,${data.weighted ? "weight" : "n"}`,
    ...list.flatMap((i) => list.map((j) => `${now.csv[i]},${now.csv[j]},${written(now.cell(i, j))}`)), ""].join("\n");
  at("copy-classes").addEventListener("click", () => Copy(csv(), "classes-copied", "classes-status"));
  const fromAddress = () => {
    const told = Address.read();
    fields.forEach((id) => {
      const field = at(id), value = told.get(id);
      if (field.type === "checkbox") field.checked = value === "1";
      else if (field.tagName !== "SELECT") field.value = value ?? "";
      else field.value = [...field.options].some((one) => one.value === value) ? value : field.dataset.start;
    });
  };
  fields.forEach((id) => at(id).addEventListener("input", show));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  fromAddress();
  show();
};
