// The page of a run: its curves, drawn as they are logged. Without server-sent events the page asks again and again.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const said = live.dataset, score = "eval_" + said.metric;
  const series = {
    loss: [["loss", said.train, "--one"], ["eval_loss", said.validation, "--two"]],
    score: [[score, said.score, "--one"]],
    rate: [["learning_rate", said.rate, "--one"]],
  };
  let entries = [], plots = {}, mark = "", stream = null, timer = 0, faults = 0, over = false;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const text = (value) => {
    if (value === undefined || value === null) return "–";
    if (Number.isInteger(value)) return String(value);
    return Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(4);
  };

  function rows(key) {
    const steps = new Map();
    for (const entry of entries) {
      if (!series[key].some(([name]) => typeof entry[name] === "number")) continue;
      const row = steps.get(entry.step) || {};
      steps.set(entry.step, Object.assign(row, entry));
    }
    const order = [...steps.keys()].sort((a, b) => a - b);
    return [order, ...series[key].map(([name]) => order.map((step) => steps.get(step)[name] ?? null))];
  }

  // Scores of one look, or of many that are alike, stay on their scale.
  const within = (self, low, high) => {
    const space = (high - low || 0.1) * 0.1;
    return low >= 0 && high <= 1 ? [Math.max(0, low - space), Math.min(1, high + space)] : [low - space, high + space];
  };

  function drawn(key, box) {
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--faint"), width: 1 }, ticks: { show: false } };
    const wide = (self, values) => values.map((value) => (value === 0 ? "0" : Math.abs(value) < 0.001 ? value.toExponential(0) : String(+value.toPrecision(4))));
    const lines = series[key].map(([name, label, ink]) => ({
      label, stroke: colour(ink), width: 2, spanGaps: true, points: { show: name.startsWith("eval_") && entries.length < 120, size: 6 },
      value: (self, value) => text(value),
    }));
    const options = {
      width: Math.max(box.clientWidth, 200), height: 220, series: [{ label: said.step }, ...lines],
      scales: { x: { time: false, range: () => [0, said.live ? +said.total : entries[entries.length - 1].step] }, y: { range: within } }, axes: [axis, { ...axis, size: 62, values: wide }],
      cursor: { points: { size: 7 } },
    };
    return new uPlot(options, rows(key), box);
  }

  function draw(anew) {
    const wait = document.getElementById("wait");
    if (wait) wait.hidden = entries.length > 0;
    for (const box of live.querySelectorAll("[data-plot]")) {
      const key = box.dataset.plot, data = rows(key);
      box.closest("figure").hidden = data[0].length === 0;
      if (!data[0].length) continue;
      if (plots[key] && anew) { plots[key].destroy(); delete plots[key]; }
      if (plots[key]) plots[key].setData(data); else plots[key] = drawn(key, box);
    }
    const last = {};
    for (const entry of entries) Object.assign(last, entry);
    last.score = last[score];
    const losses = entries.map((entry) => entry.loss).filter(Number.isFinite).slice(-10);  // one batch says little
    if (losses.length) last.loss = losses.reduce((sum, one) => sum + one) / losses.length;
    for (const box of live.querySelectorAll("[data-figure]")) box.textContent = text(last[box.dataset.figure]);
  }

  function heard(news) {
    faults = 0;
    if (news.again) entries = [];
    entries.push(...news.entries);
    mark = news.mark;
    if (news.entries.length || news.again) draw(false);
    const far = document.getElementById("far"), line = document.querySelector("[data-said]");
    if (far) far.value = Math.min(100, (100 * news.step) / Math.max(news.total, 1));
    if (line && !news.over) line.textContent = news.said;
    const shown = document.querySelector("[data-state]");
    over = news.over;
    if (!said.live) return;
    if (over || (shown && shown.dataset.state !== news.state)) { close(); location.reload(); }
  }

  const address = (more) => `${said.events}?after=${encodeURIComponent(mark)}${more}`;
  async function ask() {
    try {
      const answer = await fetch(address("&once=1"));
      if (!answer.ok) throw new Error(answer.status);
      heard(await answer.json());
    } catch { faults += 1; }
    if (said.live && !over) timer = setTimeout(ask, Math.min(1500 * 2 ** faults, 30000));
  }
  function close() {
    if (stream) stream.close();
    stream = null;
    clearTimeout(timer);
  }
  function open() {
    close();
    if (!said.live || !window.EventSource) { ask(); return; }
    stream = new EventSource(address(""));
    stream.onmessage = (event) => heard(JSON.parse(event.data));
    stream.onerror = () => {
      faults += 1;
      if (faults > 2 || (stream && stream.readyState === EventSource.CLOSED)) { close(); ask(); }
    };
  }

  window.addEventListener("pagehide", close);
  // A browser opens few connections to one server: a page that nobody looks at keeps none.
  document.addEventListener("visibilitychange", () => { if (!said.live || over) return; if (document.hidden) close(); else open(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(true));
  new ResizeObserver(() => {
    for (const box of live.querySelectorAll("[data-plot]")) {
      const plot = plots[box.dataset.plot], width = Math.max(box.clientWidth, 200);
      if (plot && plot.width !== width) plot.setSize({ width, height: 220 });
    }
  }).observe(live);
  draw(false);
  open();
})();
