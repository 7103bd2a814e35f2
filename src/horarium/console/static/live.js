// Keeps a part of a page up to date by the server's stream. Where there is none, the part is asked for anew now and then.
const MOST_ROWS = 100;
const SLOW_MS = 30000;

export function follow(part, page) {
  const sign = document.querySelector("[data-live-sign]");
  const least = Number(part.dataset.live) * 1000;
  let source;
  let waiting;
  let next = Infinity; // when it is renewed
  let renewed = Date.now();

  function show(live) {
    if (sign?.isConnected) sign.hidden = !live;
    for (const each of part.querySelectorAll("[data-live-sign]")) each.hidden = !live;
  }
  function renewSoon(pause = least) {
    const due = Math.max(Date.now() + 300, renewed + pause);
    if (due >= next) return;
    next = due;
    clearTimeout(waiting);
    waiting = setTimeout(renewNow, due - Date.now());
  }
  async function renewNow() {
    next = Infinity;
    renewed = Date.now();
    await page.renew().catch(() => {});
    if (!Number(part.dataset.live)) close();
    else show(Boolean(source));
  }
  function close() {
    source?.close();
    source = undefined;
    show(false);
  }
  function addRows(event) {
    const body = document.getElementById(part.dataset.rows);
    if (!body) return renewSoon(0); // the list was empty so far
    const found = document.createElement("tbody");
    found.innerHTML = event.data;
    page.showTimes(found);
    for (const row of found.rows) row.className = "new";
    body.prepend(...found.rows);
    while (body.rows.length > MOST_ROWS) body.rows[body.rows.length - 1].remove();
  }
  function setFigures(event) {
    const told = JSON.parse(event.data);
    for (const each of part.querySelectorAll("[data-figure]")) each.textContent = told[each.dataset.figure];
    const bar = part.querySelector("progress");
    if (bar) Object.assign(bar, { max: told.all || 1, value: told.ended });
    renewSoon(told.final ? 0 : least);
  }
  function open() {
    if (source) return;
    source = new EventSource(part.dataset.stream);
    source.addEventListener("open", () => show(true));
    source.addEventListener("changed", () => renewSoon());
    source.addEventListener("rows", addRows);
    source.addEventListener("figures", setFigures);
    source.addEventListener("error", () => {
      show(false);
      if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      source = undefined;
      page.poll();
    });
  }

  open();
  setInterval(() => { if (source && Number(part.dataset.live) && document.visibilityState === "visible") renewSoon(); }, SLOW_MS);
  // Browsers open few connections to a server, so a page that nobody sees keeps none.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return close();
    if (!Number(part.dataset.live)) return;
    open();
    renewSoon();
  });
}
