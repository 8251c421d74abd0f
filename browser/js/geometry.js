// Where things are, and what a mouse would reach.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.boxOf) return;
  const { tagOf, attribute, boundsOf, aboveOf, parentOf, ownerOf, shadowOf, elementsIn, shown, isDrawn, largestShape } = parts;

  // A checkbox hidden behind a styled label is used through the label, as a person does.
  const styledLabel = (el) => (el.type === 'checkbox' || el.type === 'radio' || el.type === 'file') && el.labels && Array.from(el.labels).find((label) => shown(label) && boundsOf(label).width > 1);

  function hit(el, x, y) {
    let found = ownerOf(el).elementFromPoint(x, y);
    while (found && shadowOf(found) && found !== el) { const inner = shadowOf(found).elementFromPoint(x, y); if (!inner || inner === found) break; found = inner; }
    return found;
  }

  function related(found, el) {
    for (let node = found; node; node = aboveOf(node) || node.host) if (node === el) return true;
    if (isDrawn(el)) return false;     // what is around a shape is not the shape
    for (let node = el; node; node = aboveOf(node) || node.host) if (node === found) return found !== document.body && found !== document.documentElement && !isDialog(found);
    if (el.labels && tagOf(el) !== 'FORM') for (const label of el.labels) if (label.contains(found)) return true;
    return false;
  }
  const isDialog = (el) => tagOf(el) === 'DIALOG' || ['dialog', 'alertdialog'].includes(attribute(el, 'role'));

  // Shares of width and height where an element is looked for. A drawn one may be an arc, with little of its box in it.
  const POINTS = [[0.5, 0.5], [0.2, 0.5], [0.8, 0.5], [0.5, 0.2], [0.5, 0.8]], CORNERS = [[0.1, 0.1], [0.9, 0.9]];
  const GRID = [0.1, 0.37, 0.63, 0.9].flatMap((fy, _, all) => all.map((fx) => [fx, fy]));
  const pointsOf = (el, others = []) => (isDrawn(el) || others.length ? POINTS.concat(others, isDrawn(el) ? GRID : []) : POINTS);

  // The first of some points of the element that a mouse would reach; null when something else lies over all of them.
  function reachable(el, box) {
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth), top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    if (right - left < 1 || bottom - top < 1) return null;
    const mid = (a, b, f) => a + (b - a) * f;
    for (const [fx, fy] of pointsOf(el)) {
      const x = mid(left, right, fx), y = mid(top, bottom, fy);
      const found = hit(el, x, y);
      if (found && related(found, el)) return { x, y };
    }
    return null;
  }

  // Whether a box lies above or left of where its document begins: no scrolling brings it into view, so no person sees it.
  // (Left of the start of a right-to-left page, or inside something that is itself scrolled, it can be brought into view.)
  function beyond(el, box) {
    if (box.right > 0 && box.bottom > 0) return false;   // most of them; asking where the page is scrolled to costs more
    const view = ownerOf(el).defaultView, root = ownerOf(el).documentElement;
    const left = box.right + view.scrollX <= 0, above = box.bottom + view.scrollY <= 0;
    if (!(left || above) || box.width === 0 || box.height === 0) return false;
    if (left && (getComputedStyle(root).direction === 'rtl' || getComputedStyle(ownerOf(el).body).direction === 'rtl')) return false;
    for (let node = parentOf(el); node && node !== root; node = parentOf(node)) if ((left && node.scrollLeft) || (above && node.scrollTop)) return false;
    return true;
  }

  function boxOf(el, box = boundsOf(el)) {
    const shape = isDrawn(el) && largestShape(el);
    if (shape) return shape;
    if (box.width > 1 && box.height > 1 && !beyond(el, box)) return { el, box };
    const label = styledLabel(el);
    if (label) return { el: label, box: boundsOf(label) };
    for (const child of elementsIn(el)) { const inner = boundsOf(child); if (inner.width > 1 && inner.height > 1) return { el: child, box: inner }; }
    return { el, box };
  }

  Object.assign(parts, { CORNERS, pointsOf, styledLabel, related, isDialog, reachable, beyond, boxOf });
})();
