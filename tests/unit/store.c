/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* store.c - a psm_ctx on a fresh database, and a user with a script. */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <nss.h>
#include <pkcs11.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"
#include "tests/unit/store.h"

enum { MAX_MSGS = 16, MAX_LINES = 4096 };

/* --- the user -------------------------------------------------------- */

static enum psm_answer
give_password(void *arg, enum psm_password_for what, const char *name,
              unsigned attempt, char *buf, size_t size)
{
	struct store_user *user = arg;
	bool restore = what == PSM_PASSWORD_RESTORE;
	const char *password = restore ? user->restore_password
	                               : user->password;

	user->last_password_for = what;
	snprintf(user->last_password_name, sizeof user->last_password_name,
	         "%s", name);
	if (restore)
		user->restores++;
	else
		user->passwords++;
	if (user->password_answer != PSM_ANSWER_YES)
		return user->password_answer;
	if (password == NULL || (attempt > 0 && !user->retry))
		return PSM_ANSWER_NONE;
	snprintf(buf, size, "%s", password);
	return PSM_ANSWER_YES;
}

static struct store *
store_of(struct store_user *user)
{
	return (struct store *)((char *)user - offsetof(struct store, user));
}

static void
remember_plan(struct store_user *user, const struct psm_import *plan)
{
	const struct psm_imported *one;
	size_t used = 0;

	user->plan[0] = '\0';
	for (size_t i = 0; (one = psm_import_get(plan, i)) != NULL; i++) {
		if (used < sizeof user->plan)
			used += (size_t)snprintf(
			        user->plan + used, sizeof user->plan - used,
			        "%s%s%s\n", one->cert.nickname,
			        one->status_text ? " <- " : "",
			        one->status_text ? one->status_text : "");
	}
}

static enum psm_answer
give_consent(void *arg, const struct psm_import *plan)
{
	struct store_user *user = arg;

	user->confirms++;
	remember_plan(user, plan);
	if (user->on_confirm != NULL)
		user->on_confirm(store_of(user), plan);
	return user->confirm_answer;
}

static enum psm_answer
give_target(void *arg, const struct psm_import *plan,
            struct psm_backup_target *target)
{
	struct store_user *user = arg;

	user->targets++;
	remember_plan(user, plan);
	if (user->target_answer == PSM_ANSWER_YES)
		*target = user->target;
	return user->target_answer;
}

static void
count_progress(void *arg, const char *doing, size_t done, size_t total)
{
	struct store_user *user = arg;

	assert_non_null(doing);
	assert_true(total == 0 || done <= total);
	user->progresses++;
	if (user->on_progress != NULL)
		user->on_progress(store_of(user), doing);
}

static const struct psm_ui ui = { .password = give_password,
	                          .confirm = give_consent,
	                          .backup_target = give_target,
	                          .progress = count_progress };

/* --- closing --------------------------------------------------------- */

/* psm_close() has nobody to tell that NSS would not end, as it will not while
 * an object of its own is still referred to. The tests want to know. */
static bool refused_to_end;

SECStatus
NSS_Shutdown(void)
{
	static SECStatus (*real)(void);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "NSS_Shutdown");
	refused_to_end = real() != SECSuccess;
	return refused_to_end ? SECFailure : SECSuccess;
}

void
store_close(struct store *st)
{
	ca_free(st->ca);
	st->ca = NULL;
	refused_to_end = false;
	psm_close(st->ctx);
	if (refused_to_end)
		fail_msg("NSS did not end: something was not freed");
}

/* --- the fixture ----------------------------------------------------- */

struct store *
store_new_empty(void)
{
	struct store *st = calloc(1, sizeof *st);

	assert_non_null(st);
	/* In memory where that is offered: each commit is a few fsync(). */
	snprintf(st->dir, sizeof st->dir, "/dev/shm/store-XXXXXX");
	if (mkdtemp(st->dir) == NULL) {
		snprintf(st->dir, sizeof st->dir, "/tmp/store-XXXXXX");
		assert_non_null(mkdtemp(st->dir));
	}
	snprintf(st->db, sizeof st->db, "%s/db", st->dir);
	st->ctx = psm_new(&ui, &st->user);
	st->ca = ca_new();
	assert_non_null(st->ctx);
	assert_non_null(st->ca);
	return st;
}

struct store *
store_new(const char *password)
{
	static const struct ca_params params = { .subject = "CN=Test CA,O=Acme",
		                                 .key_type = PSM_KEY_EC };
	struct store *st = store_new_empty();

	st->user.password = password != NULL ? password : "";
	assert_psm(st, psm_open(st->ctx, st->db, PSM_OPEN_CREATE), PSM_OK);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_int_equal(ca_init(st->ca, &params), PSM_OK);
	st->user.passwords = 0;
	return st;
}

void
store_free(struct store *st)
{
	char command[128];

	if (st == NULL)
		return;
	store_close(st);
	psm_free(st->ctx);
	snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -rf %s",
	         st->dir, st->dir);
	assert_int_equal(system(command), 0);
	free(st);
}

void
store_reopen(struct store *st, unsigned flags)
{
	store_close(st);
	st->ca = ca_new();
	assert_non_null(st->ca);
	assert_psm(st, psm_open(st->ctx, st->db, flags), PSM_OK);
}

int
store_setup(void **state)
{
	*state = store_new(NULL);
	return 0;
}

int
store_teardown(void **state)
{
	store_free(*state);
	*state = NULL;
	return 0;
}

/* --- files ----------------------------------------------------------- */

const char *
store_path(const struct store *st, const char *name)
{
	static _Thread_local char paths[4][512];
	static _Thread_local unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", st->dir, name);
	return path;
}

char *
store_read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	size_t len;
	char *data;

	if (file == NULL && errno == ENOENT)
		return NULL;
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	len = (size_t)ftell(file);
	rewind(file);
	data = malloc(len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, len, file), len);
	data[len] = '\0';
	fclose(file);
	if (ret_len != NULL)
		*ret_len = len;
	return data;
}

void
store_write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int
is_visible(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

char *
store_ls(const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_visible, alphasort);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_true(n >= 0);
	assert_non_null(out);
	for (int i = 0; i < n; i++) {
		fprintf(out, "%s\n", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	fclose(out);
	return text;
}

int
store_shell(const struct store *st, const char *format, ...)
{
	char command[4096];
	size_t len = (size_t)snprintf(command, sizeof command, "cd %s && ",
	                              st->dir);
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command + len, sizeof command - len, format, args);
	va_end(args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *
store_decimal(long number)
{
	static _Thread_local char texts[4][24];
	static _Thread_local unsigned next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof texts[0], "%ld", number);
	return text;
}

/* --- requests and answers -------------------------------------------- */

static struct psm_request *
request_as(struct store *st, const struct psm_request_params *params)
{
	struct psm_request *request = NULL;

	assert_psm(st, psm_request_create(st->ctx, params, &request), PSM_OK);
	assert_non_null(request);
	return request;
}

struct psm_request *
store_request(struct store *st, const char *subject, enum psm_key_type type)
{
	struct psm_request_params params = { .subject = subject,
		                             .key_type = type };

	return request_as(st, &params);
}

struct psm_request *
store_request_p10(struct store *st, const char *subject)
{
	struct psm_request_params params = { .subject = subject,
		                             .key_type = PSM_KEY_EC,
		                             .format = PSM_REQUEST_PKCS10 };

	return request_as(st, &params);
}

static struct ca_answer *
ask_ca(struct store *st, const struct psm_request *request,
       const struct ca_options *options)
{
	static const struct ca_options defaults;
	struct ca_answer *answer = NULL;
	size_t len;
	enum psm_err err;

	if (ca_cert_der(st->ca, &len) == NULL) {
		assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
		assert_int_equal(ca_open(st->ca, NULL), PSM_OK);
	}
	err = ca_issue(st->ca, request->text, strlen(request->text),
	               options != NULL ? options : &defaults, &answer);
	if (err != PSM_OK)
		fail_msg("ca_issue: %s", ca_errmsg(st->ca));
	return answer;
}

char *
store_answer_with(struct store *st, const struct psm_request *request,
                  const struct ca_options *options)
{
	struct ca_answer *answer = ask_ca(st, request, options);
	char *text = strdup(answer->text);

	ca_answer_free(answer);
	assert_non_null(text);
	return text;
}

char *
store_answer(struct store *st, const struct psm_request *request,
             enum ca_dialect dialect)
{
	struct ca_options options = { .dialect = dialect };

	return store_answer_with(st, request, &options);
}

SECItem *
store_issue(struct store *st, const struct psm_request *request,
            const struct ca_options *options)
{
	struct ca_options mine = { .dialect = CA_DIALECT_CERT };
	struct ca_answer *answer;
	SECItem der = { siBuffer, NULL, 0 };
	SECItem *copy;

	if (options != NULL)
		mine = *options;
	mine.dialect = CA_DIALECT_CERT;
	answer = ask_ca(st, request, &mine);
	der.data = (unsigned char *)answer->der;
	der.len = (unsigned)answer->der_len;
	copy = SECITEM_DupItem(&der);
	assert_non_null(copy);
	ca_answer_free(answer);
	return copy;
}

/* The subject or the key of a request of either format. */
static SECItem *
part_of(const struct psm_request *request, bool key)
{
	SECItem der = { siBuffer, (unsigned char *)request->der,
		        (unsigned)request->der_len };
	struct nu_crmf *crmf = NULL;
	struct nu_p10 p10;
	SECItem *copy;

	if (nu_p10_decode(&der, &p10) == SECSuccess) {
		copy = SECITEM_DupItem(key ? &p10.spki : &p10.subject);
	} else {
		assert_int_equal(nu_crmf_decode(&der, MAX_MSGS, &crmf),
		                 SECSuccess);
		copy = SECITEM_DupItem(key ? &crmf->msgs[0].spki
		                           : &crmf->msgs[0].subject);
		nu_crmf_free(crmf);
	}
	assert_non_null(copy);
	return copy;
}

SECItem *
store_request_spki(const struct psm_request *request)
{
	return part_of(request, true);
}

SECItem *
store_request_name(const struct psm_request *request)
{
	return part_of(request, false);
}

SECItem *
store_foreign_cert(const struct psm_request *request,
                   const struct fresh_authority *by,
                   const struct fresh_spec *spec)
{
	static unsigned long serial = 1000;
	nu_auto(SECItem) spki = store_request_spki(request);
	nu_auto(SECItem) subject = store_request_name(request);
	struct fresh_spec mine = { .serial = 0 };

	if (spec != NULL)
		mine = *spec;
	if (mine.spki.data == NULL)
		mine.spki = *spki;
	if (mine.subject.data == NULL)
		mine.subject = *subject;
	if (mine.issuer.data == NULL)
		mine.issuer = *by->name;
	if (mine.by == NULL)
		mine.by = &by->key;
	if (mine.serial == 0)
		mine.serial = ++serial;
	return fresh_cert_from(&mine);
}

static void
fill_response(PLArenaPool *arena, const struct store_response *from,
              struct nu_cert_response *to)
{
	SECItem *text;

	assert_int_equal(nu_der_from_decimal(arena, from->id, &to->id),
	                 SECSuccess);
	to->status = from->status;
	to->fail_info = from->fail_info;
	if (from->cert != NULL) {
		to->has_key_pair = PR_TRUE;
		to->cert = *from->cert;
	}
	if (from->text != NULL) {
		text = PORT_ArenaZNew(arena, SECItem);
		assert_non_null(text);
		text->data = (unsigned char *)from->text;
		text->len = (unsigned)strlen(from->text);
		to->texts = text;
		to->n_texts = 1;
	}
}

char *
store_rep(enum nu_dialect dialect, const struct store_response *responses,
          size_t n, const SECItem *const ca_pubs[], size_t n_ca_pubs)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_cert_rep rep = { .n_responses = n, .n_ca_pubs = n_ca_pubs };
	SECItem *pubs = PORT_ArenaZNewArray(arena, SECItem, n_ca_pubs + 1);
	nu_auto(SECItem) der = NULL;
	char *text;

	rep.responses = PORT_ArenaZNewArray(arena, struct nu_cert_response,
	                                    n + 1);
	assert_non_null(pubs);
	assert_non_null(rep.responses);
	for (size_t i = 0; i < n; i++)
		fill_response(arena, &responses[i], &rep.responses[i]);
	for (size_t i = 0; i < n_ca_pubs; i++)
		pubs[i] = *ca_pubs[i];
	rep.ca_pubs = pubs;
	der = nu_cmmf_encode(&rep, dialect);
	assert_non_null(der);
	text = nu_b64_encode(der);
	assert_non_null(text);
	return text;
}

char *
store_grant(const char *id, const SECItem *cert)
{
	struct store_response response = { .id = id, .cert = cert };

	return store_rep(NU_DIALECT_CMMF, &response, 1, NULL, 0);
}

/* --- what is in it --------------------------------------------------- */

struct lines {
	char *line[MAX_LINES];
	size_t n;
};

/* Attributes that a class of objects is told by: the value as text, in
 * hexadecimal, or as its hash. */
struct column {
	CK_ATTRIBUTE_TYPE type;
	enum { AS_TEXT, AS_HEX, AS_HASH } how;
};

static const struct table {
	const char *name;
	CK_OBJECT_CLASS class;
	struct column columns[8];
	size_t n_columns;
} tables[] = {
	{ "cert", CKO_CERTIFICATE,
	  { { CKA_LABEL, AS_TEXT }, { CKA_ID, AS_HEX },
	    { CKA_VALUE, AS_HASH } }, 3 },
	{ "trust", CKO_NSS_TRUST,
	  { { CKA_LABEL, AS_TEXT }, { CKA_CERT_SHA1_HASH, AS_HEX },
	    { CKA_TRUST_SERVER_AUTH, AS_HEX },
	    { CKA_TRUST_CLIENT_AUTH, AS_HEX },
	    { CKA_TRUST_EMAIL_PROTECTION, AS_HEX },
	    { CKA_TRUST_CODE_SIGNING, AS_HEX } }, 6 },
	{ "key", CKO_PRIVATE_KEY,
	  { { CKA_LABEL, AS_TEXT }, { CKA_ID, AS_HEX },
	    { CKA_SUBJECT, AS_HASH }, { CKA_START_DATE, AS_TEXT } }, 4 },
	{ "public", CKO_PUBLIC_KEY, { { CKA_ID, AS_HEX } }, 1 },
};

static void
print_value(FILE *out, const struct column *column, const SECItem *value)
{
	unsigned char digest[32];
	char hex[65], *text;

	if (column->how == AS_TEXT) {
		fprintf(out, " [%.*s]", (int)value->len, (char *)value->data);
	} else if (column->how == AS_HEX) {
		text = malloc(2 * (size_t)value->len + 1);
		assert_non_null(text);
		nu_hex(value->data, value->len, text);
		fprintf(out, " %s", text);
		free(text);
	} else {
		assert_int_equal(PK11_HashBuf(SEC_OID_SHA256, digest,
		                              value->data,
		                              (PRInt32)value->len),
		                 SECSuccess);
		nu_hex(digest, sizeof digest, hex);
		fprintf(out, " %s", hex);
	}
}

static char *
describe_object(const struct table *table, PK11GenericObject *object)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fprintf(out, "%s", table->name);
	for (size_t i = 0; i < table->n_columns; i++) {
		nu_auto_item value = { siBuffer, NULL, 0 };

		if (PK11_ReadRawAttribute(PK11_TypeGeneric, object,
		                          table->columns[i].type,
		                          &value) == SECSuccess &&
		    value.len > 0)
			print_value(out, &table->columns[i], &value);
		else
			fputs(" -", out);
	}
	fputc('\n', out);
	fclose(out);
	return text;
}

/* A session's objects are not in the database. */
static bool
is_stored(PK11GenericObject *object)
{
	nu_auto_item value = { siBuffer, NULL, 0 };

	return PK11_ReadRawAttribute(PK11_TypeGeneric, object, CKA_TOKEN,
	                             &value) == SECSuccess &&
	       value.len == 1 && value.data[0] == CK_TRUE;
}

static void
describe_class(PK11SlotInfo *slot, const struct table *table,
               struct lines *lines)
{
	nu_auto(PK11GenericObject) objects =
	        PK11_FindGenericObjects(slot, table->class);

	for (PK11GenericObject *o = objects; o != NULL;
	     o = PK11_GetNextGenericObject(o)) {
		if (!is_stored(o))
			continue;
		assert_true(lines->n < MAX_LINES);
		lines->line[lines->n++] = describe_object(table, o);
	}
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
join_lines(struct lines *lines)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	qsort(lines->line, lines->n, sizeof lines->line[0], compare_lines);
	for (size_t i = 0; i < lines->n; i++) {
		fputs(lines->line[i], out);
		free(lines->line[i]);
	}
	fclose(out);
	return text;
}

/* Private keys are seen only when the token is unlocked; it is left as it
 * was. */
char *
store_snapshot_without(const struct store *st, const char *kind)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto_mem struct lines *lines = calloc(1, sizeof *lines);
	bool locked;
	char *text;

	assert_non_null(slot);
	assert_non_null(lines);
	locked = PK11_NeedLogin(slot) && !PK11_IsLoggedIn(slot, NULL);
	if (locked)
		assert_int_equal(PK11_CheckUserPassword(slot,
		                                        st->user.password),
		                 SECSuccess);
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		if (kind == NULL || strcmp(tables[i].name, kind) != 0)
			describe_class(slot, &tables[i], lines);
	}
	text = join_lines(lines);
	if (locked)
		(void)PK11_Logout(slot);
	return text;
}

char *
store_snapshot(const struct store *st)
{
	return store_snapshot_without(st, NULL);
}

size_t
store_count_lines(const char *snapshot, const char *text)
{
	nu_auto_mem char *copy = strdup(snapshot);
	size_t n = 0;
	char *save = NULL;

	assert_non_null(copy);
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		n += strstr(line, text) != NULL;
	return n;
}

size_t
store_count(const struct store *st, const char *text)
{
	nu_auto_mem char *snapshot = store_snapshot(st);

	return store_count_lines(snapshot, text);
}

void
store_assert_unchanged(const struct store *st, const char *before)
{
	nu_auto_mem char *now = store_snapshot(st);

	if (strcmp(now, before) != 0)
		fail_msg("the store was\n%sand is\n%s", before, now);
}

void
store_assert_refused(struct store *st, const char *answer, unsigned flags,
                     enum psm_err expected)
{
	nu_auto_mem char *before = store_snapshot(st);
	struct psm_import *untouched = (struct psm_import *)st;
	enum psm_err err = psm_import_user_certificates(st->ctx, answer, NULL,
	                                                flags, &untouched);

	if (err != expected)
		fail_msg("%s (%s), not %s", psm_err_name(err),
		         psm_errmsg(st->ctx), psm_err_name(expected));
	assert_ptr_equal(untouched, st);
	assert_true(strlen(psm_errmsg(st->ctx)) > 0);
	store_assert_unchanged(st, before);
}

struct psm_import *
store_import(struct store *st, const char *answer, const char *nickname,
             unsigned flags)
{
	struct psm_import *got = NULL;

	assert_psm(st, psm_import_user_certificates(st->ctx, answer, nickname,
	                                            flags, &got), PSM_OK);
	assert_non_null(got);
	return got;
}

int
store_pending_state(struct store *st, int32_t id)
{
	struct psm_pending_list *list;
	const struct psm_pending *one;
	int state = -1;

	assert_psm(st, psm_request_list(st->ctx, &list), PSM_OK);
	for (size_t i = 0; (one = psm_pending_list_get(list, i)) != NULL; i++) {
		if (one->id == id)
			state = (int)one->state;
	}
	psm_pending_list_free(list);
	return state;
}

void
store_own(struct store *st, const char *subject, enum psm_key_type type,
          char *ret_sha1)
{
	struct psm_request *request = store_request(st, subject, type);
	nu_auto_mem char *answer = store_answer(st, request, CA_DIALECT_CMMF);
	struct psm_import *import = store_import(st, answer, NULL, 0);

	if (ret_sha1 != NULL)
		strcpy(ret_sha1, psm_import_get(import, 0)->cert.sha1);
	psm_import_free(import);
	psm_request_free(request);
}

void
store_put(struct store *st, const SECItem *der, const char *nickname)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(CERTCertificate) cert = NULL;

	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	cert = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), (SECItem *)der,
	                               NULL, PR_FALSE, PR_TRUE);
	assert_non_null(cert);
	assert_int_equal(PK11_ImportCert(slot, cert, CK_INVALID_HANDLE,
	                                 nickname, PR_FALSE), SECSuccess);
}
