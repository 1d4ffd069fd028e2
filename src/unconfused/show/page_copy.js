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
// A picture on the clipboard, and as a file where there is none.
const CopyPicture = (blob, name, statusId) => {
  "use strict";
  const say = (text) => { document.getElementById(statusId).textContent = text; };
  const save = () => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`Saved as ${name}.`);
  };
  if (!navigator.clipboard?.write || !globalThis.ClipboardItem) return save();
  return navigator.clipboard.write([new ClipboardItem({ [blob.type]: blob })]).then(() => say("Copied."), save);
};
