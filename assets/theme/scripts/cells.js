// A table of counts whose numbers are buttons: what they do and what they are called follows from where they stand, and is not sent.
//
//   data-cells="name"   of a table: a click on a number sends {do: name, row, column}, from nought; titles of the headers name both
(() => {
  "use strict";
  const BUTTON = "table[data-cells] td button";

  function placeOf(button) {
    const cell = button.closest("td"), row = cell.parentElement, table = cell.closest("table");
    return { table, row: [...row.parentElement.rows].indexOf(row), column: cell.cellIndex - 1, cell };
  }

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, BUTTON);
    if (!button) return;
    const { table, row, column } = placeOf(button);
    SAV.stageOf(button).send("act", { do: table.dataset.cells, row, column });
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const button of target.querySelectorAll(BUTTON)) {
      const { table, cell } = placeOf(button), own = cell.parentElement.cells[0].title, given = table.tHead.rows[0].cells[cell.cellIndex].title;
      button.setAttribute("aria-label", `${button.textContent} of ${own} taken for ${given}`);
    }
  });
})();
