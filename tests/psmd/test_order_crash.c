/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_order_crash.c - orders and PKCS#12 files of a process that is killed
 * between any two of its steps, and asked again of another. PSMD_KILLS says how
 * often (200 come to each step more than once); PSMD_SEED which of the steps,
 * when they are fewer than there are. Linked with --wrap=sqlite3_step,
 * engine_call, pfx_make and pfx_pool_take. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "psm/psm.h"
#include "psmd/log.h"
#include "psmd/order.h"
#include "psmd/pkcs12.h"
#include "psmd/server.h"
#include "tests/psmd/records_place.h"
#include "tests/psmd/wrap_pfx.h"

enum { KILLS = 24, REQUEST_MAX = 4096, HASH = 32 };

int __real_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);
bool __real_engine_call(struct engine *engine,
                        void (*fn)(struct psm_ctx *ctx, void *arg), void *arg);
bool __wrap_engine_call(struct engine *engine,
                        void (*fn)(struct psm_ctx *ctx, void *arg), void *arg);

/* --- to die at a moment -------------------------------------------------- */

/* Each statement's step and each write to a file is one, and both ends of what
 * takes long. Several threads come to them. */
static atomic_int moments;
static int last_moment; /* 0: live on */
static bool is_armed;   /* in a child, once it is ready */
static bool torn;       /* a write gets half way */

static bool
moment_has_come(void)
{
	return is_armed && atomic_fetch_add(&moments, 1) + 1 == last_moment;
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
}

static void
pass_moment(void)
{
	if (moment_has_come())
		die();
}

int
__wrap_sqlite3_step(sqlite3_stmt *stmt)
{
	pass_moment();
	return __real_sqlite3_step(stmt);
}

bool
__wrap_engine_call(struct engine *engine,
                   void (*fn)(struct psm_ctx *ctx, void *arg), void *arg)
{
	bool done;

	pass_moment();
	done = __real_engine_call(engine, fn, arg);
	pass_moment();
	return done;
}

enum psm_err
__wrap_pfx_make(const struct pfx_key *key, const struct pfx_cert *certs,
                size_t n_certs, const char *password, const char *name,
                unsigned char **ret_file, size_t *ret_len)
{
	enum psm_err err;

	pass_moment();
	err = __real_pfx_make(key, certs, n_certs, password, name, ret_file,
	                      ret_len);
	pass_moment();
	return err;
}

enum psm_err
__wrap_pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                     struct pfx_key **ret_key)
{
	pass_moment();
	return __real_pfx_pool_take(pool, kind, ret_key);
}

static ssize_t
write_or_die(int fd, const void *data, size_t len, off_t at)
{
	if (moment_has_come()) {
		if (torn && pwrite(fd, data, len / 2, at) < 0)
			_exit(2);
		die();
	}
	return pwrite(fd, data, len, at);
}

static int
truncate_or_die(int fd, off_t len)
{
	pass_moment();
	return ftruncate(fd, len);
}

/* In a child an assertion that fails would be nobody's. */
#define must(good) must_here((good), #good, __LINE__)

static void
must_here(bool good, const char *what, int line)
{
	if (good)
		return;
	fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, line, what);
	_exit(4);
}

static void
watch_writes(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	must(vfs != NULL &&
	     vfs->xSetSystemCall(vfs, "ftruncate",
	                         (sqlite3_syscall_ptr)truncate_or_die) ==
	             SQLITE_OK);
	/* one of the two is the one it uses */
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write_or_die);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_or_die);
}

/* --- a service ----------------------------------------------------------- */

static const char *const purposes[] = { "1.3.6.1.5.5.7.3.2" };

#define CA { .days = 365, .max_days = 1095, .purposes = purposes, \
	     .n_purposes = 1 }
static struct profile profiles[] = {
	{ (char *)"client", PROFILE_SUBJECT_ACCOUNT, APPROVAL_AUTOMATIC, CA },
	{ (char *)"manual", PROFILE_SUBJECT_ACCOUNT, APPROVAL_MANUAL, CA },
};
static const struct config config = { .ca = (char *)"#issuer",
	                              .profiles = profiles,
	                              .n_profiles = 2 };

/* A service's directory; NSS is its children's alone, for it does not survive a
 * fork(). */
struct house {
	struct place *place;
	char request[REQUEST_MAX]; /* PEM */
	size_t request_len;
};

static void
open_server(struct server *server, const struct house *house)
{
	static const unsigned ready[PFX_N_KINDS];
	char why[300] = "";

	*server = (struct server){ .config = (struct config *)&config };
	must(records_open(house->place->path, true, &server->records) ==
	     REC_OK);
	server->engine = engine_new(house->place->dir, NULL, 8, why,
	                            sizeof why);
	must(server->engine != NULL);
	server->issuer = issuer_new();
	server->pool = pfx_pool_new(ready);
	must(server->issuer != NULL && server->pool != NULL);
}

/* What a process tells of one thing that it has done. */
struct answer {
	int step;
	int64_t value;
	unsigned char hash[HASH]; /* of what was answered */
};

struct life {
	const struct house *house;
	struct server server;
	int round, pipe;
};

static void
answer(struct life *life, int step, int64_t value, const void *data, size_t len)
{
	struct answer a = { step, value, { 0 } };

	crypto_hash_sha256(a.hash, data, len);
	must(write(life->pipe, &a, sizeof a) == sizeof a);
}

static void
make_authority(const char *dir)
{
	static const struct ca_params params = { .subject = "CN=Issuer",
		                                 .nickname = "#issuer",
		                                 .key_type = PSM_KEY_EC };
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	struct ca *ca = ca_new();

	must(ctx != NULL && psm_open(ctx, dir, PSM_OPEN_CREATE) == PSM_OK);
	must(psm_login(ctx, NULL) == PSM_OK);
	must(ca_init(ca, &params) == PSM_OK);
	ca_free(ca);
	psm_free(ctx);
}

static int
set_up(void **state)
{
	struct house *house = calloc(1, sizeof *house);
	void *place = NULL;
	int status;
	pid_t pid;
	FILE *in;

	log_set_level(LOG_FAILED);
	assert_non_null(house);
	assert_int_equal(place_setup(&place), 0);
	house->place = place;
	in = popen("openssl req -new -newkey ec -pkeyopt "
	           "ec_paramgen_curve:P-256 -nodes -keyout /dev/null "
	           "-subj /CN=Mallory 2>/dev/null", "r");
	assert_non_null(in);
	house->request_len = fread(house->request, 1, REQUEST_MAX, in);
	assert_int_equal(pclose(in), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		make_authority(house->place->dir);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	*state = house;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *house = *state;
	char command[128];

	snprintf(command, sizeof command, "cd %s && rm -f *.db *.txt",
	         house->place->dir);
	assert_int_equal(system(command), 0);
	*state = house->place;
	free(house);
	return place_teardown(state);
}

/* --- lives --------------------------------------------------------------- */

struct story {
	void (*live)(struct life *life);
	/* What a life leaves, when it has come to its end. */
	int orders, pkcs12, certs;
};

enum {
	S_MOMENTS,
	S_PLACED, S_COLLECTED,
	S_APPLIED, S_APPROVED, S_APPROVED_COLLECTED,
	S_ASKED, S_REJECTED,
	S_MADE, S_WAITS, S_DECIDED, S_MADE_LATER,
	N_STEPS
};

/* Place it, or find it again. */
static int64_t
place_order(struct life *life, char kind, const struct profile *profile,
            enum order_state *ret_state)
{
	const struct issuing issuing = server_issuing(&life->server);
	char name[32], why[ORDER_WHY_SIZE];
	const struct order_ask ask = {
		.account = "alice",
		.foreign_number = name,
		.form = ORDER_CSR,
		.request = life->house->request,
		.request_len = life->house->request_len,
		.profile = profile,
		.in_clear = true,
	};
	struct order order;
	int64_t number;

	snprintf(name, sizeof name, "%c-%d", kind, life->round);
	must(order_place(&issuing, &somebody, &ask, &order, why) == ORDER_OK);
	number = order.number;
	*ret_state = order.state;
	order_clear(&order);
	return number;
}

static enum order_err
collect(struct life *life, int step, int64_t number)
{
	const struct issuing issuing = server_issuing(&life->server);
	char why[ORDER_WHY_SIZE];
	struct order_text text;
	struct order order;
	enum order_err err;

	must(records_order_get(life->server.records, "alice", number, &order) ==
	     REC_OK);
	err = order_answer(&issuing, &order, CA_DIALECT_CERT, &text, why);
	if (err == ORDER_OK) {
		must(order.request == NULL); /* forgotten */
		answer(life, step, number, text.text, strlen(text.text));
		order_text_clear(&text);
	}
	order_clear(&order);
	return err;
}

static void
live_orders(struct life *life)
{
	const struct issuing issuing = server_issuing(&life->server);
	char why[ORDER_WHY_SIZE];
	enum order_state state;
	enum order_err err;
	int64_t number = place_order(life, 'F', &profiles[0], &state);

	must(state == ORDER_ISSUED);
	answer(life, S_PLACED, number, "", 0);
	must(collect(life, S_COLLECTED, number) == ORDER_OK);

	number = place_order(life, 'M', &profiles[1], &state);
	answer(life, S_APPLIED, number, "", 0);
	err = order_decide(&issuing, &somebody, number, true, "yes", why);
	must(err == ORDER_OK || (err == ORDER_STATE && state == ORDER_ISSUED));
	answer(life, S_APPROVED, number, "", 0);
	must(collect(life, S_APPROVED_COLLECTED, number) == ORDER_OK);

	number = place_order(life, 'R', &profiles[1], &state);
	answer(life, S_ASKED, number, "", 0);
	err = order_decide(&issuing, &somebody, number, false, "no", why);
	must(err == (state == ORDER_REJECTED ? ORDER_STATE : ORDER_OK));
	must(collect(life, S_REJECTED, number) == ORDER_STATE);
	answer(life, S_REJECTED, number, "", 0);
}

/* As createPKCS12ById does once it has judged who asks. */
static enum p12_err
ask_pkcs12(struct life *life, char kind, const struct profile *profile,
           struct pkcs12_result *ret_result)
{
	static const struct peer peer = { .address = "192.0.2.7" };
	const struct request request = { .server = &life->server,
		                         .peer = &peer };
	char name[32];
	const struct p12_call call = {
		.request = &request,
		.config = &config,
		.profile = profile,
		.ask = { .user = "alice", .profile = profile->name,
		         .subscriber = "S", .application = name },
		.content = { .parts = { { "CN", "Alice" } }, .n_parts = 1,
		             .cn = "Alice", .kind = PFX_EC_P256,
		             .password = "a secret of a PKCS#12" },
	};

	snprintf(name, sizeof name, "%c-%d", kind, life->round);
	return p12_make(&call, ret_result);
}

static void
get_pkcs12(struct life *life, int step, char kind,
           const struct profile *profile)
{
	struct pkcs12_result result;

	must(ask_pkcs12(life, kind, profile, &result) == P12_OK);
	must(result.state == PKCS12_DONE && result.len > 0);
	answer(life, step, result.cert, result.file, result.len);
	pkcs12_result_clear(&result);
}

static void
live_pkcs12(struct life *life)
{
	const struct issuing issuing = server_issuing(&life->server);
	char why[ORDER_WHY_SIZE];
	struct pkcs12_result result;
	enum order_err err;

	get_pkcs12(life, S_MADE, 'A', &profiles[0]);

	must(ask_pkcs12(life, 'B', &profiles[1], &result) == P12_OK);
	answer(life, S_WAITS, result.request, "", 0);
	err = order_decide(&issuing, &somebody, result.request, true, "", why);
	must(err == ORDER_OK || err == ORDER_STATE);
	answer(life, S_DECIDED, result.request, "", 0);
	pkcs12_result_clear(&result);
	get_pkcs12(life, S_MADE_LATER, 'B', &profiles[1]);
}

/* --- in a process of its own --------------------------------------------- */

/* The child's; it ends without a word to NSS or the records, as one that is
 * killed does. */
static void
run(struct life *life, const struct story *story, int moment, bool half)
{
	alarm(60);
	watch_writes();
	open_server(&life->server, life->house);
	torn = half;
	last_moment = moment;
	is_armed = true;
	story->live(life);
	is_armed = false;
	answer(life, S_MOMENTS, atomic_load(&moments), "", 0);
	_exit(0);
}

/* A life that ends at that moment (0: never); true: it came to its end. What it
 * answered is in answers; what it did not come to, all zeros. */
static bool
run_until(const struct house *house, const struct story *story, int round,
          int moment, bool half, struct answer answers[N_STEPS])
{
	struct life life = { .house = house, .round = round };
	struct answer a;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		life.pipe = ends[1];
		run(&life, story, moment, half);
	}
	close(ends[1]);
	memset(answers, 0, N_STEPS * sizeof *answers);
	while (read(ends[0], &a, sizeof a) == sizeof a)
		answers[a.step] = a;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return true;
	}
	assert_int_equal(WTERMSIG(status), SIGKILL);
	return false;
}

/* Of a round: where its order stands; -1: there is none. */
static int
state_of(const struct place *place, char kind, int round)
{
	char sql[128];

	snprintf(sql, sizeof sql, "SELECT coalesce(max(state), -1) FROM orders"
	         " WHERE foreign_number = '%c-%d'", kind, round);
	return (int)place_number(place, sql);
}

/* What was told is on the disk, and nothing is half done. */
static void
assert_kept(const struct place *place, int round,
            const struct answer answers[N_STEPS])
{
	place_check(place);
	if (answers[S_PLACED].value != 0)
		assert_int_equal(state_of(place, 'F', round), ORDER_ISSUED);
	if (answers[S_APPLIED].value != 0)
		assert_true(state_of(place, 'M', round) >= ORDER_APPLIED);
	if (answers[S_APPROVED].value != 0)
		assert_int_equal(state_of(place, 'M', round), ORDER_ISSUED);
	if (answers[S_REJECTED].value != 0)
		assert_int_equal(state_of(place, 'R', round), ORDER_REJECTED);
}

/* What was answered once is answered again: number, certificate and file. */
static void
assert_same(const struct answer before[N_STEPS],
            const struct answer after[N_STEPS])
{
	for (int i = S_PLACED; i < N_STEPS; i++)
		if (before[i].value != 0) {
			assert_int_equal(after[i].value, before[i].value);
			assert_memory_equal(after[i].hash, before[i].hash,
			                    HASH);
		}
}

static void
assert_one_of_each(const struct place *place, const struct story *story,
                   int lives)
{
	place_check(place);
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"),
	                 lives * story->orders);
	assert_int_equal(place_number(place, "SELECT count(*) FROM pkcs12"),
	                 lives * story->pkcs12);
	assert_int_equal(place_number(place, "SELECT count(*)"
	                                     " FROM certificate"),
	                 lives * story->certs);
	assert_int_equal(place_number(place, "SELECT count(DISTINCT serial)"
	                                     " FROM certificate"),
	                 lives * story->certs);
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"
	                                     " WHERE state IN (0, 1)"), 0);
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"
	                                     " WHERE length(request) > 0"), 0);
}

static int
number_of(const char *variable, int otherwise)
{
	const char *text = getenv(variable);

	return text != NULL && atoi(text) > 0 ? atoi(text) : otherwise;
}

/* The moment of a kill, so that all of them come to each part of a life: one
 * after the other with as many kills as there are moments, else one of each
 * piece. */
static int
choose_moment(int i, int kills, int all)
{
	if (kills >= all)
		return 1 + i % all;
	return 1 + (int)(((long long)i * all + rand() % all) / kills);
}

static void
die_and_ask_again(const struct house *house, const struct story *story,
                  int kills)
{
	struct answer before[N_STEPS], after[N_STEPS];
	int all, died = 0;

	assert_true(run_until(house, story, 0, 0, false, after));
	all = (int)after[S_MOMENTS].value;
	print_message("# %d moments\n", all);
	assert_true(all > 40);
	for (int i = 0; i < kills; i++) {
		int round = i + 1, moment = choose_moment(i, kills, all);

		died += !run_until(house, story, round, moment,
		                   (i + i / all) % 2 == 1, before);
		assert_kept(house->place, round, before);
		assert_true(run_until(house, story, round, 0, false, after));
		assert_same(before, after);
	}
	print_message("# %d of %d were killed\n", died, kills);
	assert_true(died >= kills - kills / 10);
	assert_one_of_each(house->place, story, kills + 1);
}

/* --- the tests ----------------------------------------------------------- */

static void
test_order_killed_at_any_step_is_answered_again(void **state)
{
	static const struct story story = { live_orders, 3, 0, 2 };

	die_and_ask_again(*state, &story, number_of("PSMD_KILLS", KILLS));
}

static void
test_pkcs12_killed_at_any_step_is_answered_again(void **state)
{
	static const struct story story = { live_pkcs12, 0, 2, 2 };

	die_and_ask_again(*state, &story, number_of("PSMD_KILLS", KILLS) / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        test_order_killed_at_any_step_is_answered_again,
		        set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        test_pkcs12_killed_at_any_step_is_answered_again,
		        set_up, tear_down),
	};
	int seed = number_of("PSMD_SEED", (int)(time(NULL) % 100000) + 1);

	printf("# PSMD_SEED=%d\n", seed);
	srand((unsigned)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
