/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* page_files.h - the files below psmd/page, as psmd/page/embed.sh writes them
 * down in C. */

#ifndef PSMD_PAGE_FILES_H
#define PSMD_PAGE_FILES_H

#include <stddef.h>

struct page_file {
	const char *name;          /* "app.js" */
	const char *etag;          /* of its bytes, in quotation marks */
	const unsigned char *data;
	size_t len;                /* bytes */
};

extern const struct page_file page_files[];
extern const size_t page_n_files;

#endif
