/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* addon.h - psm for Node: one engine thread a process makes every call of
 * libpsm; JavaScript threads hand it jobs and answer its questions. */

#ifndef ADDON_H
#define ADDON_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif

#include <node_api.h>
#include <psm/psm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct door;
struct instance;

/* A string of JavaScript's as C has it. Wiped when it is freed. */
struct text {
	char *s;    /* NULL: null or undefined */
	size_t len; /* bytes */
};

/* --- a call on its way -------------------------------------------------- */

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE };

struct progress {
	bool fresh; /* not told yet */
	char doing[80];
	size_t done, total;
};

struct job {
	struct job *next;
	const struct call *call;
	struct instance *in;
	struct door *door;
	bool async, orphan;      /* orphan: nobody waits, the engine frees it */
	enum job_state state;    /* under the engine's lock */
	struct progress progress; /* under the engine's lock */
	napi_deferred deferred;  /* async */
	napi_ref handle;         /* keeps the door */
	napi_ref ask;            /* the function that answers questions */

	struct text *texts;
	size_t n_texts;
	int32_t *numbers;
	size_t n_numbers;

	enum psm_err err;
	char errmsg[512];
	const char *param;
	union {
		struct psm_requests *requests;
		struct psm_pending_list *pending;
		struct psm_cert_list *certs;
		char *text;
		unsigned char *bytes;
	} got;
};

/* A crypto object's context. ctx belongs to the engine thread. */
struct door {
	struct door *next;
	struct instance *in; /* NULL: it has ended */
	struct psm_ctx *ctx; /* NULL: closed */
	struct job *job;     /* the one that runs */
	const char *password; /* while it is being opened */
	bool weak;           /* weak keys are allowed */
	unsigned callbacks;  /* bits: 1u << enum question_kind */
};

/* The addon in one JavaScript thread, which alone uses what has no lock. */
struct instance {
	napi_env env;
	napi_threadsafe_function wake;
	struct door *doors;
	size_t promises;  /* that are not settled yet */
	unsigned asking;  /* questions whose answer is being found */

	/* under the engine's lock */
	struct job *done, **done_end; /* async jobs to settle */
	size_t unfinished;
	bool closing, woken;
};

/* --- engine.c ----------------------------------------------------------- */

/* A JavaScript thread begins and ends to use the engine. */
bool engine_attach(struct instance *in);
void engine_detach(struct instance *in);
void engine_submit(struct job *job);
/* Wait for a job that is not async; answers the engine's questions meanwhile.
 * A job that would wait for a promise of this thread ends with PSM_E_BUSY. */
void engine_wait(struct job *job);
/* Questions, progress and results that have come for this thread. */
void engine_drain(struct instance *in);

/* --- ui.c --------------------------------------------------------------- */

/* In the order of the names that ask() gets; the bits of door.callbacks. */
enum question_kind {
	ASK_PASSWORD,
	ASK_CONFIRM,
	ASK_BACKUP,
	ASK_PROGRESS,
	ASK_ESCROW,
	ASK_SIGNER
};

/* What the engine wants to know from a JavaScript thread. It lies on the
 * engine's stack, which waits. */
struct question {
	enum question_kind kind;
	struct job *job;
	uint32_t serial;
	bool taken, answered; /* under the engine's lock */
	enum psm_answer answer;

	enum psm_password_for what;
	const char *name;
	unsigned attempt;
	char *buf;
	size_t size;
	const struct psm_import *plan;
	struct psm_backup_target *target;
	const struct psm_cert *holder;
	size_t n_keys;
	const char *text;
	const struct psm_cert_list *fit;
	size_t *ret_choice;
};

/* A context whose questions go to door's JavaScript thread. */
struct psm_ctx *ui_context(struct door *door);
/* In the JavaScript thread: ask; engine_answer() now or later. */
void ui_serve(struct instance *in, struct question *question);
void ui_progress(struct instance *in, struct job *job,
                 const struct progress *progress);
/* answer(serial, value): what a promise of a callback came to. */
napi_value ui_answer(napi_env env, napi_callback_info info);

/* In the engine thread: the answer to question, from JavaScript. */
enum psm_answer engine_ask(struct question *question);
void engine_answer(struct question *question, enum psm_answer answer);
/* The question that waits, when it is in's and has this number. */
struct question *engine_question(struct instance *in, uint32_t serial);
/* In the engine thread: tell job's JavaScript thread, without waiting. */
void engine_progress(struct job *job, const char *doing, size_t done,
                     size_t total);

/* --- calls.c ------------------------------------------------------------ */

/* A function of the addon: name(handle, ask, async, texts, numbers). */
struct call {
	const char *name;
	size_t n_texts, n_numbers; /* at least */
	bool is_request;           /* fails as generateCRMFRequest() does */
	enum psm_err (*run)(struct job *job);
	napi_value (*give)(napi_env env, struct job *job); /* NULL: undefined */
	void (*drop)(struct job *job); /* NULL: nothing to free */
	enum psm_err (*refuse)(struct job *job, size_t i); /* NUL in a text */
};

extern const struct call calls[];
extern const size_t n_calls;

/* The call that a door ends with, when nobody else has closed it. */
extern const struct call close_call;

/* In the engine thread. */
void job_run(struct job *job);
/* In the JavaScript thread: its value, or NULL and ret_error. */
napi_value job_value(napi_env env, struct job *job, napi_value *ret_error);
/* Frees all but the references to JavaScript's objects. */
void job_free(struct job *job);
/* In the JavaScript thread: frees all. */
void job_end(napi_env env, struct job *job);

/* --- values.c ----------------------------------------------------------- */

/* Copy a string, or the bytes of a Uint8Array, which are then zeroed.
 * false: it is neither, nor null nor undefined, or there is no memory. */
bool value_text(napi_env env, napi_value value, struct text *ret_text);
void text_free(struct text *text);
/* What is left of a text after its first NUL would be lost in C. */
bool text_has_nul(const struct text *text);
bool value_texts(napi_env env, napi_value array, struct text **ret_texts,
                 size_t *ret_n);
bool value_numbers(napi_env env, napi_value array, int32_t **ret_numbers,
                   size_t *ret_n);

/* Values for JavaScript; NULL after a failure, and of NULL. */
napi_value js_text(napi_env env, const char *text); /* NULL: null */
napi_value js_number(napi_env env, double number);
napi_value js_bool(napi_env env, bool yes);
napi_value js_cert(napi_env env, const struct psm_cert *cert);
napi_value js_certs(napi_env env, const struct psm_cert_list *list);
napi_value js_pending(napi_env env, const struct psm_pending_list *list);
napi_value js_plan(napi_env env, const struct psm_import *plan);
/* Adds a property; false when value is NULL or there is no memory. */
bool js_put(napi_env env, napi_value object, const char *name,
            napi_value value);

#endif
