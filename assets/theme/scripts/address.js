// The page that is open, and what is chosen on it, are in the address: a reload, Back and a link lead to the same.
//
//   #teach?head=L3.H2        the hash: the page, and what is chosen there
//   data-address="head=L3.H2"   in a panel's HTML: what that page has chosen
(() => {
  "use strict";
  const HUB = "https://huggingface.co";
  const PATIENCE = 5000; // milliseconds in which what the address asks for is expected to come true
  let going = ""; // an address that is being gone to
  let awaited = null; // what it asks for, as long as the work that this is about may still be brought back
  let ready = false;

  const tabs = () => [...document.querySelectorAll('[role="tab"]')];
  const slug = (tab) => tab.textContent.trim().toLowerCase().replace(/\s+/g, "-");
  const chosen = () => [...document.querySelectorAll("[data-address]")].find((element) => element.offsetParent) || null; // in sight

  // What a page can be asked to choose: the panel that does it, and what it is sent; nothing where it cannot.
  const CHOOSES = {
    teach: {
      head: (value) => {
        const [, layer, index] = /^L(\d+)\.H(\d+)$/.exec(value || "") || [];
        return ["findings", value ? { do: "head", layer, index } : { do: "close_head" }];
      },
    },
    classify: { picture: (query) => query && ["answers", { do: "pick", query }] },
    "function-vectors": { relation: (value) => value && ["relations", { do: "relation", relation: value }] },
  };

  function now() {
    const tab = tabs().find((each) => each.getAttribute("aria-selected") === "true");
    if (!tab) return "";
    const what = chosen() && chosen().dataset.address;
    return `#${slug(tab)}${what ? `?${what}` : ""}`;
  }

  // `instead`: what was asked for did not come true, so that the address says what is, with no step more to go back.
  function follow(instead = false) {
    const here = now();
    if (!ready || !here) return;
    if (going) {
      if (here !== going) return;
      going = "";
    }
    if (here === location.hash) return;
    history[location.hash && !instead ? "pushState" : "replaceState"](null, "", here);
    tellParent(here);
  }

  // A Space stands in a frame of the hub's page, whose address is the one that people see.
  function tellParent(hash) {
    const parent = location.ancestorOrigins ? location.ancestorOrigins[0] : document.referrer.replace(/\/$/, "");
    if (window.parent !== window && parent === HUB) window.parent.postMessage({ hash }, HUB);
  }

  function go() {
    const [page, query = ""] = location.hash.slice(1).split("?");
    const tab = tabs().find((each) => slug(each) === page);
    if (!tab) return;
    going = location.hash;
    if (tab.getAttribute("aria-selected") !== "true") SAV.openTab(tab.textContent.trim());
    awaited = { page, wanted: new URLSearchParams(query) };
    setTimeout(arrive); // when that page is in sight
  }

  // A head or a picture is one of some work. Where none is here, it is waited for until the visitor has answered the offer to
  // restore it; then heads are found once more, and which picture was chosen comes with the work. A head that nobody finds again
  // and a picture of work that nobody restores are asked for all the same: the server says why not.
  function arrive() {
    if (!awaited) return;
    const { page, wanted, lost } = awaited, { told } = SAV.keeping();
    const of = ["head", "picture"].find((name) => wanted.has(name) && name in (CHOOSES[page] || {}));
    if (of && !(told && told.begun)) {
      awaited.lost = true;
      if (SAV.offered() !== "no") return;
    } else if (of === "picture" && lost) wanted.delete(of);
    else if (of === "head" && !document.querySelector("[data-figure=heads]")) return;
    awaited = null;
    const mine = going;
    setTimeout(() => mine === going && ((going = ""), follow(true)), PATIENCE);
    choose(page, wanted);
  }

  function choose(page, wanted) {
    const has = new URLSearchParams(chosen() ? chosen().dataset.address : "");
    for (const [name, asked] of Object.entries(CHOOSES[page] || {})) {
      const value = wanted.get(name);
      if (value === has.get(name)) continue;
      const [panel, data] = asked(value) || [];
      const root = panel && document.querySelector(`#${panel} .stage`);
      if (root) SAV.stageOf(root).send("act", data);
    }
    requestAnimationFrame(() => follow());
  }

  window.addEventListener("popstate", go);
  document.addEventListener("sav:offered", arrive);
  document.addEventListener("click", ({ target, isTrusted }) => {
    if (target.closest('[role="tab"], [data-tab]')) {
      if (isTrusted && awaited) awaited = null, going = ""; // gone on to something else
      setTimeout(() => follow());
    }
    const home = target.closest("a.brand");
    if (home) window.scrollTo({ top: 0, behavior: SAV.pace() });
  });
  document.addEventListener("keyup", ({ target }) => target.matches && target.matches('[role="tab"]') && follow());

  document.addEventListener("sav:drawn", ({ target, detail }) => {
    if (!detail.version) return;
    if (!ready && target.closest("#kept")) {
      // the last panel of the header: the page knows whose session it shows
      ready = true;
      if (location.hash) return go();
    }
    arrive();
    requestAnimationFrame(() => follow());
  });
})();
