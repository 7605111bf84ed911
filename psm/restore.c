/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* restore.c - the certificates and keys of a PKCS#12 file, brought home. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p12.h"
#include "psm/internal.h"

enum { FILE_MAX = 16 << 20 };

struct restore {
	const char *path;
	SECItem file;
	struct nu_p12 *p12;
	PK11SlotInfo *slot;
	struct plan plan;
	size_t *entries; /* of each user step: which certificate of the file */
};

static void
restore_clear(struct restore *restore)
{
	plan_clear(&restore->plan);
	nu_p12_free(restore->p12);
	SECITEM_ZfreeItem(&restore->file, PR_FALSE);
	if (restore->slot != NULL)
		PK11_FreeSlot(restore->slot);
	free(restore->entries);
}

/* --- the file ------------------------------------------------------------------ */

static enum psm_err
read_from(struct psm_ctx *ctx, int fd, struct restore *restore)
{
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st) != 0)
		return psm_fail_errno(ctx, "read", restore->path);
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return psm_fail(ctx, PSM_E_FILE,
		                "%s is no file, or larger than 16 MiB",
		                restore->path);
	if (st.st_size == 0)
		return psm_fail(ctx, PSM_E_PKCS12, "%s is empty",
		                restore->path);
	if (SECITEM_AllocItem(NULL, &restore->file, (unsigned)st.st_size) ==
	    NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	while (done < restore->file.len) {
		ssize_t n = read(fd, restore->file.data + done,
		                 restore->file.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return psm_fail_errno(ctx, "read", restore->path);
		if (n == 0)
			break; /* cut meanwhile: it will not parse */
		done += (size_t)n;
	}
	restore->file.len = (unsigned)done;
	return PSM_OK;
}

static enum psm_err
read_file(struct psm_ctx *ctx, struct restore *restore)
{
	/* Without O_NONBLOCK a pipe that nobody writes to is waited for. */
	int fd = open(restore->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum psm_err err;

	if (fd < 0)
		return psm_fail_errno(ctx, "read", restore->path);
	err = read_from(ctx, fd, restore);
	close(fd);
	return err;
}

static enum psm_err
fail_open(struct psm_ctx *ctx, const struct restore *restore,
          enum nu_p12_verdict verdict, const char *why)
{
	switch (verdict) {
	case NU_P12_PASSWORD:
		return psm_fail(ctx, PSM_E_PASSWORD,
		                "the password does not open %s",
		                restore->path);
	case NU_P12_UNSUPPORTED:
		return psm_fail(ctx, PSM_E_PKCS12_KIND, "%s %s", restore->path,
		                why);
	case NU_P12_DAMAGED:
		return psm_fail(ctx, PSM_E_PKCS12, "%s %s", restore->path, why);
	default:
		return psm_fail_nss(ctx, PSM_E_INTERNAL, "cannot open %s",
		                    restore->path);
	}
}

static enum psm_err
ask(struct psm_ctx *ctx, const char *path, unsigned attempt, char *buf,
    size_t size)
{
	enum psm_answer answer = PSM_ANSWER_NONE;

	if (ctx->ui.password != NULL)
		answer = ctx->ui.password(ctx->arg, PSM_PASSWORD_RESTORE, path,
		                          attempt, buf, size);
	buf[size - 1] = '\0';
	if (answer == PSM_ANSWER_YES)
		return PSM_OK;
	if (answer == PSM_ANSWER_NO)
		return psm_fail(ctx, PSM_E_CANCELLED,
		                "the password was not given");
	return psm_fail(ctx, PSM_E_PASSWORD,
	                attempt == 0 ? "%s needs a password and there is "
	                               "nobody to ask"
	                             : "the password does not open %s",
	                path);
}

static enum psm_err
open_file(struct psm_ctx *ctx, struct restore *restore)
{
	char password[NU_PIN_SIZE] = "";
	enum nu_p12_verdict verdict = NU_P12_PASSWORD;
	const char *why = "";
	enum psm_err err = PSM_OK;

	for (unsigned i = 0; i < NU_PIN_ATTEMPTS && err == PSM_OK &&
	                     verdict == NU_P12_PASSWORD;
	     i++) {
		err = ask(ctx, restore->path, i, password, sizeof password);
		if (err == PSM_OK)
			verdict = nu_p12_open(&restore->file, password,
			                      &ctx->pin, &restore->p12, &why);
	}
	explicit_bzero(password, sizeof password);
	if (err == PSM_OK && verdict != NU_P12_GOOD)
		err = fail_open(ctx, restore, verdict, why);
	return err;
}

/* --- the plan -------------------------------------------------------------------- */

/* The file's own name for it. Nobody can be asked to mend that one. */
static enum psm_err
take_wish(struct psm_ctx *ctx, struct restore *restore, struct step *step,
          const char *friendly_name)
{
	nu_auto_mem char *wish = NULL;

	if (friendly_name == NULL || *friendly_name == '\0')
		return PSM_OK;
	wish = nu_nickname_force(friendly_name);
	step->wish = wish ? plan_strdup(&restore->plan, wish) : NULL;
	return step->wish != NULL
	               ? PSM_OK
	               : psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
}

static enum psm_err
add_user(struct psm_ctx *ctx, struct restore *restore, size_t entry)
{
	const struct nu_p12_cert *cert = nu_p12_cert_at(restore->p12, entry);
	size_t i = restore->plan.n_users;
	struct step *step;
	enum psm_err err = plan_add_user(ctx, &restore->plan, &cert->der,
	                                 &step);

	if (err != PSM_OK)
		return err;
	restore->entries[i] = entry;
	step->report->matched = PSM_MATCHED_KEY;
	step->report->cert.has_key = true;
	step->slot = PK11_ReferenceSlot(restore->slot);
	return take_wish(ctx, restore, step, cert->friendly_name);
}

static enum psm_err
add_chain(struct psm_ctx *ctx, struct restore *restore, size_t entry)
{
	const struct nu_p12_cert *cert = nu_p12_cert_at(restore->p12, entry);
	size_t before = restore->plan.n_chain;
	enum psm_err err = plan_add_chain(ctx, &restore->plan, &cert->der);

	if (err != PSM_OK || restore->plan.n_chain == before)
		return err;
	return take_wish(ctx, restore, &restore->plan.chain[before],
	                 cert->friendly_name);
}

static enum psm_err
build_plan(struct psm_ctx *ctx, struct restore *restore)
{
	size_t n = nu_p12_count(restore->p12);
	enum psm_err err;

	if (n == 0)
		return psm_fail(ctx, PSM_E_PKCS12, "%s holds no certificate",
		                restore->path);
	if (nu_p12_stray_keys(restore->p12) > 0)
		return psm_fail(ctx, PSM_E_PKCS12,
		                "%s holds a private key without its "
		                "certificate", restore->path);
	restore->entries = calloc(n, sizeof *restore->entries);
	if (restore->entries == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	err = plan_init(ctx, &restore->plan, n, n);
	if (err == PSM_OK)
		restore->plan.result->form = PSM_FORM_PKCS12;
	for (size_t i = 0; i < n && err == PSM_OK; i++) {
		if (nu_p12_cert_at(restore->p12, i)->has_key)
			err = add_user(ctx, restore, i);
	}
	for (size_t i = 0; i < n && err == PSM_OK; i++) {
		if (!nu_p12_cert_at(restore->p12, i)->has_key)
			err = add_chain(ctx, restore, i);
	}
	return err;
}

static enum psm_err
decide(struct psm_ctx *ctx, struct restore *restore, const char *nickname)
{
	enum psm_err err;

	if ((err = read_file(ctx, restore)) != PSM_OK ||
	    (err = ctx_token(ctx, NULL, &restore->slot)) != PSM_OK ||
	    (err = ctx_writable(ctx, restore->slot)) != PSM_OK ||
	    (err = open_file(ctx, restore)) != PSM_OK ||
	    (err = build_plan(ctx, restore)) != PSM_OK ||
	    (err = plan_verify(ctx, &restore->plan)) != PSM_OK)
		return err;
	restore->plan.wish = nickname;
	if ((err = plan_name(ctx, &restore->plan)) != PSM_OK)
		return err;
	return plan_confirm(ctx, &restore->plan);
}

/* --- the keys ---------------------------------------------------------------------- */

/* The key that is here already, as after an interrupted restore; NULL: none. */
static SECStatus
key_here(struct psm_ctx *ctx, const struct restore *restore,
         const struct step *step, SECKEYPrivateKey **ret_key)
{
	nu_auto(SECKEYPublicKey) pub = CERT_ExtractPublicKey(step->cert);
	nu_auto(SECKEYPrivateKey) key = NULL;

	if (pub == NULL)
		return SECFailure;
	key = nu_slot_key_for_cert(restore->slot, step->cert, &ctx->pin);
	if (key != NULL && nu_key_matches(key, pub))
		*ret_key = nu_take(key);
	else if (nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	return SECSuccess;
}

static enum psm_err
store_key(struct psm_ctx *ctx, struct restore *restore, size_t i)
{
	struct step *step = &restore->plan.users[i];
	struct pending *pending = &step->pending;

	pending->slot = PK11_ReferenceSlot(restore->slot);
	if (key_here(ctx, restore, step, &pending->key) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot search for the key of \"%s\"",
		                    step->nickname);
	if (pending->key != NULL)
		return PSM_OK;
	pending->key = nu_p12_import_key(restore->p12, restore->entries[i],
	                                 restore->slot, PR_TRUE, step->nickname,
	                                 &ctx->pin);
	if (pending->key == NULL)
		return psm_fail_nss(ctx,
		                    PORT_GetError() == SEC_ERROR_BAD_KEY
		                            ? PSM_E_PKCS12 : PSM_E_STORE,
		                    "cannot store the key of \"%s\"",
		                    step->nickname);
	step->key_stored = true;
	return PSM_OK;
}

static enum psm_err
store_keys(struct psm_ctx *ctx, struct restore *restore)
{
	size_t n = restore->plan.n_users;
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < n && err == PSM_OK; i++) {
		ctx_progress(ctx, "storing keys", i, n);
		err = store_key(ctx, restore, i);
	}
	if (err != PSM_OK)
		plan_undo(ctx, &restore->plan);
	return err;
}

enum psm_err
psm_restore(struct psm_ctx *ctx, const char *path, const char *nickname,
            unsigned flags, struct psm_import **ret_import)
{
	struct restore restore = { .path = path };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if (flags != 0)
		return psm_fail(ctx, PSM_E_ARGUMENT, "no such flag");
	if ((err = decide(ctx, &restore, nickname)) == PSM_OK &&
	    (err = store_keys(ctx, &restore)) == PSM_OK &&
	    (err = plan_commit(ctx, &restore.plan)) == PSM_OK) {
		err = plan_retire(ctx, &restore.plan);
		if (err != PSM_OK)
			plan_undo(ctx, &restore.plan);
	}
	if (err == PSM_OK && ret_import != NULL)
		*ret_import = nu_take(restore.plan.result);
	restore_clear(&restore);
	return err;
}
