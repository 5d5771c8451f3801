// Finds accessibility problems of this page. Returns a list of sentences.
const troubles = [];
const say = (sentence, element) => troubles.push(sentence + (element ? ": " + element.outerHTML.slice(0, 120) : ""));
const seen = (element) => {
	const box = element.getBoundingClientRect();
	return box.width > 1 && box.height > 1 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
};

if (document.querySelectorAll("h1").length !== 1) say("not exactly one h1");
if (!document.title.trim()) say("no title");
if (!/^(fr|en)$/.test(document.documentElement.lang)) say("no language");
if (document.querySelectorAll("main").length !== 1) say("not exactly one main");

let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
	const this_level = Number(heading.tagName[1]);
	if (this_level > level + 1) say("a heading level is left out", heading);
	level = this_level;
}

// Landmarks: all text is in the header, the main part, the footer, or the link to the content.
for (const landmark of ["body > header", "body > footer"])
	if (document.querySelectorAll(landmark).length > 1) say("more than one " + landmark);
const navs = [...document.querySelectorAll("nav")];
for (const nav of navs)
	if (!(nav.getAttribute("aria-label") || nav.getAttribute("aria-labelledby"))) say("a nav without a name", nav);
for (const element of document.body.children)
	if (!element.matches("header, main, footer, .skip, script")) say("outside of all landmarks", element);

const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) say("two elements have the id " + id);

for (const input of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
	if (!input.labels.length || ![...input.labels].some((l) => l.textContent.trim())) say("no label", input);
for (const element of document.querySelectorAll("button, a[href], summary"))
	if (!(element.textContent.trim() || element.getAttribute("aria-label"))) say("no name", element);
for (const image of document.querySelectorAll("img"))
	if (!image.hasAttribute("alt")) say("no alternative text", image);
for (const drawing of document.querySelectorAll("body svg"))
	if (drawing.getAttribute("aria-hidden") !== "true" && drawing.getAttribute("role") !== "img") say("neither hidden nor an image", drawing);
// A toggle keeps its name while its state changes; the visible words are a part of the name (WCAG 2.5.3).
for (const element of document.querySelectorAll("button[aria-label], a[aria-label], summary[aria-label]"))
	if (!element.getAttribute("aria-label").toLowerCase().includes(element.innerText.trim().toLowerCase())) say("the name lacks the visible words", element);
for (const element of document.querySelectorAll("[aria-pressed], [aria-expanded]"))
	if (!element.matches("button, summary, [role=button]")) say("a state without a role", element);
for (const element of document.querySelectorAll(".note, .problem"))
	if (seen(element) && !element.querySelector("svg")) say("a message by colour alone", element);
for (const image of document.querySelectorAll("img"))
	if (!image.complete || !image.naturalWidth) say("not shown", image);
for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby], [aria-controls]"))
	for (const name of ["aria-describedby", "aria-labelledby", "aria-controls"])
		for (const id of (element.getAttribute(name) || "").split(/\s+/).filter(Boolean))
			if (!document.getElementById(id)) say(name + " names nothing", element);

// Contrast, WCAG 1.4.3: text against its background, with colours blended from the page upwards.
const colours = new Map(); // cache: reading a pixel is slow
const rgba = (text) => {
	if (!colours.has(text)) colours.set(text, rgba_of(text));
	return colours.get(text);
};
const rgba_of = (text) => {
	const canvas = rgba_of.context || (rgba_of.context = document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
	canvas.clearRect(0, 0, 1, 1);
	canvas.fillStyle = text;
	canvas.fillRect(0, 0, 1, 1);
	const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
	return [r, g, b, a / 255];
};
const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
const luminance = (colour) => {
	const [r, g, b] = colour.slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const canvas_colour = () => rgba(matchMedia("(prefers-color-scheme: dark)").matches &&
	getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "#121212" : "#fff");
const behind = (element) => {
	const layers = [];
	for (let e = element; e; e = e.parentElement) {
		const colour = rgba(getComputedStyle(e).backgroundColor);
		layers.push(colour);
		if (colour[3] === 1) break;
	}
	return layers.reverse().reduce((below, layer) => over(layer, below), canvas_colour());
};
const contrast = (front, back) => {
	const [a, b] = [over(front, back), back].map(luminance);
	return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
const ratio = (element) => contrast(rgba(getComputedStyle(element).color), behind(element));
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const texts = new Set([...document.querySelectorAll("input:not([type=hidden])")]);
while (walker.nextNode())
	if (walker.currentNode.textContent.trim() && seen(walker.currentNode.parentElement)) texts.add(walker.currentNode.parentElement);
for (const element of texts) {
	const style = getComputedStyle(element);
	const size = parseFloat(style.fontSize);
	const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
	if (seen(element) && !element.disabled && ratio(element) < (large ? 3 : 4.5)) say("contrast " + ratio(element).toFixed(2), element);
}

// Contrast, WCAG 1.4.11: the edges of fields.
for (const field of document.querySelectorAll("input:not([type=hidden], [type=checkbox]), select"))
	if (seen(field) && contrast(rgba(getComputedStyle(field).borderTopColor), behind(field.parentElement)) < 3) say("the border has too little contrast", field);

// Focus, WCAG 2.4.7 and 2.4.11: it is visible, and nothing covers the element that has it.
const { activeElement: focused, scrollingElement: page } = document;
const scrolled = page.scrollTop;
for (const element of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")) {
	if (!(seen(element) || element.matches(".skip")) || element.disabled) continue;
	element.focus();
	if (document.activeElement !== element) say("the element cannot have the focus", element);
	const style = getComputedStyle(element);
	if (element.matches(":focus-visible") && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)) say("the focus is invisible", element);
	if (element.matches(":focus-visible") && contrast(rgba(style.outlineColor), behind(element.parentElement)) < 3) say("the focus has too little contrast", element);
	const [box] = element.getClientRects();
	const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
	if (hit?.closest(".menu[open]") && !element.closest(".menu[open]")) continue; // above this element
	if (!hit || !(element.contains(hit) || hit.contains(element) || [...(element.labels || [])].some((l) => l.contains(hit)))) say("covered while it has the focus", element);
}
if (focused && focused !== document.body) focused.focus(); else document.activeElement.blur();
page.scrollTop = scrolled;

// Targets, WCAG 2.5.8: at least 24 by 24 pixels; links inside sentences are exempt.
for (const element of document.querySelectorAll("button, input:not([type=hidden]), select, summary, nav a, footer a, a.button, a.plain, a.tile")) {
	const box = element.getBoundingClientRect();
	if (seen(element) && (box.width < 24 || box.height < 24)) say("smaller than 24 pixels (" + box.width + "×" + box.height + ")", element);
}

// Read-only values are typed into a phone, so they must be visible in full; windows of 320 pixels are exempt.
for (const input of document.querySelectorAll("input[readonly]"))
	if (innerWidth >= 390 && input.scrollWidth > input.clientWidth) say("the value is cut off", input);

// Reflow, WCAG 1.4.10: no horizontal scrolling.
// innerWidth cannot be used: on a phone it grows with the page.
const too_wide = () => page.scrollWidth > document.documentElement.clientWidth;
if (too_wide()) say("wider than the window: " + page.scrollWidth);
else
	for (const details of document.querySelectorAll("details:not([open])")) {
		details.open = true;
		if (too_wide()) say("wider than the window when open", details);
		details.open = false;
	}
return troubles;
