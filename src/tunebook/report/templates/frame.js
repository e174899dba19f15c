// In a frame of the server the page says how high it is, so that one scrolls the page around it and no frame.
if (parent !== window) {
  const page = document.documentElement;
  page.classList.add("framed");
  new ResizeObserver(() => parent.postMessage({ height: page.offsetHeight }, "*")).observe(page);
}
