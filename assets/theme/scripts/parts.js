// What panels show comes in parts that are named by what they hold, each of them once: the browser's half of
// sav_ui/panels/parts.py. A panel whose parts are still on their way waits for them; one whose parts were lost, with a broken
// connection say, has everything sent again.
(() => {
  "use strict";
  const REFERENCE = /<=([\w-]{12})>/g;
  const PLACE = /<~(\d+)>/g; // of what moves at every step of a run or click, and comes apart
  const BETWEEN = "\x1f"; // what moves
  const PICTURE = /^data:(image\/[a-z+.-]+);base64,([A-Za-z0-9+/=]+)$/;
  const PATIENCE = 2000; // milliseconds for which parts may be on their way
  const texts = new Map(); // by name; a picture is the address of a blob, so that it is held and compared once
  let ask = () => {};
  let asking = null;

  // Takes in what the component of the parts is given.
  function takeParts(props, trigger, watch) {
    const take = () => {
      const { anew, texts: fresh } = props.value;
      if (anew) forgetParts();
      for (const [name, text] of Object.entries(fresh)) if (!texts.has(name)) texts.set(name, PICTURE.test(text) ? addressOf(text) : text);
      for (const stage of SAV.stages()) if (stage.waits) stage.draw();
    };
    ask = () => trigger("ask", {});
    watch("value", take);
    take();
  }

  // Lets go of all of them; what is shown stays.
  function forgetParts() {
    for (const text of texts.values()) if (text.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(text), 10 * PATIENCE); // shown until then
    texts.clear();
  }

  function addressOf(uri) {
    const [, type, content] = uri.match(PICTURE);
    try {
      return URL.createObjectURL(new Blob([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], { type }));
    } catch (error) {
      return uri; // somebody's words that look like a picture
    }
  }

  // A panel's content with every part in its place; null while one is missing.
  function whole(content) {
    let missing = false;
    const join = (text) =>
      text.replace(REFERENCE, (_, name) => {
        if (texts.has(name)) return join(texts.get(name));
        missing = true;
        return "";
      });
    const figures = Object.fromEntries(Object.entries(content.figures).map(([name, text]) => [name, join(text)]));
    const moving = join(content.moving || "").split(BETWEEN); // of a panel that was never drawn there is nothing
    const found = { ...content, html: join(content.html).replace(PLACE, (_, n) => moving[n]), figures };
    if (!missing) return found;
    asking = asking || setTimeout(askAgain, PATIENCE);
    return null;
  }

  function askAgain() {
    asking = null;
    if (SAV.stages().some((stage) => stage.waits)) ask();
  }

  Object.assign(SAV, { takeParts, whole, forgetParts });
})();
