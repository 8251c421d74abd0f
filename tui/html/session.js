// Left and right go through the steps, home and end to the first and the last. Without this script all steps are shown.
"use strict";
const sections = [...document.querySelectorAll("section")];
const links = [...document.querySelectorAll("nav a")];
let at = Math.max(0, sections.findIndex((section) => `#${section.id}` === location.hash));

function show(step) {
  at = Math.min(Math.max(step, 0), sections.length - 1);
  sections.forEach((section, number) => section.classList.toggle("here", number === at));
  links.forEach((link, number) => (number === at ? link.setAttribute("aria-current", "step") : link.removeAttribute("aria-current")));
  links[at].scrollIntoView({ block: "nearest" });
}

if (sections.length) {
  document.body.classList.add("stepping");
  show(at);
  addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: sections.length - 1 }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(to);
  });
  links.forEach((link, number) => link.addEventListener("click", (event) => { event.preventDefault(); show(number); }));
}
