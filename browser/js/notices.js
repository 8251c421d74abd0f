// Words that a page shows for a moment: toasts, alerts and status messages that are gone before anyone looks. They are kept until
// they were told and the person or the agent did something else.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.vanished) return;
  const { typeOf, matches, closest, queryAll, parentOf, isThere, readers, shown, textOf } = parts;

  const LIVE = '[role=alert],[role=status],[aria-live=assertive],[aria-live=polite],output,[class*=toast i],[class*=snackbar i]';
  const PROGRESS = /^(loading|please wait|processing|saving|searching|sending|updating|uploading|working)\b|(\.\.\.|…)$/i;   // not news
  const MAX_KEPT = 5, MAX_WORDS = 160;
  let kept = [];                       // { region: WeakRef, words, told }, oldest first

  function hear(region) {
    const words = shown(region) ? textOf(region, MAX_WORDS) : '';
    if (!/[\p{L}\p{N}]/u.test(words) || PROGRESS.test(words)) return;
    kept = kept.filter((notice) => notice.region.deref() !== region);   // what replaces it speaks for it
    kept.push({ region: new WeakRef(region), words, told: false });
    if (kept.length > MAX_KEPT) kept.shift();
  }

  readers.push((records) => {
    const regions = new Set();
    for (const { target, addedNodes, type } of records) {
      const around = typeOf(target) === 1 ? target : parentOf(target);
      const region = type === 'attributes' ? around && matches(around, LIVE) && around : around && closest(around, LIVE);
      if (region) regions.add(region);
      else for (const node of addedNodes) if (typeOf(node) === 1) for (const inner of matches(node, LIVE) ? [node] : queryAll(node, LIVE)) regions.add(inner);
    }
    for (const region of regions) hear(region);
  });

  for (const type of ['pointerdown', 'keydown'])
    addEventListener(type, (event) => { if (event.isTrusted) kept = kept.filter((notice) => !notice.told); }, true);

  // The words that nobody can read any more, and that none of these lines says.
  parts.vanished = (lines) => {
    const words = [];
    for (const notice of [...kept]) {
      const region = notice.region.deref();
      if (region && isThere(region) && shown(region) && textOf(region, MAX_WORDS)) { kept.splice(kept.indexOf(notice), 1); continue; }
      notice.told = true;
      if (!words.includes(notice.words) && !lines.some((line) => line.name.includes(notice.words))) words.push(notice.words);
    }
    return words;
  };
})();
