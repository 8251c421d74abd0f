// Waiting inside the page: until it is quiet, until it changes, until it has saved.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.quiet) return;
  const { mutations, lastMutation } = apprentice.parts;
  const TICK = 20, SHORT = 2000;

  // Resolve when `done(now, start)` holds (true) or `limit` is over (false).
  const until = (limit, done) => new Promise((resolve) => {
    const start = performance.now();
    const look = () => {
      const now = performance.now();
      if (done(now, start)) resolve(true);
      else if (now - start >= limit) resolve(false);
      else setTimeout(look, TICK);
    };
    look();
  });

  // A fade or slide that will end soon: until then the page is neither the old one nor the new one. Endless ones are decoration.
  const moving = () => document.getAnimations().some((animation) => {
    if (animation.playState !== 'running') return false;
    const { endTime } = animation.effect?.getComputedTiming() ?? { endTime: 0 };
    return endTime - (animation.currentTime ?? 0) < SHORT;
  });

  // An app that draws itself has nothing to show until its scripts are loaded: an empty page is then not yet the page.
  const empty = () => !document.body?.innerText.trim() && !document.querySelector('input, textarea, select, canvas, img, iframe, frame');
  const arrived = () => document.readyState === 'complete' || (document.readyState === 'interactive' && !empty());

  // Whether the page would have the browser ask before it is left, in any of its frames that this world reads. The event is no
  // real one: that comes with a dialog and with the leaving, and only once a person has touched the page.
  function unsaved(win) {
    const event = win.document.createEvent('BeforeUnloadEvent');
    event.initEvent('beforeunload', false, true);
    win.dispatchEvent(event);
    return event.defaultPrevented || event.returnValue !== '' || Array.from(win).some((inner) => readable(inner) && unsaved(inner));
  }
  const readable = (win) => { try { return Boolean(win.document); } catch { return false; } };

  Object.assign(apprentice, {
    // No change for `still` ms, the document is there and nothing slides. The stretch begins `waited` ms ago at the earliest, or whenever.
    quiet: (still, limit, waited) => until(limit, (now, start) => arrived() && now - Math.max(lastMutation(), waited === null ? 0 : start - waited) >= still && !moving()),
    changed: (since, limit) => until(limit, () => mutations() !== since),
    unsaved: () => unsaved(window),
  });
})();
