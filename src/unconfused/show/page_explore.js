// The controls: each changes the state, and the state is shown everywhere and kept in the address.
const Explore = (data) => {
  "use strict";
  const at = (id) => document.getElementById(id);
  const asked = Address.read;
  const place = Math.max(0, Number(asked().get("member")) || 0);
  const member = place in data.members ? place : 0, stops = data.members[member];
  const model = Binary(stops, data.cost);
  const say = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  const start = { stop: stops.open, prevalence: data.prevalence, fp: data.cost.fp, fn: data.cost.fn };
  let state = { ...start }, waiting = false;

  // ── words ──
  const unchosen = stops.chosen ? "" : "No threshold has been chosen";
  const rule = (i) => (model.thresholds[i] === Infinity ? "nothing" : `score >= ${model.written(i)}`);
  const status = () => {
    const here = state.stop === stops.open;
    if (stops.chosen) return here ? "This is the chosen threshold." : `The chosen threshold is ${model.said(stops.open)}.`;
    return here ? `${unchosen}: the page opens at ${stops.opening}.` : `${unchosen}.`;
  };
  const ends = (text) => {
    const found = /\[(.+), (.+)\]/.exec(text);
    return found && found.slice(1).map((end) => String(Number((100 * Number(end)).toPrecision(12))));
  };
  const part = (which) => {
    const share = model.rates[which](model.cells(model.scaled(model.table(state.stop), state.prevalence)));
    const between = ends(model.told(which, state.stop, state.prevalence));
    return [Numbers.hundred(share), between ? `${between[0]} to ${between[1]}` : "no interval"];
  };

  // ── showing ──
  const shares = (whole, x) => (whole ? Numbers.percent(Number(x) / Number(whole)) : "–");
  const matrix = () => {
    const rows = model.scaled(model.table(state.stop), state.prevalence);
    const down = model.range.map((j) => model.sum(rows.map((row) => row[j])));
    const across = rows.map(model.sum);
    const texts = Numbers.amounts([...rows.flat(), ...across, ...down, model.sum(across)]);
    rows.flat().forEach((x, k) => {
      const [i, j] = [Math.floor(k / rows.length), k % rows.length], cell = at(`cell-${i}-${j}`);
      say(cell.querySelector(".count"), texts[k]);
      say(cell.querySelector(".row"), shares(across[i], x));
      say(cell.querySelector(".column"), shares(down[j], x));
      cell.style.setProperty("--share", Number(across[i]) ? Number(x) / Number(across[i]) : 0);
      const beside = [i < 2 && (i === model.p ? "recall" : "specificity"), j === model.p && "precision"].filter(Boolean);
      cell.title = beside.map((rate) => `${rate} ${model.told(rate, state.stop, state.prevalence)}`).join("\n");
    });
    [...across, ...down, 0].forEach((_, k) => say(at(`total-${k}`), texts[rows.length ** 2 + k]));
  };
  const show = () => {
    const { stop, prevalence } = state;
    state.best = model.best(state);
    const [found, foundEnds] = part("recall"), [right, rightEnds] = part("precision");
    say(at("found"), found);
    say(at("found-ends"), foundEnds);
    say(at("right"), right);
    say(at("right-ends"), rightEnds);
    say(at("status"), status());
    say(at("rule"), rule(stop));
    Object.keys(model.rates).forEach((rate) => say(at(`rate-${rate}`), model.told(rate, stop, prevalence)));
    matrix();
    const cost = (i) => Numbers.amounts([1000 * model.perRow(i, state)])[0];
    say(at("expected"), cost(stop));
    say(at("best"), model.said(state.best));
    say(at("best-cost"), cost(state.best));
    at("slider").value = stop;
    at("slider").setAttribute("aria-valuetext", `${model.said(stop)}: of 100, ${found} found, ${right} right`);
    const field = at("threshold");
    if (document.activeElement !== field) field.value = model.thresholds[stop] === Infinity ? "" : model.written(stop);
    if (document.activeElement !== at("prevalence")) {
      at("prevalence").value = Numbers.general(100 * (prevalence ?? model.own), 6);
    }
    at("moved").hidden = prevalence === null;
    for (const key of ["fp", "fn"]) if (document.activeElement !== at(key)) at(key).value = state[key];
    at("back").disabled = keys.every((key) => state[key] === start[key]);
    at("go").disabled = stop === state.best;
  };

  // ── the address ──
  const keys = ["stop", "prevalence", "fp", "fn"];
  const address = () => {
    const told = asked();
    ["t", "member", ...keys].forEach((key) => told.delete(key));
    if (member) told.set("member", member);
    if (state.stop !== start.stop) told.set("t", model.written(state.stop));
    for (const key of keys.slice(1)) if (state[key] !== start[key]) told.set(key, state[key] ?? "rows");
    return String(told);
  };
  const numberOf = (text, low, high = Infinity) => {
    const x = text === null || text.trim() === "" ? NaN : Number(text);
    return x > low && x < high ? x : null;
  };
  const fromAddress = () => {
    const told = asked(), t = told.get("t");
    const known = t !== null && t.trim() !== "" && !Number.isNaN(Number(t));
    state = {
      stop: known ? model.nearest(Number(t)) : start.stop,
      prevalence: told.get("prevalence") === "rows" ? null
        : model.movable ? numberOf(told.get("prevalence"), 0, 1) ?? start.prevalence : null,
      fp: numberOf(told.get("fp"), data.cost.tn) ?? start.fp,
      fn: numberOf(told.get("fn"), data.cost.tp) ?? start.fn,
    };
  };

  const change = (what) => {
    state = { ...state, ...what };
    show();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      charts.update(state);
      Address.write(address());
    });
  };

  const said = () => ({ ...state, expected: at("expected").textContent });
  const copies = Copies(stops, model, rule, said, unchosen);
  const copy = (text) => Copy(text, "copied", "copy-status");

  // ── listening ──
  const charts = Charts(data.views, stops.pictures, model, (stop) => change({ stop }));
  const typed = (id, low, high, then) => at(id).addEventListener("input", (event) => {
    const x = numberOf(event.target.value, low, high);
    event.target.setAttribute("aria-invalid", x === null);
    if (x !== null) then(x);
  });
  at("slider").addEventListener("input", (event) => change({ stop: Number(event.target.value) }));
  typed("threshold", -Infinity, Infinity, (x) => change({ stop: model.nearest(x) }));
  typed("prevalence", 0, 100, (x) => change({ prevalence: x / 100 }));
  typed("fp", data.cost.tn, Infinity, (fp) => change({ fp }));
  typed("fn", data.cost.tp, Infinity, (fn) => change({ fn }));
  for (const id of ["threshold", "prevalence", "fp", "fn"]) {
    at(id).addEventListener("change", (event) => {
      event.target.blur();
      event.target.removeAttribute("aria-invalid");
      show();
    });
  }
  at("prevalence").disabled = !model.movable;
  at("own").addEventListener("click", () => change({ prevalence: null }));
  at("back").addEventListener("click", () => change(start));
  at("go").addEventListener("click", () => change({ stop: state.best }));
  at("copy-markdown").addEventListener("click", () => copy(copies.markdown()));
  at("copy-csv").addEventListener("click", () => copy(copies.csv()));
  at("copy-latex").addEventListener("click", () => copy(copies.latex()));
  at("copy-png").addEventListener("click", () => copies.picture().then((blob) => CopyPicture(blob, "matrix.png", "copy-status")));
  addEventListener("hashchange", () => {
    if (Number(asked().get("member") ?? 0) !== member) return location.reload();
    fromAddress();
    return change({});
  });
  // Another class is another set of counts: the page is read again with it, costs stay.
  at("member")?.addEventListener("change", (event) => {
    const told = new URLSearchParams(address());
    told.delete("t");
    told.set("member", event.target.selectedIndex);
    location.hash = told;
  });
  if (at("member")) at("member").selectedIndex = member;
  document.querySelectorAll("[data-name]").forEach((one) => say(one, model.axis[one.dataset.name] ?? stops.name));
  at("slider").max = model.last;
  fromAddress();
  show();
  return charts.draw(state);
};
