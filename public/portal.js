// What every page does beside its links and forms, all of which work without this: the key "/" goes to the search box,
// results come as one types, and serial numbers are copied by a click.

const search = document.getElementById("search-box");

// The key "/", unless somebody is typing.
addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !search) return;
  event.preventDefault();
  if (search.offsetParent) search.select();
  else location.assign("/search");
});

// A form that says where its results come from, and into what: under the box, or on the page itself.
for (const form of document.querySelectorAll("form[data-results]")) {
  const box = form.elements.q;
  const into = document.getElementById(form.dataset.into);
  const under = form.contains(into);
  let pause;
  let asking;
  const show = (open) => {
    if (under) into.hidden = !open;
  };
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const q = box.value.trim();
    if (q === "") return under ? show(false) : undefined;
    const query = `q=${encodeURIComponent(q)}`;
    try {
      const answer = await fetch(`${form.dataset.results}?${query}`, { signal: asking.signal });
      if (!answer.ok || answer.redirected) return;
      into.innerHTML = await answer.text();
      show(form.contains(document.activeElement));
      if (!under) history.replaceState(null, "", `${form.getAttribute("action")}?${query}`);
    } catch {
      // Typed on, or offline: Return still asks the whole page.
    }
  };
  box.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, 150);
  });
  if (!under) continue;
  // Up and down between the box and the results, Escape back to the box.
  form.addEventListener("keydown", (event) => {
    const links = into.hidden ? [] : [...into.querySelectorAll("a")];
    const stops = [box, ...links];
    const at = stops.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !into.hidden) {
      box.focus();
      show(false);
    } else if (step && at >= 0 && links.length > 0) {
      stops[(at + step + stops.length) % stops.length].focus();
    } else return;
    event.preventDefault();
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) show(false);
  });
  box.addEventListener("focus", () => show(into.childElementCount > 0 && box.value.trim() !== ""));
}

// What is copied by a click. Where the browser has no clipboard for this page, it is selected instead.
const told = document.createElement("p");
told.className = "sr-only";
told.setAttribute("role", "status");
document.body.append(told);

const copy = async (value) => {
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(value.textContent.trim());
  } catch {
    getSelection().selectAllChildren(value);
    said = "Selected";
  }
  told.textContent = said;
  value.dataset.said = said;
  setTimeout(() => {
    delete value.dataset.said;
    told.textContent = "";
  }, 1500);
};
const copied = (event) => event.target instanceof Element && event.target.closest(".copied");
addEventListener("click", (event) => {
  const value = copied(event);
  // Whoever selects a part of it wants that part.
  if (value && getSelection().isCollapsed) copy(value);
});
addEventListener("keydown", (event) => {
  const value = copied(event);
  if (!value || (event.key !== "Enter" && event.key !== " ")) return;
  event.preventDefault();
  copy(value);
});
const offer = () => {
  for (const value of document.querySelectorAll(".copied:not([role])")) {
    value.setAttribute("role", "button");
    value.setAttribute("title", "Copy");
    value.tabIndex = 0;
  }
};
offer();
new MutationObserver(offer).observe(document.body, { childList: true, subtree: true });

// What is still being looked at is asked for again by itself.
for (const form of document.querySelectorAll("form[data-again]")) {
  setTimeout(() => form.requestSubmit(form.querySelector("button")), 1000);
}
