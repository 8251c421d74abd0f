// Tells the dream what is written into a field while it is written: what the site does about that shows at once.
"use strict";
const form = document.forms[0];
let queue = Promise.resolve();

function tell(field, final) {
  const box = field.type === "checkbox" || field.type === "radio";
  const value = box ? (field.checked ? "on" : "") : field.value;
  const body = new URLSearchParams({ token: form.token.value, version: form.version.value, field: field.name, value, final });
  queue = queue
    .then(() => fetch("/-/field", { method: "POST", body }))
    .then((answer) => answer.json())
    .then((answer) => { if (answer.reload) location.reload(); })
    .catch(() => undefined); // the page is being left: the form that is sent says it all again
}

form.addEventListener("input", (event) => {
  if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea")) tell(event.target, "");
});
form.addEventListener("change", (event) => tell(event.target, "on"));
