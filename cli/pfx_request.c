/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_request.c - psm pfx-request */

#include <ctype.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ca/pfx.h"
#include "cli/cli.h"

enum { SECRET_SIZE = 1024, TRIES = 3 };

/* What a request is made of, in the order in which it becomes one. */
struct making {
	enum pfx_cipher cipher;
	unsigned char key[PFX_KEY_SIZE];
	struct bytes signer;
	struct password account_from, new_from;
	char account[SECRET_SIZE], fresh[SECRET_SIZE];
	struct bytes content; /* what is signed */
	unsigned char *signed_data, *sealed;
	size_t signed_len, sealed_len;
};

static void
making_clear(struct making *m)
{
	bytes_wipe(&m->signer);
	bytes_wipe(&m->content);
	pfx_wipe(m->signed_data, m->signed_len);
	free(m->sealed);
	explicit_bzero(m, sizeof *m);
}

/* --- options -------------------------------------------------------------- */

static enum psm_err
read_cipher(struct cli *cli, struct making *m)
{
	static const char *const names[] = {
		[PFX_CBC] = "cbc", [PFX_GCM] = "gcm", [PFX_ECB] = "ecb",
	};
	const char *name = opt_value(cli, OPT_CIPHER);

	if (name == NULL)
		return PSM_OK;
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0) {
			m->cipher = (enum pfx_cipher)i;
			return PSM_OK;
		}
	return cli_fail(cli, PSM_E_ARGUMENT,
	                "--cipher is cbc, gcm or ecb, not \"%s\"", name);
}

static enum psm_err
read_key(struct cli *cli, struct making *m)
{
	const char *path = opt_value(cli, OPT_AES_KEY_FILE);
	struct bytes text AUTO(bytes_wipe) = { NULL, 0 };
	unsigned char *key = NULL;
	size_t len = 0;
	enum psm_err err;

	if ((err = file_read(cli, path, &text)) != PSM_OK)
		return err;
	err = pfx_base64(text.data, text.len, &key, &len);
	if (err == PSM_OK && len == sizeof m->key)
		memcpy(m->key, key, len);
	else if (err != PSM_E_NO_MEMORY)
		err = cli_fail(cli, PSM_E_FILE, "%s is not base64 of %zu bytes",
		               path, sizeof m->key);
	pfx_wipe(key, len);
	return err;
}

/* --- secrets -------------------------------------------------------------- */

/* One password, not empty. what: whose. */
static enum psm_err
get_secret(struct cli *cli, struct password *from, const char *what,
           unsigned attempt, bool is_new, char buf[SECRET_SIZE])
{
	char prompt[128];

	snprintf(prompt, sizeof prompt, "%s%s of %s",
	         attempt > 0 ? "That was wrong. " : "",
	         is_new ? "New password" : "Password", what);
	switch (password_get(cli, from, prompt, NULL, attempt, is_new, buf,
	                     SECRET_SIZE)) {
	case PSM_ANSWER_NONE:
		return cli_fail(cli, PSM_E_PASSWORD, attempt > 0 ?
		                "the password of %s is wrong" :
		                "there is no password of %s", what);
	case PSM_ANSWER_NO:
		return cli_fail(cli, PSM_E_CANCELLED,
		                "no password of %s was given", what);
	case PSM_ANSWER_YES:
		break;
	}
	if (*buf == '\0' || !pj_is_utf8(buf))
		return cli_fail(cli, PSM_E_PASSWORD,
		                "the password of %s is %s", what,
		                *buf == '\0' ? "empty" : "not UTF-8");
	return PSM_OK;
}

static enum psm_err
get_secrets(struct cli *cli, struct making *m)
{
	enum psm_err err;

	m->account_from.file = OPT_USER_PASSWORD_FILE;
	m->account_from.fd = OPT_USER_PASSWORD_FD;
	m->new_from.file = OPT_NEW_PASSWORD_FILE;
	m->new_from.fd = OPT_NEW_PASSWORD_FD;
	if ((err = get_secret(cli, &m->account_from, "the account", 0, false,
	                      m->account)) != PSM_OK ||
	    (err = get_secret(cli, &m->new_from, "the PKCS#12 file to make", 0,
	                      true, m->fresh)) != PSM_OK)
		return err;
	if (isspace((unsigned char)*m->fresh) ||
	    isspace((unsigned char)m->fresh[strlen(m->fresh) - 1]))
		return cli_fail(cli, PSM_E_PASSWORD, "the new password begins "
		                "or ends with a blank, which services drop");
	return PSM_OK;
}

/* --- what is signed ------------------------------------------------------- */

/* A name that is not for --field and --subject to give. */
static bool
is_reserved(const char *name, size_t len)
{
	static const char *const names[] = {
		"Password", "KeyAlogirthmAndSize", "KeyAlgorithmAndSize",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* Blanks around a text do not count. */
static const char *
trim(const char *text, size_t *len)
{
	while (*len > 0 && *text == ' ') {
		text++;
		(*len)--;
	}
	while (*len > 0 && text[*len - 1] == ' ')
		(*len)--;
	return text;
}

/* One part and what ends it: the service takes texts apart at each tilde. */
static enum psm_err
put_part(struct cli *cli, FILE *out, const char *part, size_t len)
{
	const char *text = trim(part, &len);
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - text) : 0;

	trim(text, &name_len);
	if (name_len == 0)
		return cli_fail(cli, PSM_E_ARGUMENT, "\"%.*s\" is no "
		                "NAME=VALUE; --field takes one with a comma",
		                (int)len, text);
	if (is_reserved(text, name_len))
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "%.*s is not for the subject: --key and "
		                "--new-password-file say it",
		                (int)name_len, text);
	fprintf(out, "%.*s~", (int)len, text);
	return PSM_OK;
}

/* "CN=Alice~O=Example" or, where there is no tilde, with commas. */
static enum psm_err
put_subject(struct cli *cli, FILE *out)
{
	const char *text = opt_value(cli, OPT_SUBJECT);
	const char *separator = text != NULL && strchr(text, '~') ? "~" : ",";
	enum psm_err err = PSM_OK;

	while (text != NULL && *text != '\0' && err == PSM_OK) {
		size_t len = strcspn(text, separator);

		err = put_part(cli, out, text, len);
		text += len;
		text += *text != '\0';
	}
	return err;
}

static enum psm_err
put_fields(struct cli *cli, FILE *out)
{
	enum psm_err err = PSM_OK;
	const char *field;

	for (size_t i = 0; err == PSM_OK &&
	     (field = opt_nth(cli, OPT_FIELD, i)) != NULL; i++) {
		if (strchr(field, '~') != NULL)
			return cli_fail(cli, PSM_E_ARGUMENT,
			                "--field: no \"~\" can stand there");
		err = put_part(cli, out, field, strlen(field));
	}
	return err;
}

/* All but the password. *ret_text is the caller's to free(). */
static enum psm_err
describe(struct cli *cli, char **ret_text)
{
	const char *key = opt_value(cli, OPT_KEY);
	size_t size;
	FILE *out;
	enum psm_err err;

	if (key != NULL && strchr(key, '~') != NULL)
		return cli_fail(cli, PSM_E_ARGUMENT,
		                "--key: no \"~\" can stand there");
	if ((out = open_memstream(ret_text, &size)) == NULL)
		return PSM_E_NO_MEMORY;
	if ((err = put_subject(cli, out)) == PSM_OK)
		err = put_fields(cli, out);
	/* So spelt: services know it by this name. */
	fprintf(out, "KeyAlogirthmAndSize=%s~Password=",
	        key != NULL ? key : "RSA-3072");
	if (fclose(out) != 0)
		return PSM_E_NO_MEMORY;
	if (err == PSM_OK && !pj_is_utf8(*ret_text))
		err = cli_fail(cli, PSM_E_ARGUMENT, "the subject is not UTF-8");
	return err;
}

static enum psm_err
make_content(struct cli *cli, struct making *m)
{
	char *text AUTO(text_free) = NULL;
	enum psm_err err;
	size_t len;

	if ((err = describe(cli, &text)) != PSM_OK)
		return err;
	len = strlen(text) + strlen(m->fresh);
	if ((m->content.data = malloc(len + 1)) == NULL)
		return PSM_E_NO_MEMORY;
	m->content.len = len;
	stpcpy(stpcpy(m->content.data, text), m->fresh);
	return PSM_OK;
}

/* --- signed and sealed ---------------------------------------------------- */

static enum psm_err
sign(struct cli *cli, struct making *m)
{
	char password[SECRET_SIZE];
	enum psm_err err = PSM_E_PASSWORD;

	for (unsigned i = 0; i < TRIES && err == PSM_E_PASSWORD; i++) {
		if ((err = get_secret(cli, &cli->backup_password,
		                      "the signer's PKCS#12 file", i, false,
		                      password)) != PSM_OK)
			break;
		err = pfx_sign(m->signer.data, m->signer.len, password,
		               m->content.data, m->content.len,
		               &m->signed_data, &m->signed_len);
	}
	explicit_bzero(password, sizeof password);
	if (err == PSM_E_PKCS12)
		return cli_fail(cli, err, "the signer's file is no PKCS#12 "
		                "with a key and its certificate");
	return err;
}

/* The account's password is in it: what jansson frees is wiped. */
static void
wipe_and_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* NULL: it is not. */
static json_t *
given(const struct cli *cli, enum opt opt)
{
	const char *text = opt_value(cli, opt);

	return text != NULL ? pj_text(text) : NULL;
}

static enum psm_err
seal(struct cli *cli, struct making *m)
{
	json_t *plain AUTO(json_free) = json_pack(
	    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o*, s:o*}",
	    "signature", pj_base64(m->signed_data, m->signed_len),
	    "userName", given(cli, OPT_USER),
	    "password", pj_text(m->account),
	    "profileID", given(cli, OPT_PROFILE),
	    "subscriberId", given(cli, OPT_SUBSCRIBER),
	    "applicationId", given(cli, OPT_APPLICATION),
	    "validity", given(cli, OPT_VALIDITY),
	    "validFrom", given(cli, OPT_FROM));
	char *text = plain != NULL ? json_dumps(plain, JSON_COMPACT) : NULL;
	enum psm_err err;

	if (text == NULL)
		return PSM_E_NO_MEMORY;
	err = pfx_seal(m->cipher, m->key, text, strlen(text), &m->sealed,
	               &m->sealed_len);
	wipe_and_free(text);
	return err;
}

static enum psm_err
print_body(struct cli *cli, const struct making *m)
{
	json_t *body AUTO(json_free) = json_pack("{s:o, s:o}",
	    "requestData", pj_base64(m->sealed, m->sealed_len),
	    "userName", given(cli, OPT_USER));
	char *text AUTO(text_free) = NULL;
	size_t len;
	FILE *out = body != NULL ? open_memstream(&text, &len) : NULL;
	bool good;

	if (out == NULL)
		return PSM_E_NO_MEMORY;
	good = json_dumpf(body, out, JSON_INDENT(2)) == 0;
	putc('\n', out);
	if (fclose(out) != 0 || !good)
		return PSM_E_NO_MEMORY;
	return output_private(cli, text, len, false);
}

/* The part that needs NSS. */
static enum psm_err
make(struct cli *cli, struct making *m)
{
	enum psm_err err;

	if ((err = pfx_begin()) != PSM_OK)
		return cli_fail(cli, err, "NSS does not start");
	if ((err = sign(cli, m)) == PSM_OK)
		err = seal(cli, m);
	pfx_end();
	return err;
}

enum psm_err
cmd_pfx_request(struct cli *cli)
{
	struct making m AUTO(making_clear) = { .cipher = PFX_CBC };
	enum psm_err err;

	json_set_alloc_funcs(malloc, wipe_and_free);
	if ((err = read_cipher(cli, &m)) != PSM_OK ||
	    (err = read_key(cli, &m)) != PSM_OK ||
	    (err = input_read(cli, "signer's PKCS#12 file", PSM_E_PKCS12,
	                      &m.signer)) != PSM_OK ||
	    (err = get_secrets(cli, &m)) != PSM_OK ||
	    (err = make_content(cli, &m)) != PSM_OK ||
	    (err = make(cli, &m)) != PSM_OK)
		return err;
	return print_body(cli, &m);
}
