// Tables that sort by a click on a column's head.
//
//   data-sort           a button in a column's head; a cell's data-value is what to sort by, its text otherwise
(() => {
  "use strict";
  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "button[data-sort]");
    if (!button) return;
    const header = button.closest("th");
    const column = [...header.parentNode.children].indexOf(header);
    const down = header.getAttribute("aria-sort") === "ascending";
    const table = header.closest("table");
    table.savSort = { column, down }; // for the next rows that the server sends, in its own order
    sortRows(table, table.savSort);
  });

  function sortRows(table, { column, down }) {
    [...table.tHead.rows[0].cells].forEach((header, place) => {
      if (place === column) header.setAttribute("aria-sort", down ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
    const body = table.tBodies[0];
    const cellOf = (row) => {
      let end = 0; // a cell may span columns
      return [...row.cells].find((cell) => (end += cell.colSpan) > column);
    };
    const valueOf = (row) => cellOf(row).dataset.value ?? cellOf(row).textContent.trim();
    const compare = (a, b) => valueOf(a).localeCompare(valueOf(b), undefined, { numeric: true });
    body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * compare(a, b)));
  }

  Object.assign(SAV, { sortRows });
})();
