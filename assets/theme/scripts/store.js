// Where this browser keeps a visitor's work: pieces by what is in them, and the works that consist of them, in IndexedDB.
//
// A work: {line, mark, writer, parts: [[file, digest]], pictures: [digest], told, saved, bytes}. `writer` is the session that may
// write it; `told` is what to say of it; `gone` marks one that was deleted and can still be taken back.
(() => {
  "use strict";
  const NAME = "sav-explorer", PIECES = "pieces", WORKS = "works";
  let opened = null;

  function open() {
    opened =
      opened ||
      new Promise((resolve, reject) => {
        const request = indexedDB.open(NAME, 1); // throws where storage is refused
        request.onupgradeneeded = () => {
          request.result.createObjectStore(PIECES);
          request.result.createObjectStore(WORKS, { keyPath: "line" });
        };
        request.onsuccess = () => {
          request.result.onclose = request.result.onversionchange = () => {
            request.result.close();
            opened = null;
          };
          resolve(request.result);
        };
        request.onerror = () => reject(request.error);
      }).catch((error) => {
        opened = null; // it may be allowed later
        throw error;
      });
    return opened;
  }

  const answer = (request) => new Promise((ok, no) => ((request.onsuccess = () => ok(request.result)), (request.onerror = () => no(request.error))));

  // All that `act` does is done, or nothing of it.
  async function within(mode, act) {
    const transaction = (await open()).transaction([PIECES, WORKS], mode);
    const done = new Promise((ok, no) => {
      transaction.oncomplete = ok;
      transaction.onabort = () => no(transaction.error || new Error("It was not kept."));
    });
    done.catch(() => {});
    try {
      const result = await act(transaction.objectStore(PIECES), transaction.objectStore(WORKS));
      await done;
      return result;
    } catch (error) {
      if (transaction.error) throw transaction.error;
      try {
        transaction.abort();
      } catch (over) {
        /* it is over already */
      }
      throw error;
    }
  }

  // The latest first.
  const works = () => within("readonly", async (pieces, all) => (await answer(all.getAll())).sort((a, b) => b.saved - a.saved));

  const work = (line) => within("readonly", (pieces, all) => answer(all.get(line)));

  const missing = (digests) =>
    within("readonly", async (pieces) => {
      const known = new Set(await answer(pieces.getAllKeys()));
      return [...new Set(digests)].filter((digest) => !known.has(digest));
    });

  // `found`: [digest, bytes] of each.
  const add = (found) => within("readwrite", async (pieces) => found.forEach(([digest, bytes]) => pieces.put(bytes, digest)));

  const read = (digests) => within("readonly", (pieces) => Promise.all(digests.map((digest) => answer(pieces.get(digest)))));

  // Puts a work in the place of what it was. Returns "kept"; "taken" if another session writes it now; "missing" if a piece is.
  const keep = (fresh) =>
    within("readwrite", async (pieces, all) => {
      const known = new Set(await answer(pieces.getAllKeys()));
      if (![...fresh.parts.map(([, digest]) => digest), ...fresh.pictures].every((digest) => known.has(digest))) return "missing";
      const before = await answer(all.get(fresh.line));
      if (before && !before.gone && before.writer !== fresh.writer) return "taken";
      all.put(fresh);
      return "kept";
    });

  // Changes what is known of a work; nothing if there is none.
  const change = (line, values) =>
    within("readwrite", async (pieces, all) => {
      const before = await answer(all.get(line));
      if (before) all.put({ ...before, ...values });
    });

  const remove = (lines) => within("readwrite", async (pieces, all) => lines.forEach((line) => all.delete(line)));

  // Lets go of the works that were deleted, and of the pieces that no work needs.
  const sweep = () =>
    within("readwrite", async (pieces, all) => {
      const needed = new Set();
      for (const each of await answer(all.getAll()))
        if (each.gone) all.delete(each.line);
        else [...each.parts.map(([, digest]) => digest), ...each.pictures].forEach((digest) => needed.add(digest));
      for (const digest of await answer(pieces.getAllKeys())) if (!needed.has(digest)) pieces.delete(digest);
    });

  const forget = () => within("readwrite", async (pieces, all) => (pieces.clear(), all.clear(), undefined));

  const kept = { works, work, missing, add, read, keep, change, remove, sweep, forget };
  SAV.kept = () => kept;
})();
