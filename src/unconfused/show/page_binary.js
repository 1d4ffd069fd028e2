// One class against the other: the matrix at every stop, at any prevalence and any costs.
const Binary = (stops, cost) => {
  "use strict";
  const { axis, positive: p, weighted, estimates } = stops;
  const q = 1 - p, size = axis.length, TIE = 2 ** -46;
  const thresholds = stops.thresholds.map(Number);
  const last = thresholds.length - 1;
  const columns = stops.cells.map((cells) => (Array.isArray(cells) ? cells : Array(last + 1).fill(cells)));
  const read = weighted ? Number : BigInt;
  const range = [...Array(size).keys()];

  // ── the counts ──
  const table = (i) => range.map((row) => range.map((column) => read(columns[row * size + column][i])));
  const sum = (values) => values.reduce((a, b) => a + b);
  const floats = (rows) => rows.map((row) => row.map(Number));
  const whole = floats(table(last)).map(sum);
  const [negatives, positives] = [whole[q], whole[p]];
  const own = positives / (positives + negatives);
  const movable = size === 2 || range.slice(2).every((row) => whole[row] === 0);

  // What a row of each class stands for in a population with that share of positives; null is the rows' own.
  const factors = (share) => {
    const both = negatives + positives, made = Array(size).fill(1);
    if (share !== null) [made[q], made[p]] = [((1 - share) * both) / negatives, (share * both) / positives];
    return made;
  };
  const scaled = (rows, share) => {
    if (share === null) return rows;
    const by = factors(share);
    return floats(rows).map((row, i) => row.map((x) => x * by[i]));
  };
  const cells = (rows) => {
    const t = floats(rows), made = { tn: 0, fp: 0, fn: 0, tp: t[p][p] };
    for (const row of range) {
      for (const column of range) {
        if (row === p && column !== p) made.fn += t[row][column];
        else if (row !== p) made[column === p ? "fp" : "tn"] += t[row][column];
      }
    }
    return { ...made, n: sum(t.map(sum)), right: t[p][p] + t[q][q] };
  };

  // ── what follows from them ──
  const rates = {
    recall: (c) => c.tp / (c.tp + c.fn),
    precision: (c) => c.tp / (c.tp + c.fp),
    specificity: (c) => c.tn / (c.fp + c.tn),
    f1: (c) => (2 * c.tp) / (2 * c.tp + c.fp + c.fn),
    accuracy: (c) => c.right / c.n,
  };
  const fixedByClass = ["recall", "specificity"];
  const lines = Object.fromEntries(Object.entries(estimates).map(([name, text]) => [name, text.split("\n")]));
  // With its interval as Python tells it; at another prevalence without, but where that moves nothing.
  const told = (name, i, share) => (share === null || fixedByClass.includes(name)
    ? lines[name][i] : Numbers.rate(rates[name](cells(scaled(table(i), share)))));

  const each = thresholds.map((_, i) => cells(table(i)));
  const costs = (state) => ({ ...cost, fp: state.fp, fn: state.fn });
  const perRow = (i, state, size = (x) => x) => {
    const by = factors(state.prevalence), stated = costs(state), c = each[i];
    return (size(stated.tn) * c.tn * by[q] + size(stated.fp) * c.fp * by[q]
      + size(stated.fn) * c.fn * by[p] + size(stated.tp) * c.tp * by[p]) / c.n;
  };
  // The cheapest stop, of equals the one with the fewest alarms.
  const best = (state) => {
    const all = thresholds.map((_, i) => perRow(i, state));
    const least = Math.min(...all), at = all.lastIndexOf(least);
    const slack = TIE * perRow(at, state, Math.abs);
    return all.findLastIndex((x) => x <= least + slack);
  };

  // ── thresholds ──
  const nearest = (t) => {
    let low = 0, high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (thresholds[middle] < t) low = middle + 1;
      else high = middle;
    }
    return low > 0 && t - thresholds[low - 1] <= thresholds[low] - t ? low - 1 : low;
  };
  // In few digits that part the same rows, as Python found them, unless they lead back to another stop.
  const short = stops.written.split("\n");
  const written = (i) => {
    const t = thresholds[i];
    return short[i] && thresholds[nearest(Number(short[i]))] === t ? short[i] : String(t);
  };
  const said = (i) => (thresholds[i] === Infinity ? "above every score" : written(i));

  // ── the curves, from rows with a score and a class ──
  const t = thresholds.map((_, i) => floats(table(i)));
  const tpr = t.map((x) => x[p][p] / (x[p][p] + x[p][q]));
  const fpr = t.map((x) => x[q][p] / (x[q][p] + x[q][q]));
  const shared = t[0][p][p] + t[0][p][q], others = t[0][q][p] + t[0][q][q];
  const kept = shared / (shared + others);
  const points = (share) => {
    const pi = share ?? kept;
    const called = tpr.map((x, i) => pi * x + (1 - pi) * fpr[i]);
    const precision = tpr.map((x, i) => (pi * x) / called[i]);
    const price = (x) => x / (1 - x);
    return {
      roc: (i) => [fpr[i], tpr[i]],
      pr: (i) => [tpr[i], precision[i]],
      gain: (i) => [called[i], tpr[i]],
      lift: (i) => [called[i], precision[i] / pi],
      net_benefit: (i) => {
        const t = thresholds[i];
        return [t, t >= 0 && t < 1 ? pi * tpr[i] - (1 - pi) * fpr[i] * price(t) : NaN];
      },
      everything: (t) => pi - (1 - pi) * price(t),
      pi,
    };
  };
  const envelope = () => [...Array(101).keys()].map((k) => {
    const x = k / 100;
    return [x, Math.min(...tpr.map((y, i) => (1 - y) * x + fpr[i] * (1 - x)))];
  });
  const costPoint = (i, state, pi) => {
    const miss = pi * (state.fn - cost.tp), alarm = (1 - pi) * (state.fp - cost.tn), x = miss / (miss + alarm);
    return [x, (1 - tpr[i]) * x + fpr[i] * (1 - x)];
  };

  return { axis, best, cells, costPoint, envelope, fpr, last, movable, nearest, own, p, perRow, points, q, range, rates,
    said, scaled, sum, table, thresholds, told, tpr, weighted, written };
};
