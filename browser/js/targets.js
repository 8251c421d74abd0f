// Where pressing a control leads: the address of its link, or method and address of its form. For the guard; never part of a line.
//
// A form's own members can be hidden behind fields of their names (<input name="action">), so they are read through the prototypes.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.parts.targets) return;
  const { tagOf, attribute, matches, closest, ownerOf, shadowOf, nameOf } = apprentice.parts;
  const elementsOf = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, 'elements').get;
  const SUBMITS = 'button:not([type=button]):not([type=reset]),input[type=submit],input[type=image]';
  const MAX_URL = 2000;

  function address(el, text) {
    try { return new URL(text ?? '', text ? el.baseURI : ownerOf(el).URL).href.slice(0, MAX_URL); } catch { return String(text).slice(0, MAX_URL); }
  }

  function targetsOf(controls, block = 0) {
    const forms = new Map(), targets = {};

    // What Enter in a field presses: the first button of the form that submits it.
    function submitter(form) {
      if (!forms.has(form)) forms.set(form, { number: block * 1000 + forms.size + 1, button: Array.from(elementsOf.call(form)).find((el) => matches(el, SUBMITS)) || null });
      return forms.get(form);
    }

    function targetOf(el) {
      const link = closest(el, 'a[*|href],area[href]');
      if (link) return { method: 'link', url: typeof link.href === 'string' ? link.href.slice(0, MAX_URL) : address(link, link.href.baseVal) };   // in a drawing the other
      const form = tagOf(el) === 'FORM' ? null : el.form;
      if (!form) return null;
      const { number, button } = submitter(form);
      const own = matches(el, SUBMITS);
      if (!own && (el.tagName === 'BUTTON' || ['button', 'reset'].includes(el.type))) return null;
      const sender = own ? el : button;
      const method = ((sender && attribute(sender, 'formmethod')) || attribute(form, 'method') || 'get').trim().toLowerCase();
      const url = address(el, (sender && attribute(sender, 'formaction')) || attribute(form, 'action'));
      return { method: ['post', 'dialog'].includes(method) ? method : 'get', url, submit: own || !sender ? '' : nameOf(sender, 'button'), form: number };
    }

    for (const [ref, el] of controls) { const target = el && targetOf(el); if (target) targets[ref] = target; }
    const focus = deepest(document);
    if (focus && focus !== ownerOf(focus).body && !controls.some(([, el]) => el === focus)) {
      const target = targetOf(focus);
      if (target) targets[0] = { ...target, submit: target.submit || nameOf(focus, 'button') };
    }
    return targets;
  }

  function deepest(root) {
    const focus = root.activeElement;
    const inner = focus && (shadowOf(focus) || (tagOf(focus) === 'IFRAME' && focus.contentDocument));
    return (inner && deepest(inner)) || focus;
  }

  apprentice.parts.targets = targetsOf;
})();
