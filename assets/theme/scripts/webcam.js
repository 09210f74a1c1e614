// The live webcam of the Classify page. A frame is sent to Python only when the last one is answered, so that what is shown is
// never older than one look of the model. Where clips are taught, the latest frames are sent together, taken at even distances.
//
//   data-webcam         a click starts the webcam
//   data-webcam-stop    a click stops it
//   data-webcam-record="name"   a click records a clip of two seconds, which is sent as the files of data-files are
//   data-frames, data-seconds   of the panel: how many frames are looked at together, and of how many seconds
(() => {
  "use strict";
  const SIDE = 320; // pixels of a frame's longer side: more than small models see
  const PAUSE = 66; // milliseconds from frame to frame at least: faster than that is no livelier, only dearer
  const PATIENCE = 1500; // milliseconds without an answer before the page says that it waits
  const NO_CAMERA = "The webcam cannot be used: allow it in the browser's address bar, or drop pictures instead.";
  let camera = null; // while the webcam is on: its stream, the frames asked about, when the last was sent and others answered
  let recorded = 0; // clips
  let serial = Date.now() % 1e9; // no two frames of a page have the same, or an old answer would pass for a new one

  const stageOf = (id) => document.querySelector(`#${id} .stage`);
  const part = (selector) => stageOf("live") && stageOf("live").querySelector(selector);
  const note = (text) => part("[data-note]") && (part("[data-note]").textContent = text);

  async function start() {
    if (camera) return;
    const mine = (camera = { stream: null, asked: new Set(), waits: false, sent: 0, answered: [], rate: "", window: [] });
    stageOf("live").toggleAttribute("data-live", true);
    note("Waiting for the webcam …");
    part(".live").scrollIntoView({ block: "nearest", behavior: SAV.pace() });
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "environment" } });
      if (camera !== mine) return release(stream); // stopped meanwhile
      mine.stream = stream;
      part("video").srcObject = stream;
      await part("video").play();
      note("");
      watch(mine);
      ask();
    } catch (error) {
      note(NO_CAMERA);
      if (camera === mine) camera = null;
    }
  }

  function release(stream) {
    stream.getTracks().forEach((track) => track.stop());
  }

  function stop() {
    if (camera && camera.stream) release(camera.stream);
    camera = null;
    stageOf("live").toggleAttribute("data-live", false);
  }

  // Takes frames for the window, if one is wanted: at even distances, the latest last.
  async function watch(mine) {
    if (camera !== mine) return;
    const { frames, seconds } = wanted();
    const began = performance.now();
    if (frames > 1) {
      const image = await taken();
      mine.window = [...mine.window, image].slice(-frames);
      if (mine.window.length < frames) note(`Watching: ${mine.window.length} of ${frames} frames …`);
    } else mine.window = [];
    const pause = frames > 1 ? (1000 * seconds) / (frames - 1) : PATIENCE;
    setTimeout(() => watch(mine), Math.max(0, pause - (performance.now() - began)));
  }

  function wanted() {
    const { frames = "1", seconds = "0" } = part(".live").dataset;
    return { frames: Number(frames), seconds: Number(seconds) };
  }

  const taken = async () => asURI(await SAV.snapshot(part("video"), SIDE, "image/jpeg"));

  async function ask() {
    const mine = camera;
    if (!mine || !mine.stream) return;
    if (!stageOf("live").offsetParent) return stop(); // another page is open
    const { frames } = wanted();
    if (frames > 1 && mine.window.length !== frames) return setTimeout(() => camera === mine && ask(), PAUSE);
    const seen = frames > 1 ? { images: [...mine.window] } : { image: await taken() };
    if (camera !== mine) return;
    note("");
    const mark = ++serial;
    mine.asked.add(mark);
    mine.waits = true;
    mine.sent = performance.now();
    stageOf("live").savStage.send("frame", { ...seen, serial: mark });
    setTimeout(() => {
      if (camera !== mine || !mine.waits || mark !== serial) return;
      note("Waiting for the model, which is busy …");
      ask(); // Gradio drops it while one is under way; after a dropped one it is the way out
    }, PATIENCE);
  }

  function drawn() {
    if (!camera) return;
    if (camera.asked.has(Number(part(".live").dataset.serial))) {
      const now = performance.now();
      camera.asked.clear();
      camera.waits = false;
      camera.answered = [...camera.answered, now].filter((time) => now - time < 3000);
      const frames = camera.answered.length - 1;
      if (frames > 1) camera.rate = `${((1000 * frames) / (now - camera.answered[0])).toFixed(1)} frames a second`;
      setTimeout(ask, Math.max(0, camera.sent + PAUSE - now));
    }
    part("[data-rate]").textContent = camera.rate;
  }

  async function record(button) {
    const mine = camera, words = button.querySelector("span");
    if (!mine || !mine.stream || mine.records) return;
    if (!SAV.canRecord()) return note("This browser cannot record: drop a clip instead.");
    const idle = words.textContent;
    mine.records = true;
    words.textContent = "Recording …";
    try {
      const file = await SAV.recorded(mine.stream, ++recorded);
      SAV.sendFiles(SAV.stageOf(button), button, button.dataset.webcamRecord, [{ file }]);
    } catch (error) {
      note("This browser could not record: drop a clip instead.");
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
    if (target.closest("[data-webcam]")) start();
    if (target.closest("[data-webcam-stop]")) stop();
    const recording = SAV.control(target, "[data-webcam-record]");
    if (recording) record(recording);
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    if (target === stageOf("live")) drawn();
  });
})();
