/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* store.h - a psm_ctx on a fresh database with a CA in it, a user who answers
 * from a script, and answers of every kind. What fails here fails the test. */

#ifndef STORE_H
#define STORE_H

#include <secitem.h>

#include "ca/ca.h"
#include "nssutil/nu_cmmf.h"
#include "psm/psm.h"
#include "tests/unit/fresh.h"

struct store;

/* What the user says, and what was asked. */
struct store_user {
	const char *password; /* of the database; NULL: PSM_ANSWER_NONE */
	const char *restore_password; /* of a file, the same */
	enum psm_answer password_answer; /* instead of YES */
	enum psm_answer confirm_answer;
	enum psm_answer target_answer; /* YES: target is used */
	struct psm_backup_target target;
	bool retry;          /* say the same again when it was wrong */
	/* Run while a plan is shown. */
	void (*on_confirm)(struct store *st, const struct psm_import *plan);
	void (*on_progress)(struct store *st, const char *doing);
	unsigned passwords, restores, confirms, targets, progresses;
	enum psm_password_for last_password_for;
	char last_password_name[512];
	char plan[1024];     /* a line a user's certificate of the last plan:
	                      * "nickname" or "nickname <- status text" */
};

struct store {
	struct psm_ctx *ctx;
	struct ca *ca;       /* nickname "ca", subject "CN=Test CA,O=Acme" */
	struct store_user user;
	char dir[32];        /* the test's own; it goes with all in it */
	char db[40];         /* the database's, in dir */
};

/* A new database, with this password ("" or NULL: none), unlocked. */
struct store *store_new(const char *password);
/* The same without database and authority: dir alone. */
struct store *store_new_empty(void);
void store_free(struct store *st);
/* Close ctx and ca. Fails when NSS does not end because of something of its own
 * that was not freed. */
void store_close(struct store *st);
/* Close and open again, with these PSM_OPEN_ flags; ca is open again too,
 * unless flags has PSM_OPEN_READ_ONLY. Not unlocked. */
void store_reopen(struct store *st, unsigned flags);
/* For cmocka: *state is a struct store without a password. */
int store_setup(void **state);
int store_teardown(void **state);

/* dir/name, in a buffer of the thread's; valid until the fourth next call. */
const char *store_path(const struct store *st, const char *name);
/* A file whole; free() it. NULL and no failure: it is not there. */
char *store_read_file(const char *path, size_t *ret_len);
void store_write_file(const char *path, const void *data, size_t len);
/* Names in a directory without . and .., sorted, a line each; free() it. */
char *store_ls(const char *dir);
/* Run a shell command in dir; its exit status. */
int store_shell(const struct store *st, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* --- requests and answers ----------------------------------------------- */

/* A pending request: CRMF, and the default size of key. */
struct psm_request *store_request(struct store *st, const char *subject,
                                  enum psm_key_type type);
struct psm_request *store_request_p10(struct store *st, const char *subject);
/* The authority's answer to it; free() it. options may be NULL. */
char *store_answer(struct store *st, const struct psm_request *request,
                   enum ca_dialect dialect);
char *store_answer_with(struct store *st, const struct psm_request *request,
                        const struct ca_options *options);
/* The certificate alone. Free with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *store_issue(struct store *st, const struct psm_request *request,
                     const struct ca_options *options);
/* SubjectPublicKeyInfo and Name of a request, each with its own memory. */
SECItem *store_request_spki(const struct psm_request *request);
SECItem *store_request_name(const struct psm_request *request);
/* A certificate for request's key and subject by another authority. spec may
 * be NULL, or set what differs. */
SECItem *store_foreign_cert(const struct psm_request *request,
                            const struct fresh_authority *by,
                            const struct fresh_spec *spec);

/* A CertResponse to be put together by hand. */
struct store_response {
	const char *id;       /* decimal */
	const SECItem *cert;  /* NULL: none */
	long status;
	const char *text;     /* statusString, or NULL */
	unsigned long fail_info;
};
/* Base64 of a CertRepContent; free() it. */
char *store_rep(enum nu_dialect dialect, const struct store_response *responses,
                size_t n, const SECItem *const ca_pubs[], size_t n_ca_pubs);
/* One response that grants cert, with no caPubs. */
char *store_grant(const char *id, const SECItem *cert);
/* A number in decimal, in a buffer of the thread's; as store_path(). */
const char *store_decimal(long number);

/* --- what is in it -------------------------------------------------------- */

/* Everything in the database as sorted text: each certificate's label, CKA_ID
 * and SHA-256, each trust object, each private key's label, CKA_ID, subject
 * and date, each public key's CKA_ID. It reads the token itself, not what
 * NSS remembers. free() it. */
char *store_snapshot(const struct store *st);
/* The same, without one kind: "cert", "trust", "key" or "public". */
char *store_snapshot_without(const struct store *st, const char *kind);
/* Lines of a snapshot that contain text. */
size_t store_count_lines(const char *snapshot, const char *text);
/* The same of one that is taken for that. */
size_t store_count(const struct store *st, const char *text);
/* Fails, and shows both, unless the snapshot is still this one. */
void store_assert_unchanged(const struct store *st, const char *before);
/* Importing answer fails with this error, changes nothing and reports none. */
void store_assert_refused(struct store *st, const char *answer, unsigned flags,
                          enum psm_err expected);
/* Importing it succeeds: the report, to be freed with psm_import_free(). */
struct psm_import *store_import(struct store *st, const char *answer,
                                const char *nickname, unsigned flags);

/* The state of the pending request id, or -1: it is not listed. */
int store_pending_state(struct store *st, int32_t id);
/* Ask for a certificate, have it issued and import it: its fingerprint (SHA-1)
 * goes to ret_sha1[41], or NULL. */
void store_own(struct store *st, const char *subject, enum psm_key_type type,
               char *ret_sha1);
/* Write der to the database as certutil -A would: with this nickname. */
void store_put(struct store *st, const SECItem *der, const char *nickname);

/* --- owned by a scope ----------------------------------------------------- */

#define STORE_DEFINE_AUTO(name, free_it)           \
	static inline void store_drop_##name(struct name **pp) \
	{                                          \
		free_it(*pp);                      \
	}
STORE_DEFINE_AUTO(psm_request, psm_request_free)
STORE_DEFINE_AUTO(psm_import, psm_import_free)
STORE_DEFINE_AUTO(psm_cert_list, psm_cert_list_free)
STORE_DEFINE_AUTO(psm_pending_list, psm_pending_list_free)
STORE_DEFINE_AUTO(store, store_free)
#define store_drop_fresh_authority fresh_authority_free
#define auto_of(name) __attribute__((cleanup(store_drop_##name))) struct name

/* One more for main(): a test on a fresh database. */
#define store_test(f) \
	cmocka_unit_test_setup_teardown(f, store_setup, store_teardown)

/* An error, with psm_errmsg() shown when it is another. */
#define assert_psm(st, call, expected)                                     \
	do {                                                               \
		enum psm_err got_ = (call);                                \
		if (got_ != (expected))                                    \
			fail_msg("%s is %s (%s), not %s", #call,           \
			         psm_err_name(got_),                       \
			         psm_errmsg((st)->ctx), #expected);        \
	} while (0)
/* The last error's details say this. */
#define assert_says(st, part)                                              \
	do {                                                               \
		if (strstr(psm_errmsg((st)->ctx), (part)) == NULL)         \
			fail_msg("no \"%s\" in \"%s\"", (part),            \
			         psm_errmsg((st)->ctx));                   \
	} while (0)

#endif
