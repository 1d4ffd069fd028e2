(() => {
  "use strict";
  const page = JSON.parse(document.getElementById("data").textContent);
  const options = { ast: true, renderer: "svg", actions: false, defaultStyle: false };
  const drawn = page.charts.map(({ id, spec }) => vegaEmbed("#" + id, spec, options).then((made) => made.view));
  const select = document.getElementById("class");
  const classes = Promise.all(drawn).then((views) => {
    const show = () => views.forEach((view) => view.signal("chosen", page.classes[select.selectedIndex]).runAsync());
    if (select) {
      select.addEventListener("change", show);
      show();
    }
  });
  Promise.all([classes, page.stops && Explore(page)]).then(() => { document.body.dataset.ready = "yes"; });
})();
