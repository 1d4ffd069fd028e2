(() => {
  "use strict";
  const page = JSON.parse(document.getElementById("data").textContent);
  const drawn = page.charts.map(({ id, spec }) =>
    vegaEmbed("#" + id, spec, { ast: true, renderer: "svg", actions: false, defaultStyle: false }).then((made) => made.view));
  const select = document.getElementById("class");
  Promise.all(drawn).then((views) => {
    const show = () => views.forEach((view) => view.signal("chosen", page.classes[select.selectedIndex]).runAsync());
    if (select) {
      select.addEventListener("change", show);
      show();
    }
    document.body.dataset.ready = "yes";
  });
})();
