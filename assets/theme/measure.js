// The report is marked as out of date as soon as the Measure page comes into view, whatever was changed on another one,
// by a slider say.
(() => {
  "use strict";
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries)
      if (isIntersecting && document.querySelector("#report .measure-report")) target.savStage.send("act", { do: "refresh" });
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    if (target === document.querySelector("#gauge .stage")) watcher.observe(target);
  });
})();
