// Menus: one is open at a time, and a click beside it or Escape closes it.
//
//   data-menu           a details element that is a menu
//   data-opens="id"     a click opens that menu
(() => {
  "use strict";
  function open(menu) {
    if (!menu) return;
    close(menu);
    menu.open = true;
    menu.scrollIntoView({ block: "nearest" });
    menu.querySelector("summary").focus();
  }

  function close(keep) {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== keep) menu.open = false;
  }

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-opens]");
    if (button) open(document.getElementById(button.dataset.opens));
    else close(target.closest("details[data-menu]"));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement && document.activeElement.closest("details[data-menu][open]");
    close(null);
    if (menu) menu.querySelector("summary").focus();
  });
})();
