// The counts of several classes, and of what they become at a level of the tree: added up here, cell by cell.
const Levels = async (data) => {
  "use strict";
  const bytes = Uint8Array.from(atob(data.counts), (x) => x.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(plain).arrayBuffer();
  const types = { Uint8: Uint8Array, Uint16: Uint16Array, Uint32: Uint32Array, Float64: Float64Array };
  const whole = new types[data.type](buffer);

  const matrix = ({ axis, classes: k, csv, similar }, counts, members) => {
    const size = axis.length, all = [...axis.keys()], cell = (i, j) => counts[i * size + j];
    const across = new Float64Array(size), down = new Float64Array(size);
    for (const i of all) for (const j of all) { across[i] += cell(i, j); down[j] += cell(i, j); }
    const wrong = (i) => across[i] - (i < k ? cell(i, i) : 0);
    const known = axis.map((name, i) => [name, ...members[i] ?? []].map((x) => x.toLowerCase()));
    return { across, all, axis, cell, csv, down, k, known, members, similar, size, wrong };
  };
  // Cells are met in Python's order, so that sums of weights are its own to the last bit.
  const collapsed = (level) => {
    const { axis, classes: k, to } = level, n = data.axis.length, counts = new Float64Array(axis.length ** 2);
    const place = data.axis.map((_, i) => (i < data.classes ? to[i] : k + i - data.classes));
    whole.forEach((x, at) => { counts[place[Math.floor(at / n)] * axis.length + place[at % n]] += x; });
    const members = axis.map(() => []);
    to.forEach((group, i) => members[group].push(data.axis[i]));
    return matrix(level, counts, members.slice(0, k));
  };
  const made = [matrix(data, whole, [])];
  return (level) => made[level] ??= collapsed(data.levels[level - 1]);
};
