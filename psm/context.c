/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* context.c - a context, and the one NSS database of the process. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nss.h>
#include <prthread.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_init.h"
#include "psm/internal.h"

enum { MAX_BASE64 = 16 << 20, MAX_RESPONSES = 1000 };
enum { LOCK_WAIT_MS = 10000, LOCK_STEP_MS = 20 };

/* NSS has one default database a process; the contexts share it. */
static struct {
	pthread_mutex_t lock;
	size_t users;
	bool read_only;
	char dir[PATH_MAX];
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

const char *
psm_version(void)
{
	return PACKAGE_VERSION;
}

/* nu_pin asks through the context's ui. */
static enum nu_pin_answer
ask_password(void *arg, const char *token, unsigned attempt, char *buf,
             size_t size)
{
	struct psm_ctx *ctx = arg;
	enum psm_answer answer = PSM_ANSWER_NONE;

	if (ctx->ui.password != NULL)
		answer = ctx->ui.password(ctx->arg, PSM_PASSWORD_TOKEN, token,
		                          attempt, buf, size);
	switch (answer) {
	case PSM_ANSWER_YES:
		return NU_PIN_GIVEN;
	case PSM_ANSWER_NO:
		return NU_PIN_CANCELLED;
	default:
		return NU_PIN_NONE;
	}
}

struct psm_ctx *
psm_new(const struct psm_ui *ui, void *arg)
{
	struct psm_ctx *ctx = calloc(1, sizeof *ctx);

	if (ctx == NULL)
		return NULL;
	if (ui != NULL)
		ctx->ui = *ui;
	ctx->arg = arg;
	ctx->pin.ask = ask_password;
	ctx->pin.arg = ctx;
	ctx->max_base64 = MAX_BASE64;
	ctx->max_responses = MAX_RESPONSES;
	return ctx;
}

void
psm_free(struct psm_ctx *ctx)
{
	if (ctx == NULL)
		return;
	psm_close(ctx);
	free(ctx);
}

const char *
psm_errmsg(const struct psm_ctx *ctx)
{
	return ctx->errmsg;
}

const char *
psm_errparam(const struct psm_ctx *ctx)
{
	return ctx->errparam;
}

void
psm_set_limits(struct psm_ctx *ctx, size_t max_base64, size_t max_responses)
{
	if (max_base64 != 0)
		ctx->max_base64 = max_base64;
	if (max_responses != 0)
		ctx->max_responses = max_responses;
}

static void
forget(struct psm_ctx *ctx)
{
	ctx->errmsg[0] = '\0';
	ctx->errparam = NULL;
	ctx->locked[0] = '\0';
	nu_pin_reset(&ctx->pin);
}

enum psm_err
ctx_enter(struct psm_ctx *ctx)
{
	forget(ctx);
	if (!ctx->open)
		return psm_fail(ctx, PSM_E_ARGUMENT, "no database is open");
	return PSM_OK;
}

void
ctx_progress(struct psm_ctx *ctx, const char *doing, size_t done, size_t total)
{
	if (ctx->ui.progress != NULL)
		ctx->ui.progress(ctx->arg, doing, done, total);
}

enum psm_err
ctx_decode_base64(struct psm_ctx *ctx, enum psm_err err, const char *what,
                  const char *text, size_t len, SECItem *ret_der)
{
	if (nu_b64_decode(text, len, ctx->max_base64, ret_der) == SECSuccess)
		return PSM_OK;
	if (PORT_GetError() == SEC_ERROR_INPUT_LEN)
		return psm_fail(ctx, err, "%s is longer than %zu characters",
		                what, ctx->max_base64);
	return psm_fail_nss(ctx, err, "%s is not base64", what);
}

/* --- opening ------------------------------------------------------------ */

static enum psm_err
strip_prefix(struct psm_ctx *ctx, const char **dir)
{
	const char *text = *dir;

	if (text != NULL && strncmp(text, "sql:", 4) == 0)
		text += 4;
	else if (text != NULL && (strncmp(text, "dbm:", 4) == 0 ||
	                          strncmp(text, "extern:", 7) == 0))
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "%s: only NSS's SQL databases are supported",
		                text);
	if (text == NULL || *text == '\0')
		return psm_fail(ctx, PSM_E_ARGUMENT, "no directory is named");
	*dir = text;
	return PSM_OK;
}

static enum psm_err
refuse(struct psm_ctx *ctx, const char *dir, enum nu_db_state state)
{
	switch (state) {
	case NU_DB_NONE:
		return psm_fail(ctx, PSM_E_DATABASE,
		                "%s holds no NSS database", dir);
	case NU_DB_INCOMPLETE:
		return psm_fail(ctx, PSM_E_DATABASE,
		                "%s holds half an NSS database: cert9.db and "
		                "key4.db belong together", dir);
	case NU_DB_LEGACY:
		return psm_fail(ctx, PSM_E_DATABASE,
		                "%s holds a legacy database (cert8.db); "
		                "certutil --upgrade-merge converts it", dir);
	case NU_DB_UNREADABLE:
		return psm_fail_errno(ctx, "read the database in", dir);
	default:
		return psm_fail(ctx, PSM_E_DATABASE,
		                "cert9.db or key4.db in %s is not NSS's", dir);
	}
}

/* Is what lies in dir fit to be opened, or to be made? Nothing is touched. */
static enum psm_err
check_state(struct psm_ctx *ctx, const char *dir, unsigned flags,
            enum nu_db_state *ret_state)
{
	enum nu_db_state state = nu_db_look(dir);
	bool may_create = flags & PSM_OPEN_CREATE;

	*ret_state = state;
	if (state == NU_DB_GOOD)
		return PSM_OK;
	if (may_create && (state == NU_DB_NONE || state == NU_DB_INCOMPLETE))
		return PSM_OK;
	return refuse(ctx, dir, state);
}

static enum psm_err
open_nss(struct psm_ctx *ctx, const char *dir, bool read_only)
{
	if (NSS_IsInitialized())
		return psm_fail(ctx, PSM_E_BUSY,
		                "this program has opened NSS by itself");
	if (nu_open(dir, read_only, LOCK_WAIT_MS) == SECSuccess)
		return PSM_OK;
	if (PORT_GetError() == SEC_ERROR_BUSY)
		return psm_fail(ctx, PSM_E_BUSY,
		                "%s is locked by another process", dir);
	return psm_fail_nss(ctx, PSM_E_DATABASE, "cannot open %s", dir);
}

/* The password of a new database, "" when nobody is asked. */
static enum psm_err
ask_new_password(struct psm_ctx *ctx, const char *token, char *buf,
                 size_t size)
{
	enum psm_answer answer = PSM_ANSWER_NONE;

	buf[0] = '\0';
	if (ctx->ui.password != NULL)
		answer = ctx->ui.password(ctx->arg, PSM_PASSWORD_NEW_TOKEN,
		                          token, 0, buf, size);
	buf[size - 1] = '\0';
	if (answer == PSM_ANSWER_NO)
		return psm_fail(ctx, PSM_E_CANCELLED,
		                "no password was chosen");
	if (answer == PSM_ANSWER_NONE)
		buf[0] = '\0';
	return PSM_OK;
}

static enum psm_err
set_first_password(struct psm_ctx *ctx, PK11SlotInfo *slot)
{
	char password[NU_PIN_SIZE];
	enum psm_err err = ask_new_password(ctx, PK11_GetTokenName(slot),
	                                    password, sizeof password);

	if (err == PSM_OK && PK11_InitPin(slot, NULL, password) != SECSuccess)
		err = psm_fail_nss(ctx, PSM_E_STORE,
		                   "cannot set the database's password");
	explicit_bzero(password, sizeof password);
	return err;
}

/* A new database gets its password; one that was whole stays as it is. */
static enum psm_err
finish_creation(struct psm_ctx *ctx, const char *dir, unsigned flags,
                enum nu_db_state state)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();

	if (slot == NULL)
		return psm_fail_nss(ctx, PSM_E_DATABASE, "cannot open %s", dir);
	if (nu_slot_needs_init(slot))
		return set_first_password(ctx, slot);
	if ((flags & PSM_OPEN_EXCLUSIVE) && state == NU_DB_GOOD)
		return psm_fail(ctx, PSM_E_EXISTS,
		                "%s holds an NSS database already", dir);
	return PSM_OK;
}

/* After a failed creation: only what this call made, and nothing else. */
static void
remove_new_files(const char *dir)
{
	static const char *const names[] = { "cert9.db", "key4.db",
		                             "pkcs11.txt" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (snprintf(path, sizeof path, "%s/%s", dir, names[i]) <
		    (int)sizeof path)
			unlink(path);
	}
}

static enum psm_err
look_and_open(struct psm_ctx *ctx, const char *dir, unsigned flags)
{
	enum nu_db_state state;
	enum psm_err err = check_state(ctx, dir, flags, &state);

	if (err != PSM_OK)
		return err;
	err = open_nss(ctx, dir, flags & PSM_OPEN_READ_ONLY);
	if (err != PSM_OK)
		return err;
	if (flags & PSM_OPEN_CREATE)
		err = finish_creation(ctx, dir, flags, state);
	if (err != PSM_OK) {
		(void)nu_close(); /* the first error is the one that counts */
		if (state == NU_DB_NONE)
			remove_new_files(dir);
	}
	return err;
}

/* Of several processes that want to make one database, one at a time may look
 * and make it. Where the file system has no locks, all may. */
static enum psm_err
lock_creation(struct psm_ctx *ctx, const char *dir, int *ret_fd)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return psm_fail_errno(ctx, "open the directory", dir);
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; ms += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		if (ms >= LOCK_WAIT_MS) {
			close(fd);
			return psm_fail(ctx, PSM_E_BUSY,
			                "another process makes a database in %s",
			                dir);
		}
		PR_Sleep(PR_MillisecondsToInterval(LOCK_STEP_MS));
	}
	*ret_fd = fd;
	return PSM_OK;
}

static enum psm_err
open_first(struct psm_ctx *ctx, const char *dir, unsigned flags)
{
	enum psm_err err;
	int fd = -1;

	if ((flags & PSM_OPEN_CREATE) &&
	    (err = lock_creation(ctx, dir, &fd)) != PSM_OK)
		return err;
	err = look_and_open(ctx, dir, flags);
	if (fd >= 0)
		close(fd);
	return err;
}

/* Another context of this process has a database open. */
static enum psm_err
open_again(struct psm_ctx *ctx, const char *dir, unsigned flags)
{
	if (strcmp(dir, process.dir) != 0)
		return psm_fail(ctx, PSM_E_BUSY,
		                "this process has %s open; NSS allows one "
		                "database a process", process.dir);
	if (flags & PSM_OPEN_EXCLUSIVE)
		return psm_fail(ctx, PSM_E_EXISTS,
		                "%s holds an NSS database already", dir);
	if (process.read_only && !(flags & PSM_OPEN_READ_ONLY))
		return psm_fail(ctx, PSM_E_BUSY,
		                "this process has %s open read-only", dir);
	return PSM_OK;
}

static enum psm_err
open_locked(struct psm_ctx *ctx, const char *dir, unsigned flags)
{
	enum psm_err err = process.users > 0 ? open_again(ctx, dir, flags)
	                                     : open_first(ctx, dir, flags);

	if (err != PSM_OK)
		return err;
	if (process.users++ == 0) {
		process.read_only = flags & PSM_OPEN_READ_ONLY;
		memcpy(process.dir, dir, strlen(dir) + 1);
	}
	ctx->open = true;
	ctx->read_only = flags & PSM_OPEN_READ_ONLY;
	return PSM_OK;
}

static enum psm_err
check_flags(struct psm_ctx *ctx, unsigned flags)
{
	if (ctx->open)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "this context has a database open");
	if ((flags & PSM_OPEN_CREATE) && (flags & PSM_OPEN_READ_ONLY))
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "a new database cannot be read-only");
	return PSM_OK;
}

const char *
ctx_dir(void)
{
	return process.dir;
}

enum psm_err
psm_open(struct psm_ctx *ctx, const char *dir, unsigned flags)
{
	nu_auto_mem char *real = NULL;
	bool made_dir = false;
	enum psm_err err;

	forget(ctx);
	if ((err = check_flags(ctx, flags)) != PSM_OK ||
	    (err = strip_prefix(ctx, &dir)) != PSM_OK)
		return err;
	if (flags & PSM_OPEN_CREATE) {
		made_dir = mkdir(dir, 0700) == 0;
		if (!made_dir && errno != EEXIST)
			return psm_fail_errno(ctx, "make the directory", dir);
	}
	real = realpath(dir, NULL);
	if (real == NULL && errno == ENOENT)
		return psm_fail(ctx, PSM_E_DATABASE,
		                "there is no directory %s", dir);
	if (real == NULL)
		return psm_fail_errno(ctx, "find the directory", dir);
	pthread_mutex_lock(&process.lock);
	err = open_locked(ctx, real, flags);
	pthread_mutex_unlock(&process.lock);
	if (err != PSM_OK && made_dir)
		(void)rmdir(real); /* unless another process has used it */
	return err;
}

void
psm_close(struct psm_ctx *ctx)
{
	if (!ctx->open)
		return;
	ctx->open = false;
	pthread_mutex_lock(&process.lock);
	if (--process.users == 0) {
		(void)nu_close(); /* nobody could act on a refusal */
		stamp_close();
	}
	pthread_mutex_unlock(&process.lock);
}

/* --- tokens ------------------------------------------------------------- */

enum psm_err
ctx_login(struct psm_ctx *ctx, PK11SlotInfo *slot)
{
	if (nu_slot_login(slot, &ctx->pin) == SECSuccess)
		return PSM_OK;
	if (ctx->pin.last == NU_PIN_NONE && ctx->pin.attempts <= 1)
		return psm_fail(ctx, PSM_E_PASSWORD,
		                "\"%s\" needs a password and there is nobody "
		                "to ask", PK11_GetTokenName(slot));
	return psm_fail_nss(ctx, PSM_E_PASSWORD, "cannot unlock \"%s\"",
	                    PK11_GetTokenName(slot));
}

enum psm_err
ctx_token(struct psm_ctx *ctx, const char *name, PK11SlotInfo **ret_slot)
{
	nu_auto(PK11SlotInfo) slot = nu_slot_find(name);
	enum psm_err err;

	if (slot == NULL)
		return psm_fail(ctx, PSM_E_TOKEN,
		                "there is no token \"%s\"",
		                name != NULL ? name : "");
	if ((err = ctx_login(ctx, slot)) != PSM_OK)
		return err;
	*ret_slot = nu_take(slot);
	return PSM_OK;
}

enum psm_err
ctx_writable(struct psm_ctx *ctx, PK11SlotInfo *slot)
{
	if (ctx->read_only || PK11_IsReadOnly(slot))
		return psm_fail(ctx, PSM_E_READ_ONLY, "\"%s\" is read-only",
		                PK11_GetTokenName(slot));
	if (nu_slot_needs_init(slot))
		return psm_fail(ctx, PSM_E_DATABASE,
		                "the database was never given a password, "
		                "not even an empty one");
	return PSM_OK;
}

static void
leave_out(struct psm_ctx *ctx, PK11SlotInfo *slot)
{
	snprintf(ctx->locked, sizeof ctx->locked, "%s",
	         PK11_GetTokenName(slot));
	PK11_FreeSlot(slot);
}

enum psm_err
ctx_name_locked(struct psm_ctx *ctx, enum psm_err err)
{
	size_t len = strlen(ctx->errmsg);

	if (err == PSM_E_REQUEST_ID && ctx->locked[0] != '\0')
		snprintf(ctx->errmsg + len, sizeof ctx->errmsg - len,
		         "; \"%s\" is locked and was not searched",
		         ctx->locked);
	return err;
}

enum psm_err
ctx_key_slots(struct psm_ctx *ctx, struct nu_slots **ret_slots)
{
	struct nu_slots *slots = nu_slots_new();
	enum psm_err err;
	size_t kept = 1;

	if (slots == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN, "cannot list the tokens");
	if ((err = ctx_login(ctx, slots->slot[0])) != PSM_OK) {
		nu_slots_free(slots);
		return err;
	}
	for (size_t i = 1; i < slots->n; i++) {
		nu_pin_reset(&ctx->pin);
		if (nu_slot_login(slots->slot[i], &ctx->pin) == SECSuccess)
			slots->slot[kept++] = slots->slot[i];
		else
			leave_out(ctx, slots->slot[i]);
	}
	slots->n = kept;
	nu_pin_reset(&ctx->pin); /* what they said is no failure */
	*ret_slots = slots;
	return PSM_OK;
}

enum psm_err
psm_login(struct psm_ctx *ctx, const char *token)
{
	nu_auto(PK11SlotInfo) slot = NULL;
	enum psm_err err = ctx_enter(ctx);

	return err != PSM_OK ? err : ctx_token(ctx, token, &slot);
}
