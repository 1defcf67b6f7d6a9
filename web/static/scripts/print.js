// Puts a button where the page explains how to print; without a script the explanation stays.
const place = document.querySelector("[data-print]");
const button = document.createElement("button");
button.type = "button";
button.className = "button";
button.textContent = "Print, or save as PDF";
button.addEventListener("click", () => window.print());
place.replaceWith(button);
