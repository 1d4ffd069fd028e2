// Vega's expressions as closures over their syntax trees: the policy of the page lets no text become code.
const Expressions = (() => {
  "use strict";
  const pick = (names, from) => Object.fromEntries(names.map((name) => [name, from[name]]));
  const functions = {
    ...pick(["abs", "ceil", "exp", "floor", "log", "max", "min", "pow", "round", "sqrt"], Math),
    ...pick(["isFinite", "isNaN"], globalThis),
    clamp: (x, low, high) => Math.max(low, Math.min(high, x)),
    length: (x) => x.length,
    isString: (x) => typeof x === "string",
  };
  const constants = { ...pick(["E", "PI"], Math), NaN, Infinity };
  const unary = { "+": (a) => +a, "-": (a) => -a, "!": (a) => !a };
  const binary = {
    "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b, "%": (a, b) => a % b,
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
    "===": (a, b) => a === b, "!==": (a, b) => a !== b,
    // Vega writes them so where null and undefined shall be the same.
    "==": (a, b) => a === b || (a ?? null) === (b ?? null), "!=": (a, b) => a !== b && (a ?? null) !== (b ?? null),
  };
  const forbidden = new Set(["__proto__", "constructor", "prototype"]);

  // Each kind of node becomes a function of what is known where it is asked: { _, datum, event, item }.
  const kinds = {
    Literal: ({ value }) => () => value,
    Identifier: ({ name }) => {
      if (["datum", "event", "item"].includes(name)) return (here) => here[name];
      return name in constants ? () => constants[name] : (here) => here._[`$${name}`];
    },
    MemberExpression: ({ object, property, computed }, context) => {
      const whole = made(object, context), key = computed ? made(property, context) : () => property.name;
      return (here) => {
        const part = key(here);
        if (forbidden.has(part)) throw new Error(`The charts read no ${part}.`);
        return whole(here)?.[part];
      };
    },
    CallExpression: ({ callee, arguments: given }, context) => {
      const name = callee.name.replace(/^_/, ""), parts = given.map((one) => made(one, context));
      if (name === "if") return (here) => (parts[0](here) ? parts[1](here) : parts[2](here));
      const called = context[name] ?? functions[name];
      if (!called) throw new Error(`The charts know no function ${name}.`);
      return (here) => called.apply(context, parts.map((part) => part(here)));
    },
    ConditionalExpression: ({ test, consequent, alternate }, context) => {
      const [asked, then, otherwise] = [test, consequent, alternate].map((one) => made(one, context));
      return (here) => (asked(here) ? then(here) : otherwise(here));
    },
    LogicalExpression: ({ operator, left, right }, context) => {
      const [one, other] = [made(left, context), made(right, context)];
      return operator === "&&" ? (here) => one(here) && other(here) : (here) => one(here) || other(here);
    },
    BinaryExpression: ({ operator, left, right }, context) => {
      const [one, other, by] = [made(left, context), made(right, context), binary[operator]];
      if (!by) throw new Error(`The charts know no operator ${operator}.`);
      return (here) => by(one(here), other(here));
    },
    UnaryExpression: ({ operator, argument }, context) => {
      const [one, by] = [made(argument, context), unary[operator]];
      return (here) => by(one(here));
    },
    ArrayExpression: ({ elements }, context) => {
      const parts = elements.map((one) => made(one, context));
      return (here) => parts.map((part) => part(here));
    },
    ObjectExpression: ({ properties }, context) => {
      const parts = properties.map(({ key, value }) => [key.name ?? key.value, made(value, context)]);
      return (here) => Object.fromEntries(parts.map(([name, part]) => [name, part(here)]));
    },
  };
  const made = (node, context) => kinds[node.type](node, context);

  // A mark that is told where it begins and where it ends has a length; one told its middle begins half of it before.
  const settle = (item, told, [start, end, middle, size], turned) => {
    if (told[end] && told[start]) {
      if (turned && item[start] > item[end]) [item[start], item[end]] = [item[end], item[start]];
      item[size] = item[end] - item[start];
    } else if (told[end]) item[start] = item[end] - (item[size] || 0);
    if (told[middle]) item[start] = item[middle] - (item[size] || 0) / 2;
  };
  return {
    operator: ({ functions: known }, { ast }) => { const run = made(ast, known); return (_) => run({ _ }); },
    parameter: ({ functions: known }, { ast }) => { const run = made(ast, known); return (datum, _) => run({ _, datum }); },
    event: ({ functions: known }, { ast }) => { const run = made(ast, known); return (event) => run({ event }); },
    handler: ({ functions: known }, { ast }) => {
      const run = made(ast, known);
      return (_, event) => run({ _, event, datum: event.item?.datum });
    },
    encode: ({ functions: known }, { marktype, channels }) => {
      const parts = Object.entries(channels).map(([name, { ast }]) => [name, made(ast, known)]);
      const turned = ["group", "image", "rect"].includes(marktype);
      return (item, _) => {
        const here = { _, item, datum: item.datum };
        let changed = 0;
        for (const [name, part] of parts) {
          const value = part(here);
          if (item[name] !== value) [item[name], changed] = [value, 1];
        }
        if (marktype !== "rule") {
          settle(item, channels, ["x", "x2", "xc", "width"], turned);
          settle(item, channels, ["y", "y2", "yc", "height"], turned);
        }
        return changed;
      };
    },
  };
})();
