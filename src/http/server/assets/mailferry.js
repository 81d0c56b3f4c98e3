// Small comforts; every page works without them.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const dress = (root) => {
    for (const field of root.querySelectorAll("input[data-zone]")) field.value = zone;
    for (const button of root.querySelectorAll("button[data-copy]")) {
      button.hidden = !navigator.clipboard;
      button.onclick = async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
        button.textContent = button.dataset.done;
      };
    }
    for (const form of root.querySelectorAll("form[data-sure]")) {
      form.onsubmit = () => confirm(form.dataset.sure);
    }
    for (const field of root.querySelectorAll("select[data-go]")) {
      field.onchange = () => field.form.requestSubmit();
    }
  };
  dress(document);
  document.addEventListener("htmx:afterSwap", (event) => dress(event.target));
})();
