// Plotly figures, in the page's light or dark.
//
//   data-figure="name"  a place for the Plotly figure of that name; a click in a heatmap, or an arrow key while it has the
//                       keyboard, sends {do: data-pick, x, y}; data-at="x y" is the cell that is chosen, where keys start
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
      place.on("plotly_click", (event) => pick(place, event.points[0].x, event.points[0].y));
      place.addEventListener("focus", () => place.dataset.at && (place.savCursor = null)); // chosen elsewhere meanwhile
    }
  }

  function pick(place, x, y) {
    if (!place.dataset.pick) return;
    place.savCursor = { x, y };
    SAV.stageOf(place).send("act", { ...SAV.plainData(place), do: place.dataset.pick, x, y });
  }

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  document.addEventListener("keydown", (event) => {
    const place = event.target, step = STEPS[event.key];
    if (!step || !place.dataset || !place.dataset.pick || !place.savListens) return;
    event.preventDefault();
    const columns = Number(place.dataset.columns), rows = Number(place.dataset.rows);
    const [x, y] = (place.dataset.at || `0 ${rows - 1}`).split(" ").map(Number);
    const here = place.savCursor || { x, y }; // its own is ahead of the server's
    const within = (value, count) => Math.max(0, Math.min(value, count - 1));
    pick(place, within(here.x + step[0], columns), within(here.y + step[1], rows));
  });

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
