// Elements, numbers and short messages, for the parts of the review page.

export const $ = (id) => document.getElementById(id);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const number = (value, digits = 3) => (value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(digits));
export const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);

export function toast(text, isWrong = false) {
  const place = $("toast");
  place.textContent = text;
  place.classList.toggle("wrong", isWrong);
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { place.textContent = ""; }, isWrong ? 9000 : 4000);
}
