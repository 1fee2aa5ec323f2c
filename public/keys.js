// The key "/" goes to the search box, unless somebody is typing.
addEventListener("keydown", (event) => {
  const box = document.getElementById("search-box");
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing || !box) return;
  event.preventDefault();
  if (box.offsetParent) box.select();
  else location.assign("/search");
});
