// Forms with a recurrence: what comes of it while one types, rhythms to click, and days with a time that become a cron
// expression.
export function edit(form, showTimes) {
  const when = form.elements.recurrence;
  let waiting;
  let asked = 0;

  async function ask() {
    const turn = ++asked;
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok || turn !== asked) return;
    const shown = document.getElementById("preview");
    shown.innerHTML = await answer.text();
    showTimes(shown);
  }
  function askSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => ask().catch(() => {}), 200);
  }
  function set(text) {
    when.value = text;
    askSoon();
  }
  function ofDays() {
    const time = form.querySelector("[data-time]").value;
    const days = [...form.querySelectorAll("[data-day]:checked")].map((box) => box.dataset.day);
    if (!time || !days.length) return;
    const [hour, minute] = time.split(":").map(Number);
    set(`${minute} ${hour} * * ${days.length === 7 ? "*" : days.join(",")}`);
  }

  const previewed = ["recurrence", "timezone", "start_at", "end_at", "duration"];
  for (const name of previewed) form.elements[name]?.addEventListener("input", askSoon);
  for (const button of form.querySelectorAll("[data-rhythm]")) button.addEventListener("click", () => set(button.dataset.rhythm));
  for (const each of form.querySelectorAll("[data-day], [data-time]")) each.addEventListener("change", ofDays);

  // What was entered before this script was there.
  const isChanged = (field) => field && (field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  if ([...form.querySelectorAll("[data-day], [data-time]")].some(isChanged)) ofDays();
  if (previewed.some((name) => isChanged(form.elements[name]))) askSoon();
}
