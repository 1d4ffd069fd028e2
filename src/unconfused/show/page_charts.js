// The linked charts: the operating point is the same dot on all of them.
const Charts = (specs, pictures, model, moved) => {
  "use strict";
  const LINES = ["roc", "pr", "gain", "lift", "net_benefit"], NEAR = 0.006;
  const xy = (pairs) => pairs.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)).map(([x, y], i) => ({ i, x, y }));

  // Points that stand apart in a picture of this height.
  const line = (at, top) => {
    const kept = [];
    let before = null;
    for (let i = 0; i <= model.last; i++) {
      const [x, y] = at(i);
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      const far = before === null || Math.abs(x - before[0]) + Math.abs(y - before[1]) / top > NEAR;
      if (far || i === 0 || i === model.last) kept.push({ i, x, y, stop: i });
      if (far) before = [x, y];
    }
    return kept;
  };
  const envelope = model.envelope();
  const calibration = pictures.calibration;
  const top = (id, points) => (id === "lift" ? 1.05 * Math.max(1, ...line(points.lift, 1).map(({ y }) => y))
    : id === "net_benefit" ? 1.05 * points.pi
      : id === "scores" ? 1.05 * Math.max(...pictures.scores.negative, ...pictures.scores.positive) : 1);

  // ── what every chart holds, but for the dots ──
  const frame = (id, points) => {
    const height = top(id, points), across = [...Array(100).keys()].map((k) => k / 100);
    const made = { band: [], base: [], thin: [], line: LINES.includes(id) ? line(points[id], height) : [] };
    if (id === "roc" || id === "calibration" || id === "gain") made.base = xy([[0, 0], [1, 1]]);
    if (id === "pr") made.base = xy([[0, points.pi], [1, points.pi]]);
    if (id === "lift") made.base = xy([[0, 1], [1, 1]]);
    if (id === "net_benefit") { // as deep as the line goes, but no deeper than the picture is high
      made.bottom = Math.max(-height, Math.min(-0.25 * height, ...made.line.map(({ y }) => 1.05 * y)));
      made.base = xy([[0, 0], [1, 0]]);
      made.thin = xy(across.map((t) => [t, points.everything(t)]).filter(([, y]) => y > made.bottom));
      made.line = made.line.filter(({ y }) => y > made.bottom);
    }
    if (id === "pr" && made.line.length) made.line.push({ ...made.line.at(-1), i: model.last + 1, x: 0 });
    if (id === "cost") [made.base, made.line] = [xy([[0, 0], [0.5, 0.5], [1, 0]]), xy(envelope)];
    if (id === "calibration") {
      made.line = xy(calibration.x.map((x, i) => [x, calibration.y[i]]));
      made.band = (calibration.low ? calibration.x : []).map((x, i) => ({ i, x, y: calibration.low[i], y2: calibration.high[i] }));
    }
    if (id === "scores") {
      const { edges, ...shares } = pictures.scores;
      return { top: height, bars: ["negative", "positive"].flatMap((side) => shares[side].map((y, i) => (
        { x: edges[i], x2: edges[i + 1], y, class: model.axis[side === "positive" ? model.p : model.q] }))) };
    }
    return { top: height, ...made };
  };
  const observed = (t) => {
    const { x, y } = calibration, at = x.findIndex((one) => one >= t);
    if (at < 0 || !(t >= 0 && t <= 1)) return at < 0 && t <= 1 ? y.at(-1) : NaN;
    if (at === 0 || x[at] === t) return y[at];
    return y[at - 1] + ((y[at] - y[at - 1]) * (t - x[at - 1])) / (x[at] - x[at - 1]);
  };
  const point = (id, i, state, points) => {
    if (id === "cost") return model.costPoint(i, state, points.pi);
    if (id === "calibration") return [model.thresholds[i], observed(model.thresholds[i])];
    if (id === "scores") return [model.thresholds[i], 0];
    return points[id](i);
  };
  const dots = (id, state, points) => {
    const made = { dot: xy([point(id, state.stop, state, points)]) };
    if (id !== "scores") made.best = xy([point(id, state.best, state, points)]);
    if (id === "cost") made.thin = xy([[0, model.fpr[state.stop]], [1, 1 - model.tpr[state.stop]]]);
    return made;
  };

  // ── drawing ──
  const views = {}, shown = {}, drawnAt = {}, seen = new Set();
  let points = null, current = null;
  const put = (id, { top: height, bottom, ...named }) => {
    if (height !== undefined) views[id].signal("top", height);
    if (bottom !== undefined) views[id].signal("bottom", bottom);
    const fresh = Object.entries(named).filter(([name, rows]) => {
      const text = rows.length > 2 ? null : JSON.stringify(rows), key = `${id} ${name}`;
      const same = text !== null && shown[key] === text;
      shown[key] = text;
      return !same;
    });
    fresh.forEach(([name, rows]) => views[id].data(name, rows));
    return height !== undefined || fresh.length > 0;
  };
  const make = (id) => {
    const container = document.getElementById(id), { spec } = specs.find((one) => one.id === id);
    const view = new vega.View(vega.parse(spec, null, { ast: true }), { expr: Expressions, renderer: "svg", logLevel: vega.Warn });
    views[id] = view.initialize(container).signal("low", pictures.scores.edges[0]).signal("high", pictures.scores.edges.at(-1));
    put(id, { ...frame(id, points), ...dots(id, current, points) });
    drawnAt[id] = current;
    if (id !== "cost") view.addEventListener("click", clicked(id, view));
    view.run();
    container.querySelector("svg").setAttribute("aria-hidden", "true"); // the container has the name
    return view;
  };
  // A chart out of sight waits: a step costs what can be seen of it.
  const refresh = (id) => {
    if (!views[id]) return make(id);
    if (drawnAt[id] === current) return null;
    const moved = drawnAt[id].prevalence !== current.prevalence && LINES.includes(id);
    const parts = [...(moved ? [frame(id, points)] : []), dots(id, current, points)];
    drawnAt[id] = current;
    return parts.map((part) => put(id, part)).some(Boolean) ? views[id].run() : null;
  };
  const update = (state) => {
    if (!points) return;
    if (current.prevalence !== state.prevalence) points = model.points(state.prevalence);
    current = state;
    seen.forEach(refresh);
  };
  const clicked = (id, view) => (event) => {
    const [left, up] = [view.scale("x"), view.scale("y")];
    const box = view.container().querySelector("svg").getBoundingClientRect(), [dx, dy] = view.origin();
    const [x, y] = [event.clientX - box.left - dx, event.clientY - box.top - dy];
    if (["scores", "net_benefit", "calibration"].includes(id)) return moved(model.nearest(left.invert(x)));
    const near = (i) => { const [a, b] = points[id](i); return Math.hypot(left(a) - x, up(b) - y); };
    const found = model.thresholds.map((_, i) => near(i)).reduce((a, d, i, all) => (d < all[a] || !(all[a] >= 0) ? i : a), 0);
    return moved(found);
  };
  // Those in sight first; the others when they come into sight, or when there is nothing else to do.
  const draw = (state) => {
    [points, current] = [model.points(state.prevalence), state];
    const waiting = specs.map(({ id }) => id), idle = globalThis.requestIdleCallback ?? ((then) => setTimeout(then, 50));
    const next = () => {
      const id = waiting.find((one) => !views[one]);
      if (id) { make(id); idle(next); }
    };
    addEventListener("beforeprint", () => waiting.forEach(refresh));
    return new Promise((drawn) => {
      const watch = new IntersectionObserver((entries) => {
        entries.forEach(({ isIntersecting, target: { id } }) => {
          if (isIntersecting) { seen.add(id); refresh(id); } else seen.delete(id);
        });
        drawn();
        idle(next);
      });
      waiting.forEach((id) => watch.observe(document.getElementById(id)));
    });
  };
  return { draw, update };
};
