(() => {
  "use strict";
  const page = JSON.parse(document.getElementById("data").textContent);
  Tables();
  const parts = [page.members && Explore(page), page.classes && Classes(page.classes)];
  Promise.all(parts).then(() => { document.body.dataset.ready = "yes"; });
})();
