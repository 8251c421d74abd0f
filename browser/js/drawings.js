// Drawings (svg): their words are not read, but what a person can use in them is.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.usedIn) return;
  const { tagOf, attribute, hasAttribute, queryAll, contains, boundsOf, listening, roleOf, textOf, svgTitle, CONTROL_ROLES, MAX_NAME } = parts;

  const USED = 'a,[role],[tabindex],[onclick],button,input,select,textarea';   // HTML may stand in a drawing, too
  const SHAPES = 'path,rect,circle,ellipse,polygon,polyline,line,text,image,use';
  const MANY = 2000, SOME = 8;         // parts of a drawing that are looked at for listeners; shapes of a link that are measured

  const isDrawn = (el) => tagOf(el) >= 'a' && tagOf(el) !== 'svg' && Boolean(el.ownerSVGElement);   // HTML has its tags in capitals
  const isNamed = (el) => Boolean(attribute(el, 'aria-label') || attribute(el, 'aria-labelledby') || attribute(el, 'xlink:title') || svgTitle(el) || textOf(el, 1));
  const isControl = (el) => CONTROL_ROLES.has(roleOf(el));

  // What is no control, but listens or takes the focus, counts when it says what it is: charts listen on much that they draw.
  function isActive(el) {
    if (!(listening.has(el) || hasAttribute(el, 'onclick') || (hasAttribute(el, 'tabindex') && el.tabIndex >= 0))) return false;
    const words = attribute(el, 'aria-label') || textOf(el, MAX_NAME + 1) || svgTitle(el);
    return words.length > 0 && words.length <= MAX_NAME;
  }

  function candidatesIn(svg) {
    const marked = new Set(queryAll(svg, USED)), all = svg.getElementsByTagName('*'), found = [];
    for (let i = 0; i < all.length; i++) {
      const el = all[i];
      if (marked.has(el) ? isControl(el) || isActive(el) : i < MANY && listening.has(el) && isActive(el)) found.push(el);
    }
    return found;
  }

  // In the drawing's order. Of controls the outermost, of the rest the innermost: the whole of a chart may listen as well.
  function usedIn(svg) {
    const used = [], found = candidatesIn(svg);
    found.forEach((el, at) => {
      if (used.length && contains(used[used.length - 1], el)) return;
      if (isControl(el) || !(at + 1 < found.length && contains(el, found[at + 1]))) used.push(el);
    });
    return used;
  }

  // A link may span shapes that lie far apart: it is pressed on the largest of them.
  function largestShape(el) {
    const shapes = queryAll(el, SHAPES);
    let best = null, most = 0;
    for (let i = 0; shapes.length > 1 && i < shapes.length && i < SOME; i++) {
      const box = boundsOf(shapes[i]), area = box.width * box.height;
      if (area > most) { most = area; best = { el: shapes[i], box }; }
    }
    return best;
  }

  Object.assign(parts, { isDrawn, isActive, isNamed, usedIn, largestShape });
})();
