// Text on the clipboard, and in a box from which it can be taken where there is none.
const Copy = (text, boxId, statusId) => {
  "use strict";
  const box = document.getElementById(boxId);
  box.value = text;
  box.hidden = false;
  box.rows = Math.min(12, text.split("\n").length);
  box.select();
  const told = (done) => { document.getElementById(statusId).textContent = done ? "Copied." : "Copy the text below."; };
  if (!navigator.clipboard) return told(document.execCommand("copy"));
  return navigator.clipboard.writeText(text).then(() => told(true), () => told(document.execCommand("copy")));
};
