// Tables whose headings sort them: up, down, and as they were.
const Tables = () => {
  "use strict";
  const number = (text) => Number.parseFloat(text.replace(/[,<>+]/g, ""));
  const words = new Intl.Collator(undefined, { numeric: true });
  const orders = ["ascending", "descending", null];
  document.querySelectorAll("table.sortable, #classes table").forEach((table) => {
    const body = table.tBodies[0], given = [...body.rows], heads = [...table.tHead.rows[0].cells];
    // What is undefined stands last either way.
    const sorted = (column, order) => {
      const sign = order === "ascending" ? 1 : -1, text = (row) => row.cells[column].textContent;
      const [known, none] = [(row) => !Number.isNaN(number(text(row))), (row) => Number.isNaN(number(text(row)))];
      if (column === 0 || given.every(none)) return given.toSorted((a, b) => sign * words.compare(text(a), text(b)));
      const by = (a, b) => sign * (number(text(a)) - number(text(b)));
      return [...given.filter(known).toSorted(by), ...given.filter(none)];
    };
    heads.filter((head) => !head.querySelector("svg")).forEach((head) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: head.textContent });
      button.addEventListener("click", () => {
        const order = orders[(orders.indexOf(head.getAttribute("aria-sort")) + 1) % orders.length];
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        if (order) head.setAttribute("aria-sort", order);
        body.append(...(order ? sorted(head.cellIndex, order) : given));
      });
      head.replaceChildren(button);
    });
  });
};
