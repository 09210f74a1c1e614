// How kept work is spoken of, and elements made of plain values.
(() => {
  "use strict";
  const plural = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

  function nameOf({ told }) {
    const labels = told.labels.join(", ") + (told.n_labels > told.labels.length ? ", …" : "");
    return told.name || told.title || labels || "Without labels";
  }

  function whatOf({ told }) {
    const parts = [plural(told.n_labels, "label"), plural(told.pictures, "picture")];
    return parts.join(", ") + (told.model ? `, with ${told.model}` : "");
  }

  function whenOf(time) {
    const then = new Date(time), clock = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(time).setHours(0, 0, 0, 0)) / 864e5);
    if (days < 2) return `${days ? "yesterday" : "today"} at ${clock}`;
    return `on ${then.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" })} at ${clock}`;
  }

  // Elements, of [tag, attributes, ...what is in it]; every text is a text.
  function made([tag, attributes, ...inside]) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== false) element.setAttribute(name, value === true ? "" : value);
    element.append(...inside.filter(Boolean).map((each) => (Array.isArray(each) ? made(each) : each)));
    return element;
  }

  function fill(place, ...inside) {
    if (!place) return;
    const fresh = document.createElement("div");
    fresh.append(...inside.filter(Boolean).map(made));
    if (place.innerHTML !== fresh.innerHTML) place.replaceChildren(...fresh.childNodes);
  }

  const words = { plural, nameOf, whatOf, whenOf, made, fill };
  SAV.keptWords = () => words;
})();
