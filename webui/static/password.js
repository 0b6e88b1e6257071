// Says while a password is typed what is plain to see: too short, repeated, one's own name. The server
// judges; its words are in the page, so both say the same. Nothing leaves the browser before the form does.
"use strict";

const letters = (text) => text.normalize("NFKD").toLowerCase().replace(/[^\p{L}]/gu, "");

function isRepeated(text) {
  const signs = [...text];
  for (let length = 1; length <= signs.length / 3; length += 1) {
    if (signs.every((sign, index) => sign === signs[index % length])) return true;
  }
  return false;
}

function isOwn(password, fields) {
  const words = fields
    .flatMap((field) => field.value.split(/[^\p{L}\p{N}]+/u))
    .map(letters)
    .filter((word) => word.length >= 3)
    .sort((one, other) => other.length - one.length);
  let left = letters(password);
  let found = false;
  for (const word of words) {
    if (left.includes(word)) {
      left = left.replaceAll(word, "");
      found = true;
    }
  }
  return found && left.length < 4;
}

for (const meter of document.querySelectorAll("[data-meter]")) {
  const field = document.getElementById(meter.dataset.meter);
  const own = [...field.form.querySelectorAll("[name=email], [name=nombre], [name=empresa]")];
  field.addEventListener("input", () => {
    const { short, repeats, own: ownWords, enough, min } = meter.dataset;
    const password = field.value.normalize("NFKC");
    if (!password) meter.textContent = "";
    else if ([...password].length < Number(min)) meter.textContent = short;
    else if (isRepeated(password)) meter.textContent = repeats;
    else if (isOwn(password, own)) meter.textContent = ownWords;
    else meter.textContent = enough;
  });
}
