#include "keeper/factor/passkey_models.h"

#include "webauthn/webauthn.h"

/*
 * Sources: for password managers the community list passkeydeveloper/passkey-authenticator-aaguids on GitHub, to which
 * their makers contribute; for YubiKeys the vendor's page "YubiKey hardware FIDO2 AAGUIDs". All zero means that the
 * authenticator keeps its model secret.
 */
static const struct {
	const char *aaguid;
	const char *name;
} passkey_models[] = {
	{ "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "Google Password Manager" },
	{ "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "iCloud Keychain" },
	{ "dd4ec289-e01d-41c9-bb89-70fa845d4bf2", "iCloud Keychain" }, /* of a managed Apple account */
	{ "08987058-cadc-4b81-b6e1-30de50dcbe96", "Windows Hello" },   /* hardware */
	{ "9ddd1817-af5a-4672-a2b9-3e3dd95000a9", "Windows Hello" },   /* virtual TPM */
	{ "6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "Windows Hello" },   /* software */
	{ "bada5566-a7aa-401f-bd96-45619a55120d", "1Password" },
	{ "d548826e-79b4-db40-a3d8-11116f7e8349", "Bitwarden" },
	{ "fdb141b2-5d84-443e-8a35-4698c205a502", "KeePassXC" },
	{ "50726f74-6f6e-5061-7373-50726f746f6e", "Proton Pass" },
	{ "531126d6-e717-415c-9320-3d9aa6981239", "Dashlane" },
	{ "53414d53-554e-4700-0000-000000000000", "Samsung Pass" },
	{ "cb69481e-8ff7-4039-93ec-0a2729a154a8", "YubiKey 5" },
	{ "ee882879-721c-4913-9775-3dfcce97072a", "YubiKey 5" },
	{ "fa2b99dc-9e39-4257-8f92-4a30d23c4118", "YubiKey 5" },
	{ "2fc0579f-8113-47ea-b116-bb5a8db9202a", "YubiKey 5" },
	{ "c5ef55ff-ad9a-4b9f-b580-adebafe026d0", "YubiKey 5" },
};

enum { AAGUID_TEXT = 36 };

/* "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" */
static void
passkey_aaguid_text(str aaguid, char ret_text[AAGUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0, at = 0; i < WEBAUTHN_AAGUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret_text[at++] = '-';
		ret_text[at++] = digits[(uint8_t)aaguid.p[i] >> 4];
		ret_text[at++] = digits[(uint8_t)aaguid.p[i] & 15];
	}
}

str
passkey_model_name(str aaguid)
{
	char text[AAGUID_TEXT];

	if (aaguid.n != WEBAUTHN_AAGUID_BYTES)
		return STR("");
	passkey_aaguid_text(aaguid, text);
	for (size_t i = 0; i < COUNT(passkey_models); i++)
		if (str_equal(str_bytes(text, sizeof(text)), str_of(passkey_models[i].aaguid)))
			return str_of(passkey_models[i].name);
	return STR("");
}
