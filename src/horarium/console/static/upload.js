// Uploads: what the columns of a chosen file may stand for, and then the file itself, sent as it is with its progress.
const form = document.querySelector("[data-upload]");
const BEGINNING = 64 * 1024;
let asked = 0;

async function beginningOf(file) {
  const bytes = new Uint8Array(await file.slice(0, BEGINNING).arrayBuffer());
  const end = file.size > BEGINNING ? bytes.lastIndexOf(10) + 1 : bytes.length;
  return new TextDecoder().decode(bytes.subarray(0, end || bytes.length));
}

async function showColumns(file) {
  const turn = ++asked;
  const columns = document.getElementById("columns");
  columns.replaceChildren();
  let found = '<p class="wrong" role="alert">The file could not be looked at. Press the button to try it again.</p>';
  try {
    const fields = { csrf: form.elements.csrf.value, text: await beginningOf(file) };
    const answer = await fetch(form.dataset.upload, { method: "POST", body: new URLSearchParams(fields) });
    if (answer.ok) found = await answer.text();
  } catch {
    // The file is not there any more, or the server cannot be reached: what is said stands above.
  }
  if (turn !== asked) return; // another file was chosen since
  columns.innerHTML = found;
  form.querySelector("button.main").textContent = areShown() ? "Upload" : "Look at it";
}

function areShown() {
  return Boolean(form.querySelector('select[name^="column."]'));
}

function mapping() {
  const found = {};
  for (const select of form.querySelectorAll('select[name^="column."]')) {
    const name = form.elements[select.name.replace("column.", "name.")].value;
    if (name && select.value) found[name] = select.value.replace(/^custom:/, "");
  }
  return found;
}

function send(file) {
  const request = new XMLHttpRequest();
  const bar = document.createElement("progress");
  const said = document.createElement("p");
  bar.max = file.size || 1;
  bar.value = 0;
  bar.setAttribute("aria-label", "How much of the file is sent");
  said.className = "dim";
  document.getElementById("progress").replaceChildren(bar, said);
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.loaded;
    const share = Math.floor((100 * event.loaded) / (event.total || 1));
    said.textContent = share < 100 ? `${share} % is sent` : "All is sent; the server stores it.";
  });
  request.addEventListener("load", () => {
    const page = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
    if (!page) return location.reload();
    document.querySelector("main").replaceChildren(...page.childNodes);
    document.querySelector("main").focus();
  });
  request.addEventListener("error", () => {
    said.className = "wrong";
    said.textContent = "The server could not be reached. Upload the file again; what is stored already is replaced by the same.";
  });
  request.open("POST", `${form.getAttribute("action")}?columns=${encodeURIComponent(JSON.stringify(mapping()))}`);
  request.setRequestHeader("content-type", "text/csv");
  request.setRequestHeader("accept", "text/html");
  request.setRequestHeader("x-csrf-token", form.elements.csrf.value);
  request.send(file);
}

if (form) {
  const chosen = form.querySelector("#file");
  const look = () => chosen.files[0] && showColumns(chosen.files[0]);
  chosen.addEventListener("change", look);
  form.addEventListener("submit", (event) => {
    if (!chosen.files[0]) return;
    event.preventDefault();
    if (areShown()) send(chosen.files[0]);
    else look();
  });
  look(); // a file that was chosen before this script was there
}
