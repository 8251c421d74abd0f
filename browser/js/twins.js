// Telling apart what has one name: by row, group or order.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.distinguish) return;
  const { tagOf, closest, query, parentOf, SKIP, squeeze, cut, shown, textOf } = parts;
  const MAX_CONTEXT = 40;

  // The words that tell one "Delete" from another: the first short text of its row, item or group.
  function contextOf(el, name) {
    const group = closest(el, 'tr,[role=row],li,[role=listitem],article,fieldset,[role=group],dd');
    if (!group) return '';
    const legend = query(group, 'legend,h2,h3,h4,h5');
    if (legend && textOf(legend, 80)) return cut(textOf(legend, 80), MAX_CONTEXT);
    const words = [], plain = [];
    const texts = document.createTreeWalker(group, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node && words.length < 2; node = texts.nextNode()) {
      const text = squeeze(node.data);
      if (!text || text === name || !/[\p{L}\p{N}]/u.test(text) || SKIP.has(tagOf(parentOf(node))) || closest(parentOf(node), 'button,select') || !shown(parentOf(node))) continue;
      (/\p{L}/u.test(text) ? words : plain).push(text);
    }
    return cut(words.length ? words.join(', ') : plain.slice(0, 2).join(', '), MAX_CONTEXT);
  }

  // Two controls with one role and one name would be one to the reader: tell them apart by their row, group or order.
  function distinguish(lines, elementOf) {
    const seen = new Map();
    for (const line of lines) if (line.ref) { const key = line.role + '\n' + line.name; seen.set(key, (seen.get(key) || []).concat(line)); }
    for (const twins of seen.values()) {
      if (twins.length < 2) continue;
      const contexts = twins.map((line) => contextOf(elementOf(line), line.name));
      if (new Set(contexts).size > 1) twins.forEach((line, i) => { if (contexts[i]) line.name = line.name ? `${line.name} (${contexts[i]})` : contexts[i]; });
    }
    const again = new Map();
    for (const line of lines) if (line.ref) {
      const key = line.role + '\n' + line.name, count = (again.get(key) || 0) + 1;
      again.set(key, count);
      if (count > 1) line.name = `${line.name} #${count}`.trim();
    }
  }

  parts.distinguish = distinguish;
})();
