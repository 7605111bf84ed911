/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* engine.c - the one thread that makes the calls of libpsm, and its queue. */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/addon.h"

/* NSS is one a process, and so is this. Locks are taken in this order: life,
 * lock. */
static struct {
	pthread_mutex_t life; /* thread, users */
	pthread_t thread;
	size_t users;

	pthread_mutex_t lock; /* all below, and what jobs and instances say */
	pthread_cond_t work;  /* the engine: a job, an answer, or the end */
	pthread_cond_t news;  /* JavaScript: a question, progress, an end */
	struct job *first, **last;
	struct job *current;
	struct question *question;
	uint32_t serial;
	bool stop, quitting;
} engine = {
	.life = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.news = PTHREAD_COND_INITIALIZER,
	.last = &engine.first,
};

static void
lock(void)
{
	pthread_mutex_lock(&engine.lock);
}

static void
unlock(void)
{
	pthread_mutex_unlock(&engine.lock);
}

/* Have the event loop of in call engine_drain(). Under the lock. */
static void
wake(struct instance *in)
{
	if (in->woken || in->closing)
		return;
	in->woken = napi_call_threadsafe_function(
	                    in->wake, NULL, napi_tsfn_nonblocking) == napi_ok;
}

/* --- the engine's thread ------------------------------------------------ */

static void
finish(struct job *job)
{
	struct instance *in = job->in;

	job->state = JOB_DONE;
	if (job->orphan) {
		job_free(job);
	} else if (job->async) {
		job->next = NULL;
		*in->done_end = job;
		in->done_end = &job->next;
		wake(in);
	}
	in->unfinished--;
	pthread_cond_broadcast(&engine.news);
}

static void *
engine_main(void *arg)
{
	lock();
	for (;;) {
		struct job *job;

		while (engine.first == NULL && !engine.stop)
			pthread_cond_wait(&engine.work, &engine.lock);
		if ((job = engine.first) == NULL)
			break;
		if ((engine.first = job->next) == NULL)
			engine.last = &engine.first;
		engine.current = job;
		job->state = JOB_RUNNING;
		unlock();
		job_run(job);
		lock();
		engine.current = NULL;
		finish(job);
	}
	unlock();
	return arg;
}

enum psm_answer
engine_ask(struct question *question)
{
	struct instance *in = question->job->in;

	lock();
	question->answer = PSM_ANSWER_NO;
	question->answered = in->closing || engine.quitting;
	question->serial = ++engine.serial;
	engine.question = question;
	pthread_cond_broadcast(&engine.news);
	if (question->job->async)
		wake(in);
	while (!question->answered)
		pthread_cond_wait(&engine.work, &engine.lock);
	engine.question = NULL;
	unlock();
	return question->answer;
}

void
engine_progress(struct job *job, const char *doing, size_t done, size_t total)
{
	struct progress *progress = &job->progress;

	lock();
	progress->fresh = true;
	snprintf(progress->doing, sizeof progress->doing, "%s", doing);
	progress->done = done;
	progress->total = total;
	pthread_cond_broadcast(&engine.news);
	if (job->async)
		wake(job->in);
	unlock();
}

/* --- its life ----------------------------------------------------------- */

/* Signals are for Node's own threads. */
static bool
start(void)
{
	sigset_t all, before;
	bool good;

	engine.stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	good = pthread_create(&engine.thread, NULL, engine_main, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

static void
stop(void)
{
	lock();
	engine.stop = true;
	pthread_cond_signal(&engine.work);
	unlock();
	pthread_join(engine.thread, NULL);
}

bool
engine_attach(struct instance *in)
{
	bool good;

	in->done_end = &in->done;
	pthread_mutex_lock(&engine.life);
	good = engine.users > 0 || start();
	if (good)
		engine.users++;
	pthread_mutex_unlock(&engine.life);
	return good;
}

/* Under the lock. The question ends with "no" if nobody is left to ask. */
static void
deny_question(void)
{
	if (engine.question == NULL)
		return;
	engine.question->answered = true;
	pthread_cond_signal(&engine.work);
}

/* Take what in waits for, or with NULL what anybody does, out of the queue.
 * Under the lock. Closing for the garbage collector stays. */
static struct job *
withdraw(const struct instance *in)
{
	struct job *gone = NULL, **at = &engine.first;

	while (*at != NULL) {
		struct job *job = *at;

		if (job->orphan || (in != NULL && job->in != in)) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job->in->unfinished--;
		job->next = gone;
		gone = job;
	}
	engine.last = at;
	return gone;
}

static void
free_jobs(struct instance *in, struct job *list)
{
	while (list != NULL) {
		struct job *job = list;

		list = job->next;
		job_end(in->env, job);
	}
}

/* Close what in has open, and wait for that. The doors go with their handles,
 * perhaps later than in. */
static void
close_doors(struct instance *in)
{
	struct door *door;

	while ((door = in->doors) != NULL) {
		struct job job = { .call = &close_call, .in = in,
			           .door = door };

		in->doors = door->next;
		door->in = NULL;
		engine_submit(&job);
		lock();
		while (job.state != JOB_DONE)
			pthread_cond_wait(&engine.news, &engine.lock);
		unlock();
	}
}

void
engine_detach(struct instance *in)
{
	struct job *waiting, *done;

	lock();
	in->closing = true;
	waiting = withdraw(in);
	if (engine.question != NULL && engine.question->job->in == in)
		deny_question();
	while (in->unfinished > 0)
		pthread_cond_wait(&engine.news, &engine.lock);
	done = in->done;
	in->done = NULL;
	in->done_end = &in->done;
	unlock();
	free_jobs(in, waiting);
	free_jobs(in, done);
	close_doors(in);
	pthread_mutex_lock(&engine.life);
	if (--engine.users == 0)
		stop();
	pthread_mutex_unlock(&engine.life);
}

/* exit() in the middle of a call: what has begun ends properly, before the
 * libraries it uses are taken apart. */
__attribute__((destructor)) static void
quit(void)
{
	struct job *waiting;

	pthread_mutex_lock(&engine.life);
	lock();
	engine.quitting = true;
	waiting = withdraw(NULL);
	deny_question();
	unlock();
	while (waiting != NULL) {
		struct job *job = waiting;

		waiting = job->next;
		if (job->async)
			job_free(job);
	}
	if (engine.users > 0)
		stop();
	pthread_mutex_unlock(&engine.life);
}

/* --- JavaScript's threads ----------------------------------------------- */

void
engine_submit(struct job *job)
{
	lock();
	job->next = NULL;
	job->state = JOB_QUEUED;
	*engine.last = job;
	engine.last = &job->next;
	job->in->unfinished++;
	pthread_cond_signal(&engine.work);
	unlock();
}

void
engine_answer(struct question *question, enum psm_answer answer)
{
	lock();
	question->answer = answer;
	question->answered = true;
	pthread_cond_signal(&engine.work);
	unlock();
}

struct question *
engine_question(struct instance *in, uint32_t serial)
{
	struct question *question;

	lock();
	question = engine.question;
	if (question != NULL &&
	    (question->job->in != in || question->serial != serial ||
	     question->answered))
		question = NULL;
	unlock();
	return question;
}

/* The question that in has to take up, or NULL. Under the lock. */
static struct question *
take_question(struct instance *in)
{
	struct question *question = engine.question;

	if (question == NULL || question->job->in != in || question->taken ||
	    question->answered)
		return NULL;
	question->taken = true;
	return question;
}

/* What job has to tell, if anything. Under the lock. */
static bool
take_progress(struct job *job, struct progress *ret_progress)
{
	if (!job->progress.fresh)
		return false;
	*ret_progress = job->progress;
	job->progress.fresh = false;
	return true;
}

/* Answer or tell what the engine has for in. Under the lock, which it gives up
 * meanwhile; false: there was nothing. */
static bool
serve(struct instance *in)
{
	struct question *question = take_question(in);
	struct job *job = engine.current;
	struct progress progress;

	if (question != NULL) {
		unlock();
		ui_serve(in, question);
		lock();
		return true;
	}
	if (job == NULL || job->in != in || job->orphan ||
	    !take_progress(job, &progress))
		return false;
	unlock();
	ui_progress(in, job, &progress);
	lock();
	return true;
}

/* Take a job back that has not begun. Under the lock. */
static void
take_back(struct job *job)
{
	struct job **at = &engine.first;

	while (*at != job)
		at = &(*at)->next;
	if ((*at = job->next) == NULL)
		engine.last = at;
	job->in->unfinished--;
	job->state = JOB_DONE;
	job->err = PSM_E_BUSY;
	snprintf(job->errmsg, sizeof job->errmsg,
	         "another call waits for the promise of a callback");
}

void
engine_wait(struct job *job)
{
	struct progress progress;

	lock();
	while (job->state != JOB_DONE) {
		if (serve(job->in))
			continue;
		/* The promise needs the event loop, which waits for this. */
		if (job->in->asking > 0 && job->state == JOB_QUEUED)
			take_back(job);
		else
			pthread_cond_wait(&engine.news, &engine.lock);
	}
	if (take_progress(job, &progress)) {
		unlock();
		ui_progress(job->in, job, &progress);
		lock();
	}
	unlock();
}

static void
settle(struct instance *in, struct job *job)
{
	napi_env env = in->env;
	napi_value value, error = NULL;

	if (job->progress.fresh)
		ui_progress(in, job, &job->progress);
	value = job_value(env, job, &error);
	if (value != NULL)
		napi_resolve_deferred(env, job->deferred, value);
	else
		napi_reject_deferred(env, job->deferred, error);
	job_end(env, job);
	if (--in->promises == 0)
		napi_unref_threadsafe_function(env, in->wake);
}

/* Settle the first of what is done. Under the lock, as serve(). */
static bool
settle_one(struct instance *in)
{
	struct job *job = in->done;

	if (job == NULL)
		return false;
	if ((in->done = job->next) == NULL)
		in->done_end = &in->done;
	unlock();
	settle(in, job);
	lock();
	return true;
}

void
engine_drain(struct instance *in)
{
	napi_handle_scope scope;
	bool more = true;

	lock();
	in->woken = false;
	unlock();
	while (more && napi_open_handle_scope(in->env, &scope) == napi_ok) {
		lock();
		more = settle_one(in) || serve(in);
		unlock();
		napi_close_handle_scope(in->env, scope);
	}
}
