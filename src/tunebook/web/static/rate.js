// Rating by keys: 1, 2 and 0 or the arrows for two answers, digits for points, Enter to keep, u to take back.
"use strict";
(() => {
  const form = document.querySelector("form.rating");
  const undo = document.querySelector("form.undo");
  let sent = false;
  const once = (event) => {
    // A second click sends nothing; the server would not count it twice either.
    if (sent) event.preventDefault();
    sent = true;
  };
  for (const one of [form, undo]) if (one) one.addEventListener("submit", once);
  window.addEventListener("pageshow", () => { sent = false; });
  const arrows = { ArrowLeft: "1", ArrowRight: "2", ArrowDown: "0" };
  const pairs = form !== null && form.dataset.keys === "pairs";

  // The first question that has no answer yet.
  const open = () => [...form.querySelectorAll("fieldset")].find((part) => !part.querySelector("input:checked"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const inside = event.target instanceof HTMLInputElement && event.target.type !== "radio";
    if (inside || event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLSelectElement) return;
    if (event.key === "u" && undo) { event.preventDefault(); undo.requestSubmit(); return; }
    if (!form) return;
    if (event.key === "Enter" && !(event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement)) {
      const last = form.querySelector("button.main");
      if (last) { event.preventDefault(); last.click(); }
      return;
    }
    const key = pairs && event.key in arrows ? arrows[event.key] : event.key;
    const part = open();
    const choice = part && [...part.querySelectorAll("[data-key]")].find((item) => item.dataset.key === key);
    if (!choice) return;
    event.preventDefault();
    choice.click();
    if (choice instanceof HTMLInputElement) choice.focus();
  });
})();
