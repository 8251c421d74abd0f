// What a page's lines cost a policy that reads them, and which of them give way when they cost too much.
//
// No tokenizer is here: the weights were fitted to the embedded model's, on whole pages of fixtures and apps. On pages above 700 tokens
// it reckons 0.978 to 1.037 times what the tokenizer counts; on small pages, where nothing gives way, down to 0.9 times.
(() => {
  const { parts } = globalThis.apprentice;
  if (parts.fit) return;
  const { mutations } = parts;

  const LINE = 2.9, MARK = 0.96, DIGIT = 0.99, WORD = 0.64, LETTER = 0.08, CAPITAL = 0.31, JOINED = 0.23, NUMBER = 0.84, FOREIGN = 1.9, REF = 0.54;
  const HITS = 3;                      // so many of the first lines with what was looked for stay
  const STRUCTURE = new Set(['heading', 'columns', 'canvas']), NEWS = new Set(['alert', 'status', 'dialog', 'alertdialog', 'more']);
  const wordsOnly = (line) => !line.ref;

  // One pass over the characters: digits cost one each, words little more than one, signs one, letters of other scripts two.
  function costOfText(text) {
    let cost = 0, before = 32;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i), small = code | 32;
      const letter = small > 96 && small < 123, inWord = letter && (before | 32) > 96 && (before | 32) < 123;
      if (letter) cost += LETTER + (inWord ? (code < 97 ? CAPITAL : 0) : WORD) + (before !== 32 && i && (code < 97 || !inWord) ? JOINED : 0);
      else if (code > 47 && code < 58) cost += DIGIT + (before === 32 && i ? NUMBER : 0);
      else if (code > 127) cost += FOREIGN;
      else if (code > 32) cost += MARK;
      before = code;
    }
    return cost;
  }

  function costOf(line) {
    let cost = LINE + MARK + costOfText(line.name);
    if (line.ref) cost += REF + 2 * MARK + DIGIT * String(line.ref).length;
    if (line.value) cost += 3 * MARK + costOfText(line.value);
    for (const state of line.states || []) cost += costOfText(state);
    for (const option of line.options || []) cost += 3 * MARK + costOfText(option);
    return cost;
  }

  // Words that were not there before the page changed last. Looks at a page that stands still agree.
  let now = null, earlier = null, changes = -1;
  function remember(lines) {
    if (mutations() === changes) return;
    changes = mutations();
    earlier = now;
    now = new Set();
    for (const line of lines) if (wordsOnly(line)) now.add(line.name);
  }

  // Least first: what is out of view; drawn links without a name of their own; words; words that are new, headings; controls; and
  // what has the focus, what was looked for, news.
  function rankOf(line, { late, spare, focus, hits }) {
    if (line.ref === focus && focus) return 5;
    if (late.has(line)) return NEWS.has(line.role) ? 3 : 0;
    if (NEWS.has(line.role) || hits.has(line)) return 5;
    if (spare.has(line)) return 1;
    if (wordsOnly(line)) return STRUCTURE.has(line.role) || (earlier && !earlier.has(line.name)) ? 3 : 2;
    return 4;
  }

  const hitsAmong = (lines, sought, late) => new Set(sought ? lines.filter((line) => !late.has(line) && line.name.toLowerCase().includes(sought)).slice(0, HITS) : []);

  // The lines that fit, in their order, with what they cost and how they rank: of what gives way the last goes first.
  function fit(lines, cap, budget, { sought, ...about }) {
    remember(lines);
    const costs = lines.map(costOf), hits = hitsAmong(lines, sought, about.late);
    const ranks = lines.map((line) => rankOf(line, { ...about, hits }));
    let count = lines.length, cost = costs.reduce((sum, one) => sum + one, 0);
    if (count <= cap && cost <= budget) return { lines, costs, ranks };
    const order = lines.map((_, at) => at).sort((a, b) => ranks[a] - ranks[b] || b - a);
    const gone = new Set();
    for (const at of order) {
      if (count <= cap && cost <= budget) break;
      gone.add(at);
      count--; cost -= costs[at];
    }
    const kept = (_, at) => !gone.has(at);
    return { lines: lines.filter(kept), costs: costs.filter(kept), ranks: ranks.filter(kept) };
  }

  Object.assign(parts, { costOf, fit });
})();
