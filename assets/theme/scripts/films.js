// A clip plays where it stands: its own file, which this browser keeps or the server hands over; where the browser cannot read
// that, the frames that the model is shown, each for its time.
//
//   data-film="piece"   a clip; inside it data-play starts it, and the pictures with data-seconds are its frames
//   data-now            plays as soon as it is shown, unless the visitor wants less motion
(() => {
  "use strict";
  const HELD = 8; // files that have an address here
  const LOOP_PAUSE = 0.5; // seconds that the last frame stays
  const KINDS = [["GIF8", "image/gif"], ["\x89PNG", "image/png"], ["\x1aE\xdf\xa3", "video/webm"]];
  const UNREAD = "This browser cannot play the file: what moves here are the frames that the model is shown.";
  const addresses = new Map(); // by piece
  const begun = new WeakSet();

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-play]");
    if (button) play(button.closest("[data-film]"));
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const film of target.querySelectorAll("[data-film][data-now]")) if (!begun.has(film)) play(film);
  });

  async function play(film) {
    if (begun.has(film)) return;
    begun.add(film);
    const screen = film.querySelector(".screen");
    const name = screen.querySelector("img").alt;
    const shown = await addressOf(film.dataset.film).then((file) => file && opened(file, name)).catch(() => null);
    if (!screen.isConnected) return;
    if (!shown) return playFrames(film, screen);
    screen.replaceChildren(shown);
    if (shown.play) shown.play().catch(() => {}); // then its own button is pressed
    shown.focus({ preventScroll: true });
  }

  async function addressOf(piece) {
    if (!addresses.has(piece)) {
      const bytes = await SAV.piece(piece);
      if (!bytes) return null;
      const start = String.fromCharCode(...bytes.subarray(0, 12));
      const type = start.startsWith("RIFF") && start.endsWith("WEBP") ? "image/webp" : (KINDS.find(([sign]) => start.startsWith(sign)) || ["", "video/mp4"])[1];
      addresses.set(piece, { type, url: URL.createObjectURL(new Blob([bytes], { type })) });
      for (const old of [...addresses.keys()].slice(0, -HELD)) {
        URL.revokeObjectURL(addresses.get(old).url);
        addresses.delete(old);
      }
    }
    return addresses.get(piece);
  }

  // The element that shows it, once it does; null if it cannot.
  function opened({ type, url }, name) {
    const picture = type.startsWith("image/");
    const element = document.createElement(picture ? "img" : "video");
    if (picture) element.alt = name;
    else {
      element.setAttribute("aria-label", name);
      Object.assign(element, { controls: true, loop: true, muted: true, playsInline: true });
    }
    return new Promise((resolve) => {
      element.addEventListener(picture ? "load" : "loadeddata", () => resolve(picture || element.videoWidth ? element : null));
      element.addEventListener("error", () => resolve(null));
      element.src = url;
    });
  }

  function playFrames(film, screen) {
    const frames = [...film.querySelectorAll("[data-seconds]")], picture = screen.querySelector("img");
    const note = document.createElement("p");
    note.textContent = UNREAD;
    screen.replaceChildren(picture, note);
    const times = frames.map((frame) => Number(frame.dataset.seconds));
    const show = (place) => {
      if (!screen.isConnected) return;
      picture.src = frames[place].src;
      const next = (place + 1) % frames.length;
      setTimeout(() => show(next), 1000 * (next ? times[next] - times[place] : LOOP_PAUSE));
    };
    show(0);
  }
})();
