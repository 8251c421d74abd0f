// Tells what a person does on the page, as the actions that an agent would have to take. Never the value of a secret field.
//
// What was seen before an action is read when the person begins it (pointer down, first change of a field), before the page can
// react. Frames of the page's own origin read through the page's walker, so that a control has one number.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.awaken) return;
  const [home, foreign] = climb();
  const { refs, refOf, roleOf, nameOf, cut, squeeze, isSecret, shown, again, forgetSearch, mutations, CONTROL_ROLES } = home.parts;
  const { tagOf, typeOf, isEdited, attribute, matches, closest, contains, parentOf, isThere } = home.parts;
  const SECRET = '<secret>';
  const NOT_TYPED = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'hidden', 'file']);
  const edited = new Map();     // field -> { before, value, typed } since the person began to change it; `typed` is their last word
  let pressed = null;           // the control under the pointer, or that a key is about to press, and what was seen then
  let clicked = null;           // the last control that was pressed
  let submitting = false;       // an Enter was told already
  const passed = [];            // what the pointer came over since the last action: { item, seen }, `seen` being the controls visible then
  let carried = null;           // what a drag took up: { control, place, before, x, y, changes }
  let wake = () => {};
  const ended = new AbortController();

  // The outermost window whose inside this world may read, and whether the page lies further out.
  function climb() {
    let win = window;
    try { while (win.parent !== win && win.parent.apprentice) win = win.parent; } catch (error) { if (error.name !== 'SecurityError') throw error; }
    return [win.apprentice, win !== win.top];
  }

  const look = () => (foreign ? null : again());

  function tell(kind, place, text, before) {
    globalThis.apprenticeTell(JSON.stringify({ kind, ...place, text, before }));
    passed.length = 0;
    if (kind !== 'focus') forgetSearch();
    wake();
  }

  // The control that an agent would name for what was touched: the innermost one that has a line.
  function controlAt(path, before) {
    const listed = new Set((before?.lines ?? []).flatMap((line) => line.ref ?? []));
    const own = path.filter((node) => typeOf(node) === 1).flatMap((node) => (tagOf(node) === 'LABEL' && node.control ? [node.control] : [node]));
    return own.find((el) => listed.has(refs.get(el))) ?? own.find((el) => CONTROL_ROLES.has(roleOf(el))) ?? null;
  }

  function placeOf(el, before) {
    const role = roleOf(el), ref = foreign ? refs.get(el) ?? null : refOf(el);
    const line = before?.lines.find((other) => other.ref === ref);
    return { role: line?.role ?? role, name: line?.name ?? cut(nameOf(el, role), 80), ref };
  }

  // --- what shows under the pointer, and dragging ---------------------------------------------------------------

  const THINGS = 'li,tr,[role=row],[role=listitem],[role=menuitem],[aria-haspopup],article,td';
  const CONTROLS = 'a[*|href],button,input,select,textarea,[role]';
  const MANY = 2000, TRAIL = 12, FAR = 10;
  const elementsOf = (event) => event.composedPath().filter((node) => typeOf(node) === 1);
  const visible = () => { const all = document.querySelectorAll(CONTROLS); return new Set(all.length > MANY ? [] : Array.from(all).filter(shown)); };

  function over(event) {
    const item = elementsOf(event).find((el) => CONTROL_ROLES.has(roleOf(el)) || matches(el, THINGS));
    if (!event.isTrusted || event.pointerType !== 'mouse' || event.buttons || (passed.length && item === passed.at(-1).item)) return;
    if (item || !passed.length) passed.push({ item, seen: visible() });
    if (passed.length > TRAIL) passed.splice(1, 1);
  }

  // A press on what only the pointer over something else had brought up: tell of that first, outer things before inner ones.
  function tellHovers(control, before, until = passed.length) {
    let at = passed.slice(0, until).findIndex(({ seen }) => seen.has(control));
    if (at < 0) at = Math.max(until - 1, 0);
    for (; at > 0 && (!passed[at].item || contains(control, passed[at].item)); at--) if (passed[at - 1].seen.has(control)) return;
    const item = passed[at]?.item;
    if (at < 1 || !item || passed[0].seen.has(control)) return;
    tellHovers(item, before, at);
    hovers.push(CONTROL_ROLES.has(roleOf(item)) ? placeOf(item, before) : wordsOf(item));
  }
  let hovers = [];
  function flushHovers(before) { const told = hovers; hovers = []; for (const place of told) tell('hover', place, '', before); }

  // What has no line that an action could name is named by the first words in it.
  function wordsOf(el) {
    const texts = document.createTreeWalker(el, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) { const words = squeeze(node.data); if (words && shown(parentOf(node))) return { role: 'text', name: words.slice(0, 60).trim(), ref: null }; }
    return { role: 'text', name: cut(nameOf(el, roleOf(el)), 60), ref: null };
  }

  function take(event, before, control) {
    const path = elementsOf(event), held = path.find((el) => el.draggable === true && tagOf(el) !== 'IMG' && tagOf(el) !== 'A') ?? path[0];
    carried = { held, before, place: control && contains(held, control) ? placeOf(control, before) : wordsOf(held), x: event.clientX, y: event.clientY, changes: mutations() };
  }

  // Lists that are sorted while the pointer moves have changed when it is let go: what it came over is noted on the way.
  function carry(event) {
    if (!passed.length) over(event);
    if (!carried || !event.buttons) return;
    const under = document.elementsFromPoint(event.clientX, event.clientY).find((el) => !contains(carried.held, el));
    if (under && !contains(under, carried.held)) carried.over = under;
  }

  // Let go of what was dragged. The page took it when it handles the drop, or moved things while the pointer moved.
  function drop(event, isOwn) {
    const what = carried, far = what && Math.hypot(event.clientX - what.x, event.clientY - what.y) > FAR;
    carried = null;
    if (!far || !event.isTrusted || (isOwn && (!event.defaultPrevented || !what.held.draggable))) return;
    if (!isOwn && (mutations() === what.changes || !document.getSelection().isCollapsed || closest(what.held, 'input,textarea,[role=slider],[contenteditable=true]'))) return;
    pressed = null;
    finishAll();
    tell('drag', what.place, targetOf(event, what, isOwn), what.before);
  }

  // Where something was dropped: the control there, else the first words of the smallest part that has a name of its own.
  function targetOf(event, what, isOwn) {
    const under = (!isOwn && what.over) || document.elementsFromPoint(event.clientX, event.clientY).find((el) => !contains(what.held, el));
    for (let el = under; el && el !== document.body; el = parentOf(el)) {
      if (contains(el, what.held) && el !== under) break;
      const words = CONTROL_ROLES.has(roleOf(el)) ? placeOf(el, what.before).name : wordsOf(el).name;
      if (words) return words;
    }
    return under ? wordsOf(closest(under, 'section,ul,ol,tr,li,div') ?? under).name : '';
  }

  // --- sliders made of ARIA -------------------------------------------------------------------------------------

  const slid = new Map();       // slider -> { value, before }, as it was when the person came to it
  const sliderOf = (event) => elementsOf(event).find((el) => tagOf(el) !== 'INPUT' && roleOf(el) === 'slider');
  const numberOf = (slider) => attribute(slider, 'aria-valuenow');
  function slide(event, before) {
    const slider = sliderOf(event);
    if (slider && !slid.has(slider)) slid.set(slider, { value: numberOf(slider), before: before ?? look() });
    return Boolean(slider);
  }
  function finishSlides() {
    const all = [...slid];
    slid.clear();
    for (const [slider, start] of all) if (numberOf(slider) !== start.value) tell('type', placeOf(slider, start.before), numberOf(slider), start.before);
  }

  // --- fields ---------------------------------------------------------------------------------------------------

  function fieldOf(el) {
    if (!el || typeOf(el) !== 1) return null;
    if (tagOf(el) === 'TEXTAREA' || (tagOf(el) === 'INPUT' && !NOT_TYPED.has(el.type))) return el;
    if (!isEdited(el)) return null;
    let host = el;
    while (parentOf(host) && isEdited(parentOf(host))) host = parentOf(host);
    return host;
  }

  const valueOf = (field) => (isEdited(field) ? field.innerText.replace(/\n$/, '') : field.value);
  const isMultiline = (field) => tagOf(field) === 'TEXTAREA' || isEdited(field);

  function begin(field, before) {
    if (field && !edited.has(field)) edited.set(field, { before: before ?? look(), value: isSecret(field) ? null : valueOf(field), typed: null });
  }

  // Tell, once, what the person put into a field; not what the page made of it afterwards.
  function finish(field) {
    const start = edited.get(field);
    edited.delete(field);
    if (start && start.typed !== null && start.typed !== start.value) tell('type', placeOf(field, start.before), start.typed, start.before);
  }
  const finishAll = () => { for (const field of [...edited.keys()]) finish(field); finishSlides(); };

  // --- the pointer ----------------------------------------------------------------------------------------------

  function down(event) {
    if (!event.isTrusted || event.button !== 0) return;
    const before = look(), path = event.composedPath();
    const control = controlAt(path, before);
    take(event, before, control);
    if (slide(event, before)) { pressed = null; return; }
    if (control) tellHovers(control, before);
    pressed = control && { control, before, place: placeOf(control, before), editable: isEditable(control) };
    if (pressed && (tagOf(control) === 'SELECT' || fieldOf(control))) begin(tagOf(control) === 'SELECT' ? null : fieldOf(control), before);
  }

  const isEditable = (el) => Boolean(fieldOf(el)) && !el.readOnly && !el.disabled;

  // A pad of digits keeps the focus in the password field: pressing it is typing the password.
  const isPad = (what) => { const field = fieldOf(deepFocus()); return field && isSecret(field) && field !== what.control; };

  function press(what) {
    pressed = null;
    if (isPad(what)) return;
    if (what.control.tagName === 'SELECT' || (what.control.tagName === 'INPUT' && what.control.type === 'file')) { clicked = what; return; }
    if (!what.editable) for (const field of [...edited.keys()]) if (field !== what.control) finish(field);
    finishSlides();
    clicked = what;
    flushHovers(what.before);
    tell(what.editable ? 'focus' : 'click', what.place, '', what.before);
  }

  function click(event) {
    if (!event.isTrusted || !pressed) return;   // the second click, which a label passes on to its box, finds nothing pressed
    const path = event.composedPath();
    if (path.includes(pressed.control) || (pressed.control.labels && Array.from(pressed.control.labels).some((label) => path.includes(label)))) press(pressed);
  }

  // A control that its own pointerdown took off the page never gets its click.
  function up(event) {
    if (carried && !carried.held.draggable) drop(event, false);
    const what = pressed;
    if (what) setTimeout(() => { if (pressed === what && (!isThere(what.control) || !shown(what.control))) press(what); });
  }

  // --- the keyboard ---------------------------------------------------------------------------------------------

  function key(event) {
    if (!event.isTrusted || event.isComposing) return;
    const target = event.composedPath()[0], field = fieldOf(target);
    if (slide(event)) return;
    if (field && isSecret(field)) return;   // not one key of a secret is looked at
    if (event.key === 'Escape') { const before = look(); finishAll(); tell('press', {}, 'Escape', before); return; }
    if (field && event.key === 'Enter') { enter(event, field); return; }
    if (field) { if (!event.ctrlKey && !event.metaKey) begin(field); return; }
    const before = look(), control = controlAt(event.composedPath(), before);
    if (control && (event.key === 'Enter' || event.key === ' ' || tagOf(control) === 'SELECT' || control.type === 'radio'))
      pressed = { control, before, place: placeOf(control, before), editable: false };
  }

  // Enter in a line of text is an action; in a longer text only when the page takes it for one.
  function enter(event, field) {
    const before = look();
    const act = () => { finish(field); tell('press', {}, 'Enter', before); };
    if (isMultiline(field)) { setTimeout(() => { if (event.defaultPrevented) act(); }); return; }
    submitting = true;
    setTimeout(() => { submitting = false; });
    act();
  }

  // A form sent from a password field by Enter: the sending is told, no key is.
  function submit(event) {
    const field = fieldOf(deepFocus());
    if (!field || !isSecret(field) || submitting || clicked?.control === event.submitter) return;
    const before = look();
    finishAll();
    tell('press', {}, 'Enter', before);
  }

  function deepFocus(root = document) {
    const el = root.activeElement;
    return (el && el.shadowRoot && deepFocus(el.shadowRoot)) || el;
  }

  // --- changes --------------------------------------------------------------------------------------------------

  function change(event) {
    const el = event.composedPath()[0];
    if (!event.isTrusted && !pressed) return;
    if (tagOf(el) === 'SELECT') {
      const start = clicked?.control === el ? clicked : pressed?.control === el ? pressed : { before: look() };
      finishAll();
      const chosen = el.multiple ? toggled(el) : el.selectedOptions[0];
      if (chosen) tell('select', start.place ?? placeOf(el, start.before), cut(squeeze(chosen.label || chosen.text), 80), start.before);
      clicked = pressed = null;
      remember(el);
    } else if (tagOf(el) === 'INPUT' && el.type === 'file' && el.files.length) {
      const start = clicked ?? { place: placeOf(el, null), before: look() };
      tell('type', start.place, el.files[0].name, start.before);
    } else if (fieldOf(el)) begin(el);
  }

  const chosenBefore = new WeakMap();
  const remember = (select) => { if (select.multiple) chosenBefore.set(select, new Set(select.selectedOptions)); };
  function toggled(select) {
    const before = chosenBefore.get(select) ?? new Set();
    return Array.from(select.options).find((option) => option.selected !== before.has(option));
  }

  function input(event) {
    const field = fieldOf(event.composedPath()[0]);
    if (!field || !event.isTrusted) return;
    begin(field);
    if (event.type === 'input') edited.get(field).typed = isSecret(field) ? SECRET : valueOf(field);
  }

  const heeded = { capture: true, passive: true, signal: ended.signal };
  for (const [type, act] of [['pointerover', over], ['pointermove', carry], ['pointerdown', down], ['pointerup', up], ['click', click], ['keydown', key], ['beforeinput', input], ['input', input], ['change', change], ['submit', submit]])
    addEventListener(type, act, heeded);
  addEventListener('drop', (event) => drop(event, true), { signal: ended.signal });   // after the page's own, which may refuse it
  addEventListener('focusin', (event) => { const el = event.composedPath()[0]; if (tagOf(el) === 'SELECT') remember(el); }, heeded);
  addEventListener('focusout', (event) => { const field = fieldOf(event.composedPath()[0]); if (field) finish(field); else if (sliderOf(event)) finishSlides(); }, heeded);
  addEventListener('pagehide', finishAll, { signal: ended.signal });

  Object.assign(apprentice, {
    finishAll,
    // Tell nothing more; what was not told yet is forgotten.
    unrecord() { ended.abort(); edited.clear(); pressed = clicked = null; delete apprentice.awaken; },
    // An answer comes after all that was told before the question.
    hear: () => null,
    // Resolve when something is told, or when `limit` ms are over.
    awaken: (limit) => new Promise((resolve) => { const timer = setTimeout(resolve, limit); wake = () => { clearTimeout(timer); resolve(); }; }),
  });
})();
