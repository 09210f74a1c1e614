// Plotly figures, in the page's light or dark.
//
//   data-figure="name"  a place for the Plotly figure of that name; heatmaps.js says how its cells are chosen, points.js its points
(() => {
  "use strict";
  const TICK_GAP = 5; // pixels between two of the numbers under a figure
  const SLANTED = 18; // pixels between two slanted names, so that their lines do not meet
  const NAME = /[^\d.,+−\-\s%]/; // something that is no number
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

  // Long lists come in few letters: the browser's half of sav_ui/panels/packing.py.
  function unpacked(_, value) {
    if (value && typeof value.n === "string") {
      const [count, bits, least, by, letters] = value.n.split(" ");
      return wholeNumbers(count, bits, letters).map((above) => (above + Number(least)) / by);
    }
    if (!value || typeof value.w !== "string" || !value.of) return value;
    return wholeNumbers(...value.w.split(" ")).map((place) => value.of[place]);
  }

  function wholeNumbers(count, bits, letters) {
    const bytes = atob(letters);
    let at = 0, held = 0, has = 0; // the bits that were read and belong to the next number
    return Array.from({ length: count }, () => {
      for (; has < bits; has += 8) held = (held << 8) | bytes.charCodeAt(at++);
      has -= bits;
      const value = held >> has;
      held &= (1 << has) - 1;
      return value;
    });
  }

  // Figures take their time, plotly.js the first time seconds, and others may come meanwhile: a panel draws one at a time, and
  // always the newest, so that none is drawn over one that came after it.
  function drawFigures(root, figures) {
    root.savFigures = figures;
    root.savDrawing = root.savDrawing || drawNewest(root).finally(() => (root.savDrawing = null));
    return root.savDrawing;
  }

  async function drawNewest(root) {
    let drawn = null;
    while (drawn !== root.savFigures) {
      drawn = root.savFigures;
      for (const place of root.querySelectorAll("[data-figure]")) await drawOne(place, root.savFigures[place.dataset.figure]);
    }
  }

  async function drawOne(place, json) {
    const look = `${SAV.isDark()} ${json}`;
    if (!json || place.savFigure === look || !place.isConnected) return;
    const Plotly = await loadPlotly();
    place.savFigure = look;
    const figure = inThemeOf(JSON.parse(json, unpacked));
    Object.assign(place, { savTicks: ticksOf(figure.layout), savThinnedAt: 0 });
    SAV.leadFaces(place, figure);
    place.savSource = json;
    await glide(Plotly, place, figure);
    await Plotly.react(place, figure.data, figure.layout, { ...buttons(Plotly), displaylogo: false, responsive: true });
    SAV.listPoints(place);
    SAV.listWords(place);
    thinOut(place);
    if (place.savListens) return;
    place.savListens = true;
    watcher.observe(place);
    place.on("plotly_afterplot", () => thinOut(place)); // it may be narrower now
    SAV.listenToMap(place);
    SAV.listenToPoints(place);
  }

  // Where a figure is to move to its next one, its points go there first: Plotly lets them glide only while nothing else of
  // them changes, and what is said of them is other words.
  async function glide(Plotly, place, { data, layout }) {
    const { transition } = layout, before = place._fullLayout && place.clientWidth ? place.data : [];
    delete layout.transition;
    if (!transition || before.length !== data.length) return;
    if (data.some(({ name, x }, n) => before[n].name !== name || before[n].x.length !== x.length)) return;
    const places = { data: data.map(({ x, y }) => ({ x, y })), traces: data.map((_, n) => n) };
    await Plotly.animate(place, places, { mode: "immediate", transition, frame: { duration: transition.duration, redraw: false } });
  }

  // A figure is as wide as its place, whatever changes that: its page comes into view, or a panel takes more room. Plotly looks
  // at the window alone.
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const width = target._fullLayout ? target.clientWidth : 0; // none while its page is out of sight
      if (width && Math.abs(width - target._fullLayout.width) >= 1) window.Plotly.Plots.resize(target);
    }
  });

  // While the pointer is on a figure, it offers itself as a file.
  function buttons(Plotly) {
    const icons = { png: Plotly.Icons.camera, svg: Plotly.Icons.disk };
    const made = (format) => {
      const title = `Save as ${format.toUpperCase()}`;
      return { name: title, title, icon: icons[format], click: (place) => save(Plotly, place, format) };
    };
    return { displayModeBar: "hover", modeBarButtons: [[made("png"), made("svg")]] };
  }

  // As it looks on the page, with the page's ground under it.
  function save(Plotly, place, format) {
    const figure = inThemeOf(JSON.parse(place.savSource, unpacked));
    delete figure.layout.transition;
    figure.layout.paper_bgcolor = getComputedStyle(document.body).getPropertyValue("--surface").trim();
    SAV.addFaces(place, figure);
    const filename = `sav-${place.dataset.figure}`;
    return Plotly.downloadImage(figure, { format, filename, width: place.clientWidth, height: place.clientHeight, scale: 2 });
  }

  // On a dark page what is little must be dark: a scale that runs from light to dark is turned round, and its words with it.
  function inThemeOf(figure) {
    // No one grey can be read on both papers: words have the page's.
    const paint = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
    figure.layout.modebar = { bgcolor: paint("--surface"), color: paint("--muted"), activecolor: paint("--accent") };
    if (SAV.pace() === "instant") delete figure.layout.transition;
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

  // The numbers under a figure: those that Python has chosen, where it has.
  function ticksOf(layout) {
    const axes = Object.entries(layout).filter(([name, axis]) => /^xaxis\d*$/.test(name) && Array.isArray(axis.tickvals));
    return axes.map(([name, { tickvals, ticktext }]) => ({ name, tickvals, ticktext: ticktext || tickvals.map(String) }));
  }

  // On a narrow page numbers would lie on each other: one that reaches into the one before it is left out. Names are turned
  // first, for none of them can be guessed from those beside it.
  function thinOut(place) {
    if (place.savThinnedAt === place.clientWidth) return; // fewer numbers may leave more room, and more of them less
    place.savThinnedAt = place.clientWidth;
    for (const { name, tickvals, ticktext } of place.savTicks) {
      const axis = place._fullLayout[name], pen = document.createElement("canvas").getContext("2d");
      pen.font = `${axis.tickfont.size}px ${axis.tickfont.family}`;
      const turned = ticktext.some((text) => NAME.test(text)) && turn(place, name, tickvals, ticktext.map((text) => pen.measureText(text).width));
      let end = -Infinity;
      const kept = tickvals.map((_, at) => at).filter((at) => {
        const half = turned ? axis.tickfont.size / 2 : pen.measureText(ticktext[at]).width / 2, middle = axis.d2p(tickvals[at]);
        if (middle - half < end + TICK_GAP) return false;
        end = middle + half;
        return true;
      });
      if (kept.length > 1) kept[kept.length - 1] = tickvals.length - 1; // where it ends is said rather than what is just before
      if (kept.length === axis.tickvals.length) continue;
      const of = (values) => kept.map((at) => values[at]);
      window.Plotly.relayout(place, { [`${name}.tickvals`]: of(tickvals), [`${name}.ticktext`]: of(ticktext) });
    }
  }

  // Turns names under a figure as far as they need to be to stand clear of each other; returns whether they are turned.
  function turn(place, name, tickvals, widths) {
    const { d2p } = place._fullLayout[name], apart = tickvals.length > 1 ? d2p(tickvals[1]) - d2p(tickvals[0]) : Infinity;
    const widest = Math.max(...widths), { tickangle } = place.layout[name];
    const angle = widest + TICK_GAP <= apart ? 0 : apart >= SLANTED ? -45 : -90;
    place.savBottom = place.savBottom || place.layout.margin.b;
    const bottom = Math.max(place.savBottom, angle && TICK_GAP * 3 + Math.ceil(widest * Math.sin((-angle * Math.PI) / 180)));
    if (angle !== (tickangle || 0)) window.Plotly.relayout(place, { [`${name}.tickangle`]: angle, "margin.b": bottom });
    return angle !== 0;
  }

  Object.assign(SAV, { drawFigures, unpacked });
})();
