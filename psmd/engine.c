/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* engine.c - the one thread that owns libpsm's context. */

#include "psmd/engine.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "psmd/work.h"

#define TOKEN_MAX 128

/* A token, what its password is read from, and how that went. */
struct token {
	char name[TOKEN_MAX];
	const char *password_file;
	bool asked;
	bool refused;            /* what the file had then: */
	struct timespec changed;
};

struct engine {
	struct work *work;
	struct psm_ctx *ctx;
	struct token own, other; /* the database's; engine_login()'s */
	const char *database;    /* while it opens, as those below */
	char *why;
	size_t why_size;
	char no_password[256];   /* why there is none, or "" */
};

/* The first line of the file; NONE when it cannot be read, and why. */
static enum psm_answer
read_password(struct engine *engine, const char *path, char *buf, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good = false;

	if (file != NULL) {
		setbuf(file, NULL); /* no copy of it is left in a buffer */
		errno = 0;
		good = fgets(buf, (int)size, file) != NULL;
	}
	if (good)
		buf[strcspn(buf, "\r\n")] = '\0';
	else
		snprintf(engine->no_password, sizeof engine->no_password,
		         "%s: %s", path,
		         errno != 0 ? strerror(errno) : "it is empty");
	if (file != NULL)
		fclose(file);
	return good ? PSM_ANSWER_YES : PSM_ANSWER_NONE;
}

/* Of the database before it is open, then of the two that are known. */
static struct token *
find_token(struct engine *engine, const char *name)
{
	if (engine->ctx == NULL)
		snprintf(engine->own.name, sizeof engine->own.name, "%s", name);
	if (strcmp(engine->own.name, name) == 0)
		return &engine->own;
	return strcmp(engine->other.name, name) == 0 ? &engine->other : NULL;
}

static struct timespec
changed_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtim : (struct timespec){ 0 };
}

/* Is it what the token has refused already? */
static bool
is_refused(const struct token *token)
{
	const struct timespec now = changed_at(token->password_file);

	return token->refused && now.tv_sec == token->changed.tv_sec &&
	       now.tv_nsec == token->changed.tv_nsec;
}

static void
remember(struct token *token)
{
	token->refused = true;
	if (token->password_file != NULL)
		token->changed = changed_at(token->password_file);
}

static enum psm_answer
give_password(void *arg, enum psm_password_for what, const char *name,
              unsigned attempt, char *buf, size_t size)
{
	struct engine *engine = arg;
	struct token *token;
	const char *why = "no password_file is named";

	if (what != PSM_PASSWORD_TOKEN ||
	    (token = find_token(engine, name)) == NULL)
		return PSM_ANSWER_NONE;
	token->asked = true;
	if (attempt > 0) {
		remember(token);
		return PSM_ANSWER_NONE;
	}
	if (token->password_file != NULL && !is_refused(token))
		return read_password(engine, token->password_file, buf, size);
	if (token->password_file != NULL)
		why = "it is not tried again before its file changes";
	snprintf(engine->no_password, sizeof engine->no_password, "%s", why);
	return PSM_ANSWER_NONE;
}

/* With what is wrong with the file that the password was to come from. */
static void
say_why(struct engine *engine, const struct psm_ctx *ctx, char *why,
        size_t size)
{
	bool comes = engine->no_password[0] == '\0';

	snprintf(why, size, "%s%s%s%s", psm_errmsg(ctx), comes ? "" : " (",
	         engine->no_password, comes ? "" : ")");
}

static void
open_database(void *arg)
{
	struct engine *engine = arg;
	const struct psm_ui ui = { .password = give_password };
	struct psm_ctx *ctx = psm_new(&ui, engine);

	if (ctx == NULL) {
		snprintf(engine->why, engine->why_size, "out of memory");
		return;
	}
	if (psm_open(ctx, engine->database, 0) != PSM_OK ||
	    psm_login(ctx, NULL) != PSM_OK) {
		say_why(engine, ctx, engine->why, engine->why_size);
		psm_free(ctx);
		return;
	}
	engine->ctx = ctx;
}

static void
close_database(void *arg)
{
	struct engine *engine = arg;

	psm_free(engine->ctx);
	engine->ctx = NULL;
}

struct engine *
engine_new(const char *database, const char *password_file,
           unsigned n_waiting, char *why, size_t size)
{
	struct engine *engine = calloc(1, sizeof *engine);

	snprintf(why, size, "out of memory");
	if (engine == NULL)
		return NULL;
	engine->database = database;
	engine->own.password_file = password_file;
	engine->why = why;
	engine->why_size = size;
	engine->work = work_new("psmd-engine", 1, n_waiting);
	if (engine->work == NULL ||
	    !work_call(engine->work, open_database, engine) ||
	    engine->ctx == NULL) {
		engine_free(engine);
		return NULL;
	}
	return engine;
}

struct job {
	struct psm_ctx *ctx;
	void (*fn)(struct psm_ctx *ctx, void *arg);
	void *arg;
};

static void
do_job(void *arg)
{
	struct job *job = arg;

	job->fn(job->ctx, job->arg);
}

bool
engine_call(struct engine *engine,
            void (*fn)(struct psm_ctx *ctx, void *arg), void *arg)
{
	struct job job = { engine->ctx, fn, arg };

	return work_call(engine->work, do_job, &job);
}

size_t
engine_waiting(struct engine *engine)
{
	return work_waiting(engine->work);
}

enum psm_err
engine_login(struct engine *engine, struct psm_ctx *ctx, const char *token,
             const char *password_file, bool *ret_asked, char *why, size_t size)
{
	struct token *other = &engine->other;
	enum psm_err err;

	snprintf(other->name, sizeof other->name, "%s", token);
	other->password_file = password_file;
	other->asked = false;
	engine->no_password[0] = '\0';
	err = psm_login(ctx, token);
	if (err != PSM_OK)
		say_why(engine, ctx, why, size);
	*ret_asked = other->asked;
	return err;
}

void
engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	/* The context ends in the thread it lived in. */
	while (engine->ctx != NULL &&
	       !work_call(engine->work, close_database, engine))
		sched_yield(); /* the queue is full, and gets shorter */
	work_free(engine->work);
	free(engine);
}
