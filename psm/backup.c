/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* backup.c - certificates, keys and chains into a PKCS#12 file. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_p12.h"
#include "psm/internal.h"

enum { CHAIN_MAX = 32 };

/* What goes into the file: the certificates with keys, then the chain. */
struct content {
	struct nu_p12_item *items;
	size_t n, room, n_keys;
};

static void
content_clear(struct content *content)
{
	for (size_t i = content->n_keys; i < content->n; i++)
		CERT_DestroyCertificate(content->items[i].cert);
	free(content->items);
}

static bool
contains(const struct content *content, const CERTCertificate *cert)
{
	for (size_t i = 0; i < content->n; i++) {
		if (SECITEM_ItemsAreEqual(&content->items[i].cert->derCert,
		                          &cert->derCert))
			return true;
	}
	return false;
}

static enum psm_err
append_item(struct psm_ctx *ctx, struct content *content,
            CERTCertificate *cert, SECKEYPrivateKey *key)
{
	size_t room = content->room ? content->room * 2 : 16;
	struct nu_p12_item *grown;

	if (content->n == content->room) {
		grown = reallocarray(content->items, room, sizeof *grown);
		if (grown == NULL)
			return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
		content->items = grown;
		content->room = room;
	}
	content->items[content->n++] = (struct nu_p12_item){
		cert, key, store_bare_nickname(cert)
	};
	return PSM_OK;
}

/* Up to the root, as far as the store knows it; each certificate once. */
static enum psm_err
append_chain(struct psm_ctx *ctx, struct content *content,
             CERTCertificate *cert)
{
	PRTime now = PR_Now();
	CERTCertificate *issuer;
	enum psm_err err;

	for (int depth = 0; depth < CHAIN_MAX && !cert->isRoot; depth++) {
		PORT_SetError(0);
		issuer = CERT_FindCertIssuer(cert, now, certUsageAnyCA);
		if (issuer == NULL && nu_err_is_trouble(PORT_GetError()))
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot find issuers");
		if (issuer == NULL)
			return PSM_OK;
		if (contains(content, issuer)) {
			CERT_DestroyCertificate(issuer);
			return PSM_OK;
		}
		err = append_item(ctx, content, issuer, NULL);
		if (err != PSM_OK) {
			CERT_DestroyCertificate(issuer);
			return err;
		}
		cert = issuer;
	}
	return PSM_OK;
}

static enum psm_err
gather(struct psm_ctx *ctx, CERTCertificate *const certs[],
       SECKEYPrivateKey *const keys[], size_t n, struct content *content)
{
	enum psm_err err;

	for (size_t i = 0; i < n; i++) {
		if (!PK11_HasAttributeSet(keys[i]->pkcs11Slot,
		                          keys[i]->pkcs11ID, CKA_EXTRACTABLE,
		                          PR_FALSE))
			return psm_fail(ctx, PSM_E_NOT_EXPORTABLE,
			                "the key of \"%s\" may not leave its "
			                "token", certs[i]->nickname != NULL
			                                 ? certs[i]->nickname
			                                 : "");
		err = append_item(ctx, content, certs[i], keys[i]);
		if (err != PSM_OK)
			return err;
		content->n_keys++;
	}
	for (size_t i = 0; i < n; i++) {
		if ((err = append_chain(ctx, content, certs[i])) != PSM_OK)
			return err;
	}
	return PSM_OK;
}

/* --- the file ---------------------------------------------------------------- */

enum psm_err
backup_check_target(struct psm_ctx *ctx,
                    const struct psm_backup_target *target)
{
	struct stat st;

	if (memchr(target->path, '\0', sizeof target->path) == NULL ||
	    memchr(target->password, '\0', sizeof target->password) == NULL ||
	    target->path[0] == '\0')
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "the backup's path or password is no text");
	if (target->password[0] == '\0')
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "a backup needs a password");
	if (lstat(target->path, &st) == 0 &&
	    !(target->flags & PSM_BACKUP_OVERWRITE))
		return psm_fail(ctx, PSM_E_EXISTS,
		                "%s exists and is not overwritten",
		                target->path);
	return PSM_OK;
}

static enum psm_err
write_all(struct psm_ctx *ctx, int fd, const SECItem *data, const char *path)
{
	size_t done = 0;

	while (done < data->len) {
		ssize_t n = write(fd, data->data + done, data->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return psm_fail_errno(ctx, "write", path);
		done += (size_t)n;
	}
	if (fsync(fd) != 0)
		return psm_fail_errno(ctx, "write", path);
	return PSM_OK;
}

static enum psm_err
read_back(struct psm_ctx *ctx, int fd, const char *path, size_t len,
          SECItem *ret_data)
{
	size_t done = 0;

	if (SECITEM_AllocItem(NULL, ret_data, (unsigned)len) == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	while (done < len) {
		ssize_t n = pread(fd, ret_data->data + done, len - done,
		                  (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return psm_fail_errno(ctx, "read back", path);
		done += (size_t)n;
	}
	return PSM_OK;
}

/* Can every key be had from the file again? */
static enum psm_err
verify_keys(struct psm_ctx *ctx, struct nu_p12 *p12, size_t n_keys)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	size_t found = 0;

	if (slot == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE, "no database");
	for (size_t i = 0; i < nu_p12_count(p12); i++) {
		nu_auto(SECKEYPrivateKey) key = NULL;

		if (!nu_p12_cert_at(p12, i)->has_key)
			continue;
		ctx_progress(ctx, "verifying the backup", found++, n_keys);
		key = nu_p12_import_key(p12, i, slot, PR_FALSE, NULL,
		                        &ctx->pin);
		if (key == NULL)
			return psm_fail_nss(ctx, PSM_E_FILE,
			                    "a key cannot be had from the "
			                    "backup again");
	}
	if (found != n_keys)
		return psm_fail(ctx, PSM_E_FILE, "the backup lacks a key");
	return PSM_OK;
}

/* Can every certificate and every key be had from these bytes again? */
static enum psm_err
verify_content(struct psm_ctx *ctx, const SECItem *data, const char *password,
               const struct content *content)
{
	struct nu_p12 *p12 = NULL;
	const char *why = "";
	enum psm_err err;

	if (nu_p12_open(data, password, &ctx->pin, &p12, &why) != NU_P12_GOOD)
		return psm_fail(ctx, PSM_E_FILE,
		                "the backup cannot be opened again: %s", why);
	err = nu_p12_count(p12) == content->n
	              ? verify_keys(ctx, p12, content->n_keys)
	              : psm_fail(ctx, PSM_E_FILE,
	                         "the backup lacks a certificate");
	nu_p12_free(p12);
	return err;
}

static int
open_directory_of(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Rename, but never over another file. */
static int
rename_to_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system without it has hard links, or refuses those too. */
	if (link(from, to) != 0)
		return -1;
	return unlink(from);
}

/* The directory's entry is part of what must survive a power cut. */
static enum psm_err
rename_and_sync(struct psm_ctx *ctx, int directory, const char *temporary,
                const struct psm_backup_target *target)
{
	bool overwrite = target->flags & PSM_BACKUP_OVERWRITE;
	int rc = overwrite ? rename(temporary, target->path)
	                   : rename_to_new(temporary, target->path);
	enum psm_err err;

	if (rc != 0 && errno == EEXIST)
		return psm_fail(ctx, PSM_E_EXISTS,
		                "%s exists and is not overwritten",
		                target->path);
	if (rc != 0)
		return psm_fail_errno(ctx, "write", target->path);
	/* Some file systems cannot; they keep what they have renamed. */
	if (fsync(directory) == 0 || errno == EINVAL)
		return PSM_OK;
	err = psm_fail_errno(ctx, "write the directory of", target->path);
	if (!overwrite)
		unlink(target->path);
	return err;
}

static enum psm_err
publish(struct psm_ctx *ctx, const char *temporary,
        const struct psm_backup_target *target)
{
	int directory = open_directory_of(target->path);
	enum psm_err err;

	if (directory < 0)
		return psm_fail_errno(ctx, "open the directory of",
		                      target->path);
	err = rename_and_sync(ctx, directory, temporary, target);
	close(directory);
	return err;
}

static enum psm_err
write_and_verify(struct psm_ctx *ctx, int fd, const SECItem *data,
                 const struct content *content,
                 const struct psm_backup_target *target)
{
	nu_auto_item again = { siBuffer, NULL, 0 };
	enum psm_err err;

	if ((err = write_all(ctx, fd, data, target->path)) != PSM_OK ||
	    (err = read_back(ctx, fd, target->path, data->len, &again)) !=
	            PSM_OK)
		return err;
	return verify_content(ctx, &again, target->password, content);
}

static enum psm_err
write_file(struct psm_ctx *ctx, const SECItem *data,
           const struct content *content,
           const struct psm_backup_target *target)
{
	char temporary[PATH_MAX + 16];
	enum psm_err err;
	int fd;

	snprintf(temporary, sizeof temporary, "%s.XXXXXX", target->path);
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return psm_fail_errno(ctx, "write", target->path);
	err = write_and_verify(ctx, fd, data, content, target);
	if (close(fd) != 0 && err == PSM_OK)
		err = psm_fail_errno(ctx, "write", target->path);
	if (err == PSM_OK)
		err = publish(ctx, temporary, target);
	if (err != PSM_OK)
		unlink(temporary);
	return err;
}

static enum psm_err
encode_content(struct psm_ctx *ctx, const struct content *content,
               const struct psm_backup_target *target, SECItem **ret_data)
{
	bool compat = target->flags & PSM_BACKUP_COMPAT;
	enum psm_err err = PSM_E_STORE;

	ctx_progress(ctx, "making the backup", 0, content->n_keys);
	*ret_data = nu_p12_encode(content->items, content->n, target->password,
	                          compat, &ctx->pin);
	if (*ret_data != NULL)
		return PSM_OK;
	if (PORT_GetError() == SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY)
		err = PSM_E_NOT_EXPORTABLE;
	return psm_fail_nss(ctx, err, "cannot make the backup");
}

enum psm_err
backup_write(struct psm_ctx *ctx, CERTCertificate *const certs[],
             SECKEYPrivateKey *const keys[], size_t n,
             const struct psm_backup_target *target)
{
	struct content content = { NULL, 0, 0, 0 };
	nu_auto(SECItem) data = NULL;
	enum psm_err err;

	if ((err = backup_check_target(ctx, target)) == PSM_OK &&
	    (err = gather(ctx, certs, keys, n, &content)) == PSM_OK &&
	    (err = encode_content(ctx, &content, target, &data)) == PSM_OK)
		err = write_file(ctx, data, &content, target);
	content_clear(&content);
	return err;
}

/* --- by name ------------------------------------------------------------------- */

struct chosen {
	CERTCertificate **certs;
	SECKEYPrivateKey **keys;
	size_t n;
};

static void
chosen_clear(struct chosen *chosen)
{
	for (size_t i = 0; i < chosen->n; i++) {
		CERT_DestroyCertificate(chosen->certs[i]);
		SECKEY_DestroyPrivateKey(chosen->keys[i]);
	}
	free(chosen->certs);
	free(chosen->keys);
}

static bool
is_chosen(const struct chosen *chosen, const CERTCertificate *cert)
{
	for (size_t i = 0; i < chosen->n; i++) {
		if (SECITEM_ItemsAreEqual(&chosen->certs[i]->derCert,
		                          &cert->derCert))
			return true;
	}
	return false;
}

static enum psm_err
choose(struct psm_ctx *ctx, struct chosen *chosen, CERTCertificate *cert,
       SECKEYPrivateKey *key)
{
	CERTCertificate **certs;
	SECKEYPrivateKey **keys;

	certs = reallocarray(chosen->certs, chosen->n + 1, sizeof *certs);
	if (certs != NULL)
		chosen->certs = certs;
	keys = reallocarray(chosen->keys, chosen->n + 1, sizeof *keys);
	if (keys != NULL)
		chosen->keys = keys;
	if (certs == NULL || keys == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	certs[chosen->n] = CERT_DupCertificate(cert);
	keys[chosen->n++] = key;
	return PSM_OK;
}

/* All of that name that have a key; at least one must. */
static enum psm_err
choose_name(struct psm_ctx *ctx, const char *name, struct chosen *chosen)
{
	nu_auto(CERTCertList) found = NULL;
	enum psm_err err = store_find(ctx, name, &found);
	bool any = false;

	if (err != PSM_OK)
		return err;
	for (CERTCertListNode *n = CERT_LIST_HEAD(found);
	     !CERT_LIST_END(n, found); n = CERT_LIST_NEXT(n)) {
		nu_auto(SECKEYPrivateKey) key = NULL;

		if (n->cert->slot == NULL)
			continue;
		if ((err = ctx_login(ctx, n->cert->slot)) != PSM_OK)
			return err;
		PORT_SetError(0);
		key = PK11_FindPrivateKeyFromCert(n->cert->slot, n->cert,
		                                  &ctx->pin);
		if (key == NULL && nu_err_is_trouble(PORT_GetError()))
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot read the key of \"%s\"",
			                    name);
		if (key == NULL)
			continue;
		any = true;
		if (is_chosen(chosen, n->cert))
			continue;
		if ((err = choose(ctx, chosen, n->cert, key)) != PSM_OK)
			return err;
		key = NULL; /* given away */
	}
	if (!any)
		return psm_fail(ctx, PSM_E_NOT_FOUND,
		                "there is no private key for \"%s\"", name);
	return PSM_OK;
}

enum psm_err
psm_backup(struct psm_ctx *ctx, const char *const names[], size_t n_names,
           const struct psm_backup_target *target)
{
	struct chosen chosen = { NULL, NULL, 0 };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if (n_names == 0)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "there is nothing to back up");
	for (size_t i = 0; i < n_names && err == PSM_OK; i++)
		err = choose_name(ctx, names[i], &chosen);
	if (err == PSM_OK)
		err = backup_write(ctx, chosen.certs, chosen.keys, chosen.n,
		                   target);
	chosen_clear(&chosen);
	return err;
}
