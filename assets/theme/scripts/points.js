// Maps of points that have ids: chosen by mouse, by touch and by keyboard, with pictures in the place of points.
//
//   data-points="name"    a place for a figure: a click on a point, or Enter, sends {do: name, item: its id}; arrow keys go from
//                         point to point
//   data-at="id"          the point that is chosen, where keys start
//   data-face="id"        in .map-faces beside it: a picture that stands where the point of that id is, and goes where it goes;
//                         the ring has no id
//   data-said             beside it: what is said of the point that the keys have reached
//   data-table-of="name"  a list of the points of that figure, filled when it is opened
(() => {
  "use strict";
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const MEANS = "label means"; // the name of their trace
  const LEAST = 15, MOST = 42, FULL = 0.35; // pixels of a picture's side; of the map, at most so much is covered by them

  const isMap = (place) => place && place.dataset && "points" in place.dataset && place._fullLayout;

  // Every point that is shown, where it is on the page's place of the figure.
  function pointsOf(place, data = place.data) {
    const { xaxis, yaxis } = place._fullLayout, hidden = new Set();
    for (const trace of place._fullData) if (trace.visible !== true) hidden.add(trace.name);
    return data.filter((trace) => !hidden.has(trace.name)).flatMap((trace) =>
      [...trace.x].map((x, n) => ({
        trace, n, id: trace.ids ? trace.ids[n] : "",
        left: xaxis._offset + xaxis.d2p(x), top: yaxis._offset + yaxis.d2p(trace.y[n]),
      })));
  }

  const facesOf = (place) => place.parentNode.querySelector(".map-faces");

  // Puts the pictures where their points are, or will be when the figure has moved.
  function placeFaces(place, data) {
    const faces = isMap(place) && facesOf(place);
    if (!faces) return;
    const at = new Map(pointsOf(place, data).map((point) => [point.id, point]));
    const { xaxis, yaxis } = place._fullLayout;
    const side = Math.sqrt((FULL * xaxis._length * yaxis._length) / Math.max(1, faces.childElementCount - 1));
    faces.style.setProperty("--face", `${Math.round(Math.max(LEAST, Math.min(MOST, side)))}px`);
    for (const face of faces.children) {
      const point = at.get(face.dataset.face || place.savPoint || place.dataset.at);
      face.style.visibility = point ? "visible" : "hidden";
      if (!point) continue;
      face.style.transition = face.style.translate ? "" : "none"; // a new one does not fly in
      face.style.translate = `${point.left}px ${point.top}px`;
      if (face.nodeName !== "IMG") continue;
      face.style.setProperty("--edge", [].concat(point.trace.marker.color)[0]);
      face.style.borderStyle = (point.trace.hovertext || [])[point.n] && point.trace.meta ? "dashed" : "solid";
    }
  }

  function choose(place, point) {
    if (!place.dataset.points || !point.id || !point.trace.ids || point.trace.name === MEANS) return;
    place.savPoint = null;
    SAV.stageOf(place).send("act", { ...SAV.plainData(place), do: place.dataset.points, item: point.id });
  }

  function listen(place) {
    if (!isMap(place)) return;
    const face = (id) => place.parentNode.querySelector(`.map-faces [data-face="${CSS.escape(id || "")}"]`);
    place.on("plotly_click", ({ points: [{ data, pointNumber }] }) => choose(place, { trace: data, id: (data.ids || [])[pointNumber] }));
    place.on("plotly_hover", ({ points: [{ id }] }) => id && face(id) && face(id).classList.add("raised"));
    place.on("plotly_unhover", ({ points: [{ id }] }) => id && face(id) && face(id).classList.remove("raised"));
    place.on("plotly_afterplot", () => placeFaces(place));
    placeFaces(place);
  }

  document.addEventListener("keydown", (event) => {
    const place = event.target, step = STEPS[event.key];
    if (!isMap(place) || (!step && event.key !== "Enter")) return;
    event.preventDefault();
    const points = pointsOf(place).filter((point) => point.id);
    const here = points.find(({ id }) => id === (place.savPoint || place.dataset.at)) || points[0];
    if (!here) return;
    if (!step) return choose(place, here);
    const next = nearestThatWay(points, here, step) || here;
    place.savPoint = next.id;
    placeFaces(place);
    place.parentNode.parentNode.querySelector("[data-said]").textContent = SAV.hoverWords(next.trace, next.n).join("; ");
  });

  // Of the points that lie more that way than aside, the nearest; one that lies on this one comes next in its order.
  function nearestThatWay(points, here, [across, down]) {
    let best = null, least = Infinity;
    for (const point of points) {
      const x = point.left - here.left, y = point.top - here.top;
      const ahead = x * across + y * down, aside = Math.abs(x * down) + Math.abs(y * across);
      if (ahead <= 0 || aside > ahead) continue;
      if (ahead + aside < least) [best, least] = [point, ahead + aside];
    }
    return best;
  }

  // Fills the list of a figure's points, if it is open.
  function list(place) {
    const details = isMap(place) && SAV.stageOf(place).root.querySelector(`[data-table-of="${place.dataset.figure}"]`);
    if (!details || !details.open) return;
    const rows = [];
    for (const trace of place.data)
      if (trace.name !== MEANS)
        trace.x.forEach((_, n) => {
          const said = (trace.hovertext || [])[n] || "";
          const label = trace.meta ? trace.meta.label : "a query", taken = said.replace("<br>taken for ", "");
          rows.push([trace.text[n], label, taken, trace.customdata[n].toFixed(4)].map(SAV.textOf));
        });
    const body = details.querySelector("tbody");
    body.replaceChildren(...rows.map((cells) => {
      const row = document.createElement("tr");
      for (const cell of cells) row.insertCell().textContent = cell;
      return row;
    }));
    const table = details.querySelector("table");
    if (table.savSort) SAV.sortRows(table, table.savSort);
  }

  document.addEventListener("toggle", ({ target }) => {
    const name = target.dataset && target.dataset.tableOf, stage = name && SAV.stageOf(target);
    if (stage) list(stage.root.querySelector(`[data-figure="${name}"]`));
  }, true);

  // The figure goes to its new places now, and the pictures with it; where one stands, its point is not drawn.
  function leadFaces(place, { data, layout }) {
    const faces = "points" in place.dataset && facesOf(place);
    if (!faces) return;
    layout.showlegend = false; // the means are named, and the pictures framed in the colours of their labels
    const here = new Set([...faces.children].map((face) => face.dataset.face));
    for (const trace of data)
      if (trace.meta && trace.ids) trace.marker.opacity = trace.ids.map((id) => (here.has(id) ? 0 : trace.marker.opacity));
    place.savPoint = null;
    placeFaces(place, data);
  }

  // Makes a figure that becomes a file look as the page does: pictures, which are drawn anew for a file cannot refer to the page,
  // are in the place of their points and framed, and names have a ground.
  function addFaces(place, { data, layout }) {
    const faces = isMap(place) && facesOf(place);
    if (!faces) return;
    layout.showlegend = false;
    const paint = getComputedStyle(document.body), pixels = parseFloat(faces.style.getPropertyValue("--face"));
    const at = new Map(pointsOf(place).map((point) => [point.id, point]));
    const shown = [...faces.querySelectorAll("img")].filter((face) => at.has(face.dataset.face));
    const here = new Set(shown.map((face) => face.dataset.face));
    const [low, high] = place._fullLayout.xaxis.range, side = (pixels / place._fullLayout.xaxis._length) * (high - low);
    layout.images = shown.map((face) => {
      const { trace, n } = at.get(face.dataset.face);
      const where = { x: trace.x[n], y: trace.y[n], xref: "x", yref: "y", xanchor: "center", yanchor: "middle" };
      return { ...where, source: framed(face, pixels), sizex: side, sizey: side, layer: "below" };
    });
    for (const trace of data) {
      if (trace.meta && trace.ids) trace.marker.opacity = trace.ids.map((id) => (here.has(id) ? 0 : trace.marker.opacity));
      if (trace.name === MEANS) layout.annotations = [...(layout.annotations || []), ...namesOf(trace, paint)];
    }
  }

  // A picture in its frame, as the page's style has it, and twice as large.
  function framed(face, pixels) {
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d"), edge = getComputedStyle(face);
    const whole = (canvas.width = canvas.height = 2 * pixels), { naturalWidth: wide, naturalHeight: high } = face;
    const cut = Math.min(wide, high);
    pen.drawImage(face, (wide - cut) / 2, (high - cut) / 2, cut, cut, 0, 0, whole, whole);
    pen.strokeStyle = edge.borderTopColor;
    pen.lineWidth = 2 * parseFloat(edge.borderTopWidth);
    if (edge.borderTopStyle === "dashed") pen.setLineDash([2 * pen.lineWidth, pen.lineWidth]);
    pen.strokeRect(pen.lineWidth / 2, pen.lineWidth / 2, whole - pen.lineWidth, whole - pen.lineWidth);
    return canvas.toDataURL("image/png");
  }

  // The names beside the crosses, as notes on a ground: as text of their trace a file shows them without.
  function namesOf(trace, paint) {
    trace.mode = "markers";
    const font = { ...trace.textfont, color: paint.getPropertyValue("--ink").trim() };
    return trace.text.flatMap((text, n) => {
      const [up, across] = trace.textposition[n].split(" ");
      const [right, top] = [{ left: -1, right: 1 }[across] || 0, { bottom: -1, top: 1 }[up] || 0];
      const anchors = { xanchor: { left: "right", right: "left" }[across] || "center", yanchor: { bottom: "top", top: "bottom" }[up] || "middle" };
      const note = { x: trace.x[n], y: trace.y[n], text, font, ...anchors, xshift: 9 * right, yshift: 9 * top };
      return text ? [{ ...note, showarrow: false, borderpad: 1, bgcolor: paint.getPropertyValue("--surface").trim() }] : [];
    });
  }

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const place of target.querySelectorAll("[data-points]")) placeFaces(place); // the chosen one may be another
  });

  Object.assign(SAV, { addFaces, leadFaces, listenToPoints: listen, listPoints: list });
})();
