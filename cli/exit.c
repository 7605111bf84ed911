/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* exit.c - what each error is for the shell, and what its user can do */

#include "cli/cli.h"

/* The codes are documented in psm(1); scripts rely on them. */
static const struct {
	int code;
	const char *remedy;
} table[] = {
	[PSM_OK] = { 0, NULL },
	[PSM_E_CANCELLED] = { 3, "Nothing was changed." },
	[PSM_E_CERTIFICATE] = { 4,
		"Nothing was changed; it takes another answer, perhaps to "
		"another request." },
	[PSM_E_REQUEST_ID] = { 5,
		"'psm pending' lists what waits; 'psm import --match-by-key' "
		"finds the key by the certificate." },
	[PSM_E_STORE] = { 19,
		"Is the disk full, or the token gone? Try again then." },
	[PSM_E_NO_MEMORY] = { 1, NULL },
	[PSM_E_PASSWORD] = { 6,
		"Give it with --password-file or --password-fd (for a PKCS#12 "
		"file --backup-password-file or --backup-password-fd; --help "
		"shows others), or run psm on a terminal." },
	[PSM_E_READ_ONLY] = { 18,
		"Who may write to the directory and its files? See ls -l." },
	[PSM_E_DATABASE] = { 7, "Make one with 'psm init -d DIR'." },
	[PSM_E_BUSY] = { 8,
		"Try again when the other program, or person, is done." },
	[PSM_E_NOT_FOUND] = { 9,
		"'psm list' shows nicknames, 'psm pending' keys that wait." },
	[PSM_E_EXISTS] = { 10,
		"What is there stays; take another name, or for a backup's "
		"file --force." },
	[PSM_E_AMBIGUOUS] = { 11,
		"Take the fingerprint that 'psm show' prints in place of the "
		"nickname." },
	[PSM_E_TOKEN] = { 12, "'modutil -list -dbdir DIR' shows tokens." },
	[PSM_E_ARGUMENT] = { 2, "--help shows the options." },
	[PSM_E_REQUEST] = { 13, "Make a new one with 'psm request'." },
	[PSM_E_PKCS12] = { 14, "Is it the right file, and complete?" },
	[PSM_E_PKCS12_KIND] = { 15,
		"Write it anew with AES-256-CBC and a SHA-256 MAC, the default "
		"of OpenSSL 3." },
	[PSM_E_NOT_EXPORTABLE] = { 16,
		"This key was made to stay; ask for a new certificate." },
	[PSM_E_FILE] = { 17, NULL },
	[PSM_E_PARAMETER] = { 20, "--help shows the options." },
	[PSM_E_NO_CERT] = { 21,
		"'psm list' shows the certificates that have a key here." },
	[PSM_E_MESSAGE] = { 22,
		"Nothing was changed; is it the right file, secret or signer, "
		"and is it complete?" },
	[PSM_E_INTERNAL] = { 1, "Please report this." },
};
_Static_assert(COUNT(table) == PSM_E_COUNT_, "a row for each error");

int
exit_code(enum psm_err err)
{
	return table[err].code;
}

const char *
exit_remedy(enum psm_err err)
{
	return table[err].remedy;
}
