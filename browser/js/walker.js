// The walker: one call turns what a person can see and use on this page into a list of lines.
//
// Runs in an isolated world, so the page can neither see nor replace it, and it never writes to the DOM.
// `base` is the first reference number of this frame and `taken` the thousands that other frames use, so that frames of
// one page never share a number.
(() => {
  if (globalThis.apprentice && globalThis.apprentice.document === document) return;   // a first document may share its global with the next

  const refs = new WeakMap();          // element -> ref, for the element's life
  const elements = new Map();          // ref -> WeakRef(element)
  const foreign = [];                  // WeakRefs to the frames whose inside this world may not read, by number
  const watched = new WeakSet();       // documents and shadow roots whose changes are counted
  const secrets = new WeakSet();       // fields that ever held a secret: "show password" does not make it less of one
  let next = 1;
  let own = 0;                         // this frame's thousand
  let taken = [];                      // the thousands of others
  let mutations = 0;
  let lastMutation = performance.now();

  const SKIP = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'META', 'LINK', 'HEAD', 'OPTION', 'OPTGROUP', 'DATALIST', 'TITLE', 'COL', 'COLGROUP', 'SOURCE', 'TRACK', 'PARAM', 'MAP']);
  const CONTROL_ROLES = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'listbox', 'checkbox', 'radio', 'switch', 'slider', 'spinbutton', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'treeitem', 'gridcell', 'file', 'clickable']);
  const TEXT_ROLES = new Set(['heading', 'alert', 'status', 'dialog', 'alertdialog']);
  const NAME_FROM_CONTENT = new Set(['button', 'link', 'checkbox', 'radio', 'switch', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'treeitem', 'gridcell', 'clickable', 'heading', 'alert', 'status']);
  const INLINE = new Set(['A', 'ABBR', 'B', 'BDI', 'BDO', 'CITE', 'CODE', 'DATA', 'DEL', 'DFN', 'EM', 'FONT', 'I', 'INS', 'KBD', 'LABEL', 'MARK', 'Q', 'S', 'SAMP', 'SMALL', 'SPAN', 'STRONG', 'SUB', 'SUP', 'TIME', 'TT', 'U', 'VAR', 'WBR', 'IMG', 'SLOT']);
  const INPUT_ROLES = { button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox', file: 'file' };
  const CONTROL_SELECTOR = 'a[href],button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=link],[role=tab],[role=menuitem],[role=checkbox],[role=option],[contenteditable=true]';
  const SECRET_NAME = /(^|[^a-z])(otp|one.?time.?code|cvv|cvc|card.?number|cardnumber|security.?code|passwor[dt]|passwd)([^a-z]|$)/i;
  const SECRET_QUERY = /([?&#][^=&#]*(?:otp|cvv|cvc|passwor[dt]|passwd)=)[^&#]+/gi;
  const BRANCHED = new Set(['treeitem', 'menuitem', 'menuitemcheckbox', 'menuitemradio']);
  const BRANCH = '[role=group],[role=menu]';
  const MAX_NAME = 80, MAX_TEXT = 160, MAX_VALUE = 120, MAX_OPTIONS = 30, MAX_CONTEXT = 40;

  const observer = new MutationObserver((list) => { mutations += list.length; lastMutation = performance.now(); });
  function watch(root) {
    if (watched.has(root)) return;
    watched.add(root);
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  }
  watch(document);

  const squeeze = (text) => text.replace(/[\s\u00a0\u200b-\u200f\u2028\u2029\ue000-\uf8ff]+/g, ' ').trim();
  const cut = (text, max) => (text.length > max ? text.slice(0, max - 1).trimEnd() + '…' : text);

  // --- roles and names ------------------------------------------------------------------------------------------

  function roleOf(el) {
    const explicit = el.getAttribute('role');
    if (explicit) {
      const role = explicit.trim().split(/\s+/)[0].toLowerCase();
      if (CONTROL_ROLES.has(role) || TEXT_ROLES.has(role)) return role;
      if (role === 'row' || role === 'none' || role === 'presentation') return role;
    }
    switch (el.tagName) {
      case 'A': case 'AREA': return el.hasAttribute('href') ? 'link' : (el.hasAttribute('onclick') ? 'button' : '');
      case 'BUTTON': return 'button';
      case 'SUMMARY': return 'button';
      case 'TEXTAREA': return 'textbox';
      case 'SELECT': return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
      case 'INPUT': {
        if (el.type === 'hidden') return '';
        const role = INPUT_ROLES[el.type] || 'textbox';
        return role === 'textbox' && el.hasAttribute('list') ? 'combobox' : role;
      }
      case 'H1': case 'H2': case 'H3': case 'H4': case 'H5': case 'H6': return 'heading';
      case 'DIALOG': return 'dialog';
      case 'TR': return 'row';
    }
    if (el.isContentEditable && !(el.parentElement && el.parentElement.isContentEditable)) return 'textbox';
    return '';
  }

  function textOf(el, budget = 400) {
    let out = '';
    const branched = BRANCHED.has(el.getAttribute('role'));
    const visit = (node) => {
      if (out.length > budget) return;
      if (node.nodeType === 3) { out += node.data; return; }
      if (node.nodeType !== 1 || SKIP.has(node.tagName)) return;
      if (node.tagName === 'IMG') { out += ' ' + (node.alt || '') + ' '; return; }
      if (node.tagName === 'SELECT' || node.tagName === 'TEXTAREA' || node.tagName === 'INPUT') return;
      if (node.getAttribute('aria-hidden') === 'true' || !shown(node)) return;
      if (branched && node.matches(BRANCH)) return;
      const label = node.tagName === 'svg' ? (node.getAttribute('aria-label') || svgTitle(node)) : node.getAttribute('aria-label');
      if (label) { out += ' ' + label + ' '; return; }
      const gap = INLINE.has(node.tagName) ? '' : ' ';
      out += gap;
      for (const child of childrenOf(node)) visit(child);
      out += gap;
    };
    for (const child of childrenOf(el)) visit(child);
    return squeeze(out);
  }
  const svgTitle = (svg) => { const title = svg.querySelector('title'); return title ? title.textContent : ''; };

  function labelledBy(el) {
    const ids = el.getAttribute('aria-labelledby');
    if (!ids) return '';
    const root = el.getRootNode();
    return squeeze(ids.split(/\s+/).map((id) => { const t = root.getElementById && root.getElementById(id); return t ? (t.getAttribute('aria-label') || t.textContent) : ''; }).join(' '));
  }

  // A control that nobody named: what a person would call it by looking at it (icon, neighbouring words).
  function guessName(el, role) {
    const image = el.querySelector && el.querySelector('img[alt],img[title],svg,i[class],span[class]');
    if (image) {
      if (image.tagName === 'IMG') return image.alt || image.title;
      if (image.tagName === 'svg') { const title = svgTitle(image); if (title) return title; const use = image.querySelector('use'); const href = use && (use.getAttribute('href') || use.getAttribute('xlink:href')); if (href) return href.replace(/^.*#/, '').replace(/[-_]+/g, ' '); }
      const icon = /(?:^|\s)(?:fa|icon|glyphicon|bi|mdi|ti)-([a-z][a-z0-9-]+)/.exec(String(image.className.baseVal ?? image.className));
      if (icon) return icon[1].replace(/-/g, ' ');
    }
    if (role === 'textbox' || role === 'combobox' || role === 'searchbox' || role === 'spinbutton' || role === 'checkbox' || role === 'radio' || role === 'file' || role === 'slider') {
      for (const side of ['previousSibling', 'nextSibling']) {
        const sibling = el[side] && (el[side].nodeType === 3 && !squeeze(el[side].data) ? el[side][side] : el[side]);
        const words = sibling ? squeeze(sibling.nodeType === 3 ? sibling.data : (sibling.tagName && !SKIP.has(sibling.tagName) && !sibling.matches('input,select,textarea,button') ? sibling.textContent : '')) : '';
        if (words && words.length <= MAX_NAME) return words;
      }
      const cell = el.closest('td');
      const before = cell && cell.previousElementSibling;
      if (before && squeeze(before.textContent)) return squeeze(before.textContent);
      if (el.name) return el.name.replace(/[-_]+/g, ' ');
    }
    const own = typeof el.className === 'string' ? /(?:^|\s)(?:fa|icon|glyphicon|bi|mdi)-([a-z][a-z0-9-]+)/.exec(el.className) : null;
    if (own) return own[1].replace(/-/g, ' ');
    if (el.tagName === 'A') { const path = (el.getAttribute('href') || '').split(/[?#]/)[0].split('/').filter(Boolean).pop(); return path ? path.replace(/[-_]+/g, ' ') : ''; }
    return el.id ? el.id.replace(/[-_]+/g, ' ') : '';
  }

  function nameOf(el, role) {
    let name = labelledBy(el) || squeeze(el.getAttribute('aria-label') || '');
    if (name) return name;
    if (el.tagName === 'INPUT' && (el.type === 'submit' || el.type === 'button' || el.type === 'reset')) return squeeze(el.value) || (el.type === 'submit' ? 'Submit' : el.type === 'reset' ? 'Reset' : squeeze(el.title));
    if (el.tagName === 'INPUT' && el.type === 'image') return squeeze(el.alt || el.title || '');
    if (el.labels && el.labels.length) {
      name = squeeze(Array.from(el.labels, (label) => textOf(label)).join(' '));
      if (name) return name;
    }
    if (NAME_FROM_CONTENT.has(role)) { name = textOf(el); if (name) return name; }
    name = squeeze(el.getAttribute('title') || '') || squeeze(el.getAttribute('placeholder') || '') || squeeze(el.getAttribute('alt') || '');
    if (name) return name;
    if (role === 'dialog' || role === 'alertdialog') { const head = el.querySelector('h1,h2,h3,h4,h5,h6,legend,header'); return head ? textOf(head) : ''; }
    return squeeze(guessName(el, role) || '');
  }

  // --- values and states ----------------------------------------------------------------------------------------

  // Values that must never leave the page: passwords, one-time codes, card data.
  function isSecret(el) {
    if (secrets.has(el)) return true;
    const secret = looksSecret(el);
    if (secret) secrets.add(el);
    return secret;
  }

  function looksSecret(el) {
    if (el.type === 'password') return true;
    const hint = (el.getAttribute('autocomplete') || '').toLowerCase();
    if (/(^|\s)(cc-|one-time-code|current-password|new-password)/.test(hint)) return true;
    return SECRET_NAME.test(`${el.name || ''} ${el.id || ''} ${el.getAttribute('aria-label') || ''}`);
  }

  // A page that repeats a secret, in its words, its title or its address, does not get it past us.
  function redactor(fields) {
    const values = new Set();
    for (const el of [...fields, ...document.querySelectorAll('input,textarea')]) if (isSecret(el) && el.value && el.value.length >= 4) values.add(el.value);
    const forms = [...values].flatMap((value) => [value, squeeze(value), encodeURIComponent(value)]).sort((a, b) => b.length - a.length);
    return forms.length ? (text) => forms.reduce((rest, value) => rest.split(value).join('•••'), text) : null;
  }

  function valueOf(el, role) {
    if (el.tagName === 'SELECT') return cut(squeeze(Array.from(el.selectedOptions, (o) => o.label || o.text).join(', ')), MAX_VALUE);
    if (el.tagName === 'TEXTAREA' || (el.tagName === 'INPUT' && !['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'file'].includes(el.type))) return cut(squeeze(el.value), MAX_VALUE);
    if (el.tagName === 'INPUT' && el.type === 'file') return Array.from(el.files, (f) => f.name).join(', ');
    if (role === 'textbox' && el.isContentEditable) return cut(squeeze(el.innerText || ''), MAX_VALUE);
    if (role === 'slider' || role === 'spinbutton') return el.getAttribute('aria-valuetext') || el.getAttribute('aria-valuenow') || '';
    if (role === 'combobox' && el.tagName !== 'INPUT') return cut(textOf(el), MAX_VALUE);
    return '';
  }

  function statesOf(el, role) {
    const states = [];
    const aria = (key) => el.getAttribute('aria-' + key);
    if (el.type === 'checkbox' || el.type === 'radio' ? el.checked : aria('checked') === 'true') states.push('checked');
    if (aria('pressed') === 'true') states.push('pressed');
    if (aria('selected') === 'true' || (aria('current') && aria('current') !== 'false')) states.push('selected');
    const expanded = aria('expanded') ?? (el.tagName === 'SUMMARY' ? String(el.parentElement.open) : null);
    if (expanded === 'true') states.push('expanded'); else if (expanded === 'false') states.push('collapsed');
    if (el.matches(':disabled') || aria('disabled') === 'true') states.push('disabled');
    if (el.readOnly || aria('readonly') === 'true') states.push('readonly');
    if (el.required || aria('required') === 'true') states.push('required');
    if (aria('invalid') && aria('invalid') !== 'false') states.push('invalid');
    else if (el.willValidate && el.matches(':user-invalid')) states.push('invalid');
    if (el.tagName === 'INPUT' && ['date', 'time', 'datetime-local', 'month', 'week', 'color'].includes(el.type)) states.push(el.type);
    if (el.tagName === 'TEXTAREA' || aria('multiline') === 'true' || el.isContentEditable) states.push('multiline');
    if ((el.tagName === 'INPUT' || el.tagName === 'TEXTAREA' || el.tagName === 'SELECT') && isSecret(el)) { states.push('secret'); if (el.value) states.push('filled'); }
    return states;
  }

  function optionsOf(el) {
    if (el.tagName !== 'SELECT') return null;
    const options = [];
    for (const option of el.options) {
      if (option.disabled || option.hidden) continue;
      const label = cut(squeeze(option.label || option.text), MAX_NAME);
      if (label) options.push(label);
      if (options.length === MAX_OPTIONS) break;
    }
    return options;
  }

  // --- geometry -------------------------------------------------------------------------------------------------

  const childrenOf = (node) => {
    if (node.shadowRoot) { watch(node.shadowRoot); return node.shadowRoot.childNodes; }
    if (node.tagName === 'SLOT') { const assigned = node.assignedNodes({ flatten: true }); if (assigned.length) return assigned; }
    if (node.tagName === 'DETAILS' && !node.open) return Array.from(node.children).filter((c) => c.tagName === 'SUMMARY').slice(0, 1);
    return node.childNodes;
  };

  // An element without a box of its own (a slot, `display: contents`) shows what is in it.
  const shown = (el) => el.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false }) || boxless(el);
  const boxless = (el) => { const style = getComputedStyle(el); return style.display === 'contents' && style.visibility === 'visible'; };

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

  // --- the walk -------------------------------------------------------------------------------------------------

  function refOf(el) {
    let ref = refs.get(el);
    if (ref === undefined) { ref = number(); refs.set(el, ref); elements.set(ref, new WeakRef(el)); }
    return ref;
  }

  // The next free number. A frame that used up its thousand goes on far above, where no other frame counts.
  function number() {
    if (next > 1000 && next % 1000 === 0 && own > 0) next += 999000;
    while (taken.includes(Math.floor(next / 1000))) next = (Math.floor(next / 1000) + 1) * 1000;
    return next++;
  }

  // The words that tell one "Delete" from another: the first short text of its row, item or group.
  function contextOf(el, name) {
    const group = el.closest('tr,[role=row],li,[role=listitem],article,fieldset,[role=group],dd');
    if (!group) return '';
    const legend = group.querySelector('legend,h2,h3,h4,h5');
    if (legend && textOf(legend, 80)) return cut(textOf(legend, 80), MAX_CONTEXT);
    const words = [], plain = [];
    const texts = document.createTreeWalker(group, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node && words.length < 2; node = texts.nextNode()) {
      const text = squeeze(node.data);
      if (!text || text === name || !/[\p{L}\p{N}]/u.test(text) || SKIP.has(node.parentElement.tagName) || node.parentElement.closest('button,select') || !shown(node.parentElement)) continue;
      (/\p{L}/u.test(text) ? words : plain).push(text);
    }
    return cut(words.length ? words.join(', ') : plain.slice(0, 2).join(', '), MAX_CONTEXT);
  }

  // The document of a frame of the same origin; null for others.
  const readable = (el) => (el.tagName === 'IFRAME' || el.tagName === 'FRAME' ? el.contentDocument : null);

  function frameNumber(el) {
    const known = foreign.findIndex((other) => other.deref() === el);
    return known >= 0 ? known : foreign.push(new WeakRef(el)) - 1;
  }

  class Walk {
    constructor(cap, offset) {
      this.cap = cap; this.lines = []; this.words = ''; this.wordsBox = null; this.offset = offset;
      this.row = null; this.skipped = 0; this.modal = null; this.prune = true; this.controls = 0; this.foreign = []; this.secrets = [];
    }

    flush() {
      const words = squeeze(this.words);
      this.words = '';
      if (words && /[\p{L}\p{N}]/u.test(words)) this.lines.push({ role: this.row ? 'row' : 'text', name: cut(words, MAX_TEXT) });
    }

    say(text, inline) { this.words += inline ? text : ' ' + text + ' '; }

    visit(node, depth) {
      if (node.nodeType === 3) { if (node.data.trim()) this.words += node.data; else this.words += ' '; return; }
      if (node.nodeType !== 1 || SKIP.has(node.tagName) || depth > 200) return;
      const el = node;
      if (!shown(el)) {
        if (styledLabel(el)) { this.control(el, roleOf(el)); return; }
        if (getComputedStyle(el).display === 'none') return;
        if (el.childElementCount === 0) return;
        for (const child of childrenOf(el)) if (child.nodeType === 1) this.visit(child, depth + 1);
        return;
      }
      if (this.prune && this.isOutside(el)) { this.flush(); this.lines.push({ deferred: el, depth }); return; }
      if (el.tagName === 'IFRAME' || el.tagName === 'FRAME') { this.flush(); this.frame(el, depth); return; }
      if (el.tagName === 'SLOT') { this.children(el, depth); return; }
      const role = roleOf(el);
      if (CONTROL_ROLES.has(role)) { this.flushBeforeControl(el); this.controlAndInside(el, role, depth); return; }
      if (!role && this.clickable(el)) { this.flush(); this.control(el, 'clickable'); return; }
      if (TEXT_ROLES.has(role)) {
        this.flush();
        if (role === 'dialog' || role === 'alertdialog') { this.lines.push({ role, name: cut(nameOf(el, role), MAX_NAME) }); this.children(el, depth); this.flush(); return; }
        const name = textOf(el);
        if (name && (role !== 'heading' || !el.querySelector('a[href],button,input,select,textarea'))) {
          if (!this.lines.length || this.lines[this.lines.length - 1].name !== name) this.lines.push({ role, name: cut(name, MAX_TEXT) });
          for (const inner of el.querySelectorAll('a[href],button')) if (shown(inner)) this.control(inner, roleOf(inner));
          return;
        }
        this.children(el, depth); this.flush(); return;
      }
      if (el.tagName === 'IMG') { if (el.alt) this.say(el.alt, true); return; }
      if (el.tagName === 'svg' || el.tagName === 'CANVAS') {
        const label = el.getAttribute('aria-label');
        if (label) this.say(label, false);
        else if (el.tagName === 'CANVAS' && el.width * el.height > 10000) { this.flush(); this.lines.push({ role: 'canvas', name: 'drawing that has no readable text' }); }
        return;
      }
      if (el.getAttribute('aria-hidden') === 'true' && !el.querySelector(CONTROL_SELECTOR)) return;
      if (el.tagName === 'LABEL' && el.control && (shown(el.control) || styledLabel(el.control))) {   // its words are the control's name
        for (const inner of el.querySelectorAll('input,select,textarea,button,a[href]')) this.visit(inner, depth + 1);
        return;
      }
      const block = !INLINE.has(el.tagName) && el.tagName !== 'TD' && el.tagName !== 'TH';
      if (role === 'row') { this.flush(); this.rowOf(el, depth); return; }
      if (el.tagName === 'TD' || el.tagName === 'TH') { if (squeeze(this.words)) this.words += ' | '; this.children(el, depth); return; }
      if (block && !this.row) this.flush(); else if (block) this.words += ' ';
      this.children(el, depth);
      if (block && !this.row) this.flush(); else if (block) this.words += ' ';
    }

    // Controls that hold others: lists their options, trees and menus their branches, cells of a grid what is in them.
    controlAndInside(el, role, depth) {
      if (role === 'listbox' && el.tagName !== 'SELECT') {
        if (el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby') || !el.querySelector('[role=option]')) this.control(el, role);
        this.children(el, depth);
      } else if (role === 'gridcell' && el.querySelector(CONTROL_SELECTOR)) {
        if (squeeze(this.words)) this.words += ' | ';
        this.children(el, depth);
      } else {
        this.control(el, role);
        if (BRANCHED.has(role)) for (const branch of el.querySelectorAll(BRANCH)) { if (branch.parentElement.closest('[role=treeitem],[role^=menuitem]') === el) this.visit(branch, depth + 1); }
        else if (role === 'combobox' && el.tagName !== 'SELECT' && el.tagName !== 'INPUT' && el.querySelector('input,button')) this.children(el, depth);
      }
    }

    children(el, depth) { for (const child of childrenOf(el)) this.visit(child, depth + 1); }

    // A table row reads as one line of its cells, followed by the controls inside it.
    rowOf(el, depth) {
      const outer = this.row;
      this.row = { at: this.lines.length };
      const held = this.lines; this.lines = [];
      this.children(el, depth);
      const controls = this.lines; this.lines = held;
      const words = squeeze(this.words).replace(/(\| )+\|/g, '|').replace(/^\|\s*|\s*\|$/g, ''); this.words = '';
      this.row = outer;
      if (words && /[\p{L}\p{N}]/u.test(words)) this.lines.push({ role: el.querySelector('th') && !el.querySelector('td') ? 'columns' : 'row', name: cut(words, MAX_TEXT) });
      this.lines.push(...controls);
    }

    flushBeforeControl(el) { if (!this.row) this.flush(); }

    isOutside(el) {
      const box = el.getBoundingClientRect();
      if (box.width === 0 && box.height === 0) return false;
      if (box.bottom + this.offset.y <= 0 || box.top + this.offset.y >= this.offset.height) {
        if (el.childElementCount > 0 && getComputedStyle(el).display === 'contents') return false;
        return !(el.childElementCount && box.height < 2);
      }
      return false;
    }

    clickable(el) {
      if (el.hasAttribute('onclick')) return true;
      if (el.tabIndex >= 0 && el.hasAttribute('tabindex') && el.childElementCount < 8 && !el.querySelector(CONTROL_SELECTOR)) { const words = textOf(el, 120); return words.length > 0 && words.length <= MAX_NAME; }
      if (getComputedStyle(el).cursor !== 'pointer') return false;
      const parent = el.parentElement || el.getRootNode().host;
      if (el.tagName === 'LABEL' && el.control) return false;
      if (parent && getComputedStyle(parent).cursor === 'pointer') return false;
      return !el.querySelector(CONTROL_SELECTOR);
    }

    control(el, role) {
      this.controls++;
      const { el: target, box } = boxOf(el);
      const inView = box.bottom + this.offset.y > 0 && box.top + this.offset.y < this.offset.height && box.right > 0 && box.left < innerWidth;
      if (box.width < 1 || box.height < 1) return;
      if (inView && el.ownerDocument === document && !reachable(target, box)) { this.skipped++; return; }
      const line = { role, name: cut(nameOf(el, role), MAX_NAME), ref: refOf(el) };
      const states = statesOf(el, role);
      const secret = states.includes('secret');
      if (secret) this.secrets.push(el);
      const value = secret ? '' : valueOf(el, role);
      if (value && value !== line.name) line.value = value;
      if (states.length) line.states = states;
      const options = optionsOf(el);
      if (options) line.options = options;
      if (this.row) line.row = true;
      this.lines.push(line);
    }

    frame(el, depth) {
      const inner = readable(el);
      const box = el.getBoundingClientRect();
      if (!inner && box.width > 8 && box.height > 8) this.foreign.push(frameNumber(el));
      if (!inner || !inner.body) return;
      watch(inner);
      const outer = this.offset;
      this.offset = { y: outer.y + box.top, height: Math.min(outer.height, outer.y + box.bottom) };
      this.visit(inner.body, depth + 1);
      this.offset = outer;
    }
  }

  // Two controls with one role and one name would be one to the reader: tell them apart by their row, group or order.
  function distinguish(lines) {
    const seen = new Map();
    for (const line of lines) if (line.ref) { const key = line.role + '\n' + line.name; seen.set(key, (seen.get(key) || []).concat(line)); }
    for (const twins of seen.values()) {
      if (twins.length < 2) continue;
      const contexts = twins.map((line) => contextOf(elements.get(line.ref).deref(), line.name));
      if (new Set(contexts).size > 1) twins.forEach((line, i) => { if (contexts[i]) line.name = line.name ? `${line.name} (${contexts[i]})` : contexts[i]; });
    }
    const again = new Map();
    for (const line of lines) if (line.ref) {
      const key = line.role + '\n' + line.name, count = (again.get(key) || 0) + 1;
      again.set(key, count);
      if (count > 1) line.name = `${line.name} #${count}`.trim();
    }
  }

  function openModal() {
    let modal = document.querySelector('dialog:modal');
    if (modal) return modal;
    for (const el of document.querySelectorAll('[aria-modal=true],[role=dialog],[role=alertdialog]'))
      if (el.getAttribute('aria-modal') === 'true' && shown(el) && el.getBoundingClientRect().width > 0) modal = el;
    return modal;
  }

  function expand(walk) {
    // Below the fold: walk what was put aside, in document order, until the cap is reached.
    walk.prune = false;
    walk.offset = { y: 0, height: innerHeight };
    const out = [];
    let inView = 0;
    for (const line of walk.lines) if (!line.deferred) inView++;
    let room = Math.max(walk.cap - inView, 0), below = 0;
    for (const line of walk.lines) {
      if (!line.deferred) { out.push(line); continue; }
      const above = line.deferred.getBoundingClientRect().bottom <= 0;
      if (room > 0 && !above) {
        const start = walk.lines; walk.lines = [];
        walk.visit(line.deferred, line.depth); walk.flush();
        const fresh = walk.lines; walk.lines = start;
        out.push(...fresh.slice(0, room)); below += Math.max(fresh.length - room, 0); room -= Math.min(fresh.length, room);
      } else {
        const count = line.deferred.querySelectorAll(CONTROL_SELECTOR).length + (line.deferred.matches(CONTROL_SELECTOR) ? 1 : 0);
        if (count) out.push({ more: count, above });
      }
    }
    return { out, below };
  }

  function observe({ cap = 120, base = 1, taken: others = [] } = {}) {
    own = Math.floor(base / 1000);
    taken = others;
    if (next < base) next = base;
    const modal = openModal();
    const walk = new Walk(cap, { y: 0, height: innerHeight });
    if (document.body) { walk.visit(modal || document.body, 0); walk.flush(); }
    const { out, below } = expand(walk);
    let moreAbove = 0, moreBelow = below;
    const lines = [];
    for (const line of out) {
      if (line.more) { if (line.above) moreAbove += line.more; else moreBelow += line.more; continue; }
      if (lines.length < cap) lines.push(line); else moreBelow++;
    }
    distinguish(lines);
    let url = location.href.replace(SECRET_QUERY, '$1•••'), title = document.title, dialog = modal ? nameOf(modal, 'dialog') || 'dialog' : null;
    const redact = redactor(walk.secrets);
    if (redact) {
      [url, title, dialog] = [redact(url), redact(title), dialog && redact(dialog)];
      for (const line of lines) {
        line.name = redact(line.name);
        if (line.value) line.value = redact(line.value);
        if (line.options) line.options = line.options.map(redact);
      }
    }
    return { url, title, focus: focusOf(), dialog, mutations, lines, moreAbove, moreBelow, elements: document.getElementsByTagName('*').length, frames: walk.foreign };
  }

  function focusOf(root = document) {
    const focus = root.activeElement;
    const inner = focus && (focus.shadowRoot || readable(focus));
    return (inner && inner.activeElement && focusOf(inner)) || (refs.get(focus) ?? null);
  }

  // `observe` is the contract; `parts` is for the scripts installed after this one.
  globalThis.apprentice = {
    document,
    observe,
    parts: {
      refs, elements, foreign, squeeze, cut, shown, hit, related, isDialog, boxOf, styledLabel, roleOf, nameOf, textOf, refOf, isSecret, childrenOf, openModal,
      CONTROL_ROLES, SKIP, MAX_NAME, mutations: () => mutations, lastMutation: () => lastMutation,
    },
  };
})();
