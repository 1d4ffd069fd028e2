// What is copied of the matrix at a threshold: each form carries its circumstances.
const Copies = (stops, model, rule, said, unchosen) => {
  "use strict";
  const about = (positive) => {
    const { stop, prevalence } = said();
    const where = prevalence === null ? "" : `, at a prevalence of ${Numbers.percent(prevalence)}`;
    return `${unchosen ? `${unchosen}. ` : ""}${positive} means ${rule(stop)}${where}.`;
  };
  const rows = () => model.scaled(model.table(said().stop), said().prevalence);
  const unit = (table) => (typeof table[0][0] === "bigint" ? "" : " (sums of weights)");
  // The matrix with its totals, as texts, row by row.
  const whole = () => {
    const table = rows(), across = table.map(model.sum), down = model.range.map((j) => model.sum(table.map((row) => row[j])));
    const full = [...table.map((row, i) => [...row, across[i]]), [...down, model.sum(across)]];
    const texts = Numbers.amounts(full.flat()), width = full.length;
    return full.map((_, i) => texts.slice(i * width, (i + 1) * width));
  };
  const rates = () => {
    const { stop, prevalence, expected } = said();
    const told = Object.keys(model.rates).map((rate) => [rate, model.told(rate, stop, prevalence)]);
    return [...told, ["expected cost per 1,000", expected]];
  };

  const markdown = () => {
    const names = stops.names.markdown, texts = whole(), line = (words) => `| ${words.join(" | ")} |`;
    return [
      about(stops.names.positive), "",
      line([`actual \\\\ predicted${unit(rows())}`, ...names, "total"]),
      line([":---", ...texts.map(() => "---:")]),
      ...texts.map((row, i) => line([`**${names[i] ?? "total"}**`, ...row])),
      "", line(["rate", "estimate"]), line([":---", "---:"]), ...rates().map(line), "",
    ].join("\n");
  };
  const csv = () => {
    const table = rows(), names = stops.names.csv, remark = `"${about(stops.name).replaceAll('"', '""')}"`;
    return [`actual,predicted,${unit(table) ? "weight" : "n"},threshold,remark`, ...table.flatMap((row, i) => row.map((x, j) => (
      `${names[i]},${names[j]},${Numbers.repr(x)},${model.written(said().stop)},${remark}`))), ""].join("\n");
  };
  const latex = () => {
    const names = stops.names.latex, texts = whole(), line = (words) => `${words.join(" & ")} \\\\`, n = names.length;
    const plain = (text) => text.replace(/[%<>]/g, (x) => ({ "%": "\\%", "<": "\\textless{}", ">": "\\textgreater{}" })[x]);
    return [
      "% needs \\usepackage{booktabs}", `\\begin{tabular}{l${"r".repeat(n + 1)}}`, "\\toprule",
      ` & \\multicolumn{${n}}{c}{predicted${unit(rows())}} &  \\\\`, `\\cmidrule(lr){2-${n + 1}}`,
      line(["actual", ...names, "total"]), "\\midrule",
      ...texts.slice(0, n).map((row, i) => line([names[i], ...row.map(plain)])), "\\midrule",
      line(["total", ...texts[n].map(plain)]), "\\bottomrule", "\\end{tabular}", "",
      "\\begin{tabular}{ll}", "\\toprule", line(["rate", "estimate"]), "\\midrule",
      ...rates().map(([name, value]) => line([name, plain(value)])), "\\bottomrule", "\\end{tabular}", "",
      `\\par ${plain(about("\0")).replace("\0", stops.names.latexPositive)}`, "",
    ].join("\n");
  };

  // ── a picture, drawn here: light, whatever the page is, as it goes into documents ──
  const FONT = "system-ui, sans-serif", SIDE = 150, TALL = 84, SCALE = 2, INK = "#1b1b1b", QUIET = "#5a5a5a";
  const picture = () => {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    const texts = whole(), table = rows().map((row) => row.map(Number)), n = table.length, told = rates();
    const fitted = (text, width) => {
      if (pen.measureText(text).width <= width) return text;
      const letters = [...text];
      while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > width) letters.pop();
      return `${letters.join("")}…`;
    };
    const [left, top] = [190, 118], [wide, high] = [left + SIDE * (n + 1) + 390, Math.max(top + TALL * (n + 1), top + 28 * told.length) + 16];
    [canvas.width, canvas.height] = [wide * SCALE, high * SCALE];
    pen.scale(SCALE, SCALE);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, wide, high);
    const write = (text, x, y, { font = `15px ${FONT}`, align = "center", colour = INK, width = SIDE - 12 } = {}) => {
      Object.assign(pen, { font, textAlign: align, fillStyle: colour, textBaseline: "middle" });
      pen.fillText(fitted(text, width), x, y);
    };
    const bold = `600 15px ${FONT}`;
    write(about(stops.name), 20, 26, { align: "left", font: bold, width: wide - 40 });
    write(`Predicted class${unit(rows())}`, left + (SIDE * n) / 2, 68, { font: bold, width: SIDE * n });
    write("Actual class", 20, top - 24, { align: "left", font: bold });
    model.axis.forEach((name, i) => {
      write(name, left + SIDE * (i + 0.5), top - 24, { font: bold });
      write(name, left - 14, top + TALL * (i + 0.5), { font: bold, align: "right", width: left - 34 });
    });
    write("total", left + SIDE * (n + 0.5), top - 24, { colour: QUIET });
    write("total", left - 14, top + TALL * (n + 0.5), { colour: QUIET, align: "right" });
    table.forEach((row, i) => row.forEach((x, j) => {
      const share = model.sum(row) ? x / model.sum(row) : 0, [x0, y0] = [left + SIDE * j, top + TALL * i];
      pen.fillStyle = "#f5f6f7";
      pen.fillRect(x0 + 1, y0 + 1, SIDE - 2, TALL - 2);
      pen.globalAlpha = 0.4 * share;
      pen.fillStyle = i === j ? "#0072b2" : "#b84c00";
      pen.fillRect(x0 + 1, y0 + 1, SIDE - 2, TALL - 2);
      pen.globalAlpha = 1;
      write(texts[i][j], x0 + SIDE / 2, y0 + TALL / 2 - 11, { font: `600 21px ${FONT}` });
      write(model.sum(row) ? `${Numbers.percent(x / model.sum(row))} of the row` : "–", x0 + SIDE / 2, y0 + TALL / 2 + 15, { font: `13px ${FONT}` });
    }));
    texts.forEach((row, i) => write(row[n], left + SIDE * (n + 0.5), top + TALL * (i + 0.5), { colour: QUIET }));
    texts[n].slice(0, n).forEach((text, j) => write(text, left + SIDE * (j + 0.5), top + TALL * (n + 0.5), { colour: QUIET }));
    told.forEach(([name, value], i) => {
      write(name, left + SIDE * (n + 1) + 16, top + 14 + 28 * i, { align: "left", font: bold, width: 190 });
      write(value, left + SIDE * (n + 1) + 216, top + 14 + 28 * i, { align: "left", width: 165 });
    });
    return new Promise((then) => { canvas.toBlob(then, "image/png"); });
  };
  return { csv, latex, markdown, picture };
};
