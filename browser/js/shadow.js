// Runs in the page's own world before any of its scripts: closed shadow roots are made open, so that the walker's world can read
// them, and everything by which the page could tell is answered as for a closed one. And it remembers which elements the page's
// scripts listen for clicks on, which no other script can see.
(() => {
  const closed = new WeakSet();
  const names = new WeakMap();          // our function -> the native one it stands for
  const { apply } = Reflect;

  const getter = (prototype, key) => Object.getOwnPropertyDescriptor(prototype, key).get;
  const getRootNode = Node.prototype.getRootNode;
  const hostOf = getter(ShadowRoot.prototype, 'host');
  const currentTarget = getter(Event.prototype, 'currentTarget');

  function stand(prototype, key, part, make) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key);
    const native = descriptor[part];
    const ours = make(native);
    Object.defineProperty(ours, 'name', { value: native.name, configurable: true });
    Object.defineProperty(ours, 'length', { value: native.length, configurable: true });
    names.set(ours, native);
    Object.defineProperty(prototype, key, { ...descriptor, [part]: ours });
  }

  // Methods in short form have neither a prototype nor a constructor, as native ones.
  stand(Function.prototype, 'toString', 'value', (native) => ({ toString() { return apply(native, names.get(this) || this, arguments); } }).toString);
  stand(Element.prototype, 'attachShadow', 'value', (native) => ({
    attachShadow(init) {
      if (!init || init.mode !== 'closed') return apply(native, this, arguments);
      const root = apply(native, this, [{ ...read(init), mode: 'open' }]);
      closed.add(root);
      return root;
    },
  }).attachShadow);
  stand(Element.prototype, 'shadowRoot', 'get', (native) => ({ get() { const root = apply(native, this, []); return root && closed.has(root) ? null : root; } }).get);
  stand(ShadowRoot.prototype, 'mode', 'get', (native) => ({ get() { return closed.has(this) ? 'closed' : apply(native, this, []); } }).get);
  stand(Event.prototype, 'composedPath', 'value', (native) => ({ composedPath() { return outside(apply(native, this, []), apply(currentTarget, this, [])); } }).composedPath);
  for (const prototype of [Element.prototype, Text.prototype])
    stand(prototype, 'assignedSlot', 'get', (native) => ({ get() { const slot = apply(native, this, []); return slot && closed.has(apply(getRootNode, slot, [])) ? null : slot; } }).get);

  // --- who listens for clicks ------------------------------------------------------------------------------------

  const PRESSES = new Set(['click', 'mousedown', 'mouseup', 'pointerdown', 'pointerup', 'touchstart', 'touchend']);
  const known = new WeakSet();
  let untold = [];                      // WeakRefs to elements that the walker's world has not been told of
  const { dispatchEvent } = EventTarget.prototype, { deref } = WeakRef.prototype, Ref = WeakRef, Told = Event;

  function listens(el) {
    if (!(el instanceof Element) || known.has(el)) return;
    known.add(el);
    untold[untold.length] = new Ref(el);
  }
  stand(EventTarget.prototype, 'addEventListener', 'value', (native) => ({
    addEventListener(type, listener) { if (listener && PRESSES.has(type)) listens(this); return apply(native, this, arguments); },
  }).addEventListener);
  for (const prototype of [HTMLElement.prototype, SVGElement.prototype])   // some frameworks set it beside their own listener
    stand(prototype, 'onclick', 'set', (native) => ({ set(listener) { if (typeof listener === 'function') listens(this); return apply(native, this, [listener]); } }).set);

  // The walker's world asks on the document, by a name that no page can guess; each element answers for itself, once it is there.
  document.addEventListener('@SECRET@?', () => {
    const asked = untold;
    untold = [];
    for (let i = 0; i < asked.length; i++) {
      const el = apply(deref, asked[i], []);
      if (!el) continue;
      if (el.isConnected) apply(dispatchEvent, el, [new Told('@SECRET@', { composed: true })]); else untold[untold.length] = asked[i];
    }
  });

  // The members that attachShadow reads, inherited ones too.
  function read(init) {
    const copy = {};
    for (const key of ['delegatesFocus', 'slotAssignment', 'clonable', 'serializable', 'customElementRegistry', 'referenceTarget']) if (init[key] !== undefined) copy[key] = init[key];
    return copy;
  }

  // An event's path as a listener on `at` may see it: without the insides of closed roots that `at` is not in.
  function outside(path, at) {
    const around = at instanceof Node ? rootsOf(at) : new Set();
    return path.filter((node) => !(node instanceof Node) || [...rootsOf(node)].every((root) => !closed.has(root) || around.has(root)));
  }

  function rootsOf(node) {
    const roots = new Set();
    for (let root = apply(getRootNode, node, []); root instanceof ShadowRoot; root = apply(getRootNode, apply(hostOf, root, []), [])) roots.add(root);
    return roots;
  }
})();
