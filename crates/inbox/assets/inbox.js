// Shows new mails as they arrive, and clears the list. Without it the page reloads every few seconds.
"use strict";

const list = document.getElementById("mails");
const clear = document.getElementById("clear");

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

async function refresh() {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("mails");
  list.replaceChildren(...fresh.childNodes);
  list.dataset.newest = fresh.dataset.newest;
}

async function watch() {
  let newest = list.dataset.newest;
  for (;;) {
    try {
      const answer = await fetch(`/api/messages/wait?since=${newest}&timeoutSeconds=25`);
      const { items } = await answer.json();
      if (items.length > 0) {
        newest = items[items.length - 1].id;
        await refresh();
        await pause(500);
      }
    } catch {
      // The inbox is being restarted: ask again in a moment.
      await pause(2000);
    }
  }
}

clear.hidden = false;
clear.addEventListener("click", async () => {
  await fetch("/api/messages", { method: "DELETE" });
  await refresh();
});
watch();
