// Pressing what was meant, and nothing else.
//
// A page may move between the last look and the press. A press that lands on anything else is kept from the page, which hears of
// it as little as of one that never was.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.take) return;
  const { tagOf, ownerOf, boxOf, find, under, inside, isOn } = apprentice.parts;

  let aimed = null;                    // { el, owner, missed }; its window is the one that hears the press
  let armed = apprentice;              // this world's part in that window
  function guard(event) {
    if (!aimed || !event.isTrusted) return;
    if (event.type === 'pointerdown') aimed.missed = !isOn(event.composedPath()[0], aimed.el, aimed.owner);
    if (aimed.missed) { event.preventDefault(); event.stopImmediatePropagation(); }
  }
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) addEventListener(type, guard, true);

  // What a mouse at this point is on, in this document or in a frame that this world reads.
  function deepUnder(x, y) {
    let found = under(document, x, y);
    for (let inner = innerOf(found); inner; inner = innerOf(found)) { const origin = inside(found); x -= origin.x; y -= origin.y; found = under(inner, x, y); }
    return found;
  }
  const innerOf = (el) => (el && (tagOf(el) === 'IFRAME' || tagOf(el) === 'FRAME') ? el.contentDocument : null);

  Object.assign(apprentice, {
    // Whether the mouse, come to this point, is still on the control. If so, the next press is kept from everything else.
    take(ref, x, y) {
      const el = find(ref), target = el && boxOf(el).el;
      if (!el || !isOn(deepUnder(x, y), target, el)) return false;
      armed = ownerOf(el).defaultView.apprentice ?? apprentice;
      armed.arm({ el: target, owner: el, missed: false });
      return true;
    },
    arm(at) { aimed = at; },
    disarm() { const missed = Boolean(aimed?.missed); aimed = null; return missed; },
    // Whether the press missed; the next one may land where it will.
    missed: () => armed.disarm(),
  });
})();
