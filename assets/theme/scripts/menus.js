// Menus: one is open at a time, and a click beside it, Escape, or the keyboard's going elsewhere closes it, for it would cover
// what has the keyboard then.
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
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (menu === keep) continue;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus({ preventScroll: true }); // nothing hidden keeps the keyboard
      menu.open = false;
    }
  }

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-opens]");
    if (button) open(document.getElementById(button.dataset.opens));
    else close(target.closest("details[data-menu]"));
  });

  document.addEventListener("keydown", ({ key }) => key === "Escape" && close(null));

  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    const menu = target.closest && target.closest("details[data-menu][open]");
    if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
  });
})();
