// What a figure says on hover, for those who cannot point at it: of one point, or of every point as a table.
//
//   data-table-of="name"   a list of what the figure of that name says of each point, a row for each, filled when it is opened;
//                          maps have theirs from points.js
(() => {
  "use strict";
  const VALUE = /%{(x|y|z|text|hovertext|customdata)(?:\[(\d+)\])?(?::(\+?)\.(\d)f)?}/g;

  // The lines of what is said of a point; of a heatmap's cell, `at` is its row and column.
  function said(trace, at) {
    const [row, column] = [].concat(at), cell = column !== undefined;
    const of = (name) => {
      if (cell && (name === "x" || name === "y")) return trace[name] ? trace[name][name === "x" ? column : row] : name === "x" ? column : row;
      const values = trace[name] === undefined ? "" : trace[name][row];
      return cell && values !== "" && values !== undefined ? values[column] : values;
    };
    const filled = trace.hovertemplate.replace(/<extra>.*/, "").replace(VALUE, (_, name, part, sign, digits) => {
      const value = part === undefined ? of(name) : of(name)[part];
      if (digits === undefined || typeof value !== "number") return value ?? "";
      return (sign && value >= 0 ? "+" : "") + value.toFixed(Number(digits));
    });
    return filled.replace(/<\/?b>/g, "").split("<br>").map(textOf).filter(Boolean);
  }

  // Names in a figure are written for Plotly: &lt; is a sign there.
  const textOf = (html) => html.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

  function placesOf(trace) {
    if (trace.type === "heatmap") return [...trace.z].flatMap((row, y) => [...row].map((_, x) => [y, x]));
    return [...trace.x].map((_, n) => n);
  }

  // Fills the list of what a figure says, if it is open.
  function list(place) {
    if ("points" in place.dataset) return;
    const details = SAV.stageOf(place).root.querySelector(`[data-table-of="${place.dataset.figure}"]`);
    if (!details || !details.open || !place._fullData) return;
    const told = place._fullData.filter((trace) => trace.hovertemplate && trace.hoverinfo !== "skip");
    const rows = told.flatMap((trace) => placesOf(trace).map((at) => said(trace, at)));
    const body = details.querySelector("tbody");
    body.replaceChildren(...rows.map((cells) => {
      const row = document.createElement("tr");
      for (const cell of cells) row.insertCell().textContent = cell;
      return row;
    }));
  }

  document.addEventListener("toggle", ({ target }) => {
    const name = target.dataset && target.dataset.tableOf, stage = name && SAV.stageOf(target);
    const place = stage && stage.root.querySelector(`[data-figure="${name}"]`);
    if (place) list(place);
  }, true);

  Object.assign(SAV, { hoverWords: said, listWords: list, textOf });
})();
