// What pages do in a browser beyond links and forms; each works without it too.
"use strict";
document.addEventListener("htmx:responseError", (event) => {
  // An error comes as a part of a page: it is shown where the answer would have been.
  event.detail.target.innerHTML = event.detail.xhr.responseText;
});
