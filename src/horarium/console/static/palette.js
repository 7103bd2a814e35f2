// The command palette: pages, what can be done on this one, and schedules and targets by name, all by keyboard.
const dialog = document.createElement("dialog");
dialog.className = "palette";
dialog.setAttribute("aria-label", "Commands");
const field = document.createElement("input");
const list = document.createElement("ul");
list.id = "commands";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Commands");
for (const [name, value] of Object.entries({
  type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "commands", "aria-autocomplete": "list",
  "aria-label": "Command, schedule or target", placeholder: "A page, a command, a schedule, a target", autocomplete: "off", spellcheck: "false",
})) field.setAttribute(name, value);
dialog.append(field, list);
document.body.append(dialog);

let found = [];
let chosen = 0;
let asked = 0;
let waiting;

const textOf = (element) => element.textContent.replace(/\s+/g, " ").trim();

function ofPage() {
  const pages = [...document.querySelectorAll(".side nav a")].map((link) => ({ text: textOf(link), kind: "page", run: () => location.assign(link.href) }));
  const actions = [...document.querySelectorAll("main .actions a, main .actions button, main .head > a.button")].map((each) => ({
    text: textOf(each), kind: "on this page", run: () => each.click(),
  }));
  const further = [["New schedule", "/console/schedules/new"], ["New target", "/console/targets/new"], ["New key", "/console/keys/new"]]
    .filter(([text]) => !actions.some((each) => each.text === text))
    .map(([text, path]) => ({ text, kind: "command", run: () => location.assign(path) }));
  const looks = ["light", "dark", "auto"].map((look) => ({
    text: `Look: ${look}`, kind: "command",
    run: () => { const select = document.querySelector('select[name="theme"]'); select.value = look; select.form.requestSubmit(); },
  }));
  const out = [...document.querySelectorAll(".you form:last-child button")].map((each) => ({ text: textOf(each), kind: "command", run: () => each.click() }));
  return [...actions, ...pages, ...further, ...looks, ...out];
}

function show(items) {
  found = items;
  chosen = 0;
  list.replaceChildren(...items.map((item, at) => {
    const row = document.createElement("li");
    row.id = `command-${at}`;
    row.setAttribute("role", "option");
    const kind = document.createElement("span");
    kind.className = "dim";
    kind.textContent = item.kind;
    const name = document.createElement("bdi");
    name.textContent = item.text;
    row.append(name, " ", kind);
    row.addEventListener("click", () => take(at));
    return row;
  }));
  choose(0);
}

function choose(at) {
  if (!found.length) return field.removeAttribute("aria-activedescendant");
  chosen = (at + found.length) % found.length;
  [...list.children].forEach((row, place) => row.setAttribute("aria-selected", String(place === chosen)));
  field.setAttribute("aria-activedescendant", `command-${chosen}`);
  list.children[chosen].scrollIntoView({ block: "nearest" });
}

function take(at) {
  if (!found[at]) return;
  dialog.close();
  found[at].run();
}

function matching() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  return ofPage().filter((item) => words.every((word) => item.text.toLowerCase().includes(word)));
}

async function search() {
  const number = ++asked;
  const answer = await fetch(`/console/find?q=${encodeURIComponent(field.value.trim())}`, { headers: { accept: "application/json" } });
  if (!answer.ok || number !== asked) return;
  const items = (await answer.json()).items.map((item) => ({ ...item, run: () => location.assign(item.path) }));
  const before = chosen;
  show([...matching(), ...items]);
  choose(before);
}

field.addEventListener("input", () => {
  show(matching());
  clearTimeout(waiting);
  asked += 1;
  if (field.value.trim().length > 1) waiting = setTimeout(() => search().catch(() => {}), 150);
});
field.addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (steps[event.key]) choose(chosen + steps[event.key]);
  else if (event.key === "Enter") take(chosen);
  else return;
  event.preventDefault();
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

export function openPalette() {
  if (dialog.open) return dialog.close();
  field.value = "";
  show(matching());
  dialog.showModal();
  field.focus();
}
