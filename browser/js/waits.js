// Waiting inside the page: until it is quiet, or until it changes.
(() => {
  const { apprentice } = globalThis;
  if (apprentice.quiet) return;
  const { mutations, lastMutation } = apprentice.parts;
  const TICK = 20;

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

  Object.assign(apprentice, {
    // No change for `still` ms, counted from now at the earliest when `fresh`, and the document is parsed.
    quiet: (still, limit, fresh) => until(limit, (now, start) => document.readyState !== 'loading' && now - Math.max(lastMutation(), fresh ? start : 0) >= still),
    changed: (since, limit) => until(limit, () => mutations() !== since),
  });
})();
