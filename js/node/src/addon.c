/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* addon.c - what JavaScript sees: door(), answer() and a function a call. */

#include <stdlib.h>

#include "src/addon.h"

/* Distinguishes a door from what else may be wrapped. */
static const napi_type_tag door_tag = { 0x9a7b1c54e0d84f3bULL,
	                                0x8d2e6f10c3a9574bULL };

/* --- doors -------------------------------------------------------------- */

static void
forget_door(struct door *door)
{
	struct door **at = &door->in->doors;

	while (*at != NULL && *at != door)
		at = &(*at)->next;
	if (*at == door)
		*at = door->next;
}

/* The garbage collector found a handle: its context belongs to the engine. */
static void
end_door(napi_env env, void *data, void *hint)
{
	struct door *door = data;
	struct job *job = NULL;

	(void)env, (void)hint;
	if (door->in != NULL)
		forget_door(door);
	if (door->ctx != NULL)
		job = calloc(1, sizeof *job);
	if (job == NULL) {
		free(door);
		return;
	}
	job->call = &close_call;
	job->in = door->in;
	job->door = door;
	job->orphan = true;
	engine_submit(job);
}

/* door(): a handle for the other calls, not open yet. */
static napi_value
new_door(napi_env env, napi_callback_info info)
{
	struct instance *in = NULL;
	struct door *door = NULL;
	napi_value handle;

	(void)info;
	if (napi_get_instance_data(env, (void **)&in) != napi_ok ||
	    napi_create_object(env, &handle) != napi_ok ||
	    (door = calloc(1, sizeof *door)) == NULL)
		goto failed;
	door->in = in;
	door->next = in->doors;
	in->doors = door;
	if (napi_type_tag_object(env, handle, &door_tag) != napi_ok ||
	    napi_wrap(env, handle, door, end_door, NULL, NULL) != napi_ok)
		goto failed;
	return handle;
failed:
	if (door != NULL) {
		forget_door(door);
		free(door);
	}
	napi_throw_error(env, NULL, "out of memory");
	return NULL;
}

static struct door *
find_door(napi_env env, napi_value handle)
{
	struct door *door;
	bool is_door = false;

	if (napi_check_object_type_tag(env, handle, &door_tag, &is_door) !=
	            napi_ok ||
	    !is_door || napi_unwrap(env, handle, (void **)&door) != napi_ok)
		return NULL;
	return door;
}

/* --- calls -------------------------------------------------------------- */

/* Fill job from the arguments (handle, ask, async, texts, numbers). */
static bool
read_job(napi_env env, napi_callback_info info, struct job *job)
{
	napi_value argv[5];
	size_t argc = 5;
	void *data;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, &data) != napi_ok)
		return false;
	job->call = data;
	return napi_get_instance_data(env, (void **)&job->in) == napi_ok &&
	       (job->door = find_door(env, argv[0])) != NULL &&
	       napi_get_value_bool(env, argv[2], &job->async) == napi_ok &&
	       value_texts(env, argv[3], &job->texts, &job->n_texts) &&
	       value_numbers(env, argv[4], &job->numbers, &job->n_numbers) &&
	       job->n_texts >= job->call->n_texts &&
	       job->n_numbers >= job->call->n_numbers &&
	       napi_create_reference(env, argv[0], 1, &job->handle) ==
	               napi_ok &&
	       napi_create_reference(env, argv[1], 1, &job->ask) == napi_ok;
}

static napi_value
call_async(napi_env env, struct job *job)
{
	struct instance *in = job->in;
	napi_value promise;

	if (napi_create_promise(env, &job->deferred, &promise) != napi_ok) {
		job_end(env, job);
		return NULL;
	}
	if (in->promises++ == 0)
		napi_ref_threadsafe_function(env, in->wake);
	engine_submit(job);
	return promise;
}

static napi_value
call_sync(napi_env env, struct job *job)
{
	napi_value value, error = NULL;

	engine_submit(job);
	engine_wait(job);
	value = job_value(env, job, &error);
	if (value == NULL)
		napi_throw(env, error);
	job_end(env, job);
	return value;
}

static napi_value
call(napi_env env, napi_callback_info info)
{
	struct job *job = calloc(1, sizeof *job);

	if (job == NULL) {
		napi_throw_error(env, NULL, "out of memory");
		return NULL;
	}
	if (!read_job(env, info, job)) {
		job_end(env, job);
		napi_throw_type_error(env, NULL, "wrong arguments");
		return NULL;
	}
	return job->async ? call_async(env, job) : call_sync(env, job);
}

/* --- the addon in a thread ---------------------------------------------- */

static void
on_wake(napi_env env, napi_value function, void *context, void *data)
{
	(void)function, (void)data;
	if (env != NULL)
		engine_drain(context);
}

static void
on_end(void *data)
{
	struct instance *in = data;

	engine_detach(in);
	napi_release_threadsafe_function(in->wake, napi_tsfn_abort);
}

static void
free_instance(napi_env env, void *data, void *hint)
{
	(void)env, (void)hint;
	free(data);
}

/* The function that wakes a thread comes first: hooks run backwards, and
 * nobody may use it when its own has run. */
static bool
begin(napi_env env, struct instance *in)
{
	napi_value name;

	in->env = env;
	return napi_create_string_utf8(env, "psm", NAPI_AUTO_LENGTH, &name) ==
	               napi_ok &&
	       napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1,
	                                       NULL, NULL, in, on_wake,
	                                       &in->wake) == napi_ok &&
	       napi_unref_threadsafe_function(env, in->wake) == napi_ok &&
	       engine_attach(in) &&
	       napi_add_env_cleanup_hook(env, on_end, in) == napi_ok;
}

static bool
put_function(napi_env env, napi_value exports, const char *name,
             napi_callback function, const void *data)
{
	napi_value value;

	return napi_create_function(env, name, NAPI_AUTO_LENGTH, function,
	                            (void *)data, &value) == napi_ok &&
	       js_put(env, exports, name, value);
}

/* Node's macro defines it without a prototype. */
NAPI_MODULE_EXPORT int32_t NODE_API_MODULE_GET_API_VERSION(void);

NAPI_MODULE_INIT()
{
	struct instance *in = calloc(1, sizeof *in);
	bool good = in != NULL && begin(env, in) &&
	            napi_set_instance_data(env, in, free_instance, NULL) ==
	                    napi_ok &&
	            put_function(env, exports, "door", new_door, NULL) &&
	            put_function(env, exports, "answer", ui_answer, NULL) &&
	            js_put(env, exports, "version",
	                   js_text(env, psm_version()));

	for (size_t i = 0; good && i < n_calls; i++)
		good = put_function(env, exports, calls[i].name, call,
		                    &calls[i]);
	if (!good)
		napi_throw_error(env, NULL, "the addon cannot begin");
	return exports;
}
