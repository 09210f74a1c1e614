// The session that a reload goes back to: its name is known to this browser tab alone, and goes with each of its requests.
(() => {
  "use strict";
  const MARKED = /\/gradio_api\/(queue|cancel|reset|upload)\b/;
  const fetched = window.fetch;
  let own = "";
  const make = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  function session() {
    return (own ||= known());
  }

  function known() {
    try {
      let token = sessionStorage.getItem("sav-session");
      if (!token) sessionStorage.setItem("sav-session", (token = make()));
      return token;
    } catch (error) {
      return make(); // a private window: the work lasts for this page
    }
  }

  window.fetch = (asked, how) => {
    const url = new URL(asked instanceof Request ? asked.url : asked, document.baseURI);
    if (url.origin !== location.origin || !MARKED.test(url.pathname)) return fetched(asked, how);
    const marked = new Request(asked, how);
    marked.headers.set("x-sav-session", session());
    return fetched(marked);
  };

  Object.assign(SAV, { session });
})();
