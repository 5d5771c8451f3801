/*
 * Functions that need JavaScript: times and days in the browser's time zone, showing a password, copying a secret,
 * sending a code after its last digit, printing, counting down a lockout.  Every page works without them.
 */
"use strict";

/* Write times in the browser's time zone, in the server's format; the title keeps the exact UTC time. */
const two = (number) => String(number).padStart(2, "0");
const clock_of = {
	12: (d) => `${d.getHours() % 12 || 12}:${two(d.getMinutes())}\u00a0${d.getHours() < 12 ? "AM" : "PM"}`,
	fr: (d) => `${d.getHours()}\u00a0h\u00a0${two(d.getMinutes())}`,
	en: (d) => `${d.getHours()}:${two(d.getMinutes())}`,
};
const day_of = (d, language) => {
	const month = new Intl.DateTimeFormat(language, { month: "long" }).format(d);
	const first = language === "fr" && d.getDate() === 1;
	return `${d.getDate()}${first ? "er" : ""}\u00a0${month} ${d.getFullYear()}`;
};
const iso_day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
const local_clock = (d, language, format) =>
	format === "iso" ? `${two(d.getHours())}:${two(d.getMinutes())}` : clock_of[format === "12" ? 12 : language](d);
const at_of = (language) => (language === "fr" ? " à " : " at ");
const local_time = (d, language, format) => {
	const day = format === "iso" ? `${iso_day(d)}\u00a0` : day_of(d, language) + at_of(language);
	return day + local_clock(d, language, format);
};
const weekday_of = (d, language) => new Intl.DateTimeFormat(language, { weekday: "long" }).format(d);
const local_weekday = (d, language, format) =>
	weekday_of(d, language) + at_of(language) + local_clock(d, language, format);
const written_part = { clock: local_clock, weekday: local_weekday };
for (const time of document.querySelectorAll("time[datetime]")) {
	const written = written_part[time.dataset.part] || local_time;
	time.textContent = written(new Date(time.dateTime), document.documentElement.lang, time.dataset.format);
}

/* Group the activity by the days of the browser's time zone: a heading and a list for each day. */
const heading_of = (d, format, list) => {
	const language = document.documentElement.lang;
	const now = new Date(Number(list.dataset.now) / 1000);
	const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
	if (iso_day(d) === iso_day(now) || iso_day(d) === iso_day(yesterday))
		return iso_day(d) === iso_day(now) ? list.dataset.today : list.dataset.yesterday;
	return format === "iso" ? iso_day(d) : `${weekday_of(d, language)} ${day_of(d, language)}`;
};
for (const list of document.querySelectorAll("[data-today]")) {
	const rows = list.querySelectorAll("li");
	const [heading, group] = Array.from(list.children, (child) => child.cloneNode(false));
	let day = "";
	list.replaceChildren();
	for (const row of rows) {
		const time = row.querySelector("time");
		const then = new Date(time.dateTime);
		if (iso_day(then) !== day) {
			list.append(heading.cloneNode(false), group.cloneNode(false));
			list.lastChild.previousSibling.textContent = heading_of(then, time.dataset.format, list);
			day = iso_day(then);
		}
		list.lastChild.append(row);
	}
}

/* Send the response to an application that wants it as a form. */
for (const form of document.querySelectorAll("form[data-send]"))
	form.submit();

/* Show and hide a password.  Hide it before the form is sent, so that no browser stores it as plain text. */
for (const button of document.querySelectorAll("[data-show]")) {
	const field = document.getElementById(button.dataset.show);
	const turn = (shown) => {
		field.type = shown ? "text" : "password";
		button.setAttribute("aria-pressed", shown);
	};
	button.addEventListener("click", () => turn(field.type === "password"));
	field.form.addEventListener("submit", () => turn(false));
	button.hidden = false;
}

/* Keep the typed user name, and nothing else, when the language changes.  The next page of this tab deletes it. */
const kept_name = "doubletour.username";
try {
	const field = document.querySelector("main form input[name=username]:not([type=hidden])");
	if (field && field.value === "")
		field.value = sessionStorage.getItem(kept_name) ?? "";
	sessionStorage.removeItem(kept_name);
	for (const link of field ? document.querySelectorAll("footer a[hreflang]") : [])
		link.addEventListener("click", () => sessionStorage.setItem(kept_name, field.value));
} catch {
	/* the browser refuses to store anything */
}

/* Close a menu with Escape, or by a click elsewhere. */
const close_menus = (kept) => {
	for (const menu of document.querySelectorAll(".menu[open]"))
		menu.open = menu.contains(kept);
};
document.addEventListener("click", (event) => close_menus(event.target));
document.addEventListener("keydown", (event) => {
	if (event.key !== "Escape")
		return;
	document.activeElement.closest(".menu[open]")?.querySelector("summary").focus();
	close_menus(null);
});

/* Count down to the next attempt.  The form cannot be sent before; without JavaScript, the server says so again. */
for (const timer of document.querySelectorAll("[data-wait]")) {
	const { wait, second, seconds, minutes, over } = timer.dataset;
	const bar = timer.nextElementSibling;
	const buttons = document.querySelectorAll("main form button:not([type=button])");
	const end = Date.now() + wait * 1000;
	const early = (event) => {
		event.preventDefault();
		event.stopImmediatePropagation();
	};
	const turn = (waiting) => {
		for (const button of buttons) {
			button.disabled = waiting;
			button.form[waiting ? "addEventListener" : "removeEventListener"]("submit", early, true);
		}
		bar.hidden = !waiting;
	};
	const tick = () => {
		const left = Math.ceil((end - Date.now()) / 1000);
		const number = left > 120 ? Math.ceil(left / 60) : left;
		const sentence = left > 120 ? minutes : left === 1 ? second : seconds;
		bar.value = left;
		timer.textContent = left > 0 ? sentence.replace(/\d+/, number) : over;
		if (left > 0)
			return;
		clearInterval(clock);
		turn(false);
	};
	const clock = setInterval(tick, 1000);
	turn(true);
}

/*
 * Ignore a button that gives something away for a moment after its page appears or gets the focus.  Another site may
 * open this page between the two clicks of a double click; the second one then lands on the button.
 */
const CALM_MS = 500;
for (const button of document.querySelectorAll("button[data-calm]")) {
	let timer = 0;
	let focused = false;
	const allow = () => {
		button.disabled = false;
		if (focused)
			button.focus();
	};
	const wait = () => {
		focused ||= document.activeElement === button;
		button.disabled = true;
		clearTimeout(timer);
		timer = setTimeout(allow, CALM_MS);
	};
	for (const event of ["focus", "pageshow", "resize"])
		addEventListener(event, wait);
	document.addEventListener("visibilitychange", wait);
	wait();
}

/* Copy a field or the lines of a list, and report success or failure. */
const text_of = (element) => element.value ?? Array.from(element.children, (line) => line.textContent.trim()).join("\n") + "\n";
const select = (element) => {
	if (element.select) {
		element.focus();
		element.select();
	} else {
		getSelection().selectAllChildren(element);
	}
};
for (const button of document.querySelectorAll("[data-copy]")) {
	const field = document.getElementById(button.dataset.copy);
	const result = document.getElementById(button.dataset.result);
	button.addEventListener("click", async () => {
		let sentence = button.dataset.done;
		result.textContent = "";
		try {
			await navigator.clipboard.writeText(text_of(field));
		} catch {
			select(field);
			sentence = button.dataset.failed;
		}
		result.textContent = sentence;
	});
	button.hidden = false;
}

for (const button of document.querySelectorAll("[data-print]")) {
	button.addEventListener("click", () => print());
	button.hidden = false;
}

/* Show the applications that have each typed word, and open the first one with Enter.  A search in the address
   (/?q=wiki) stays with the server, which sent only what it found. */
for (const form of location.search ? [] : document.querySelectorAll("[data-filter]")) {
	const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
	const tiles = Array.from(document.getElementById(form.dataset.filter).children, (tile) => ({
		tile, link: tile.querySelector("a"), text: plain(tile.textContent + " " + tile.querySelector("a").href),
	}));
	const field = form.querySelector("input");
	const result = form.querySelector("[role=status]");
	const found = () => tiles.filter(({ tile }) => !tile.hidden);
	field.addEventListener("input", () => {
		const words = plain(field.value).split(/\s+/);
		for (const { tile, text } of tiles)
			tile.hidden = !words.every((word) => text.includes(word));
		result.textContent = found().length ? "" : result.dataset.none;
	});
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		found()[0]?.link.click();
	});
	form.querySelector("button").hidden = true;
}

/* Recovery codes are shown once: the back button must not show the page from the browser's cache. */
const codes = document.getElementById("codes");
if (codes) {
	window.addEventListener("pagehide", () => codes.replaceChildren());
	window.addEventListener("pageshow", (event) => {
		if (event.persisted)
			location.reload();
	});
}

/*
 * The field for a code (templates/_code.html).  White space, dashes and invisible characters of a pasted code are
 * dropped, as the keeper does: they would use up the field's maxlength.  The form is sent when all digits are there,
 * no other field is empty, and no lockout has disabled the button.
 */
const bare_code = (text) => text.replace(/[\p{White_Space}\p{Cf}\p{Pd}]/gu, "");
const RESEND_MS = 10000;
const sent_codes = new WeakMap(); /* form: the code that was sent, and when */
document.addEventListener("paste", (event) => {
	const field = event.target.closest?.("input.code");
	if (!field)
		return;
	event.preventDefault();
	field.setRangeText(bare_code(event.clipboardData.getData("text")), field.selectionStart, field.selectionEnd, "end");
	field.value = field.value.slice(0, field.maxLength);
	field.dispatchEvent(new Event("input", { bubbles: true }));
});
document.addEventListener("input", (event) => {
	const field = event.target;
	const digits = field.dataset?.submitAt;
	if (digits && !field.form.querySelector("button:disabled") && RegExp(`^[0-9]{${digits}}$`).test(bare_code(field.value)) && field.form.checkValidity())
		field.form.requestSubmit?.();
});
/* Never send the same code twice in a row: the answer to the second would say that it was already used. */
document.addEventListener("submit", (event) => {
	const field = event.target.querySelector("input[name=otp]");
	if (!field)
		return;
	const sent = sent_codes.get(event.target);
	const now = performance.now();
	if (sent && sent.code === field.value && now - sent.at < RESEND_MS)
		event.preventDefault();
	else
		sent_codes.set(event.target, { code: field.value, at: now });
});
/* After the back button the form may be sent again. */
window.addEventListener("pageshow", () => {
	for (const field of document.querySelectorAll("input[name=otp]"))
		sent_codes.delete(field.form);
});

/* Swap the field for a code for the one for a recovery code, or back, without loading the page anew. */
document.addEventListener("click", (event) => {
	const link = event.target.closest("a[data-swap]");
	if (!link || event.ctrlKey || event.metaKey || event.shiftKey)
		return;
	event.preventDefault();
	const box = link.closest("[data-swaps]");
	const other = document.getElementById(box.dataset.swaps).content;
	const shown = [...box.childNodes];
	box.replaceChildren(other);
	other.append(...shown);
	box.querySelector("input[name=otp]").focus();
});
