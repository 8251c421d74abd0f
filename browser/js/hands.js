// What the hands need of a page, beside the walker and in its world: where to press, how to fill, where to scroll.
//
// Every function takes a reference number of the walker. Those that wait do so in animation frames, never longer than `limit`.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.probe) return;
  const { elements, squeeze, cut, shown, related, isDialog, boxOf, styledLabel, CORNERS, pointsOf, roleOf, nameOf, textOf, isSecret, childrenOf, openModal, SKIP } = apprentice.parts;
  const { tagOf, typeOf, isEdited, countOf, attribute, matches, closest, query, queryAll, boundsOf, shadowOf, isVisible, bring, rootOf, contains, parentOf, ownerOf, isThere, wordsIn } = apprentice.parts;
  const SET_DIRECTLY = new Set(['date', 'time', 'datetime-local', 'month', 'week', 'color', 'range']);
  const NOT_TYPED = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'hidden']);
  const PRESSED = 'a[*|href],button,input,select,textarea,summary,[role=button],[role=link]';

  // A hidden tab draws no frames: the timer keeps the promise then.
  const frame = () => new Promise((resolve) => { const timer = setTimeout(resolve, 100); requestAnimationFrame(() => { clearTimeout(timer); resolve(); }); });
  const find = (ref) => { const el = elements.get(ref)?.deref(); return el && isThere(el) && ownerOf(el).defaultView ? el : null; };

  // --- where to press -------------------------------------------------------------------------------------------

  function under(doc, x, y) {
    let found = doc.elementFromPoint(x, y);
    while (found && shadowOf(found)) { const inner = shadowOf(found).elementFromPoint(x, y); if (!inner || inner === found) break; found = inner; }
    return found;
  }

  // Where the inside of a frame element begins, in the viewport of the document that holds it.
  function inside(el) {
    const box = boundsOf(el), style = getComputedStyle(el);
    return { x: box.left + el.clientLeft + parseFloat(style.paddingLeft), y: box.top + el.clientTop + parseFloat(style.paddingTop) };
  }

  // The first point of the element that a mouse would reach, in the viewport of this world's own window; else what lies over it.
  function pointOn(el, owner, box) {
    const win = ownerOf(el).defaultView;
    const left = Math.max(box.left, 0), right = Math.min(box.right, win.innerWidth), top = Math.max(box.top, 0), bottom = Math.min(box.bottom, win.innerHeight);
    if (right - left < 1 || bottom - top < 1) return { outside: true };
    let cover = null;
    for (const [fx, fy] of pointsOf(el, CORNERS)) {
      const x = left + (right - left) * fx, y = top + (bottom - top) * fy;
      const found = under(ownerOf(el), x, y);
      if (!isOn(found, el, owner)) { cover = cover || found; continue; }
      const out = outward(win, x, y);
      if (out.cover) { cover = cover || out.cover; continue; }
      return out;
    }
    return { cover };
  }

  const isOn = (found, el, owner) => Boolean(found) && related(found, el) && !strays(found, el, owner);

  // A link inside a label would take the press that was meant for the label's box.
  function strays(found, el, owner) {
    const pressed = closest(found, PRESSED);
    return pressed !== null && pressed !== el && pressed !== owner && contains(el, pressed) && owner !== el;
  }

  // From a frame's viewport to this window's, as long as nothing lies over the frames on the way.
  function outward(win, x, y) {
    for (; win !== window; win = win.parent) {
      const holder = win.frameElement, origin = inside(holder);
      x += origin.x; y += origin.y;
      const found = under(holder.ownerDocument, x, y);
      if (!found || !related(found, holder)) return { cover: found };
    }
    return { x, y };
  }

  function describe(el, cover) {
    let top = cover;
    for (let node = cover; node && !contains(node, el); node = parentOf(node) || rootOf(node).host) {
      top = node;
      if (isDialog(node) || attribute(node, 'aria-modal') === 'true') { const name = nameOf(node, 'dialog'); return name ? `dialog ${JSON.stringify(cut(name, 60))}` : 'a dialog'; }
    }
    if (!top) return 'something else';
    const words = cut(squeeze(textOf(top, 80)) || nameOf(cover, roleOf(cover)), 60);
    return words ? JSON.stringify(words) : 'something without words';
  }

  function kindOf(el) {
    if (tagOf(el) === 'SELECT') return 'select';
    if (tagOf(el) === 'INPUT') return el.type === 'file' ? 'file' : SET_DIRECTLY.has(el.type) ? 'set' : NOT_TYPED.has(el.type) ? 'none' : el.type === 'number' ? 'number' : 'text';
    if (tagOf(el) === 'TEXTAREA') return 'multiline';
    if (isEdited(el)) return 'editable';
    if (roleOf(el) === 'slider') return 'slider';
    return ['textbox', 'searchbox', 'combobox', 'spinbutton', 'gridcell'].includes(roleOf(el)) ? 'other' : 'none';
  }

  function look(ref, into) {
    const el = find(ref);
    if (!el) return { state: 'gone' };
    const role = roleOf(el);
    const found = { name: cut(nameOf(el, role), 80), kind: kindOf(el), role, readonly: Boolean(el.readOnly) || attribute(el, 'aria-readonly') === 'true', expanded: attribute(el, 'aria-expanded') === 'true' };
    if (matches(el, ':disabled') || closest(el, '[aria-disabled=true],[inert]')) return { ...found, state: 'disabled' };
    const target = boxOf(el).el;
    if (!shown(target) && !styledLabel(el)) return { ...found, state: 'hidden' };
    return { ...found, ...lookAt(target, el, into) };
  }

  // Whether a mouse reaches an element, which stands for another or for itself, and where.
  function lookAt(target, el, into) {
    if (into) bring(target, { block: 'center', inline: 'nearest', behavior: 'instant' });
    const box = boundsOf(target);
    if (box.width < 1 || box.height < 1) return { state: 'hidden' };
    const point = pointOn(target, el, box);
    if (point.outside) return { state: into ? 'hidden' : 'away' };
    if (point.x === undefined) return { state: 'covered', by: describe(target, point.cover) };
    return { state: 'ok', x: point.x, y: point.y, box: [box.left, box.top, box.width, box.height].join() };
  }

  // --- filling and choosing -------------------------------------------------------------------------------------

  const typed = (el) => el && (isEdited(el) || ['text', 'number', 'multiline'].includes(kindOf(el)));
  function focused(doc = document) {
    const el = doc.activeElement;
    const inner = el && (shadowOf(el) || (tagOf(el) === 'IFRAME' && el.contentDocument));
    return (inner && inner.activeElement && focused(inner)) || el;
  }
  const tell = (el) => { for (const type of ['input', 'change']) el.dispatchEvent(new Event(type, { bubbles: true, composed: type === 'input' })); };
  const labelOf = (option) => cut(squeeze(option.label || option.text), 80);
  const same = (label, wanted) => label === wanted || squeeze(label).toLowerCase() === squeeze(wanted).toLowerCase();

  // Of several labels the one that is wanted: letter by letter, else without regard to case.
  function match(items, label, wanted) {
    return items.find((item) => label(item) === wanted) || items.find((item) => same(label(item), wanted));
  }

  // The choices of an open list: those of the list that the control names, else every visible one.
  function choices(el) {
    const root = rootOf(el);
    const ids = `${attribute(el, 'aria-controls') || ''} ${attribute(el, 'aria-owns') || ''}`.trim().split(/\s+/).filter(Boolean);
    const lists = ids.map((id) => root.getElementById(id)).filter(Boolean);
    if (!lists.length && roleOf(el) === 'listbox') lists.push(el);
    const within = (place) => Array.from(place.querySelectorAll('[role=option],[role=menuitem],[role=menuitemradio],[role=treeitem]'));
    const named = lists.flatMap(within);
    return (named.length ? named : within(el).concat(within(root))).filter((option) => shown(option) && boundsOf(option).height > 0);
  }

  const optionName = (option) => cut(nameOf(option, 'option'), 80);

  // --- scrolling and finding ------------------------------------------------------------------------------------

  function scrolls(el) {
    return el.scrollHeight > el.clientHeight + 8 && el.clientHeight > 40 && /auto|scroll|overlay/.test(getComputedStyle(el).overflowY);
  }

  // What a person's wheel would move: inside an open dialog, else in the middle of the page, else the page.
  function scroller() {
    const modal = openModal();
    const page = document.scrollingElement || document.documentElement;
    for (let el = under(document, innerWidth / 2, innerHeight / 2); el && el !== page && el !== document.body; el = parentOf(el) || rootOf(el).host)
      if (scrolls(el) && (modal ? contains(modal, el) : el.clientHeight > innerHeight / 2)) return el;
    if (modal) { const inner = [modal, ...queryAll(modal, '*')].find(scrolls); if (inner) return inner; }
    if (page.scrollHeight > page.clientHeight + 1) return page;
    const big = Array.from(document.querySelectorAll('main,[role=main],section,div,ul,table')).filter((el) => scrolls(el) && el.clientHeight > innerHeight / 3);
    return big[0] || page;
  }

  const wordsOf = (el) => squeeze(`${tagOf(el) === 'INPUT' && !isSecret(el) && el.type !== 'hidden' ? el.value : ''} ${attribute(el, 'placeholder') || ''} ${attribute(el, 'aria-label') || ''} ${attribute(el, 'alt') || ''}`).toLowerCase();

  // The innermost visible element whose words contain the text; words may be spread over bold and links inside it.
  function holder(node, text) {
    if (typeOf(node) === 3) return squeeze(node.data).toLowerCase().includes(text) ? parentOf(node) : null;
    if ((typeOf(node) !== 1 && typeOf(node) !== 9 && typeOf(node) !== 11) || SKIP.has(tagOf(node))) return null;
    if (typeOf(node) === 1 && tagOf(node) !== 'BODY' && !isVisible(node)) return null;
    const inner = tagOf(node) === 'IFRAME' ? node.contentDocument?.body : null;
    for (const child of inner ? [inner] : childrenOf(node)) { const found = holder(child, text); if (found) return found; }
    if (typeOf(node) !== 1 || inner) return null;
    return shown(node) && (wordsOf(node).includes(text) || spread(node, text)) ? node : null;
  }
  const spread = (node, text) => countOf(node) > 0 && countOf(node) < 50 && squeeze(wordsIn(node)).toLowerCase().includes(text) && textOf(node).toLowerCase().includes(text);

  Object.assign(apprentice, {
    element: (ref) => find(ref),
    frameElement: (number) => apprentice.parts.foreign[number]?.deref() ?? null,
    frameOrigin(number) { const el = apprentice.frameElement(number); return el && el.isConnected ? inside(el) : null; },

    // Wait until the control can be pressed and stands still for two frames; else say what is in the way.
    async probe(ref, limit) {
      const start = performance.now();
      let seen = look(ref, false), brought = 0;
      for (;;) {
        if (seen.state === 'gone') return seen;
        if (seen.state !== 'ok' && performance.now() - start >= limit) return seen;
        if (seen.state === 'away' || (seen.state === 'covered' && brought++ % 30 === 0)) seen = look(ref, true);
        await frame();
        const again = look(ref, false);
        if (again.state === 'ok' && again.box === seen.box) return again;
        if (again.state === 'ok' && performance.now() - start >= limit) return again;
        seen = again;
      }
    },

    // Put the caret in, with all there is selected. Says whether typing would arrive and whether something is selected.
    aim(ref) {
      const el = find(ref);
      if (!el) return { ready: false };
      let target = focused(ownerOf(el));
      if (!typed(target) || !(target === el || contains(el, target) || shadowOf(el)?.contains(target) || roleOf(el) === 'combobox')) {
        target = typed(el) ? el : query(el, 'input:not([type=hidden]),textarea,[contenteditable=true]');
        if (!target) return { ready: false };
        target.focus();
        if (focused(ownerOf(el)) !== target && focused() !== target) return { ready: false };
      }
      if (isEdited(target)) {
        const selection = target.ownerDocument.getSelection();
        selection.selectAllChildren(target);
        return { ready: true, filled: target.textContent !== '', multiline: true };
      }
      target.select();
      return { ready: true, filled: target.value !== '', multiline: tagOf(target) === 'TEXTAREA' };
    },

    // Whose field it is, and whether it is one for secrets.
    secretPlace(ref) {
      const el = find(ref);
      return el ? { origin: el.ownerDocument.defaultView.origin, secret: isSecret(el) } : { origin: '', secret: false };
    },

    // Replace all that a secret field holds, in one go and only while the field is still its origin's.
    fillSecret(ref, origin, value) {
      const el = find(ref);
      if (!el || el.ownerDocument.defaultView.origin !== origin || !isSecret(el)) return false;
      el.focus();
      el.select();
      return focused(el.ownerDocument) === el && el.ownerDocument.execCommand('insertText', false, value) && el.value !== '';
    },

    // Whether a number field understood what was typed; it drops what it takes for no part of a number, such as a comma.
    understood(ref, text) {
      const el = find(ref), wanted = text.trim().replace(',', '.');
      return !el || (!el.validity.badInput && (wanted === '' ? el.value === '' : el.value !== '' && Number(el.value) === Number(wanted)));
    },

    // Dates, times, colours and sliders: through the setter, as their pickers do.
    set(ref, text) {
      const el = find(ref), before = el.value;
      el.focus();
      el.value = text;
      const took = el.type === 'range' ? text.trim() !== '' && !Number.isNaN(Number(text)) : el.value !== '' || text === '';
      if (!took || (el.type === 'color' && el.value !== text.toLowerCase())) { el.value = before; return { took: false, type: el.type }; }
      tell(el);
      return { took: true, type: el.type };
    },

    // A native select. In one that takes several, choosing what is chosen takes it back.
    choose(ref, wanted) {
      const el = find(ref);
      const options = Array.from(el.options).filter((option) => !option.disabled && !option.hidden);
      const option = match(options, labelOf, wanted);
      if (!option) return { took: false, options: options.map(labelOf).filter(Boolean).slice(0, 8) };
      el.focus();
      if (el.multiple) option.selected = !option.selected; else if (option.selected) return { took: true }; else el.value = option.value;
      if (!el.multiple && !option.selected) el.selectedIndex = option.index;
      tell(el);
      return { took: true };
    },

    // Wait for the choice with this name in an open list: its number, or the names there are. A field of text may hold the
    // wanted words and need no list (`held`).
    async option(ref, wanted, limit, held) {
      const start = performance.now();
      for (;;) {
        const el = find(ref), waited = performance.now() - start;
        const open = el ? choices(el) : [];
        const option = match(open, optionName, wanted);
        if (option) return { ref: apprentice.parts.refOf(option) };
        if (el && !open.length && el.value === wanted && waited >= held) return { held: true };
        if (!el || waited >= limit) return { options: open.map(optionName).slice(0, 8) };
        await frame();
      }
    },

    // All words of this frame's document, shadow roots included, and what its fields hold; for finding secrets in them.
    wording() {
      const words = [document.body?.innerText ?? ''], values = [];
      const collect = (root) => {
        for (const el of root.querySelectorAll('*')) {
          const inner = shadowOf(el);
          if (inner) { words.push(inner.textContent); collect(inner); }
          if (typeof el.value === 'string' && !isSecret(el)) values.push(el.value);
          if (el.placeholder) values.push(el.placeholder);
        }
      };
      collect(document);
      return { words: words.join('\n'), values: values.join('\n') };
    },

    // What a slider says; the keyboard is put on it.
    slider(ref) {
      const el = find(ref), number = (key, other) => { const said = parseFloat(el?.getAttribute('aria-value' + key)); return Number.isNaN(said) ? other : said; };
      el?.focus();
      return { now: number('now', 0), least: number('min', 0), most: number('max', 100) };
    },
    async slid(ref, before, limit) {
      const start = performance.now();
      for (;;) {
        const at = apprentice.slider(ref);
        if (at.now !== before || performance.now() - start >= limit) return at;
        await frame();
      }
    },

    // Where a mouse reaches the first place with these words; null when there is none.
    spot(text) {
      const el = holder(openModal() || document.body, squeeze(text).toLowerCase());
      if (!el) return null;
      const seen = lookAt(el, el);
      return seen.state === 'ok' ? seen : lookAt(el, el, true);
    },

    scroll(direction) {
      const el = scroller(), before = el.scrollTop;
      el.scrollBy({ top: (direction === 'up' ? -0.8 : 0.8) * el.clientHeight, behavior: 'instant' });
      return Math.abs(el.scrollTop - before) >= 1;
    },

    // Bring the first place with these words into view; returns what `observe` is told of it, null when there is none.
    find(text) {
      const words = squeeze(text).toLowerCase(), found = holder(openModal() || document.body, words);
      if (found) bring(found, { block: 'center', inline: 'nearest', behavior: 'instant' });
      return found && { words, at: location.href };
    },
  });
  Object.assign(apprentice.parts, { find, under, inside, isOn });
})();
