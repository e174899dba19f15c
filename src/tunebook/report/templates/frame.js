// In a frame of the server the page says how high it is, so that one scrolls the page around it and no frame; and where
// to go when a link leads to one of its own parts.
if (parent !== window) {
  const page = document.documentElement;
  page.classList.add("framed");
  new ResizeObserver(() => parent.postMessage({ height: page.offsetHeight }, "*")).observe(page);
  page.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const part = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!part) return;
    event.preventDefault();
    parent.postMessage({ to: part.getBoundingClientRect().top }, "*");
  });
}
