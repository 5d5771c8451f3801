/*
 * Passkeys (Web Authentication): calls the browser, fills the fields of a form with its answer, and sends the form.
 * docs/develop/passkeys.md explains the attributes.  Without this script, the buttons stay hidden.
 */
"use strict";

{
	const FRESH_MS = 8 * 60 * 1000; /* a challenge is valid for ten minutes */
	const loaded = Date.now();

	/* base64url by hand: only the newest browsers have methods for it. */
	const bytes_of = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (byte) => byte.charCodeAt(0));
	const text_of = (buffer) => btoa(Array.from(new Uint8Array(buffer ?? 0), (byte) => String.fromCharCode(byte)).join(""))
		.replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
	/* "ID:internal,hybrid ID:" */
	const passkeys_of = (text) => (text ? text.split(" ") : []).map((passkey) => {
		const [id, transports] = passkey.split(":");
		return { type: "public-key", id: bytes_of(id), ...(transports && { transports: transports.split(",") }) };
	});

	const options_of = {
		get: (data) => ({ rpId: data.rpId, allowCredentials: passkeys_of(data.passkeys), userVerification: data.userVerification }),
		create: (data) => ({
			rp: { id: data.rpId, name: data.appName },
			user: { id: bytes_of(data.userHandle), name: data.userName, displayName: data.displayName },
			pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
			excludeCredentials: passkeys_of(data.passkeys),
			attestation: "none",
			extensions: { credProps: true },
			...("securityKey" in data ? {
				authenticatorSelection: { authenticatorAttachment: "cross-platform", residentKey: "discouraged", userVerification: "discouraged" },
				hints: ["security-key"],
			} : {
				authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
			}),
		}),
	};
	const fields_of = {
		get: (answer) => ({
			auth_data: text_of(answer.authenticatorData),
			signature: text_of(answer.signature),
			user_handle: text_of(answer.userHandle),
		}),
		create: (answer) => ({
			attestation: text_of(answer.attestationObject),
			transports: (answer.getTransports?.() ?? []).join(","),
		}),
	};

	/* Send the form by itself: a countdown for codes does not stop a passkey (app.js stops the event "submit"). */
	const send = (box, answer) => {
		const form = box.closest("form");
		const fields = {
			credential_id: text_of(answer.rawId),
			client_data: text_of(answer.response.clientDataJSON),
			...fields_of[box.dataset.passkey](answer.response),
		};
		for (const [name, value] of Object.entries(fields))
			form.elements[name].value = value;
		for (const copy of form.querySelectorAll("[data-copy-of]")) {
			const field = document.getElementById(copy.dataset.copyOf);
			copy.value = field.type === "checkbox" && !field.checked ? "" : field.value;
		}
		for (const shown of form.querySelectorAll("[data-show][aria-pressed=true]"))
			shown.click();
		form.submit();
	};

	const say = (box, error) => {
		const { cancelled, causes, exists, address, none } = box.dataset;
		const sentences = {
			NotAllowedError: "failed" in box.dataset ? causes : cancelled,
			InvalidStateError: exists,
			SecurityError: address,
			AbortError: "",
		};
		const result = box.querySelector("[role=status]");
		const sentence = sentences[error.name] ?? none;
		result.querySelector("span").textContent = sentence;
		result.querySelector("svg").toggleAttribute("hidden", sentence === "");
		if (error.name === "NotAllowedError")
			box.dataset.failed = "";
	};

	/* Browsers refuse a second call while one waits.  The call comes straight from the click, as Safari wants. */
	let waiting = null;
	const call = async (box, mediation) => {
		const mine = new AbortController();
		const kind = box.dataset.passkey;
		waiting?.abort();
		waiting = mine;
		try {
			const publicKey = { challenge: bytes_of(box.dataset.challenge), timeout: 300000, ...options_of[kind](box.dataset) };
			send(box, await navigator.credentials[kind]({ publicKey, signal: mine.signal, ...mediation }));
		} catch (error) {
			if (mediation || waiting !== mine)
				return;
			say(box, error);
			box.querySelector("[data-call]").focus();
		} finally {
			if (waiting === mine)
				waiting = null;
		}
	};

	/* Offer passkeys among the names that the browser fills in.  A page that answers a refusal does not ask for it:
	   an authenticator that answers without a question would send the form again and again. */
	const offer = async (box) => {
		if ("conditional" in box.dataset && await window.PublicKeyCredential?.isConditionalMediationAvailable?.() && !waiting)
			call(box, { mediation: "conditional" });
	};

	/* Get a new challenge before this one expires, unless something was typed or a call waits for the user. */
	const typed = () => [...document.querySelectorAll("main input:not([type=hidden])")]
		.some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
	const refresh = (box) => {
		const asks = waiting && !("conditional" in box.dataset);
		if (document.visibilityState === "visible" && Date.now() - loaded >= FRESH_MS && !asks && !typed())
			location.replace(box.dataset.reload);
	};

	for (const box of document.querySelectorAll("[data-passkey]")) {
		box.hidden = false;
		box.querySelector("[data-call]").addEventListener("click", () => call(box));
		window.addEventListener("pageshow", () => {
			/* the back button brings an answer that was sent before */
			for (const field of box.querySelectorAll("input"))
				field.value = "";
			offer(box);
		});
		for (const event of ["pageshow", "visibilitychange"])
			window.addEventListener(event, () => refresh(box));
		setTimeout(refresh, FRESH_MS, box);
	}

	/* Tell the browser which passkeys this server accepts.  Most browsers ignore it. */
	const signals = {
		unknown: ({ rpId, credentialId }) => PublicKeyCredential.signalUnknownCredential({ rpId, credentialId }),
		accepted: ({ rpId, userHandle, passkeys }) => PublicKeyCredential.signalAllAcceptedCredentials({
			rpId, userId: userHandle, allAcceptedCredentialIds: passkeys ? passkeys.split(" ").map((passkey) => passkey.split(":")[0]) : [],
		}),
		details: ({ rpId, userHandle, userName, displayName }) => PublicKeyCredential.signalCurrentUserDetails({
			rpId, userId: userHandle, name: userName, displayName,
		}),
	};
	const signal = async (data) => {
		try {
			await signals[data.signal](data);
		} catch {
			/* the browser has no passkeys, or no signals */
		}
	};
	for (const element of document.querySelectorAll("[data-signal]"))
		signal(element.dataset);
}
