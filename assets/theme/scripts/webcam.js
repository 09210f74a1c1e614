// A live webcam. A frame is sent to Python only when the last one is answered, so that what is shown is never older than one look
// of the model. Where clips are taught, the latest frames are sent together, taken at even distances. One is on at a time.
//
//   data-webcam="id"    a click starts the webcam of that panel, in which .live is the webcam's place
//   data-webcam-stop    a click stops it
//   data-webcam-record="name"   a click records a clip of two seconds, which is sent as the files of data-files are
//   data-idle           of .live: nothing can be answered yet, so that nothing is asked
//   data-frames, data-seconds   of .live: how many frames are looked at together, and of how many seconds
(() => {
  "use strict";
  const SIDE = 320; // pixels of a frame's longer side: more than small models see
  const PAUSE = 66; // milliseconds from frame to frame at least: faster than that is no livelier, only dearer
  const PATIENCE = 1500; // milliseconds without an answer before the page says that it waits
  const NO_CAMERA = "The webcam cannot be used: allow it in the browser's address bar, or drop pictures instead.";
  let camera = null; // while the webcam is on: where, its stream, the frames asked about, when the last was sent and others answered
  let recorded = 0; // clips
  let serial = Date.now() % 1e9; // no two frames of a page have the same, or an old answer would pass for a new one

  const part = ({ root }, selector) => root.querySelector(selector);
  const note = (mine, text) => (part(mine, "[data-note]").textContent = text);

  async function start(root) {
    if (camera && camera.root === root) return;
    stop();
    const mine = (camera = { root, stream: null, asked: new Set(), waits: false, sent: 0, answered: [], rate: "", window: [] });
    root.toggleAttribute("data-live", true);
    note(mine, "Waiting for the webcam …");
    part(mine, ".live").scrollIntoView({ block: "nearest", behavior: SAV.pace() });
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "environment" } });
      if (camera !== mine) return release(stream); // stopped meanwhile
      mine.stream = stream;
      part(mine, "video").srcObject = stream;
      await part(mine, "video").play();
      note(mine, "");
      watch(mine);
      ask();
    } catch (error) {
      note(mine, NO_CAMERA);
      if (camera === mine) camera = null;
    }
  }

  function release(stream) {
    stream.getTracks().forEach((track) => track.stop());
  }

  function stop() {
    if (camera && camera.stream) release(camera.stream);
    camera = null;
    for (const root of document.querySelectorAll(".stage[data-live]")) root.removeAttribute("data-live");
  }

  // Takes frames for the window, if one is wanted: at even distances, the latest last.
  async function watch(mine) {
    if (camera !== mine) return;
    const { frames, seconds } = wanted(mine);
    const began = performance.now();
    if (frames > 1) {
      const image = await taken(mine);
      mine.window = [...mine.window, image].slice(-frames);
      if (mine.window.length < frames) note(mine, `Watching: ${mine.window.length} of ${frames} frames …`);
    } else mine.window = [];
    const pause = frames > 1 ? (1000 * seconds) / (frames - 1) : PATIENCE;
    setTimeout(() => watch(mine), Math.max(0, pause - (performance.now() - began)));
  }

  function wanted(mine) {
    const { frames = "1", seconds = "0" } = part(mine, ".live").dataset;
    return { frames: Number(frames), seconds: Number(seconds) };
  }

  const taken = async (mine) => asURI(await SAV.snapshot(part(mine, "video"), SIDE, "image/jpeg"));
  const again = (mine, pause) => setTimeout(() => camera === mine && ask(), pause);

  async function ask() {
    const mine = camera;
    if (!mine || !mine.stream) return;
    if (!mine.root.offsetParent) return stop(); // another page is open
    if ("idle" in part(mine, ".live").dataset) return again(mine, PATIENCE / 5);
    const { frames } = wanted(mine);
    if (frames > 1 && mine.window.length !== frames) return again(mine, PAUSE);
    const seen = frames > 1 ? { images: [...mine.window] } : { image: await taken(mine) };
    if (camera !== mine) return;
    note(mine, "");
    const mark = ++serial;
    mine.asked.add(mark);
    mine.waits = true;
    mine.sent = performance.now();
    mine.root.savStage.send("frame", { ...seen, serial: mark });
    setTimeout(() => {
      if (camera !== mine || !mine.waits || mark !== serial) return;
      note(mine, "Waiting for the model, which is busy …");
      ask(); // Gradio drops it while one is under way; after a dropped one it is the way out
    }, PATIENCE);
  }

  function drawn(mine) {
    if (mine.asked.has(Number(part(mine, ".live").dataset.serial))) {
      const now = performance.now();
      mine.asked.clear();
      mine.waits = false;
      mine.answered = [...mine.answered, now].filter((time) => now - time < 3000);
      const frames = mine.answered.length - 1;
      if (frames > 1) mine.rate = `${((1000 * frames) / (now - mine.answered[0])).toFixed(1)} frames a second`;
      again(mine, Math.max(0, mine.sent + PAUSE - now));
    }
    part(mine, "[data-rate]").textContent = mine.rate;
  }

  async function record(button) {
    const mine = camera, words = button.querySelector("span");
    if (!mine || !mine.stream || mine.records) return;
    if (!SAV.canRecord()) return note(mine, "This browser cannot record: drop a clip instead.");
    const idle = words.textContent;
    mine.records = true;
    words.textContent = "Recording …";
    try {
      const file = await SAV.recorded(mine.stream, ++recorded);
      SAV.sendFiles(SAV.stageOf(button), button, button.dataset.webcamRecord, [{ file }]);
    } catch (error) {
      note(mine, "This browser could not record: drop a clip instead.");
    } finally {
      mine.records = false;
      words.textContent = idle;
    }
  }

  function asURI(blob) {
    return new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(blob);
    });
  }

  document.addEventListener("click", ({ target }) => {
    const starts = SAV.control(target, "[data-webcam]");
    if (starts) start(document.querySelector(`#${starts.dataset.webcam} .stage`));
    if (target.closest("[data-webcam-stop]")) stop();
    const recording = SAV.control(target, "[data-webcam-record]");
    if (recording) record(recording);
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    if (camera && camera.root === target) drawn(camera);
  });
})();
