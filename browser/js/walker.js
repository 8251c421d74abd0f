// The walker: one call turns what a person can see and use on this page into a list of lines.
//
// `base` is the first reference number of this frame and `taken` the thousands that other frames use, so that frames of
// one page never share a number.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.observe) return;
  const { BRANCH, BRANCHED, CONTROL_ROLES, INLINE, MAX_NAME, SKIP, TEXT_ROLES, squeeze, cut, ask, listening, shown, childrenOf, roleOf, nameOf, textOf, valueOf, statesOf, optionsOf, isSecret, styledLabel, reachable, beyond, boxOf, isDrawn, isActive, isNamed, usedIn, costOf, fit, collapse, distinguish, isRow, vanished, mutations } = apprentice.parts;
  const { tagOf, typeOf, countOf, attribute, hasAttribute, closest, query, queryAll, boundsOf, shadowOf, rootOf, parentOf, ownerOf, firstOf, nextOf } = apprentice.parts;

  const refs = new WeakMap();          // element -> ref, for the element's life
  const elements = new Map();          // ref -> WeakRef(element)
  const foreign = [];                  // WeakRefs to the frames whose inside this world may not read, by number
  let next = 1;
  let own = 0;                         // this frame's thousand
  let taken = [];                      // the thousands of others
  let asked = {};                      // how the page was looked at last

  const CONTROL_SELECTOR = 'a[*|href],button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=link],[role=tab],[role=menuitem],[role=checkbox],[role=option],[contenteditable=true]';
  const SECRET_QUERY = /([?&#][^=&#]*(?:otp|cvv|cvc|passwor[dt]|passwd)=)[^&#]+/gi;
  const MAX_TEXT = 160;
  const DRAWN = 24;                    // controls of drawings that are looked at closely: whether something covers them

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

  // The document of a frame of the same origin; null for others.
  const readable = (el) => (tagOf(el) === 'IFRAME' || tagOf(el) === 'FRAME' ? el.contentDocument : null);

  function frameNumber(el) {
    const known = foreign.findIndex((other) => other.deref() === el);
    return known >= 0 ? known : foreign.push(new WeakRef(el)) - 1;
  }

  class Walk {
    constructor(cap, budget, offset) {
      this.cap = cap; this.budget = budget; this.late = new Set(); this.spare = new Set(); this.lines = []; this.words = ''; this.wordsBox = null; this.offset = offset;
      this.row = null; this.skipped = 0; this.modal = null; this.prune = true; this.controls = 0; this.drawn = 0; this.foreign = []; this.secrets = [];
    }

    flush() {
      const words = squeeze(this.words);
      this.words = '';
      if (words && /[\p{L}\p{N}]/u.test(words)) this.lines.push({ role: this.row ? 'row' : 'text', name: cut(words, MAX_TEXT) });
    }

    say(text, inline) { this.words += inline ? text : ' ' + text + ' '; }

    visit(node, depth) {
      if (typeOf(node) === 3) { if (node.data.trim()) this.words += node.data; else this.words += ' '; return; }
      if (typeOf(node) !== 1 || SKIP.has(tagOf(node)) || depth > 200) return;
      const el = node;
      if (!shown(el)) {
        if (styledLabel(el)) { this.control(el, roleOf(el)); return; }
        if (getComputedStyle(el).display === 'none') return;
        if (countOf(el) === 0) return;
        for (const child of childrenOf(el)) if (typeOf(child) === 1) this.visit(child, depth + 1);
        return;
      }
      const box = boundsOf(el);
      if (beyond(el, box)) { if (styledLabel(el)) this.control(el, roleOf(el)); return; }
      if (this.prune && this.isOutside(el, box)) { this.flush(); this.lines.push({ deferred: el, depth, above: box.bottom <= 0 }); return; }
      if (tagOf(el) === 'IFRAME' || tagOf(el) === 'FRAME') { this.flush(); this.frame(el, depth); return; }
      if (tagOf(el) === 'SLOT') { this.children(el, depth); return; }
      const role = roleOf(el);
      if (CONTROL_ROLES.has(role)) { this.flushBeforeControl(el); this.controlAndInside(el, role, depth, box); return; }
      if (isDrawn(el)) { if (isActive(el)) { this.flushBeforeControl(el); this.control(el, 'clickable', box); } return; }
      if (!role && this.clickable(el)) { this.flush(); this.control(el, 'clickable', box); return; }
      if (TEXT_ROLES.has(role)) {
        this.flush();
        if (role === 'dialog' || role === 'alertdialog') { this.lines.push({ role, name: cut(nameOf(el, role), MAX_NAME) }); this.children(el, depth); this.flush(); return; }
        const name = textOf(el);
        if (name && (role !== 'heading' || !query(el, 'a[href],button,input,select,textarea'))) {
          if (!this.lines.length || this.lines[this.lines.length - 1].name !== name) this.lines.push({ role, name: cut(name, MAX_TEXT) });
          for (const inner of queryAll(el, 'a[href],button')) if (shown(inner)) this.control(inner, roleOf(inner));
          return;
        }
        this.children(el, depth); this.flush(); return;
      }
      if (tagOf(el) === 'IMG') { if (el.alt) this.say(el.alt, true); return; }
      if (tagOf(el) === 'svg' || tagOf(el) === 'CANVAS') {
        const label = attribute(el, 'aria-label');
        if (label) this.say(label, false);
        else if (tagOf(el) === 'CANVAS' && el.width * el.height > 10000) { this.flush(); this.lines.push({ role: 'canvas', name: 'drawing that has no readable text' }); }
        if (tagOf(el) === 'svg') for (const used of usedIn(el)) this.visit(used, depth + 1);
        return;
      }
      if (attribute(el, 'aria-hidden') === 'true' && !query(el, CONTROL_SELECTOR)) return;
      if (tagOf(el) === 'LABEL' && el.control && (shown(el.control) || styledLabel(el.control))) {   // its words are the control's name
        for (const inner of queryAll(el, 'input,select,textarea,button,a[href],[role=listbox]')) this.visit(inner, depth + 1);
        return;
      }
      const block = !INLINE.has(tagOf(el)) && tagOf(el) !== 'TD' && tagOf(el) !== 'TH';
      if (role === 'row') { this.flush(); this.rowOf(el, depth); return; }
      if (tagOf(el) === 'TD' || tagOf(el) === 'TH') { if (squeeze(this.words)) this.words += ' | '; this.children(el, depth); return; }
      if (block && !this.row) this.flush(); else if (block) this.words += ' ';
      this.children(el, depth);
      if (block && !this.row) this.flush(); else if (block) this.words += ' ';
    }

    // Controls that hold others: lists their options, trees and menus their branches, cells of a grid what is in them.
    controlAndInside(el, role, depth, box) {
      if (role === 'listbox' && tagOf(el) !== 'SELECT') {
        if (hasAttribute(el, 'aria-label') || hasAttribute(el, 'aria-labelledby') || !query(el, '[role=option]')) this.control(el, role, box);
        this.children(el, depth);
      } else if (role === 'gridcell' && query(el, CONTROL_SELECTOR)) {
        if (squeeze(this.words)) this.words += ' | ';
        this.children(el, depth);
      } else {
        this.control(el, role, box);
        if (BRANCHED.has(role)) for (const branch of queryAll(el, BRANCH)) { if (closest(parentOf(branch), '[role=treeitem],[role^=menuitem]') === el) this.visit(branch, depth + 1); }
        else if (role === 'combobox' && tagOf(el) !== 'SELECT' && tagOf(el) !== 'INPUT' && query(el, 'input,button')) this.children(el, depth);
      }
    }

    children(el, depth) {
      if (shadowOf(el) || tagOf(el) === 'SLOT' || tagOf(el) === 'DETAILS') for (const child of childrenOf(el)) this.visit(child, depth + 1);
      else for (let child = firstOf(el); child; child = nextOf(child)) this.visit(child, depth + 1);
    }

    // A table row reads as one line of its cells, followed by the controls inside it.
    rowOf(el, depth) {
      const outer = this.row;
      this.row = { at: this.lines.length };
      const held = this.lines; this.lines = [];
      this.children(el, depth);
      const controls = this.lines; this.lines = held;
      const words = squeeze(this.words).replace(/(\| )+\|/g, '|').replace(/^\|\s*|\s*\|$/g, ''); this.words = '';
      this.row = outer;
      if (words && /[\p{L}\p{N}]/u.test(words)) this.lines.push(isRow({ role: query(el, 'th') && !query(el, 'td') ? 'columns' : 'row', name: cut(words, MAX_TEXT) }, el));
      this.lines.push(...controls);
    }

    flushBeforeControl(el) { if (!this.row) this.flush(); }

    isOutside(el, box) {
      if (box.width === 0 && box.height === 0) return false;
      return (box.bottom + this.offset.y <= 0 || box.top + this.offset.y >= this.offset.height) && !(box.height < 2 && countOf(el));
    }

    clickable(el) {
      if (hasAttribute(el, 'onclick')) return true;
      if (hasAttribute(el, 'tabindex') && el.tabIndex >= 0 && countOf(el) < 8 && !query(el, CONTROL_SELECTOR)) { const words = textOf(el, 120); return words.length > 0 && words.length <= MAX_NAME; }
      if (getComputedStyle(el).cursor !== 'pointer') return this.listens(el);
      const parent = parentOf(el) || rootOf(el).host;
      if (tagOf(el) === 'LABEL' && el.control) return false;
      if (parent && getComputedStyle(parent).cursor === 'pointer') return false;
      return !query(el, CONTROL_SELECTOR);
    }

    // A small thing that a script listens for clicks on, though nothing shows it: neither a whole area nor the parent of such things.
    listens(el) {
      if (!listening.has(el) || tagOf(el) === 'LABEL' || countOf(el) > 7 || query(el, CONTROL_SELECTOR)) return false;
      const box = boundsOf(el);
      if (box.width * box.height * 4 > innerWidth * innerHeight) return false;
      for (const inner of el.getElementsByTagName('*')) if (listening.has(inner)) return false;
      const words = textOf(el, 120);
      return words ? words.length <= MAX_NAME : box.width <= 64 && box.height <= 64;
    }

    // Where it is, `seen`, need not be asked again: that is what most of a look is spent on.
    control(el, role, seen = boundsOf(el)) {
      this.controls++;
      const drawn = isDrawn(el), glance = drawn && ++this.drawn > DRAWN;   // a map of a thousand places costs no more than one of some
      const { el: target, box } = glance ? { el, box: seen } : boxOf(el, seen);
      const inView = box.bottom + this.offset.y > 0 && box.top + this.offset.y < this.offset.height && box.right > 0 && box.left < innerWidth;
      if (box.width < 1 || box.height < 1) return;
      if (inView && !glance && ownerOf(el) === document && !reachable(target, box)) { this.skipped++; return; }
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
      if (drawn && !isNamed(el)) this.spare.add(line);
      this.lines.push(line);
    }

    frame(el, depth) {
      const inner = readable(el);
      const box = boundsOf(el);
      if (!inner && box.width > 8 && box.height > 8) this.foreign.push(frameNumber(el));
      if (!inner || !inner.body) return;
      ask(inner);
      const outer = this.offset;
      this.offset = { y: outer.y + box.top, height: Math.min(outer.height, outer.y + box.bottom) };
      this.visit(inner.body, depth + 1);
      this.offset = outer;
    }
  }

  function openModal() {
    let modal = document.querySelector('dialog:modal');
    if (modal) return modal;
    for (const el of document.querySelectorAll('[aria-modal=true]')) if (shown(el) && boundsOf(el).width > 0) modal = el;
    return modal;
  }

  // How many controls each element that was put aside holds, itself included: one query for all, then up from each control.
  function countControls(lines) {
    const counts = new Map(), roots = new Set();
    for (const { deferred } of lines) if (deferred) { counts.set(deferred, 0); roots.add(rootOf(deferred)); }
    for (const root of roots) for (const control of root.querySelectorAll(CONTROL_SELECTOR))
      for (let el = control; el; el = parentOf(el)) { const count = counts.get(el); if (count !== undefined) { counts.set(el, count + 1); break; } }
    return counts;
  }

  function sizeInView(lines) {
    let count = 0, cost = 0;
    for (const line of lines) if (!line.deferred) { count++; cost += costOf(line); }
    return { count, cost };
  }

  function expand(walk) {
    // Below the fold: walk what was put aside, in document order, until the cap or the budget is reached.
    walk.prune = false;
    walk.offset = { y: 0, height: innerHeight };
    const out = [];
    let { count, cost } = sizeInView(walk.lines);
    if (count > walk.cap || cost > walk.budget) {
      walk.lines = collapse(walk.lines, walk.cap, walk.budget, (line) => elements.get(line.ref)?.deref(), refOf);
      ({ count, cost } = sizeInView(walk.lines));
    }
    let below = 0, full = count >= walk.cap || cost >= walk.budget, counts = null;
    for (const line of walk.lines) {
      if (!line.deferred) { out.push(line); continue; }
      if (!full && !line.above) {
        const start = walk.lines; walk.lines = [];
        walk.visit(line.deferred, line.depth); walk.flush();
        const fresh = walk.lines; walk.lines = start;
        for (const one of fresh) {
          const price = costOf(one);
          full ||= cost + price > walk.budget;
          if (full) { below++; continue; }
          out.push(one); walk.late.add(one); count++; cost += price;
          full = count >= walk.cap;
        }
      } else {
        counts ??= countControls(walk.lines);
        const held = counts.get(line.deferred);
        if (held) out.push({ more: held, above: line.above });
      }
    }
    return { out, below };
  }

  function observe(options = {}) {
    const { cap = 120, budget = Infinity, base = 1, taken: others = [], sought = null } = options;
    asked = options;
    own = Math.floor(base / 1000);
    taken = others;
    if (next < base) next = base;
    ask(document);
    const modal = openModal();
    const walk = new Walk(cap, budget, { y: 0, height: innerHeight });
    if (document.body) { walk.visit(modal || document.body, 0); walk.flush(); }
    const { out, below } = expand(walk);
    let moreAbove = 0, moreBelow = below;
    const all = [];
    for (const line of out) {
      if (!line.more) all.push(line);
      else if (line.above) moreAbove += line.more; else moreBelow += line.more;
    }
    for (const words of vanished(all)) all.unshift({ role: 'alert', name: cut(words, MAX_TEXT) });
    distinguish(all, (line) => elements.get(line.ref).deref());
    const focus = focusOf();
    const { lines, costs, ranks } = fit(all, cap, budget, { late: walk.late, spare: walk.spare, focus, sought: sought?.at === location.href ? sought.words : '' });
    moreBelow += all.length - lines.length;
    let url = location.href.replace(SECRET_QUERY, '$1•••'), title = document.title, dialog = modal ? nameOf(modal, 'dialog') || 'dialog' : null;
    const targets = apprentice.parts.targets(lines.filter((line) => line.ref).map((line) => [line.ref, elements.get(line.ref).deref()]), own);
    const redact = redactor(walk.secrets);
    if (redact) {
      [url, title, dialog] = [redact(url), redact(title), dialog && redact(dialog)];
      for (const line of lines) {
        line.name = redact(line.name);
        if (line.value) line.value = redact(line.value);
        if (line.options) line.options = line.options.map(redact);
      }
    }
    return { url, title, focus, dialog, mutations: mutations(), lines, moreAbove, moreBelow, elements: document.getElementsByTagName('*').length, frames: walk.foreign, targets, costs, ranks, cost: costs.reduce((sum, one) => sum + one, 0) };
  }

  // A page that is looked at once more, before anybody could say so, is read without what was looked for.
  function forgetSearch() { asked = { ...asked, sought: null }; }

  // A page that repeats a secret, in its words, its title or its address, does not get it past us.
  function redactor(fields) {
    const values = new Set();
    for (const el of [...fields, ...document.querySelectorAll('input,textarea')]) if (isSecret(el) && el.value && el.value.length >= 4) values.add(el.value);
    const forms = [...values].flatMap((value) => [value, squeeze(value), encodeURIComponent(value)]).sort((a, b) => b.length - a.length);
    return forms.length ? (text) => forms.reduce((rest, value) => rest.split(value).join('•••'), text) : null;
  }

  function focusOf(root = document) {
    const focus = root.activeElement;
    const inner = focus && (shadowOf(focus) || readable(focus));
    return (inner && inner.activeElement && focusOf(inner)) || (refs.get(focus) ?? null);
  }

  // `observe` is the contract; `parts` is for the scripts that come after.
  apprentice.observe = observe;
  Object.assign(apprentice.parts, { refs, elements, foreign, refOf, openModal, again: () => observe(asked), forgetSearch });
})();
