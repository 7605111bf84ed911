/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cli.h - what the files of the program psm share.
 *
 * A function that can fail returns an enum psm_err. Where psm itself, not the
 * library, knows why, it says so with cli_fail(); the first sentence stands. */

#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "json/json.h"
#include "psm/psm.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* cleanup(f): f gets the address of the variable that leaves scope. */
#define AUTO(f) __attribute__((cleanup(f)))

struct cli;

/* --- options.c --------------------------------------------------------- */

/* One letter and one long name mean one thing, whatever the subcommand. */
enum opt {
	OPT_DIR, OPT_PASSWORD_FILE, OPT_PASSWORD_FD, OPT_NO_PASSWORD,
	OPT_NICKNAME, OPT_TOKEN, OPT_INPUT, OPT_OUTPUT, OPT_ASCII, OPT_RAW,
	OPT_SUBJECT, OPT_KEY_TYPE, OPT_KEY_SIZE, OPT_CURVE, OPT_PKCS10,
	OPT_USAGE, OPT_UNEXTRACTABLE, OPT_CA, OPT_REG_TOKEN_FILE,
	OPT_AUTHENTICATOR_FILE, OPT_JS, OPT_MATCH_BY_KEY, OPT_ALLOW_CA,
	OPT_BACKUP, OPT_BACKUP_PASSWORD_FILE, OPT_BACKUP_PASSWORD_FD,
	OPT_COMPAT, OPT_FORCE, OPT_KEEP_KEY, OPT_DELETE_KEY, OPT_ID, OPT_DAYS,
	OPT_DIALECT, OPT_EMAIL, OPT_REFUSE, OPT_NO_CHAIN, OPT_TRUST, OPT_ISSUER,
	OPT_ANY, OPT_SECRET_FILE, OPT_SIGNER,
	OPT_USER, OPT_USER_PASSWORD_FILE, OPT_USER_PASSWORD_FD,
	OPT_NEW_PASSWORD_FILE, OPT_NEW_PASSWORD_FD, OPT_AES_KEY_FILE,
	OPT_CIPHER, OPT_FIELD, OPT_KEY, OPT_PROFILE, OPT_SUBSCRIBER,
	OPT_APPLICATION, OPT_VALIDITY, OPT_FROM,
	OPT_YES, OPT_JSON, OPT_QUIET, OPT_HELP, OPT_VERSION,
	OPT_COUNT_
};

#define OPT_BIT(o) (UINT64_C(1) << (o))

/* What stands on the command line. */
struct options {
	struct opt_use {
		enum opt opt;
		const char *value;
	} *use;
	size_t n;
	const char *word[3]; /* what is no option: the subcommand */
	size_t n_words;
};

/* Read argv into cli->options. The arguments are borrowed. */
enum psm_err options_read(struct cli *cli, int argc, char **argv);
void options_clear(struct options *options);
/* Those used are among takes, each once unless among repeats, and those of
 * needs are there. */
enum psm_err options_check(struct cli *cli, uint64_t takes, uint64_t needs,
                           uint64_t repeats);
/* The i-th use of an option that may be repeated; NULL past the last. */
const char *opt_nth(const struct cli *cli, enum opt opt, size_t i);
/* The value; NULL when the option is not used. */
const char *opt_value(const struct cli *cli, enum opt opt);
bool opt_given(const struct cli *cli, enum opt opt);
/* A whole number from min to max; *ret_number stays when not used. */
enum psm_err opt_number(struct cli *cli, enum opt opt, unsigned min,
                        unsigned max, unsigned *ret_number);
/* PSM_E_ARGUMENT when both are used. */
enum psm_err opt_exclude(struct cli *cli, enum opt one, enum opt other);
/* --key-type, --key-size and --curve. */
enum psm_err opt_key(struct cli *cli, enum psm_key_type *ret_type,
                     unsigned *ret_bits);
/* "-d DIR" or "--id N" on out. */
void opt_print_usage(FILE *out, enum opt opt);
/* A line for each of the options. */
void opt_print_help(FILE *out, uint64_t options);

/* --- password.c -------------------------------------------------------- */

/* Where a password comes from: --...-file, --...-fd, or the terminal. */
struct password {
	enum opt file, fd;
	char text[4096]; /* what the file or descriptor held */
	bool loaded;
};

/* A password from the file or descriptor that the options name, else asked
 * for, twice if it is a new one.
 *   token  or NULL: in a file, a line "token:password" is for it
 * PSM_ANSWER_NONE: there is nothing to read and nobody to ask. */
enum psm_answer password_get(struct cli *cli, struct password *from,
                             const char *prompt, const char *token,
                             unsigned attempt, bool is_new, char *buf,
                             size_t size);
/* The first line of the file that opt names, "" when not used. */
enum psm_err secret_read(struct cli *cli, enum opt opt, char *buf, size_t size);

/* --- ui.c -------------------------------------------------------------- */

extern const struct psm_ui cli_ui; /* its arg is the struct cli */

/* Somebody sits at the terminal and watches. */
bool ui_interactive(void);
/* PSM_E_CANCELLED for anything but yes. */
enum psm_err ui_ask(struct cli *cli, const char *question);
/* Wipe the progress line, if one is shown. */
void ui_clear(struct cli *cli);

/* --- text.c ------------------------------------------------------------ */

/* text with control characters, and those that turn the direction of writing,
 * as \xNN: names come from strangers. NULL prints nothing. */
void put_text(FILE *out, const char *text);
/* YYYY-MM-DD, in UTC. */
const char *text_date(int64_t seconds, char buf[16]);
/* "RSA 2048", "EC 256"; just the type when bits is 0. */
const char *text_key(enum psm_key_type type, unsigned bits, char buf[32]);
/* DER as PEM, to be freed, or NULL when out of memory. */
char *text_pem(const char *label, const unsigned char *der, size_t len);

enum { TABLE_COLUMNS = 6 };

/* Rows of aligned columns; the texts are copied. */
struct table {
	char *(*cell)[TABLE_COLUMNS];
	size_t n_rows, n_columns;
	bool has_head; /* the first row alone is not printed */
	bool failed;   /* out of memory */
};

/* n_columns texts; NULL stands as "-". */
void table_row(struct table *table, const char *const texts[]);
/* PSM_E_NO_MEMORY when a row did not fit into memory. */
enum psm_err table_print(const struct table *table, FILE *out);
void table_clear(struct table *table);

/* --- file.c ------------------------------------------------------------ */

struct bytes {
	char *data; /* a NUL follows */
	size_t len;
};

void bytes_free(struct bytes *bytes);
/* The same for a secret: zeroed. */
void bytes_wipe(struct bytes *bytes);
void text_free(char **text);
void json_free(json_t **json);
/* --input, or standard input.
 *   what       for messages: "the <what> is empty"
 *   malformed  the error for one that is empty or above 17 MiB */
enum psm_err input_read(struct cli *cli, const char *what,
                        enum psm_err malformed, struct bytes *ret_bytes);
/* The file called path; NULL reads nothing. */
enum psm_err file_read(struct cli *cli, const char *path,
                       struct bytes *ret_bytes);
/* To --output, whole or not at all, or to standard output. */
enum psm_err output_write(struct cli *cli, const void *data, size_t len);
/* The same for the user alone to read. is_new: PSM_E_EXISTS if there is a file
 * already. */
enum psm_err output_private(struct cli *cli, const void *data, size_t len,
                            bool is_new);
/* --json: print and release the value; NULL is PSM_E_NO_MEMORY. */
enum psm_err output_json(struct cli *cli, json_t *json);
/* Standard output took all that was printed. */
enum psm_err output_flush(struct cli *cli);

/* --- exit.c ------------------------------------------------------------ */

int exit_code(enum psm_err err);
/* What to do about it, a sentence; NULL when there is nothing to say. */
const char *exit_remedy(enum psm_err err);

/* --- main.c and the subcommands ----------------------------------------- */

struct command {
	const char *name, *summary;
	enum psm_err (*run)(struct cli *cli);
	uint64_t takes, needs, repeats; /* OPT_BIT()s */
};

/* One run of the program. */
struct cli {
	const struct command *command;
	struct options options;
	struct psm_ctx *ctx;
	struct password token_password, backup_password;
	enum psm_err err; /* the first cli_fail(), and its sentence */
	char why[1024];
	bool json, quiet, progress_shown;
	int64_t busy_since, shown_at; /* progress, in milliseconds */
};

/* Keep the first reason for a failure; returns err. */
enum psm_err cli_fail(struct cli *cli, enum psm_err err, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));
/* The same with the library's sentence, before another call replaces it. */
enum psm_err cli_keep(struct cli *cli, enum psm_err err);
/* A line on standard error, unless --quiet. */
void cli_note(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* --dir or $PSM_DIR, or NULL. */
const char *cli_dir(const struct cli *cli);
/* psm_open() on it. */
enum psm_err cli_open(struct cli *cli, unsigned flags);

void import_free(struct psm_import **import);
void cert_list_free(struct psm_cert_list **list);
/* What an import or a restore did. */
enum psm_err import_print(struct cli *cli, const struct psm_import *import);
/* How imported found its key, as "answers request 7"; text for the screen. */
const char *import_match(const struct psm_imported *imported, char buf[128]);
/* Zero *target, then set it from path, --compat, --force and the password of
 * the backup, asked for twice. The caller wipes it. */
enum psm_err backup_fill(struct cli *cli, const char *path,
                         struct psm_backup_target *target);

enum psm_err cmd_init(struct cli *cli);
enum psm_err cmd_request(struct cli *cli);
enum psm_err cmd_recover(struct cli *cli);
enum psm_err cmd_pending(struct cli *cli);
enum psm_err cmd_cancel(struct cli *cli);
enum psm_err cmd_import(struct cli *cli);
enum psm_err cmd_list(struct cli *cli);
enum psm_err cmd_show(struct cli *cli);
enum psm_err cmd_backup(struct cli *cli);
enum psm_err cmd_restore(struct cli *cli);
enum psm_err cmd_delete(struct cli *cli);
enum psm_err cmd_ca_init(struct cli *cli);
enum psm_err cmd_ca_issue(struct cli *cli);
enum psm_err cmd_pfx_request(struct cli *cli);
enum psm_err cmd_pfx_answer(struct cli *cli);

#endif
