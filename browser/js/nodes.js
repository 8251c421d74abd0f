// Reading a node past the names of its fields: in <form><input name="parentNode"></form> the form's own `parentNode` is the field.
//
// Only forms are like that. What says itself that it is no tag or number is taken as it is; all else is read as the prototypes have it.
(() => {
  if (globalThis.apprentice && globalThis.apprentice.document === document) return;   // a first document may share its global with the next

  const { call } = Function.prototype;
  const reader = (prototype, key) => call.bind(Object.getOwnPropertyDescriptor(prototype, key).get);
  const method = (prototype, key) => call.bind(prototype[key]);
  const element = Element.prototype, node = Node.prototype;

  globalThis.apprentice = {
    document,
    parts: {
      // Most that is asked of a node, and of every node: a form that hides it is told by the answer.
      tagOf: (el) => { const tag = el.tagName; return typeof tag === 'string' || tag === undefined ? tag : 'FORM'; },
      typeOf: (any) => { const type = any.nodeType; return typeof type === 'number' ? type : type === undefined ? 0 : 1; },
      isEdited: (el) => el.isContentEditable === true,
      countOf: (el) => { const count = el.childElementCount; return typeof count === 'number' ? count : childCount(el); },
      attribute: method(element, 'getAttribute'),
      hasAttribute: method(element, 'hasAttribute'),
      matches: method(element, 'matches'),
      closest: method(element, 'closest'),
      query: method(element, 'querySelector'),
      queryAll: method(element, 'querySelectorAll'),
      boundsOf: method(element, 'getBoundingClientRect'),
      shadowOf: reader(element, 'shadowRoot'),
      isVisible: method(element, 'checkVisibility'),
      bring: method(element, 'scrollIntoView'),
      rootOf: method(node, 'getRootNode'),
      contains: method(node, 'contains'),
      parentOf: reader(node, 'parentElement'),
      aboveOf: reader(node, 'parentNode'),
      ownerOf: reader(node, 'ownerDocument'),
      isThere: reader(node, 'isConnected'),
      nodesOf: reader(node, 'childNodes'),
      firstOf: reader(node, 'firstChild'),
      nextOf: reader(node, 'nextSibling'),
      wordsIn: reader(node, 'textContent'),
      elementsIn: reader(element, 'children'),
    },
  };
  const childCount = reader(element, 'childElementCount');
})();
