// Sliders show where they stand at once, and what follows from it as fast as Python answers.
//
//   data-slide="name"   a range: while it moves {do: name, value, ...the element's other data-*} is sent, see turns.js
//   <output for="id">   shows its value
(() => {
  "use strict";
  function show(slider) {
    const low = Number(slider.min), high = Number(slider.max);
    const share = high > low ? (Number(slider.value) - low) / (high - low) : 0;
    slider.style.setProperty("--share", `${100 * share}%`);
    const output = slider.id && document.querySelector(`output[for="${slider.id}"]`);
    if (output) output.textContent = slider.value;
  }

  document.addEventListener("sav:drawn", ({ target }) => target.querySelectorAll("input[type=range]").forEach(show));

  document.addEventListener("input", ({ target }) => {
    const stage = SAV.stageOf(target);
    if (!stage || !target.dataset.slide) return;
    show(target);
    stage.send("slide", { ...SAV.plainData(target), do: target.dataset.slide, value: Number(target.value) });
  });
})();
