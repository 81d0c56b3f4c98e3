// Progressive enhancement: every page works without scripts, too.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const enhance = (root) => {
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
  enhance(document);
  document.addEventListener("htmx:afterSwap", (event) => enhance(event.target));
})();
