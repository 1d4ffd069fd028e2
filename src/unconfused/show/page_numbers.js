// Numbers as Python writes them: a page and a terminal show the same digits.
const Numbers = (() => {
  "use strict";
  const exact = (x) => typeof x === "bigint";
  const value = Number;

  // f"{x:.{decimals}f}": toFixed is exact but for ties, which Python rounds to even.
  const fixed = (x, decimals) => {
    const text = x.toFixed(decimals);
    const tail = Math.abs(x).toFixed(Math.min(100, decimals + 40)).split(".")[1] ?? "";
    if (!/^50*$/.test(tail.slice(decimals)) || Math.abs(x) >= 2 ** 52) return text;
    const down = (Math.sign(x) * (Math.abs(x) - 0.5 * 10 ** -decimals)).toFixed(decimals);
    return Number(text.at(-1)) % 2 ? down : text;
  };
  const grouped = (text) => text.replace(/^(-?)(\d+)/, (_, sign, digits) => sign + digits.replace(/\B(?=(\d{3})+$)/g, ","));

  // A share as a percentage, never rounded to 0 or 100 when it is neither.
  const percent = (share) => {
    if (Number.isNaN(share)) return "undefined";
    if (share === 0 || share === 1) return `${share * 100} %`;
    for (let decimals = 1; decimals < 12; decimals++) {
      const text = fixed(100 * share, decimals);
      if (![0, 100].includes(Number(text))) return `${text} %`;
    }
    return `${100 * share} %`;
  };

  // Counts with separators; sums of weights with as many decimals as the largest of them asks for.
  const amounts = (values) => {
    if (values.every(exact)) return values.map((x) => grouped(String(x)));
    const largest = Math.max(0, ...values);
    const odd = largest > 0 && !(largest >= 1e-4 && largest < 1e15);
    const whole = values.every((x) => Math.abs(x - Math.round(x)) <= 2 ** -44 * largest);
    const decimals = whole ? 0 : Math.min(8, Math.max(1, 3 - Math.floor(Math.log10(largest))));
    const least = 10 ** -decimals;
    return values.map((x) => odd ? general(x, 3)
      : x > 0 && x < least / 2 ? `<${fixed(least, decimals)}` : grouped(fixed(x, decimals)));
  };

  // f"{x:.{digits}g}"
  const general = (x, digits) => {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
    if (x === 0) return "0";
    const [mantissa, power] = x.toExponential(digits - 1).split("e").map((part) => part);
    const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (power < -4 || power >= digits) {
      return `${short(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
    }
    return short(x.toFixed(Math.max(0, digits - 1 - power)));
  };

  // repr(x): a count as it is, a sum of weights as a float, 3.0 and 1e-07.
  const repr = (x) => {
    if (exact(x)) return String(x);
    if (!Number.isFinite(x)) return general(x, 1);
    const [mantissa, power] = x.toExponential().split("e");
    if (power >= 16 || power < -4) return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
    const plain = String(x);
    return plain.includes(".") ? plain : `${plain}.0`;
  };

  // A rate with three decimals, more until it reads as no whole number that it is not.
  const rate = (x, digits = 3) => {
    if (Number.isNaN(x)) return "undefined";
    for (let decimals = digits; decimals < 18; decimals++) {
      const text = fixed(x, decimals);
      if (!Number.isInteger(Number(text)) || Number.isInteger(x)) return decimals < 8 || Math.abs(x) > 0.5 ? text : general(x, 2);
      if (Math.abs(x) < 1e-5) return general(x, 2);
    }
    return String(x);
  };

  // Of a hundred: no decimals, more where it would read as none or all.
  const hundred = (share) => {
    if (Number.isNaN(share)) return "–";
    for (let decimals = 0; decimals < 12; decimals++) {
      const text = fixed(100 * share, decimals);
      if (Number.isInteger(share) || ![0, 100].includes(Number(text))) return text;
    }
    return String(100 * share);
  };

  return { amounts, exact, fixed, general, grouped, hundred, percent, rate, repr, value };
})();
