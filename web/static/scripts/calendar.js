// Adds a two-month range calendar to the search form. The native date fields stay the form's inputs and keep working;
// where the calendar's file is missing this module never runs and nothing changes.
import "../vendor/cally.js";

const arrow = (slot, label, path) =>
  `<span slot="${slot}"><span class="visually-hidden">${label}</span><svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true"><path d="${path}"/></svg></span>`;

const markup = `
  <summary>Choose on a calendar</summary>
  <calendar-range class="calendar-range" locale="en-GB" months="2" page-by="single">
    ${arrow("previous", "Month before", "M15 5l-7 7 7 7")}${arrow("next", "Month after", "M9 5l7 7-7 7")}
    <div class="calendar-months"><calendar-month></calendar-month><calendar-month class="calendar-second" offset="1"></calendar-month></div>
  </calendar-range>`;

const dayAfter = (day) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

function addCalendar(fields) {
  const [arrival, departure] = ["arrival", "departure"].map((name) => fields.querySelector(`[name=${name}]`));
  const details = document.createElement("details");
  details.className = "calendar";
  details.innerHTML = markup;
  const calendar = details.querySelector("calendar-range");
  calendar.min = fields.dataset.min;
  const show = () => {
    if (arrival.value && departure.value > arrival.value) calendar.value = `${arrival.value}/${departure.value}`;
  };
  calendar.addEventListener("change", () => {
    const [first, last] = calendar.value.split("/");
    arrival.value = first;
    departure.value = last > first ? last : dayAfter(first); // one day chosen twice means one night
  });
  arrival.addEventListener("change", show);
  departure.addEventListener("change", show);
  show();
  departure.parentElement.after(details);
}

document.querySelectorAll("[data-calendar]").forEach(addCalendar);
