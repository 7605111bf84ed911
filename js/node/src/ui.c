/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ui.c - struct psm_ui by way of a call's ask(kind, serial, async, ...), which
 * returns the answer, or undefined when answer(serial, value) will bring it. */

#include <string.h>

#include "src/addon.h"

/* --- in the engine's thread --------------------------------------------- */

static enum psm_answer
ask(struct door *door, struct question *question)
{
	if (!(door->callbacks & 1u << question->kind))
		return PSM_ANSWER_NONE;
	question->job = door->job;
	return engine_ask(question);
}

static enum psm_answer
ask_password(void *arg, enum psm_password_for what, const char *name,
             unsigned attempt, char *buf, size_t size)
{
	struct door *door = arg;
	struct question question = {
		.kind = ASK_PASSWORD, .what = what, .name = name,
		.attempt = attempt, .buf = buf, .size = size,
	};

	if (door->password == NULL || attempt > 0)
		return ask(door, &question);
	if (strlen(door->password) >= size)
		return PSM_ANSWER_NO;
	memcpy(buf, door->password, strlen(door->password) + 1);
	return PSM_ANSWER_YES;
}

static enum psm_answer
ask_confirm(void *arg, const struct psm_import *plan)
{
	struct question question = { .kind = ASK_CONFIRM, .plan = plan };

	return ask(arg, &question);
}

static enum psm_answer
ask_backup(void *arg, const struct psm_import *plan,
           struct psm_backup_target *target)
{
	struct question question = { .kind = ASK_BACKUP, .plan = plan,
		                     .target = target };

	return ask(arg, &question);
}

static enum psm_answer
ask_escrow(void *arg, const struct psm_cert *holder, size_t n_keys)
{
	struct question question = { .kind = ASK_ESCROW, .holder = holder,
		                     .n_keys = n_keys };

	return ask(arg, &question);
}

static enum psm_answer
ask_signer(void *arg, const char *text, const struct psm_cert_list *fit,
           size_t *ret_choice)
{
	struct question question = { .kind = ASK_SIGNER, .text = text,
		                     .fit = fit, .ret_choice = ret_choice };

	return ask(arg, &question);
}

static void
tell_progress(void *arg, const char *doing, size_t done, size_t total)
{
	struct door *door = arg;

	engine_progress(door->job, doing, done, total);
}

struct psm_ctx *
ui_context(struct door *door)
{
	struct psm_ui ui = { .password = ask_password };
	unsigned has = door->callbacks;

	/* No callback is an answer by itself, and not the same for all. */
	if (has & 1u << ASK_CONFIRM)
		ui.confirm = ask_confirm;
	if (has & 1u << ASK_BACKUP)
		ui.backup_target = ask_backup;
	if (has & 1u << ASK_PROGRESS)
		ui.progress = tell_progress;
	if (has & 1u << ASK_ESCROW)
		ui.escrow = ask_escrow;
	if (has & 1u << ASK_SIGNER)
		ui.choose_signer = ask_signer;
	return psm_new(&ui, door);
}

/* --- in JavaScript's thread: questions ---------------------------------- */

/* Call the job's ask(). NULL: it failed. */
static napi_value
call_ask(napi_env env, struct job *job, enum question_kind kind,
         uint32_t serial, const napi_value *args, size_t n_args)
{
	napi_value function, global, argv[6] = { NULL }, result = NULL;
	bool pending;

	for (size_t i = 0; i < n_args; i++)
		argv[3 + i] = args[i];
	if (napi_get_reference_value(env, job->ask, &function) != napi_ok ||
	    napi_get_global(env, &global) != napi_ok ||
	    napi_create_uint32(env, kind, &argv[0]) != napi_ok ||
	    napi_create_uint32(env, serial, &argv[1]) != napi_ok ||
	    napi_get_boolean(env, job->async, &argv[2]) != napi_ok ||
	    napi_call_function(env, global, function, 3 + n_args, argv,
	                       &result) != napi_ok)
		result = NULL;
	/* ask() throws nothing: this is a thread that is being ended. */
	if (napi_is_exception_pending(env, &pending) == napi_ok && pending)
		napi_get_and_clear_last_exception(env, &argv[0]);
	return result;
}

static napi_value
password_kind(napi_env env, enum psm_password_for what)
{
	static const char *const names[] = {
		[PSM_PASSWORD_TOKEN] = "token",
		[PSM_PASSWORD_NEW_TOKEN] = "new",
		[PSM_PASSWORD_RESTORE] = "restore",
	};

	return js_text(env, names[what]);
}

/* The arguments of the user's callback. */
static size_t
question_args(napi_env env, const struct question *q, napi_value args[3])
{
	switch (q->kind) {
	case ASK_PASSWORD:
		args[0] = password_kind(env, q->what);
		args[1] = js_text(env, q->name);
		args[2] = js_number(env, q->attempt);
		return 3;
	case ASK_CONFIRM:
	case ASK_BACKUP:
		args[0] = js_plan(env, q->plan);
		return 1;
	case ASK_ESCROW:
		args[0] = js_cert(env, q->holder);
		args[1] = js_number(env, (double)q->n_keys);
		return 2;
	case ASK_SIGNER:
		args[0] = js_text(env, q->text);
		args[1] = js_certs(env, q->fit);
		return 2;
	default:
		return 0;
	}
}

/* --- in JavaScript's thread: answers ------------------------------------ */

/* Copy a text, or say no: one that does not fit, or is none, is no answer. */
static enum psm_answer
read_text(napi_env env, napi_value value, char *buf, size_t size)
{
	struct text text;
	enum psm_answer answer = PSM_ANSWER_NO;

	if (!value_text(env, value, &text))
		return PSM_ANSWER_NO;
	if (text.s != NULL && text.len < size && !text_has_nul(&text)) {
		memcpy(buf, text.s, text.len + 1);
		answer = PSM_ANSWER_YES;
	}
	text_free(&text);
	return answer;
}

static enum psm_answer
read_yes(napi_env env, napi_value value)
{
	bool yes = false;

	return napi_get_value_bool(env, value, &yes) == napi_ok && yes
	               ? PSM_ANSWER_YES
	               : PSM_ANSWER_NO;
}

/* [path, password, flags] */
static enum psm_answer
read_target(napi_env env, napi_value value, struct psm_backup_target *target)
{
	napi_value item[3];
	bool is_array = false;
	uint32_t flags;

	if (napi_is_array(env, value, &is_array) != napi_ok || !is_array)
		return PSM_ANSWER_NO;
	for (uint32_t i = 0; i < 3; i++) {
		if (napi_get_element(env, value, i, &item[i]) != napi_ok)
			return PSM_ANSWER_NO;
	}
	if (napi_get_value_uint32(env, item[2], &flags) != napi_ok ||
	    read_text(env, item[0], target->path, sizeof target->path) !=
	            PSM_ANSWER_YES)
		return PSM_ANSWER_NO;
	target->flags = flags;
	return read_text(env, item[1], target->password,
	                 sizeof target->password);
}

static enum psm_answer
read_choice(napi_env env, napi_value value, const struct question *q)
{
	uint32_t choice;

	if (napi_get_value_uint32(env, value, &choice) != napi_ok ||
	    choice >= psm_cert_list_count(q->fit))
		return PSM_ANSWER_NO;
	*q->ret_choice = choice;
	return PSM_ANSWER_YES;
}

static enum psm_answer
read_answer(napi_env env, napi_value value, const struct question *q)
{
	switch (q->kind) {
	case ASK_PASSWORD:
		return read_text(env, value, q->buf, q->size);
	case ASK_CONFIRM:
	case ASK_ESCROW:
		return read_yes(env, value);
	case ASK_BACKUP:
		return read_target(env, value, q->target);
	case ASK_SIGNER:
		return read_choice(env, value, q);
	default:
		return PSM_ANSWER_NO;
	}
}

/* Is it undefined: does the answer come later? */
static bool
is_later(napi_env env, napi_value value)
{
	napi_valuetype type;

	return napi_typeof(env, value, &type) == napi_ok &&
	       type == napi_undefined;
}

void
ui_serve(struct instance *in, struct question *question)
{
	napi_handle_scope scope;
	napi_value args[3] = { NULL }, value = NULL;
	enum psm_answer answer = PSM_ANSWER_NO;
	size_t n;

	in->asking++;
	if (napi_open_handle_scope(in->env, &scope) == napi_ok) {
		n = question_args(in->env, question, args);
		value = call_ask(in->env, question->job, question->kind,
		                 question->serial, args, n);
		if (value != NULL && question->job->async &&
		    is_later(in->env, value)) {
			napi_close_handle_scope(in->env, scope);
			return; /* ui_answer() goes on */
		}
		if (value != NULL)
			answer = read_answer(in->env, value, question);
		napi_close_handle_scope(in->env, scope);
	}
	in->asking--;
	engine_answer(question, answer);
}

napi_value
ui_answer(napi_env env, napi_callback_info info)
{
	struct instance *in = NULL;
	struct question *question;
	napi_value argv[2];
	size_t argc = 2;
	uint32_t serial;
	enum psm_answer answer;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    napi_get_instance_data(env, (void **)&in) != napi_ok ||
	    napi_get_value_uint32(env, argv[0], &serial) != napi_ok ||
	    (question = engine_question(in, serial)) == NULL)
		return NULL;
	answer = read_answer(env, argv[1], question);
	in->asking--;
	engine_answer(question, answer);
	return NULL;
}

void
ui_progress(struct instance *in, struct job *job,
            const struct progress *progress)
{
	napi_handle_scope scope;
	napi_value args[3];

	if (napi_open_handle_scope(in->env, &scope) != napi_ok)
		return;
	args[0] = js_text(in->env, progress->doing);
	args[1] = js_number(in->env, (double)progress->done);
	args[2] = js_number(in->env, (double)progress->total);
	(void)call_ask(in->env, job, ASK_PROGRESS, 0, args, 3);
	napi_close_handle_scope(in->env, scope);
}
