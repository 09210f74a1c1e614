"""How well the words on a page can be read, by WCAG 2.2 (https://www.w3.org/TR/WCAG22/#contrast-minimum).

The colour behind a word is every background under it laid over the next, down to the page, and in a drawing the shape it
is written on; a gradient counts as the worst of its colours. Pictures, what is switched off and what a screen reader alone
sees have no requirement.
"""

__all__ = ["too_faint"]


def too_faint(page):
    """Return a line for every visible text whose contrast is below 4.5, or below 3 where it is large: what, where, why."""
    return page.evaluate(_MEASURE)


_MEASURE = r"""() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map(), judged = new Map(); // colours that were read, and elements whose layer was
  const read = (colour) => known.get(colour) || known.set(colour, reads(colour)).get(colour);
  const reads = (colour) => {          // any CSS colour as [red, green, blue, alpha], 0 to 1
    const plain = colour.match(/^rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)(?:[, /]+([\d.]+))?\)$/);
    if (plain) return [plain[1] / 255, plain[2] / 255, plain[3] / 255, plain[4] === undefined ? 1 : Number(plain[4])];
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
  };
  const over = (top, under) => [...[0, 1, 2].map((k) => top[k] * top[3] + under[k] * (1 - top[3])), 1];
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  // Everything under an element, the nearest first, with the opacity that fades it together with its children.
  const layers = (element) => {
    const found = [];
    for (let node = element; node; node = node.parentElement) {
      if (!judged.has(node)) judged.set(node, layer(getComputedStyle(node)));
      found.push(judged.get(node));
    }
    return found;
  };
  const layer = (style) => ({
    opacity: Number(style.opacity),
    fill: read(style.backgroundColor),
    stops: (style.backgroundImage.match(/(?:rgba?|color|oklch|oklab)\([^()]*\)/g) || []).map(read),
  });
  // What a word in a drawing is written on: the shapes before it that its middle lies in.
  const shapes = (element) => {
    const box = element.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
    const before = [...(element.parentElement.children || [])];
    return before.slice(0, before.indexOf(element)).filter((shape) => {
      const area = shape.getBoundingClientRect();
      return shape.matches("rect, circle, path") && area.left <= x && x <= area.right && area.top <= y && y <= area.bottom;
    });
  };
  const ratio = (element, ink) => {
    const stack = layers(element);
    if (element.matches("svg text"))
      for (const shape of shapes(element)) {
        const { fill, fillOpacity, opacity } = getComputedStyle(shape);
        if (fill === "none") continue;
        const [r, g, b, alpha] = read(fill);
        stack.unshift({ opacity: 1, fill: [r, g, b, alpha * fillOpacity * opacity], stops: [] });
      }
    const draw = (choice) => {
      let under = [1, 1, 1, 1];
      for (const { fill, stops } of [...stack].reverse()) {
        under = over(fill, under);
        if (stops.length) under = over(stops[choice % stops.length], under);
      }
      const faded = stack.reduce((product, layer) => product * layer.opacity, 1);
      return contrast(over([...ink.slice(0, 3), ink[3] * faded], under), under);
    };
    const choices = Math.max(1, ...stack.map((layer) => layer.stops.length));
    return Math.min(...Array.from({ length: choices }, (_, choice) => draw(choice)));
  };
  const seen = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && !element.closest(".sr, [aria-hidden=true] img");
  };
  const said = [];
  const judge = (element, text, ink) => {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize), weight = Number(style.fontWeight);
    const least = size >= 24 || (size >= 18.66 && weight >= 700) ? 3 : 4.5;
    const found = ratio(element, ink);
    if (found >= least - 0.005) return;
    const path = [];
    for (let node = element; node && path.length < 4; node = node.parentElement)
      path.unshift(node.id ? `#${node.id}` : node.localName + [...node.classList].map((name) => `.${name}`).join(""));
    said.push(`${found.toFixed(2)} < ${least}: “${text.slice(0, 40)}” in ${path.join(" > ")}`);
  };
  let looked = 0;
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("script, style, noscript, :disabled, [aria-disabled=true], option") || !seen(element)) continue;
    const style = getComputedStyle(element);
    const inFigure = element instanceof SVGElement;
    const words = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(" ").trim();
    if (words && !(inFigure && !element.closest("text"))) {
      looked += 1;
      // A figure's own words may lie on its cells; those that lie on the page are judged by the page.
      if (!inFigure) judge(element, words, read(style.color));
      else if (!element.closest(".annotation, .hoverlayer")) judge(element, words, read(style.fill));
    }
    if (element.matches("input:not([type=range], [type=file], [type=checkbox], [type=radio]), textarea, select")) {
      if (element.value) judge(element, element.value, read(style.color));
      if (element.placeholder) judge(element, element.placeholder, read(getComputedStyle(element, "::placeholder").color));
    }
  }
  if (looked < 10) said.push(`only ${looked} texts were found on the page: it is not there yet`);
  return [...new Set(said)];
}"""
