/* What JavaScript adds: showing a password, copying the secret, sending six digits.  Every page works without it. */
"use strict";

/* Show and hide a password.  It is hidden again before it is sent, so that no browser remembers it as plain text. */
for (const button of document.querySelectorAll("[data-show]")) {
	const field = document.getElementById(button.dataset.show);
	const show = button.textContent;
	const turn = (shown) => {
		field.type = shown ? "text" : "password";
		button.textContent = shown ? button.dataset.hide : show;
	};
	button.addEventListener("click", () => turn(field.type === "password"));
	field.form.addEventListener("submit", () => turn(false));
	button.hidden = false;
}

/* Copy the secret, and say what really happened. */
for (const button of document.querySelectorAll("[data-copy]")) {
	const field = document.getElementById(button.dataset.copy);
	const result = document.getElementById(button.dataset.result);
	button.addEventListener("click", async () => {
		let sentence = button.dataset.done;
		result.textContent = "";
		try {
			await navigator.clipboard.writeText(field.value);
		} catch {
			field.focus();
			field.select();
			sentence = button.dataset.failed;
		}
		result.textContent = sentence;
	});
	button.hidden = false;
}

/* Send a code as soon as its digits are there, once. */
for (const field of document.querySelectorAll("[data-submit-at]")) {
	const digits = Number(field.dataset.submitAt);
	let sent = false;
	field.form.addEventListener("submit", (event) => {
		if (sent)
			event.preventDefault();
		sent = true;
	});
	field.addEventListener("input", () => {
		if (!sent && /^[\d\s-]+$/.test(field.value) && field.value.replace(/\D/g, "").length === digits)
			field.form.requestSubmit();
	});
	/* back from the next page: it may be sent again */
	window.addEventListener("pageshow", () => { sent = false; });
}
