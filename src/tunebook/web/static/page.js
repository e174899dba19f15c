// What pages do in a browser beyond links and forms; each works without it too.
"use strict";
document.addEventListener("htmx:responseError", (event) => {
  // An error comes as a part of a page: it is shown where the answer would have been.
  event.detail.target.innerHTML = event.detail.xhr.responseText;
});

// A form that begins something is sent once: pressed again, its button does nothing until the page has changed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent; });

// What is wrong with a form is said above it; the field that it is about is marked, and typing goes there.
(() => {
  const problem = document.querySelector(".problem[data-key]");
  if (!problem || !problem.dataset.key) return;
  const key = problem.dataset.key;
  const about = (one) => [one.name, `--${one.name}`, one.name.replace(/^label:/, ""), one.dataset.of].includes(key);
  const field = [...document.querySelectorAll("main :is(input, select, textarea):not([type=hidden])")].find(about);
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} problem`.trim());
  field.focus();
})();

// A report tells how high it is, and its frame is as high: one scrolls the page, and no frame in it.
window.addEventListener("message", (event) => {
  const frame = [...document.querySelectorAll("iframe.report")].find((one) => one.contentWindow === event.source);
  if (!frame) return;
  const height = Number(event.data?.height), to = Number(event.data?.to);
  if (height > 0) frame.style.height = `${Math.ceil(height) + 2}px`;
  if (Number.isFinite(to)) window.scrollTo(0, window.scrollY + frame.getBoundingClientRect().top + to);
});

// On a narrow screen the tab that is open is not out of sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
