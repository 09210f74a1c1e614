// Light and dark: the system's, until the visitor chooses.
//
//   data-theme-toggle   a click changes from one to the other
(() => {
  "use strict";
  const isDark = () => document.body.classList.contains("dark");
  let chosen = null; // without a choice the system's is followed

  function toggle() {
    chosen = isDark() ? "light" : "dark";
    apply();
    try {
      localStorage.setItem("sav-theme", chosen);
    } catch (error) {
      /* a private window: the choice lasts for this page */
    }
  }

  function apply() {
    if (chosen && isDark() !== (chosen === "dark")) document.body.classList.toggle("dark");
  }

  function restore() {
    try {
      if (!new URLSearchParams(location.search).has("__theme")) chosen = localStorage.getItem("sav-theme");
    } catch (error) {
      /* a private window: nothing is remembered */
    }
    apply();
    // Gradio sets the system's theme whenever it starts, and when the system turns dark or light.
    let shown = isDark();
    const follow = () => {
      apply();
      if (shown === isDark()) return;
      shown = isDark();
      SAV.stages().forEach((stage) => stage.draw());
    };
    new MutationObserver(follow).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  // Gradio adds the scripts to the head before or after the body is there.
  if (document.body) restore();
  else addEventListener("DOMContentLoaded", restore);

  document.addEventListener("click", ({ target }) => {
    if (SAV.control(target, "[data-theme-toggle]")) toggle();
  });

  Object.assign(SAV, { isDark });
})();
