// When more is in view than the lines allow: long runs of alike things (rows of a table, links of a list) are cut to their first
// few and a count, so that a control that stands after them is not lost. When nothing would be lost but the rest of such a run, it
// is left as it is. `expand` moves on to the next part of a run.
(() => {
  const { apprentice } = globalThis;
  const { parts } = apprentice;
  const { tagOf, parentOf, isThere, elementsIn, costOf } = parts;
  if (parts.collapse) return;

  const ALIKE = 12;                    // so many children of one kind make a run
  const FEW = 5, PART = 40;            // items shown at first, and of each further part
  const starts = new WeakMap();        // the parent of a run that was expanded -> its first item shown
  const rows = new WeakMap();          // a line of a row's words -> the row

  // The repeated thing that a line belongs to, and what holds all of them.
  function itemOf(line, elementOf, counts) {
    for (let node = rows.get(line) || elementOf(line); node && parentOf(node); node = parentOf(node)) {
      const parent = parentOf(node);
      if (!counts.has(parent)) {
        const kinds = new Map();
        for (const child of elementsIn(parent)) kinds.set(tagOf(child), (kinds.get(tagOf(child)) || 0) + 1);
        counts.set(parent, kinds);
      }
      if (counts.get(parent).get(tagOf(node)) >= ALIKE) return { parent, item: node };
    }
    return null;
  }

  // Stretches of lines that belong to the items of one parent. A line of plain words belongs to what it follows.
  function runsOf(lines, elementOf) {
    const runs = [], counts = new Map();
    let run = null;
    lines.forEach((line, at) => {
      const words = !line.deferred && !line.ref && !rows.has(line);
      const found = words || line.deferred ? null : itemOf(line, elementOf, counts);
      if (words && run) return;
      if (!found || !run || run.parent !== found.parent) {
        if (run) run.end = at;
        run = found && { parent: found.parent, items: [], end: lines.length };
        if (run) runs.push(run);
      }
      if (run && run.last !== found.item) { run.items.push(at); run.last = found.item; }
    });
    return runs.filter((each) => each.items.length >= ALIKE);
  }

  // Whether a control past the cap or the budget belongs to no run.
  function losesOther(lines, cap, budget, runs) {
    let count = 0, cost = 0;
    return lines.some((line, at) => {
      if (line.deferred) return false;
      cost += costOf(line);
      return (++count > cap || cost > budget) && line.ref && !runs.some((run) => at >= run.items[0] && at < run.end);
    });
  }

  const costOfAll = (lines) => lines.reduce((sum, line) => sum + (line.deferred ? 0 : costOf(line)), 0);

  const kindOf = (lines) => {
    const roles = new Set(lines.map((line) => line.role));
    return roles.size === 1 ? [...roles][0].replace(/(x|ch)$/, '$1e') + 's' : roles.has('row') ? 'rows' : 'items';
  };

  // The lines with the longest runs cut short, until they are few enough or no run is left. `refOf` numbers a run by its parent.
  parts.collapse = (lines, cap, budget, elementOf, refOf) => {
    const runs = runsOf(lines, elementOf);
    if (!losesOther(lines, cap, budget, runs)) return lines;
    const inView = lines.filter((line) => !line.deferred);
    let count = inView.length, cost = costOfAll(inView);
    const cuts = new Map();
    for (const { parent, items, end } of runs.sort((a, b) => (b.end - b.items[0]) - (a.end - a.items[0]))) {
      if (count <= cap && cost <= budget) break;
      let start = starts.get(parent) ?? 0;
      if (start >= items.length) { starts.set(parent, 0); start = 0; }
      const stop = start + (starts.has(parent) ? PART : FEW);
      const from = items[start], to = items[stop] ?? end;
      const hidden = lines.slice(items[0], from).concat(lines.slice(to, end));
      if (!hidden.length) continue;
      const kind = kindOf(hidden.filter((line) => line.role !== 'text'));
      const more = { role: 'more', name: `${items.length - Math.min(PART, stop - start, items.length - start)} ${kind}`, ref: refOf(parent) };
      cuts.set(items[0], { kept: lines.slice(from, to).concat(more), end });
      count -= hidden.length - 1;
      cost -= costOfAll(hidden) - costOf(more);
    }
    const out = [];
    for (let at = 0; at < lines.length;) {
      const cut = cuts.get(at);
      if (cut) { out.push(...cut.kept); at = cut.end; } else out.push(lines[at++]);
    }
    return out;
  };
  parts.isRow = (line, row) => { rows.set(line, row); return line; };

  // Show the next part of the run with this number.
  apprentice.expand = (ref) => {
    const parent = parts.elements.get(ref)?.deref();
    if (!parent || !isThere(parent)) return false;
    starts.set(parent, starts.has(parent) ? starts.get(parent) + PART : FEW);
    return true;
  };
})();
