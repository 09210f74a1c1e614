// Pictures taken with the webcam, in a dialog: one at a click, a burst while the button is held; what was taken is shown, and
// each can be taken out again.
//
//   data-camera="name"  a click opens it; the pictures are sent as those of data-files are
(() => {
  "use strict";
  const PAUSE = 250; // milliseconds from picture to picture of a burst
  const MOST = 100; // pictures: more are no better, and nobody would look them through

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-camera]");
    if (button) open(SAV.stageOf(button), button);
  });

  async function open(stage, element) {
    const dialog = document.createElement("dialog");
    dialog.className = "sav-camera";
    dialog.setAttribute("aria-label", "Webcam");
    dialog.innerHTML = `<video autoplay playsinline muted></video><p role="status">Hold the object up, then take pictures.</p>
      <ul class="shots" aria-label="Taken pictures"></ul>
      <div class="row"><button type="button" class="primary" data-shot title="Hold it for a burst">Take a picture</button><button type="button" data-close>Done</button></div>`;
    document.querySelector(".gradio-container").appendChild(dialog);
    dialog.showModal();
    const video = dialog.querySelector("video");
    let stream = null;
    const shots = new Map(); // the entry of the strip of each file
    dialog.addEventListener("close", () => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      dialog.remove();
      for (const entry of shots.values()) URL.revokeObjectURL(entry.querySelector("img").src);
      if (shots.size) SAV.sendFiles(stage, element, element.dataset.camera, [...shots.keys()].map((file) => ({ file })));
    });
    let taking = Promise.resolve();
    dialog.querySelector("[data-close]").addEventListener("click", () => taking.then(() => dialog.close()));
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
      video.srcObject = stream;
    } catch (error) {
      dialog.querySelector("p").textContent = "The webcam cannot be used: allow it in the browser's address bar, or drop pictures instead.";
      dialog.querySelector("[data-shot]").disabled = true;
      return;
    }
    whileHeld(dialog.querySelector("[data-shot]"), (number) => (taking = taking.then(() => take(dialog, video, shots, number))));
  }

  // Calls `take` at once, and again and again while the button is held by pointer or key.
  function whileHeld(button, take) {
    let timer = null, number = 0;
    const stop = () => (timer = clearInterval(timer));
    const start = () => {
      if (timer) return;
      take(++number);
      timer = setInterval(() => (button.isConnected ? take(++number) : stop()), PAUSE);
    };
    const isKey = ({ key }) => key === " " || key === "Enter";
    button.addEventListener("pointerdown", (event) => event.button === 0 && start());
    button.addEventListener("keydown", (event) => isKey(event) && (event.preventDefault(), start()));
    button.addEventListener("keyup", (event) => isKey(event) && (event.preventDefault(), stop()));
    for (const kind of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(kind, stop);
    button.addEventListener("click", (event) => event.detail === 0 && take(++number)); // a screen reader holds nothing
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // a finger that is held
  }

  async function take(dialog, video, shots, number) {
    if (shots.size >= MOST || !video.videoWidth) return;
    const blob = await snapshot(video, 480, "image/png");
    const file = new File([blob], `webcam ${number}.png`, { type: "image/png" });
    const entry = document.createElement("li");
    entry.innerHTML = `<img alt="Picture ${number}"><button type="button" aria-label="Take picture ${number} out">×</button>`;
    entry.querySelector("img").src = URL.createObjectURL(blob);
    entry.querySelector("button").addEventListener("click", () => {
      URL.revokeObjectURL(entry.querySelector("img").src);
      shots.delete(file);
      entry.remove();
      tell(dialog, shots);
    });
    shots.set(file, entry);
    dialog.querySelector(".shots").appendChild(entry);
    entry.scrollIntoView({ block: "nearest", inline: "end" });
    tell(dialog, shots);
  }

  function tell(dialog, shots) {
    const most = shots.size === MOST ? " More are not taken at a time." : "";
    dialog.querySelector("p").textContent = `${shots.size} ${shots.size === 1 ? "picture" : "pictures"} taken.${most}`;
  }

  function snapshot(video, side, type) {
    const canvas = document.createElement("canvas");
    const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, type, 0.85));
  }

  Object.assign(SAV, { snapshot });
})();
