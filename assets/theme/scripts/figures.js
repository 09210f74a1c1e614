// Plotly figures, in the page's light or dark.
//
//   data-figure="name"  a place for the Plotly figure of that name; heatmaps.js says how its cells are chosen
(() => {
  "use strict";
  let plotly = null;

  function loadPlotly() {
    plotly =
      plotly ||
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = document.querySelector('meta[name="sav-plotly"]').content;
        script.onload = () => resolve(window.Plotly);
        script.onerror = () => reject(new Error("plotly.js did not load"));
        document.head.appendChild(script);
      });
    return plotly;
  }

  async function drawFigures(root, figures) {
    const places = [...root.querySelectorAll("[data-figure]")];
    if (!places.length) return;
    const Plotly = await loadPlotly();
    for (const place of places) {
      const json = figures[place.dataset.figure];
      const look = `${SAV.isDark()} ${json}`;
      if (!json || place.savFigure === look || !place.isConnected) continue;
      place.savFigure = look;
      const { data, layout } = inThemeOf(JSON.parse(json));
      await Plotly.react(place, data, layout, { displayModeBar: false, responsive: true });
      if (place.savListens) continue;
      place.savListens = true;
      SAV.listenToMap(place);
    }
  }

  // On a dark page what is little must be dark: a scale that runs from light to dark is turned round, and its words with it.
  function inThemeOf(figure) {
    // No one grey can be read on both papers: words have the page's.
    figure.layout.font = { ...figure.layout.font, color: getComputedStyle(document.body).getPropertyValue("--muted").trim() };
    if (!SAV.isDark()) return figure;
    const swap = { white: "#1d2457", "#1d2457": "white" };
    for (const trace of figure.data) {
      if (trace.meta && trace.meta.dark) trace.colorscale = trace.meta.dark; // one that has no light end
      else if (trace.colorscale) trace.reversescale = true;
    }
    for (const note of figure.layout.annotations || [])
      if (note.font && swap[note.font.color]) note.font.color = swap[note.font.color];
    return figure;
  }

  Object.assign(SAV, { drawFigures });
})();
