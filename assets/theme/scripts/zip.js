// Files as one ZIP, each as it is: what is packed are pictures, which are compressed already, and a little text.
(() => {
  "use strict";
  const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
    return byte;
  });
  const IN_UTF8 = 0x800, NEW_YEAR_1980 = 0x21;

  function checksum(bytes) {
    let sum = ~0;
    for (let at = 0; at < bytes.length; at++) sum = TABLE[(sum ^ bytes[at]) & 255] ^ (sum >>> 8);
    return ~sum >>> 0;
  }

  // Numbers in little-endian order, each as [bytes, value].
  function record(...fields) {
    const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
    let at = 0;
    for (const [size, value] of fields) {
      if (size === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
      at += size;
    }
    return new Uint8Array(view.buffer);
  }

  // `entries`: [name, bytes] of each.
  function zipped(entries) {
    const body = [], table = [];
    let offset = 0, tableSize = 0;
    for (const [name, bytes] of entries) {
      const called = new TextEncoder().encode(name);
      const common = [
        [2, 20], [2, IN_UTF8], [2, 0], [2, 0], [2, NEW_YEAR_1980],
        [4, checksum(bytes)], [4, bytes.length], [4, bytes.length], [2, called.length], [2, 0],
      ];
      const head = record([4, 0x04034b50], ...common);
      const line = record([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
      body.push(head, called, bytes);
      table.push(line, called);
      offset += head.length + called.length + bytes.length;
      tableSize += line.length + called.length;
    }
    const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, tableSize], [4, offset], [2, 0]);
    return new Blob([...body, ...table, end], { type: "application/zip" });
  }

  SAV.zipped = zipped;
})();
