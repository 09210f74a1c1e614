// A panel that shows what other pages change, by a slider say, asks how things are now as soon as it comes into view.
//
//   data-refresh="name"  coming into view sends {do: name}
(() => {
  "use strict";
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries)
      if (isIntersecting && SAV.stageOf(target)) SAV.stageOf(target).send("act", { do: target.dataset.refresh });
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const element of target.querySelectorAll("[data-refresh]")) watcher.observe(element);
  });
})();
