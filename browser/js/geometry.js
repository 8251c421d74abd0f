// Where things are, and what a mouse would reach.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.boxOf) return;
  const { shown } = parts;

  // A checkbox hidden behind a styled label is used through the label, as a person does.
  const styledLabel = (el) => (el.type === 'checkbox' || el.type === 'radio' || el.type === 'file') && el.labels && Array.from(el.labels).find((label) => shown(label) && label.getBoundingClientRect().width > 1);

  function hit(el, x, y) {
    let found = el.ownerDocument.elementFromPoint(x, y);
    while (found && found.shadowRoot && found !== el) { const inner = found.shadowRoot.elementFromPoint(x, y); if (!inner || inner === found) break; found = inner; }
    return found;
  }

  function related(found, el) {
    for (let node = found; node; node = node.parentNode || node.host) if (node === el) return true;
    for (let node = el; node; node = node.parentNode || node.host) if (node === found) return found !== document.body && found !== document.documentElement && !isDialog(found);
    if (el.labels) for (const label of el.labels) if (label.contains(found)) return true;
    return false;
  }
  const isDialog = (el) => el.tagName === 'DIALOG' || ['dialog', 'alertdialog'].includes(el.getAttribute && el.getAttribute('role'));

  // The first of five points of the element that a mouse would reach; null when something else lies over all of them.
  function reachable(el, box) {
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth), top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    if (right - left < 1 || bottom - top < 1) return null;
    const mid = (a, b, f) => a + (b - a) * f;
    for (const [fx, fy] of [[0.5, 0.5], [0.2, 0.5], [0.8, 0.5], [0.5, 0.2], [0.5, 0.8]]) {
      const x = mid(left, right, fx), y = mid(top, bottom, fy);
      const found = hit(el, x, y);
      if (found && related(found, el)) return { x, y };
    }
    return null;
  }

  function boxOf(el) {
    const box = el.getBoundingClientRect();
    if (box.width > 1 && box.height > 1) return { el, box };
    const label = styledLabel(el);
    if (label) return { el: label, box: label.getBoundingClientRect() };
    for (const child of el.children) { const inner = child.getBoundingClientRect(); if (inner.width > 1 && inner.height > 1) return { el: child, box: inner }; }
    return { el, box };
  }

  Object.assign(parts, { styledLabel, related, isDialog, reachable, boxOf });
})();
