// The settings in the address; a cell of a notebook has none that could be written.
const Address = {
  read: () => new URLSearchParams(location.hash.slice(1)),
  write: (told) => {
    const text = String(told);
    try { history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search); } catch { /* no address */ }
  },
};
