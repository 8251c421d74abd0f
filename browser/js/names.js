// What the things on a page are called: roles, names, values and states, as a person would tell them.
//
// Runs in an isolated world, so the page can neither see nor replace it, and it never writes to the DOM. The other scripts
// come after this one and take what they need from `apprentice.parts`.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.nameOf) return;
  const { tagOf, typeOf, isEdited, attribute, hasAttribute, matches, closest, query, isVisible, rootOf, parentOf, nodesOf, wordsIn } = parts;

  const watched = new WeakSet();       // documents and shadow roots whose changes are counted
  const secrets = new WeakSet();       // fields that ever held a secret: "show password" does not make it less of one
  const listening = new WeakSet();     // elements on which the page's scripts listen for clicks
  let mutations = 0;
  let lastMutation = performance.now();

  const SKIP = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'META', 'LINK', 'HEAD', 'OPTION', 'OPTGROUP', 'DATALIST', 'TITLE', 'COL', 'COLGROUP', 'SOURCE', 'TRACK', 'PARAM', 'MAP']);
  const CONTROL_ROLES = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'listbox', 'checkbox', 'radio', 'switch', 'slider', 'spinbutton', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'treeitem', 'gridcell', 'file', 'clickable']);
  const TEXT_ROLES = new Set(['heading', 'alert', 'status', 'dialog', 'alertdialog']);
  const NAME_FROM_CONTENT = new Set(['button', 'link', 'checkbox', 'radio', 'switch', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'treeitem', 'gridcell', 'clickable', 'heading', 'alert', 'status']);
  const INLINE = new Set(['A', 'ABBR', 'B', 'BDI', 'BDO', 'CITE', 'CODE', 'DATA', 'DEL', 'DFN', 'EM', 'FONT', 'I', 'INS', 'KBD', 'LABEL', 'MARK', 'Q', 'S', 'SAMP', 'SMALL', 'SPAN', 'STRONG', 'SUB', 'SUP', 'TIME', 'TT', 'U', 'VAR', 'WBR', 'IMG', 'SLOT']);
  const INPUT_ROLES = { button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox', file: 'file' };
  const SECRET_NAME = /(^|[^a-z])(otp|one.?time.?code|cvv|cvc|card.?number|cardnumber|security.?code|passwor[dt]|passwd)([^a-z]|$)/i;
  const BOXES = new Set(['checkbox', 'radio', 'file']);
  const BRANCHED = new Set(['treeitem', 'menuitem', 'menuitemcheckbox', 'menuitemradio']);
  const BRANCH = '[role=group],[role=menu]';
  const MAX_NAME = 80, MAX_VALUE = 120, MAX_OPTIONS = 30;

  const readers = [];                  // of the records of changes
  const observer = new MutationObserver((list) => { mutations += list.length; lastMutation = performance.now(); for (const read of readers) read(list); });
  function watch(root) {
    if (watched.has(root)) return;
    watched.add(root);
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    if (root.defaultView) root.defaultView.addEventListener('@SECRET@', (event) => listening.add(event.composedPath()[0]), true);
  }
  watch(document);

  // Ask the page's own world (shadow.js) which elements have come to listen for clicks since it was asked last.
  const ask = (doc) => { watch(doc); doc.dispatchEvent(new Event('@SECRET@?')); };

  const squeeze = (text) => text.replace(/[\s\u00a0\u200b-\u200f\u2028\u2029\ue000-\uf8ff]+/g, ' ').trim();
  const cut = (text, max) => (text.length > max ? text.slice(0, max - 1).trimEnd() + '…' : text);

  const childrenOf = (node) => {
    if (tagOf(node) === 'FORM') return nodesOf(node);
    if (node.shadowRoot) { watch(node.shadowRoot); return node.shadowRoot.childNodes; }
    if (tagOf(node) === 'SLOT') { const assigned = node.assignedNodes({ flatten: true }); if (assigned.length) return assigned; }
    if (tagOf(node) === 'DETAILS' && !node.open) return Array.from(node.children).filter((c) => tagOf(c) === 'SUMMARY').slice(0, 1);
    return node.childNodes;
  };

  // An element without a box of its own (a slot, `display: contents`) shows what is in it.
  const VISIBLE = { visibilityProperty: true, contentVisibilityAuto: false };
  const shown = (el) => isVisible(el, VISIBLE) || boxless(el);
  const boxless = (el) => { const style = getComputedStyle(el); return style.display === 'contents' && style.visibility === 'visible'; };

  // --- roles and names ------------------------------------------------------------------------------------------

  const isLink = (el) => hasAttribute(el, 'href') || hasAttribute(el, 'xlink:href');

  function roleOf(el) {
    const explicit = attribute(el, 'role');
    if (explicit) {
      const role = explicit.trim().split(/\s+/)[0].toLowerCase();
      if (CONTROL_ROLES.has(role) || TEXT_ROLES.has(role)) return role;
      if (role === 'row' || role === 'none' || role === 'presentation') return role;
    }
    switch (tagOf(el)) {
      case 'a': return isLink(el) ? 'link' : '';                  // in a drawing
      case 'A': case 'AREA': return hasAttribute(el, 'href') ? 'link' : (hasAttribute(el, 'onclick') ? 'button' : '');
      case 'BUTTON': return 'button';
      case 'SUMMARY': return 'button';
      case 'TEXTAREA': return 'textbox';
      case 'SELECT': return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
      case 'INPUT': {
        if (el.type === 'hidden') return '';
        const role = INPUT_ROLES[el.type] || 'textbox';
        return role === 'textbox' && hasAttribute(el, 'list') ? 'combobox' : role;
      }
      case 'H1': case 'H2': case 'H3': case 'H4': case 'H5': case 'H6': return 'heading';
      case 'DIALOG': return 'dialog';
      case 'TR': return 'row';
    }
    if (isEdited(el) && !(parentOf(el) && isEdited(parentOf(el)))) return 'textbox';
    return '';
  }

  function textOf(el, budget = 400) {
    let out = '';
    const branched = BRANCHED.has(attribute(el, 'role'));
    const labels = tagOf(el) === 'LABEL' && el.control && !BOXES.has(el.control.type);   // a button beside a field is not its name
    const visit = (node) => {
      if (out.length > budget) return;
      if (typeOf(node) === 3) { out += node.data; return; }
      if (typeOf(node) !== 1 || SKIP.has(tagOf(node))) return;
      if (tagOf(node) === 'IMG') { out += ' ' + (node.alt || '') + ' '; return; }
      if (tagOf(node) === 'SELECT' || tagOf(node) === 'TEXTAREA' || tagOf(node) === 'INPUT') return;
      if (attribute(node, 'aria-hidden') === 'true' || !shown(node)) return;
      if (branched && matches(node, BRANCH)) return;
      if ((labels && tagOf(node) === 'BUTTON' && node !== el.control) || attribute(node, 'role') === 'listbox') return;
      const label = tagOf(node) === 'svg' ? (attribute(node, 'aria-label') || svgTitle(node)) : attribute(node, 'aria-label');
      if (label) { out += ' ' + label + ' '; return; }
      const gap = INLINE.has(tagOf(node)) ? '' : ' ';
      out += gap;
      for (const child of childrenOf(node)) visit(child);
      out += gap;
    };
    for (const child of childrenOf(el)) visit(child);
    return squeeze(out);
  }
  const svgTitle = (svg) => { const title = query(svg, 'title'); return title ? title.textContent : ''; };   // or that of a part of it

  function labelledBy(el) {
    const ids = attribute(el, 'aria-labelledby');
    if (!ids) return '';
    const root = rootOf(el);
    return squeeze(ids.split(/\s+/).map((id) => { const t = root.getElementById && root.getElementById(id); return t ? (attribute(t, 'aria-label') || wordsIn(t)) : ''; }).join(' '));
  }

  // A control that nobody named: what a person would call it by looking at it (icon, neighbouring words).
  function guessName(el, role) {
    const image = query(el, 'img[alt],img[title],svg,i[class],span[class]');
    if (image) {
      if (tagOf(image) === 'IMG') return image.alt || image.title;
      if (tagOf(image) === 'svg') { const title = svgTitle(image); if (title) return title; const use = query(image, 'use'); const href = use && (attribute(use, 'href') || attribute(use, 'xlink:href')); if (href) return href.replace(/^.*#/, '').replace(/[-_]+/g, ' '); }
      const icon = /(?:^|\s)(?:fa|icon|glyphicon|bi|mdi|ti)-([a-z][a-z0-9-]+)/.exec(String(image.className.baseVal ?? image.className));
      if (icon) return icon[1].replace(/-/g, ' ');
    }
    if (role === 'textbox' || role === 'combobox' || role === 'searchbox' || role === 'spinbutton' || role === 'checkbox' || role === 'radio' || role === 'file' || role === 'slider') {
      for (const side of ['previousSibling', 'nextSibling']) {
        const sibling = el[side] && (typeOf(el[side]) === 3 && !squeeze(el[side].data) ? el[side][side] : el[side]);
        const words = sibling ? squeeze(typeOf(sibling) === 3 ? sibling.data : (tagOf(sibling) && !SKIP.has(tagOf(sibling)) && !matches(sibling, FIELDS) && !query(sibling, FIELDS) && !isOthers(sibling, el) ? wordsIn(sibling) : '')) : '';
        if (words && words.length <= MAX_NAME) return words;
      }
      const cell = closest(el, 'td');
      const before = cell && cell.previousElementSibling;
      if (before && squeeze(before.textContent)) return squeeze(before.textContent);
      if (el.name) return el.name.replace(/[-_]+/g, ' ');
    }
    const own = typeof el.className === 'string' ? /(?:^|\s)(?:fa|icon|glyphicon|bi|mdi)-([a-z][a-z0-9-]+)/.exec(el.className) : null;
    if (own) return own[1].replace(/-/g, ' ');
    if (tagOf(el) === 'A' || tagOf(el) === 'a') { const path = (attribute(el, 'href') || attribute(el, 'xlink:href') || '').split(/[?#]/)[0].split('/').filter(Boolean).pop(); return path ? path.replace(/[-_]+/g, ' ') : ''; }
    const id = attribute(el, 'id');
    return id ? id.replace(/[-_]+/g, ' ') : ownWords(el.previousElementSibling);
  }

  // The words that stand right in an element, without those of the controls in it.
  const ownWords = (el) => { const words = squeeze(Array.from(el ? nodesOf(el) : [], (node) => (typeOf(node) === 3 ? node.data : ' ')).join('')); return words.length <= MAX_NAME ? words : ''; };

  const FIELDS = 'input,select,textarea,button';   // words around another control are that one's
  const isOthers = (label, el) => tagOf(label) === 'LABEL' && label.control !== null && label.control !== el;

  function nameOf(el, role) {
    let name = labelledBy(el) || squeeze(attribute(el, 'aria-label') || '');
    if (name) return name;
    if (tagOf(el) === 'INPUT' && (el.type === 'submit' || el.type === 'button' || el.type === 'reset')) return squeeze(el.value) || (el.type === 'submit' ? 'Submit' : el.type === 'reset' ? 'Reset' : squeeze(el.title));
    if (tagOf(el) === 'INPUT' && el.type === 'image') return squeeze(el.alt || el.title || '');
    if (el.labels && el.labels.length && tagOf(el) !== 'FORM') {
      name = squeeze(Array.from(el.labels, (label) => textOf(label)).join(' '));
      if (name) return name;
    }
    if (NAME_FROM_CONTENT.has(role)) { name = textOf(el); if (name) return name; }
    if (tagOf(el) >= 'a') { name = squeeze(svgTitle(el) || attribute(el, 'xlink:title') || ''); if (name) return name; }
    name = squeeze(attribute(el, 'title') || '') || squeeze(attribute(el, 'placeholder') || '') || squeeze(attribute(el, 'alt') || '');
    if (name) return name;
    if (role === 'dialog' || role === 'alertdialog') { const head = query(el, 'h1,h2,h3,h4,h5,h6,legend,header'); return head ? textOf(head) : ''; }
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
    const hint = (attribute(el, 'autocomplete') || '').toLowerCase();
    if (/(^|\s)(cc-|one-time-code|current-password|new-password)/.test(hint)) return true;
    return SECRET_NAME.test(`${el.name || ''} ${el.id || ''} ${attribute(el, 'aria-label') || ''}`);
  }

  function valueOf(el, role) {
    if (tagOf(el) === 'SELECT') return cut(squeeze(Array.from(el.selectedOptions, (o) => o.label || o.text).join(', ')), MAX_VALUE);
    if (tagOf(el) === 'TEXTAREA' || (tagOf(el) === 'INPUT' && !['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'file'].includes(el.type))) return cut(squeeze(el.value), MAX_VALUE);
    if (tagOf(el) === 'INPUT' && el.type === 'file') return Array.from(el.files, (f) => f.name).join(', ');
    if (role === 'textbox' && isEdited(el)) return cut(squeeze(el.innerText || ''), MAX_VALUE);
    if (role === 'slider' || role === 'spinbutton') return attribute(el, 'aria-valuetext') || attribute(el, 'aria-valuenow') || '';
    if (role === 'combobox' && tagOf(el) !== 'INPUT') return cut(textOf(el), MAX_VALUE);
    return '';
  }

  function statesOf(el, role) {
    const states = [];
    const aria = (key) => attribute(el, 'aria-' + key);
    if (el.type === 'checkbox' || el.type === 'radio' ? el.checked : aria('checked') === 'true') states.push('checked');
    if (aria('pressed') === 'true') states.push('pressed');
    if (aria('selected') === 'true' || (aria('current') && aria('current') !== 'false')) states.push('selected');
    const expanded = aria('expanded') ?? (tagOf(el) === 'SUMMARY' ? String(parentOf(el).open) : null);
    if (expanded === 'true') states.push('expanded'); else if (expanded === 'false') states.push('collapsed');
    if (matches(el, ':disabled') || aria('disabled') === 'true') states.push('disabled');
    if (el.readOnly || aria('readonly') === 'true') states.push('readonly');
    if (el.required || aria('required') === 'true') states.push('required');
    if (aria('invalid') && aria('invalid') !== 'false') states.push('invalid');
    else if (el.willValidate && matches(el, ':user-invalid')) states.push('invalid');
    if (tagOf(el) === 'INPUT' && ['date', 'time', 'datetime-local', 'month', 'week', 'color'].includes(el.type)) states.push(el.type);
    if (tagOf(el) === 'TEXTAREA' || aria('multiline') === 'true' || isEdited(el)) states.push('multiline');
    if ((tagOf(el) === 'INPUT' || tagOf(el) === 'TEXTAREA' || tagOf(el) === 'SELECT') && isSecret(el)) { states.push('secret'); if (el.value) states.push('filled'); }
    return states;
  }

  function optionsOf(el) {
    if (tagOf(el) !== 'SELECT') return null;
    const options = [];
    for (const option of el.options) {
      if (option.disabled || option.hidden) continue;
      const label = cut(squeeze(option.label || option.text), MAX_NAME);
      if (label) options.push(label);
      if (options.length === MAX_OPTIONS) break;
    }
    return options;
  }

  Object.assign(parts, {
    BRANCH, BRANCHED, CONTROL_ROLES, INLINE, MAX_NAME, SKIP, TEXT_ROLES, squeeze, cut, ask, listening, shown, childrenOf, roleOf, nameOf, textOf, svgTitle, valueOf, statesOf, optionsOf, isSecret,
    readers, mutations: () => mutations, lastMutation: () => lastMutation,
  });
})();
