// Tells what a person does on the page, as the actions that an agent would have to take. Never the value of a secret field.
//
// What was seen before an action is read when the person begins it (pointer down, first change of a field), before the page can
// react. Frames of the page's own origin read through the page's walker, so that a control has one number.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.awaken) return;
  const [home, foreign] = climb();
  const { refs, refOf, roleOf, nameOf, cut, squeeze, isSecret, shown, again, CONTROL_ROLES } = home.parts;
  const SECRET = '<secret>';
  const NOT_TYPED = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'hidden', 'file']);
  const edited = new Map();     // field -> { before, value, typed } since the person began to change it; `typed` is their last word
  let pressed = null;           // the control under the pointer, or that a key is about to press, and what was seen then
  let clicked = null;           // the last control that was pressed
  let submitting = false;       // an Enter was told already
  let wake = () => {};

  // The outermost window whose inside this world may read, and whether the page lies further out.
  function climb() {
    let win = window;
    try { while (win.parent !== win && win.parent.apprentice) win = win.parent; } catch (error) { if (error.name !== 'SecurityError') throw error; }
    return [win.apprentice, win !== win.top];
  }

  const look = () => (foreign ? null : again());

  function tell(kind, place, text, before) {
    globalThis.apprenticeTell(JSON.stringify({ kind, ...place, text, before }));
    wake();
  }

  // The control that an agent would name for what was touched: the innermost one that has a line.
  function controlAt(path, before) {
    const listed = new Set((before?.lines ?? []).flatMap((line) => line.ref ?? []));
    const own = path.filter((node) => node.nodeType === 1).flatMap((node) => (node.tagName === 'LABEL' && node.control ? [node.control] : [node]));
    return own.find((el) => listed.has(refs.get(el))) ?? own.find((el) => CONTROL_ROLES.has(roleOf(el))) ?? null;
  }

  function placeOf(el, before) {
    const role = roleOf(el), ref = foreign ? refs.get(el) ?? null : refOf(el);
    const line = before?.lines.find((other) => other.ref === ref);
    return { role: line?.role ?? role, name: line?.name ?? cut(nameOf(el, role), 80), ref };
  }

  // --- fields ---------------------------------------------------------------------------------------------------

  function fieldOf(el) {
    if (!el || el.nodeType !== 1) return null;
    if (el.tagName === 'TEXTAREA' || (el.tagName === 'INPUT' && !NOT_TYPED.has(el.type))) return el;
    if (!el.isContentEditable) return null;
    let host = el;
    while (host.parentElement && host.parentElement.isContentEditable) host = host.parentElement;
    return host;
  }

  const valueOf = (field) => (field.isContentEditable ? field.innerText.replace(/\n$/, '') : field.value);
  const isMultiline = (field) => field.tagName === 'TEXTAREA' || field.isContentEditable;

  function begin(field, before) {
    if (field && !edited.has(field)) edited.set(field, { before: before ?? look(), value: isSecret(field) ? null : valueOf(field), typed: null });
  }

  // Tell, once, what the person put into a field; not what the page made of it afterwards.
  function finish(field) {
    const start = edited.get(field);
    edited.delete(field);
    if (start && start.typed !== null && start.typed !== start.value) tell('type', placeOf(field, start.before), start.typed, start.before);
  }
  const finishAll = () => { for (const field of [...edited.keys()]) finish(field); };

  // --- the pointer ----------------------------------------------------------------------------------------------

  function down(event) {
    if (!event.isTrusted || event.button !== 0) return;
    const before = look(), path = event.composedPath();
    const control = controlAt(path, before);
    pressed = control && { control, before, place: placeOf(control, before), editable: isEditable(control) };
    if (pressed && (control.tagName === 'SELECT' || fieldOf(control))) begin(control.tagName === 'SELECT' ? null : fieldOf(control), before);
  }

  const isEditable = (el) => Boolean(fieldOf(el)) && !el.readOnly && !el.disabled;

  function press(what) {
    pressed = null;
    if (what.control.tagName === 'SELECT' || (what.control.tagName === 'INPUT' && what.control.type === 'file')) { clicked = what; return; }
    if (!what.editable) for (const field of [...edited.keys()]) if (field !== what.control) finish(field);
    clicked = what;
    tell(what.editable ? 'focus' : 'click', what.place, '', what.before);
  }

  function click(event) {
    if (!event.isTrusted || !pressed) return;   // the second click, which a label passes on to its box, finds nothing pressed
    const path = event.composedPath();
    if (path.includes(pressed.control) || (pressed.control.labels && Array.from(pressed.control.labels).some((label) => path.includes(label)))) press(pressed);
  }

  // A control that its own pointerdown took off the page never gets its click.
  function up() {
    const what = pressed;
    if (what) setTimeout(() => { if (pressed === what && (!what.control.isConnected || !shown(what.control))) press(what); });
  }

  // --- the keyboard ---------------------------------------------------------------------------------------------

  function key(event) {
    if (!event.isTrusted || event.isComposing) return;
    const target = event.composedPath()[0], field = fieldOf(target);
    if (field && isSecret(field)) return;   // not one key of a secret is looked at
    if (event.key === 'Escape') { const before = look(); finishAll(); tell('press', {}, 'Escape', before); return; }
    if (field && event.key === 'Enter') { enter(event, field); return; }
    if (field) { if (!event.ctrlKey && !event.metaKey) begin(field); return; }
    const before = look(), control = controlAt(event.composedPath(), before);
    if (control && (event.key === 'Enter' || event.key === ' ' || control.tagName === 'SELECT' || control.type === 'radio'))
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
    if (el.tagName === 'SELECT') {
      const start = clicked?.control === el ? clicked : pressed?.control === el ? pressed : { before: look() };
      finishAll();
      const chosen = el.multiple ? toggled(el) : el.selectedOptions[0];
      if (chosen) tell('select', start.place ?? placeOf(el, start.before), cut(squeeze(chosen.label || chosen.text), 80), start.before);
      clicked = pressed = null;
      remember(el);
    } else if (el.tagName === 'INPUT' && el.type === 'file' && el.files.length) {
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

  for (const [type, act] of [['pointerdown', down], ['pointerup', up], ['click', click], ['keydown', key], ['beforeinput', input], ['input', input], ['change', change], ['submit', submit]])
    addEventListener(type, act, { capture: true, passive: true });
  addEventListener('focusin', (event) => { const el = event.composedPath()[0]; if (el.tagName === 'SELECT') remember(el); }, true);
  addEventListener('focusout', (event) => { const field = fieldOf(event.composedPath()[0]); if (field) finish(field); }, true);
  addEventListener('pagehide', finishAll);

  Object.assign(apprentice, {
    finishAll,
    // An answer comes after all that was told before the question.
    hear: () => null,
    // Resolve when something is told, or when `limit` ms are over.
    awaken: (limit) => new Promise((resolve) => { const timer = setTimeout(resolve, limit); wake = () => { clearTimeout(timer); resolve(); }; }),
  });
})();
