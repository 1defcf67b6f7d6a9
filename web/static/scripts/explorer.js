// Makes the plain list of operations the explorer. Nothing is asked of another host: no validator, no fonts.
const place = document.querySelector("#explorer");
window.SwaggerUIBundle({
  url: place.dataset.description,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  validatorUrl: null,
});
