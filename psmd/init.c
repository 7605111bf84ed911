/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* init.c - psmd init: a folder with all that a first start needs, or nothing.
 *
 * A file "unfinished" is the first there and the last to go, so what an
 * interruption leaves is known for what it is. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "psmd/hash.h"
#include "psmd/init_int.h"
#include "psmd/password.h"
#include "psmd/server_cert.h"

#define UNFINISHED "unfinished"

bool
init_path(const struct making *m, const char *name, char path[PATH_MAX])
{
	int len = snprintf(path, PATH_MAX, "%s/%s", m->dir, name);

	if (len < 0 || len >= PATH_MAX)
		return command_fail("%s: the path is too long", m->dir);
	return true;
}

static bool
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return false;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) == 0;
}

bool
init_write(const struct making *m, const char *name, unsigned mode,
           const char *text, size_t len)
{
	char path[PATH_MAX];
	int fd;
	bool good;

	if (!init_path(m, name, path))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	          0600);
	good = fd >= 0 && write_all(fd, text, len) && fchmod(fd, mode) == 0;
	if (fd >= 0)
		good = close(fd) == 0 && good;
	return good || command_fail("%s: %s", path, strerror(errno));
}

/* --- the folder ---------------------------------------------------------- */

static bool
find_owner(struct making *m)
{
	const char *user = m->args->value[OPT_USER];
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (user == NULL)
		return true;
	if (getpwnam_r(user, &entry, buf, sizeof buf, &found) != 0 ||
	    found == NULL)
		return command_fail("there is no user \"%s\"", user);
	m->has_owner = true;
	m->uid = entry.pw_uid;
	m->gid = entry.pw_gid;
	if (geteuid() != 0 && geteuid() != m->uid)
		return command_fail("--user needs root");
	return true;
}

/* It is there already: what with? */
static bool
refuse_full(const char *dir, bool unfinished, bool whole)
{
	if (unfinished)
		return command_fail("%s is what a psmd init left that was "
		                    "interrupted: delete it (rm -r %s) and try "
		                    "again", dir, dir);
	if (whole)
		return command_fail("%s is a psmd's already: psmd run -c "
		                    "%s/psmd.conf", dir, dir);
	return command_fail("%s is not empty", dir);
}

static bool
check_empty(const char *dir)
{
	bool any = false, unfinished = false, whole = false;
	DIR *open_dir = opendir(dir);
	struct dirent *entry;

	if (open_dir == NULL)
		return command_fail("%s: %s", dir, strerror(errno));
	while ((entry = readdir(open_dir)) != NULL) {
		any |= strcmp(entry->d_name, ".") != 0 &&
		       strcmp(entry->d_name, "..") != 0;
		unfinished |= strcmp(entry->d_name, UNFINISHED) == 0;
		whole |= strcmp(entry->d_name, "psmd.conf") == 0;
	}
	closedir(open_dir);
	return !any || refuse_full(dir, unfinished, whole);
}

static bool
make_dir(struct making *m)
{
	const char *dir = m->args->word;

	m->made_dir = mkdir(dir, 0700) == 0;
	if (!m->made_dir && errno != EEXIST)
		return command_fail("%s: %s", dir, strerror(errno));
	if (realpath(dir, m->dir) == NULL)
		return command_fail("%s: %s", dir, strerror(errno));
	if (!m->made_dir && !check_empty(m->dir))
		return false;
	if (chmod(m->dir, 0700) != 0)
		return command_fail("%s: %s", dir, strerror(errno));
	return init_write(m, UNFINISHED, 0600, "", 0);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level > 0 ? remove(path) : 0;
}

/* After a failure: the folder was empty before. */
static void
undo(const struct making *m)
{
	if (nftw(m->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 ||
	    (m->made_dir && rmdir(m->dir) != 0))
		command_fail("and %s cannot be removed: %s", m->dir,
		             strerror(errno));
}

static uid_t new_uid;
static gid_t new_gid;

static int
chown_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return lchown(path, new_uid, new_gid);
}

/* The folder comes last: nobody is let in while root follows paths there. */
static bool
hand_over(const struct making *m)
{
	if (!m->has_owner)
		return true;
	new_uid = m->uid;
	new_gid = m->gid;
	return nftw(m->dir, chown_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ||
	       command_fail("chown %s: %s", m->dir, strerror(errno));
}

static bool
finish(const struct making *m)
{
	char path[PATH_MAX];
	int fd;
	bool good;

	if (!init_path(m, UNFINISHED, path))
		return false;
	fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = fd >= 0 && fsync(fd) == 0 && unlink(path) == 0 &&
	       fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return good || command_fail("%s: %s", m->dir, strerror(errno));
}

/* --- what goes into it --------------------------------------------------- */

/* Written first and read back, for it says what is wrong with the options. */
static bool
make_config(struct making *m)
{
	struct config_set set[3] = { { "server.password_file", "nss.pin" } };
	char path[PATH_MAX], *text = NULL;
	size_t n = 1, len = 0;
	FILE *out = open_memstream(&text, &len);
	bool good;

	if (out == NULL)
		return command_fail("out of memory");
	if (m->args->value[OPT_USER] != NULL)
		set[n++] = (struct config_set){ "server.user",
			                        m->args->value[OPT_USER] };
	if (m->args->value[OPT_LISTEN] != NULL)
		set[n++] = (struct config_set){ "server.listen_https",
			                        m->args->value[OPT_LISTEN] };
	good = config_write(out, set, n);
	good = (fclose(out) == 0 && good) || command_fail("out of memory");
	good = good && init_write(m, "psmd.conf", 0600, text, len) &&
	       init_path(m, "psmd.conf", path);
	free(text);
	if (good)
		m->config = config_read(path, stderr);
	return m->config != NULL;
}

static bool
make_pin(struct making *m)
{
	char line[sizeof m->pin + 1];
	bool good;

	password_make(m->pin, sizeof m->pin);
	snprintf(line, sizeof line, "%s\n", m->pin);
	good = init_write(m, "nss.pin", 0600, line, strlen(line));
	explicit_bzero(line, sizeof line);
	return good;
}

static enum rec_err
store_account(const struct making *m, const struct account *account)
{
	struct records *records = NULL;
	enum rec_err err = records_open(m->config->records, true, &records);

	if (err == REC_OK)
		err = records_account_add(records, account);
	records_close(records);
	return err;
}

static bool
make_account(struct making *m)
{
	struct account account = { .name = "admin", .privileges = PRIV_ALL,
		                   .enabled = true };
	enum rec_err err = REC_FAILED;
	bool good;

	password_make(m->password, sizeof m->password);
	if (!hash_open())
		return command_fail("NSS does not start");
	good = password_set(&account, m->password, m->config->realm, true);
	good = hash_close() && good;
	if (good)
		err = store_account(m, &account);
	explicit_bzero(&account, sizeof account);
	return err == REC_OK || command_fail("the first account: %s",
	                                     rec_strerror(err));
}

static bool
make(struct making *m)
{
	return make_config(m) && init_names(m) && make_pin(m) &&
	       init_store(m) && make_account(m) && hand_over(m) && finish(m);
}

/* --- what comes next ----------------------------------------------------- */

/* As a shell takes it. */
static void
print_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "0123456789_-./";

	if (strspn(word, plain) == strlen(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			fputs("'\\'", stdout);
		putchar(*word);
	}
	putchar('\'');
}

/* "https://127.0.0.1:8443", from here. */
static void
print_url(const struct making *m)
{
	const struct listen_address *at = &m->config->listen[0];
	const char *host = at->host;
	bool any = host == NULL || strcmp(host, "0.0.0.0") == 0 ||
	           strcmp(host, "::") == 0;

	if (any)
		host = m->names.list[0];
	printf(strchr(host, ':') != NULL ? "https://[%s]:%s"
	                                 : "https://%s:%s",
	       host, at->port);
}

static void
print_path(const struct making *m, const char *name)
{
	char path[PATH_MAX];

	if (init_path(m, name, path))
		print_word(path);
}

static bool
print_next(const struct making *m)
{
	printf("account   admin\npassword  %s\n\n"
	       "This is shown once. Start it:\n\n  psmd run -c ", m->password);
	print_path(m, "psmd.conf");
	if (m->config->n_listen > 0) {
		fputs("\n\nThen, with that password:\n\n  curl --cacert ",
		      stdout);
		print_path(m, "ca.pem");
		fputs(" --digest -u admin ", stdout);
		print_url(m);
		fputs("/api/cert/user\n\nor a browser that trusts that file "
		      "as an authority: ", stdout);
		print_url(m);
		putchar('/');
	}
	putchar('\n');
	return fflush(stdout) == 0 ||
	       command_fail("cannot write: %s", strerror(errno));
}

int
cmd_init(const struct args *args)
{
	struct making m = { .args = args };
	bool good = false;

	umask(077);
	if (!server_cert_days(args, &m.days) || !find_owner(&m))
		return STATUS_USAGE;
	if (!password_init())
		command_fail("libsodium does not start");
	else if (make_dir(&m)) {
		good = make(&m) && print_next(&m);
		if (!good) {
			command_tell_room(m.dir);
			undo(&m);
		}
	} else if (m.made_dir)
		undo(&m);
	config_free(m.config);
	if (good && geteuid() == 0 && !m.has_owner)
		command_fail("it will run as root; --user names another");
	explicit_bzero(&m, sizeof m);
	return good ? STATUS_DONE : STATUS_FAILED;
}
