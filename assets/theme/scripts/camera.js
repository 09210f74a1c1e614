// Pictures and clips taken with the webcam, in a dialog: a picture at a click, a burst while the button is held, a clip of two
// seconds; what was taken is shown, and each can be taken out again.
//
//   data-camera="name"  a click opens it; what was taken is sent as the files of data-files are
(() => {
  "use strict";
  const PAUSE = 250; // milliseconds from picture to picture of a burst
  const MOST = 100; // pictures: more are no better, and nobody would look them through
  const RECORDED = 2000; // milliseconds of a clip
  const BITS_A_SECOND = 2_500_000;
  const TYPES = [["video/webm;codecs=vp8", "webm"], ["video/webm", "webm"], ["video/mp4", "mp4"]];

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-camera]");
    if (button) open(SAV.stageOf(button), button);
  });

  async function open(stage, element) {
    const dialog = document.createElement("dialog");
    dialog.className = "sav-camera";
    dialog.setAttribute("aria-label", "Webcam");
    dialog.innerHTML = `<video autoplay playsinline muted></video><p role="status">Hold the object up, then take pictures; or record what it does.</p>
      <ul class="shots" aria-label="What was taken"></ul>
      <div class="inline"><button type="button" class="primary" data-shot title="Hold it for a burst">Take a picture</button><button type="button" data-record>Record ${RECORDED / 1000} s</button><button type="button" data-close>Done</button></div>`;
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
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "environment" } });
      video.srcObject = stream;
    } catch (error) {
      dialog.querySelector("p").textContent = "The webcam cannot be used: allow it in the browser's address bar, or drop pictures instead.";
      dialog.querySelector("[data-shot]").disabled = true;
      return;
    }
    whileHeld(dialog.querySelector("[data-shot]"), (number) => (taking = taking.then(() => take(dialog, video, shots, number))));
    const recording = dialog.querySelector("[data-record]");
    recording.hidden = !kindOfClip();
    recording.addEventListener("click", () => (taking = taking.then(() => record(dialog, stream, shots))));
  }

  const kindOfClip = () => window.MediaRecorder && TYPES.find(([type]) => MediaRecorder.isTypeSupported(type));

  // Calls `take` at once, and again and again while the button is held by pointer or key; then `done`.
  function whileHeld(button, take, done = () => {}) {
    let timer = null, number = 0;
    const stop = () => {
      if (!timer) return;
      timer = clearInterval(timer);
      done();
    };
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
    button.addEventListener("click", (event) => event.detail === 0 && (take(++number), done())); // a screen reader holds nothing
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // a finger that is held
  }

  async function take(dialog, video, shots, number) {
    if (shots.size >= MOST || !video.videoWidth) return;
    const file = await shot(video, number);
    add(dialog, shots, file, file, `picture ${number}`);
  }

  // A file of what a webcam shows just now.
  async function shot(video, number) {
    const blob = await snapshot(video, 480, "image/png");
    return new File([blob], `webcam ${number}.png`, { type: "image/png" });
  }

  async function record(dialog, stream, shots) {
    if (shots.size >= MOST) return;
    const button = dialog.querySelector("[data-record]");
    const number = 1 + [...shots.keys()].filter(isClip).length;
    const poster = await snapshot(dialog.querySelector("video"), 480, "image/png");
    button.disabled = true;
    button.textContent = "Recording …";
    try {
      add(dialog, shots, await recorded(stream, number), poster, `clip ${number}`);
    } catch (error) {
      dialog.querySelector("p").textContent = "This browser could not record: take pictures, or drop a clip instead.";
    } finally {
      button.disabled = false;
      button.textContent = `Record ${RECORDED / 1000} s`;
    }
  }

  // A file of what a webcam sees from now on.
  async function recorded(stream, number) {
    const [type, ending] = kindOfClip();
    const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_A_SECOND }), parts = [];
    await new Promise((resolve, reject) => {
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.onstop = resolve;
      recorder.onerror = ({ error }) => reject(error);
      recorder.start();
      setTimeout(() => recorder.state === "recording" && recorder.stop(), RECORDED);
    });
    return new File(parts, `webcam clip ${number}.${ending}`, { type: recorder.mimeType });
  }

  const isClip = ({ type }) => type.startsWith("video/");

  // Shows what was taken in the strip, by a picture of it.
  function add(dialog, shots, file, blob, name) {
    const entry = document.createElement("li");
    entry.innerHTML = `<img alt="${name}"><button type="button" aria-label="Take ${name} out">×</button>`;
    entry.toggleAttribute("data-clip", isClip(file));
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
    const clips = [...shots.keys()].filter(isClip).length, pictures = shots.size - clips;
    const counts = [[pictures, "picture"], [clips, "clip"]].filter(([count, what]) => count || (what === "picture" && !clips));
    const words = counts.map(([count, what]) => `${count} ${what}${count === 1 ? "" : "s"}`).join(" and ");
    dialog.querySelector("p").textContent = `${words} taken.${most}`;
  }

  function snapshot(video, side, type) {
    const canvas = document.createElement("canvas");
    const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, type, 0.85));
  }

  Object.assign(SAV, { canRecord: kindOfClip, recorded, shot, snapshot, whileHeld });
})();
